"""JSON schemas of single values, for the families that plan files are made of."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

NUMBER: Schema = {"type": "number"}
NOT_NEGATIVE: Schema = {"type": "number", "minimum": 0}
POSITIVE: Schema = {"type": "number", "exclusiveMinimum": 0}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
BOOLEAN: Schema = {"type": "boolean"}
WHOLE: Schema = {"type": "integer", "minimum": 1}


def list_of(entry: Schema) -> Schema:
    """One value or more."""
    return {"type": "array", "items": entry, "minItems": 1}


def optional(value: Schema) -> Schema:
    """The value, or null."""
    return {"anyOf": [value, {"type": "null"}]}


def per_generation(value: Schema) -> Schema:
    """One value, or one per generation."""
    return {"anyOf": [value, list_of(value)]}
