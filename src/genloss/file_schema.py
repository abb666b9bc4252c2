"""The JSON schema of plan files, read off the signatures that `genloss.load` calls."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import MISSING, fields
from typing import Any

from genloss import policies
from genloss._family import Member
from genloss._plan_checks import MOST_MODELS
from genloss._problem_checks import MOST_CLASSES
from genloss._schemas import (
    BOOLEAN,
    NOT_NEGATIVE,
    NUMBER,
    POSITIVE,
    SHARE,
    Schema,
    list_of,
    optional,
    per_generation,
)
from genloss.filters import Filter
from genloss.generation import MOST_ROWS, Generation, Source
from genloss.keep import Keep
from genloss.labels import Label
from genloss.losses import Loss
from genloss.problem import MOST_DIRECTIONS, Problem

ROWS: Schema = {"type": "integer", "minimum": 1, "maximum": MOST_ROWS}
DIM: Schema = {"type": "integer", "minimum": 1, "maximum": MOST_DIRECTIONS}
MODELS: Schema = {"type": "integer", "minimum": 1, "maximum": MOST_MODELS}
FRESH_OR_SAME: Schema = {"enum": ["fresh", "same"]}
PENALTY: Schema = {"anyOf": [NOT_NEGATIVE, {"const": "cv"}]}
_EACH: Schema = {"anyOf": [NUMBER, list_of(NUMBER), list_of(list_of(NUMBER))]}
_SPREAD: Schema = {"anyOf": [NOT_NEGATIVE, *map(list_of, (NOT_NEGATIVE, list_of(NOT_NEGATIVE)))]}
_COEFFICIENTS: Schema = {"anyOf": [list_of(NUMBER), list_of(list_of(NUMBER))]}
EXTERNAL: Schema = {
    "type": "object",
    "minProperties": 1,
    "properties": {"coefficients": _COEFFICIENTS, "bias": _EACH, "variance": _SPREAD},
    "additionalProperties": False,
    "if": {"required": ["coefficients"]},
    "then": {"maxProperties": 1},
}
LABELER: Schema = {
    "anyOf": [
        {"enum": ["real", "previous", "kept"]},
        {"type": "integer", "minimum": 0},
        {"type": "string", "pattern": "^[0-9]+$"},
        {
            "type": "object",
            "minProperties": 1,
            "patternProperties": {"^(real|previous|kept|[0-9]+)$": NUMBER},
            "additionalProperties": False,
        },
        EXTERNAL,
        {
            "type": "array",
            "minItems": 1,
            "items": {"type": "array", "prefixItems": [{}, NUMBER], "minItems": 2, "maxItems": 2},
        },
    ]
}


def _table(properties: dict[str, Schema], required: Iterable[str]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _one_of(family: type[Member]) -> Schema:
    """A member by its name, or a table with its kind and arguments."""
    members = family.members.values()
    tables = [
        _table(
            {"kind": {"const": member.kind}} | {spec.name: {} for spec in fields(member)},
            ["kind", *(spec.name for spec in fields(member) if spec.default is MISSING)],
        )
        for member in members
    ]
    bare = [m.kind for m in members if all(spec.default is not MISSING for spec in fields(m))]
    return {"anyOf": [*([{"enum": sorted(bare)}] if bare else []), *tables]}


IN_A_GENERATION: dict[str, Schema] = {
    "n_samples": optional(ROWS),
    "labeler": LABELER,
    "noise": NOT_NEGATIVE,
    "real_noise": optional(NOT_NEGATIVE),
    "weight": POSITIVE,
    "covariance": optional({"anyOf": [list_of(POSITIVE), list_of(list_of(NUMBER))]}),
    "penalty": PENALTY,
    "design": FRESH_OR_SAME,
    "pooled": BOOLEAN,
    "features": optional(ROWS),
    "feature_map": FRESH_OR_SAME,
    "subsample": optional(ROWS),
    "inputs": {"anyOf": [{"const": "new"}, {"type": "integer", "minimum": 0}]},
    "edited": optional(SHARE),
    "towards": optional({"anyOf": [{"const": "previous"}, {"type": "integer", "minimum": 0}]}),
    "intercept": BOOLEAN,
}
FAMILIES: dict[str, type[Member]] = {
    "labels": Label,
    "keep": Keep,
    "loss": Loss,
    "filter": Filter,
}
"""Fields that hold a member of a family, which may have come from outside."""

IN_A_PLAN: dict[str, Schema] = {
    "generations": MODELS,
    "n_samples": per_generation(ROWS),
    "penalty": per_generation(PENALTY),
    "noise": per_generation(NOT_NEGATIVE),
    "real_noise": optional(NOT_NEGATIVE),
    "design": FRESH_OR_SAME,
    "real": per_generation(NUMBER),
}
_ROW: Schema = list_of(NUMBER) | {"minItems": 2, "maxItems": MOST_CLASSES}
PER_CLASS: Schema = {"anyOf": [list_of(NUMBER), list_of(_ROW)]}
IN_A_PROBLEM: dict[str, Schema] = {
    "dim": DIM,
    "signal": NOT_NEGATIVE,
    "capacity": NOT_NEGATIVE,
    "source": NOT_NEGATIVE,
    "spectrum": list_of(POSITIVE),
    "truth": PER_CLASS,
    "means": PER_CLASS,
    "gaussian": BOOLEAN,
    "tails": optional(list_of(POSITIVE)),
    "eigenvalues": list_of(POSITIVE),
    "coefficients": list_of(NUMBER),
}
PROBLEMS: dict[str, Callable[..., Problem]] = {
    name: getattr(Problem, name)
    for name in ("isotropic", "power_law", "from_spectrum", "from_mercer")
}


def file_schema() -> Schema:
    """The schema of a whole file, draft 2020-12.

    It knows what `genloss.load` checks of single values and tables. What relates one generation to
    another, such as a labeler that must be an earlier model, it does not say.

    Examples
    --------
    >>> from genloss.file_schema import file_schema
    >>> sorted(file_schema()["properties"])
    ['plan', 'problem']
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "genloss plan file",
        "type": "object",
        "properties": {
            "problem": {"$ref": "#/$defs/problem"},
            "plan": {"$ref": "#/$defs/plan"},
        },
        "additionalProperties": False,
        "$defs": {
            "problem": {"anyOf": [_written_out_problem(), *_presets(PROBLEMS, IN_A_PROBLEM)]},
            "plan": {"anyOf": [_listed_plan(), *_plans()]},
            "generation": {"anyOf": [_of_one_source(), _of_sources()]},
            "source": _table(_fields(Source), []) | {"allOf": [_NEW_OR_REUSED]},
        },
    }


