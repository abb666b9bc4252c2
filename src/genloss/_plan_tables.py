"""Generations of a plan as the tables of plan files: written short, read strictly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from genloss import _check, policies
from genloss._keys import call_with_keys, refuse_unknown, table
from genloss._plan_checks import MOST_MODELS
from genloss._words import shown
from genloss.errors import InvalidInputError
from genloss.generation import Generation

_OF_ALL = ("intercept",)
"""Fields of a fit that all models of a plan have alike."""


def write(generations: Iterable[Generation]) -> dict[str, Any]:
    """Plain data; equal neighbours are written once, with ``repeat``."""
    blocks: list[dict[str, Any]] = []
    before: Generation | None = None
    for generation in generations:
        if generation == before:
            blocks[-1]["repeat"] = blocks[-1].get("repeat", 1) + 1
        else:
            blocks.append(generation.to_dict())
        before = generation
    return {"generations": blocks}


def read(plain: Mapping[str, Any]) -> tuple[Generation, ...]:
    """Generations of a plan: a list of tables, or a preset with its arguments, and ``then`` more.

    An ``intercept`` beside them is that of all models.
    """
    rest = table("plan", plain)
    preset, then = rest.pop("preset", None), rest.pop("then", [])
    constant = {key: rest.pop(key) for key in _OF_ALL if key in rest}
    if preset is None:
        refuse_unknown(rest, ("preset", "generations", "then", *_OF_ALL), where="plan")
        generations = _blocks(
            rest.get("generations"), "plan.generations", {"labeler": "real"} | constant
        )
    else:
        name = _check.choice("plan.preset", preset, policies.names())
        made = call_with_keys(policies.get(name), rest, where="plan", also=("then", *_OF_ALL))
        generations = tuple(_alike(made, constant) if constant else made)
    return generations + _blocks(then, "plan.then", {"labeler": "previous"} | constant)


def _alike(generations: Iterable[Generation], constant: Mapping[str, Any]) -> Iterator[Generation]:
    """Generations with what all of them have; neighbours that are one object stay one."""
    before = after = None
    for generation in generations:
        if after is None or generation is not before:
            before, after = generation, replace(generation, **constant)
        yield after


def _blocks(blocks: Any, where: str, default: Mapping[str, Any]) -> tuple[Generation, ...]:
    if not isinstance(blocks, list) or not all(isinstance(block, Mapping) for block in blocks):
        raise InvalidInputError(f"{where} was {shown(blocks)}; it must be a list of tables")
    if len(blocks) > MOST_MODELS:
        raise InvalidInputError(f"{where} holds more than {MOST_MODELS} generations, the most")
    found: list[Generation] = []
    for i, block in enumerate(blocks):
        rest = {**default, **block}
        if "sources" in block and "labeler" not in block:
            del rest["labeler"]
        repeat = _check.integer(
            f"{where}[{i}].repeat", rest.pop("repeat", 1), minimum=1, maximum=MOST_MODELS
        )
        if len(found) + repeat > MOST_MODELS:
            raise InvalidInputError(f"{where} holds more than {MOST_MODELS} generations, the most")
        found += [Generation.from_dict(rest, where=f"{where}[{i}]")] * repeat
    return tuple(found)
