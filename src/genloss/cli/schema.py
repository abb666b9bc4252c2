"""``genloss schema``: what may stand in a plan file, for editors and other programs."""

from __future__ import annotations

import json

from genloss.cli.app import app, examples


@app.command(
    help_epilogue=examples(
        "genloss schema > plan.schema.json",
        "genloss schema | check-jsonschema --schemafile - plan.toml",
    )
)
def schema() -> int:
    """Print the JSON schema (draft 2020-12) of plan files, TOML and JSON alike.

    An editor that knows it completes keys and marks mistakes while you type.
    """
    from genloss.file_schema import file_schema

    print(json.dumps(file_schema(), indent=2))
    return 0
