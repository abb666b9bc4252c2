"""The page of plan files, written from the JSON schema that ``genloss schema`` prints."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from genloss.file_schema import file_schema

Schema = dict[str, Any]
BETWEEN = "; or "
INTRODUCTION = """\
A plan file, in TOML or JSON, has a table ``[problem]`` and a table ``[plan]``. Here is every key and what may stand
there, written from the schema that ``genloss schema`` prints; :download:`the schema itself <plan.schema.json>` is for
editors. What a key means is on :doc:`/plans` and :doc:`/losses-and-labels`.
"""
TITLES = {
    "problem": "The table [problem]",
    "plan": "The table [plan]",
    "generation": "A generation",
    "source": "A source: a block of rows",
}


def schema_text() -> str:
    return json.dumps(file_schema(), indent=2) + "\n"


def schema_page() -> str:
    """In reStructuredText."""
    lines = ["Plan files, key by key", "======================", "", INTRODUCTION]
    for name, schema in file_schema()["$defs"].items():
        lines += [TITLES[name], "-" * len(TITLES[name]), ""]
        forms = list(tables(schema))
        for form in forms:
            if len(forms) > 1:
                lines += [f"**{heading(form)}**", ""]
            lines += rows(form)
    return "\n".join(lines)


def tables(schema: Schema) -> Iterator[Schema]:
    """The forms that a table may have."""
    if "properties" in schema:
        yield schema
    else:
        for form in schema.get("anyOf", ()):
            yield from tables(form)


def heading(form: Schema) -> str:
    preset = form["properties"].get("preset", {})
    return f'preset = "{preset["const"]}"' if "const" in preset else "Written out"


def rows(form: Schema) -> list[str]:
    """A form as a table of keys."""
    needed = form.get("required", ())
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 18 10 72", ""]
    lines += ["   * - key", "     - needed", "     - what may stand there"]
    for key, schema in form["properties"].items():
        if key != "preset" or "const" not in schema:
            lines += [f"   * - ``{key}``", f"     - {'yes' if key in needed else ''}"]
            lines += [f"     - {said(schema)}"]
    return [*lines, ""]


def said(schema: Any) -> str:
    """A schema in words."""
    if not isinstance(schema, dict) or not schema:
        return "anything"
    if "$ref" in schema:
        return "a table: " + schema["$ref"].rpartition("/")[2]
    if "const" in schema:
        return shown(schema["const"])
    if "enum" in schema:
        return either(map(shown, schema["enum"]))
    if "anyOf" in schema or "oneOf" in schema:
        return either(map(said, schema.get("anyOf") or schema["oneOf"]))
    return typed(schema)


def typed(schema: Schema) -> str:
    kind = schema.get("type")
    if kind in ("number", "integer"):
        return {"number": "a number", "integer": "a whole number"}[kind] + limits(schema)
    if kind == "array":
        if "prefixItems" in schema:
            return "a list of " + " and ".join(map(said, schema["prefixItems"]))
        each = said(schema.get("items"))
        return f"a list: each {f'({each})' if BETWEEN in each else each}"
    if kind == "object":
        return table(schema)
    return {"boolean": "``true`` or ``false``", "string": "a text", "null": ""}.get(
        kind, "anything"
    )


def table(schema: Schema) -> str:
    inner = [entry(key, each) for key, each in schema.get("properties", {}).items()]
    if named := schema.get("patternProperties"):
        inner += [
            f"keys like ``{key.strip('^$')}``, each {said(each)}" for key, each in named.items()
        ]
    return "a table of " + ", ".join(inner) if inner else "a table"


def entry(key: str, schema: Any) -> str:
    if isinstance(schema, dict) and "const" in schema:
        return f"``{key} = {json.dumps(schema['const'])}``"
    return f"``{key}`` ({said(schema)})" if schema else f"``{key}``"


def limits(schema: Schema) -> str:
    signs = (
        ("minimum", ">="),
        ("exclusiveMinimum", ">"),
        ("maximum", "<="),
        ("exclusiveMaximum", "<"),
    )
    bounds = [f"{sign} {schema[key]:,}" for key, sign in signs if key in schema]
    return " " + ", ".join(bounds) if bounds else ""


def shown(value: Any) -> str:
    return f"``{json.dumps(value)}``"


def either(parts: Iterable[str]) -> str:
    return BETWEEN.join(dict.fromkeys(filter(None, parts)))