def _listed_plan() -> Schema:
    blocks = {"type": "array", "items": {"$ref": "#/$defs/generation"}}
    some = {**blocks, "minItems": 1}
    known = {"generations": blocks, "then": blocks, "intercept": BOOLEAN}
    fits = {"items": {"properties": _of_a_constant()}}
    listed = _table(known, ["generations"])
    return listed | {
        "anyOf": [
            {"properties": {"generations": some}},
            {"properties": {"then": some}, "required": ["then"]},
        ],
        "allOf": [_if({"intercept": {"const": True}}, {"generations": fits, "then": fits})],
    }


def _plans() -> Iterable[Schema]:
    blocks = {"type": "array", "items": {"$ref": "#/$defs/generation"}}
    also = {"then": blocks, "intercept": BOOLEAN}
    of_rows = {key: _field(key) for key in FAMILIES} | {"real_labels": optional(_one_of(Label))}
    for name in policies.names():
        known = {**of_rows, **IN_A_PLAN, **policies.arguments(name)}
        yield _preset(name, policies.get(name), known, also) | _preset_of_a_constant(name)


def _preset_of_a_constant(name: str) -> Schema:
    """What an intercept of all models leaves of a policy's arguments, given or left out."""
    own = _of_a_constant()
    never = own.pop("penalty")
    own["penalty"] = {"allOf": [never, {"not": {"type": "array", "contains": {"const": "cv"}}}]}
    own["real_labels"] = {"anyOf": [_NULL, own["labels"]]}
    own["then"] = {"items": {"properties": _of_a_constant()}}
    parameters = inspect.signature(policies.get(name)).parameters
    told = ("labels", "loss")
    defaults = [
        key for key in told if key in parameters and parameters[key].default not in own[key]["enum"]
    ]
    condition = _if({"intercept": {"const": True}}, own)
    condition["then"]["required"] = defaults
    return {"allOf": [condition]}


def _presets(builds: dict[str, Callable[..., Any]], values: dict[str, Schema]) -> Iterable[Schema]:
    return [_preset(name, build, values) for name, build in builds.items()]


