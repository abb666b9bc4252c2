"""Generations of a plan as the tables of plan files: written short, read strictly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from genloss import _check, policies
from genloss._keys import call_with_keys, refuse_unknown, table
from genloss._plan_checks import MOST_MODELS
from genloss._words import shown
from genloss.errors import InvalidInputError
from genloss.generation import Generation


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
    """Generations of a plan: a list of tables, or a preset with its arguments, and ``then`` more."""
    rest = table("plan", plain)
    preset, then = rest.pop("preset", None), rest.pop("then", [])
    if preset is None:
        refuse_unknown(rest, ("preset", "generations", "then"), where="plan")
        generations = _blocks(rest.get("generations"), "plan.generations")
    else:
        name = _check.choice("plan.preset", preset, policies.names())
        generations = tuple(call_with_keys(policies.get(name), rest, where="plan"))
    return generations + _blocks(then, "plan.then", labeler="previous")


def _blocks(blocks: Any, where: str, *, labeler: str = "real") -> tuple[Generation, ...]:
    if not isinstance(blocks, list) or not all(isinstance(block, Mapping) for block in blocks):
        raise InvalidInputError(f"{where} was {shown(blocks)}; it must be a list of tables")
    if len(blocks) > MOST_MODELS:
        raise InvalidInputError(f"{where} holds more than {MOST_MODELS} generations, the most")
    found: list[Generation] = []
    for i, block in enumerate(blocks):
        rest = dict(block) if "sources" in block else {"labeler": labeler, **block}
        repeat = _check.integer(
            f"{where}[{i}].repeat", rest.pop("repeat", 1), minimum=1, maximum=MOST_MODELS
        )
        if len(found) + repeat > MOST_MODELS:
            raise InvalidInputError(f"{where} holds more than {MOST_MODELS} generations, the most")
        found += [Generation.from_dict(rest, where=f"{where}[{i}]")] * repeat
    return tuple(found)