def _preset(
    name: str,
    build: Callable[..., Any],
    values: dict[str, Schema],
    also: dict[str, Schema] | None = None,
) -> Schema:
    """A preset takes what its builder takes; what is not described here may be anything."""
    parameters = inspect.signature(build).parameters
    needed = [key for key, each in parameters.items() if each.default is inspect.Parameter.empty]
    known = {"preset": {"const": name}} | {key: values.get(key, {}) for key in parameters}
    return _table(known | (also or {}), ["preset", *needed])


def _written_out_problem() -> Schema:
    names = ("spectrum", "truth", "gaussian", "tails", "means")
    known = _table({name: IN_A_PROBLEM[name] for name in names}, ["spectrum"])
    return known | {"anyOf": [{"required": ["truth"]}, {"required": ["means"]}]}


def _of_one_source() -> Schema:
    own = {name: value for name, value in _fields(Generation).items() if name != "sources"}
    return _table({**_fields(Source), **own, "repeat": MODELS}, []) | _together(_NEW_OR_REUSED)


def _of_sources() -> Schema:
    sources = {"type": "array", "items": {"$ref": "#/$defs/source"}, "minItems": 1}
    own = {**_fields(Generation), "sources": sources, "repeat": MODELS}
    return _table(own, ["sources"]) | _together()


def _if(properties: dict[str, Schema], then: dict[str, Schema]) -> Schema:
    condition = {"properties": properties, "required": list(properties)}
    return {"if": condition, "then": {"properties": then}}


_NULL: Schema = {"type": "null"}
_NEW: Schema = {"inputs": {"const": "new"}}
_NEW_OR_REUSED: Schema = _if(
    {"inputs": {"type": "integer"}}, {"n_samples": _NULL, "covariance": _NULL}
) | {
    "else": {
        "properties": {
            "n_samples": ROWS,
            "labeler": {
                "not": {"anyOf": [{"const": "kept"}, {"type": "object", "required": ["kept"]}]}
            },
        },
        "required": ["n_samples"],
    }
}
"""Rows are so many new ones, or all of an earlier generation with the labels they have."""


def _together(*more: Schema) -> Schema:
    """Rows are drawn from a pool, and features that are the same must be some."""
    some = {"not": _NULL}
    return {
        "allOf": [
            *more,
            _if(
                {"design": {"const": "same"}},
                {**_NEW, "sources": {"items": {"properties": _NEW}}},
            ),
            _if({"towards": some}, {"features": _NULL, "loss": _SQUARED}),
            _if(
                {"filter": some},
                {
                    "features": _NULL,
                    "loss": _SQUARED,
                    "towards": _NULL,
                    "penalty": {"not": {"const": "cv"}},
                },
            ),
            _if({"intercept": {"const": True}}, _of_a_constant()),
            {
                "if": {"properties": {"subsample": some}, "required": ["subsample"]},
                "then": {"properties": {"pooled": {"const": True}}, "required": ["pooled"]},
            },
            {
                "if": {
                    "properties": {"feature_map": {"const": "same"}},
                    "required": ["feature_map"],
                },
                "then": {"properties": {"features": some}, "required": ["features"]},
            },
        ]
    }


_SQUARED: Schema = {"enum": ["squared", {"kind": "squared"}]}


def _of_a_constant() -> dict[str, Schema]:
    """What an intercept leaves of the other fields of a fit."""
    linear: dict[str, Schema] = {"labels": {"enum": ["linear", {"kind": "linear"}]}, "keep": _NULL}
    kinds = [kind for kind, member in Filter.members.items() if not member.spectral]
    by_rows = [{"enum": kinds}, {"properties": {"kind": {"enum": kinds}}, "type": "object"}]
    return {
        **linear,
        "sources": {"items": {"properties": linear}},
        "loss": _SQUARED,
        "penalty": {"not": {"const": "cv"}},
        "filter": {"not": {"anyOf": by_rows}},
    }


def _fields(noun: type) -> dict[str, Schema]:
    return {spec.name: _field(spec.name) for spec in fields(noun)}


def _field(name: str) -> Schema:
    if name in FAMILIES:
        some = _one_of(FAMILIES[name])
        return optional(some) if name in ("keep", "filter") else some
    return {} if name == "sources" else IN_A_GENERATION[name]
