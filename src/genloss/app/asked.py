"""What a page asks, as the tables of a plan file, within limits that keep a computer usable."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from genloss import _check
from genloss._keys import refuse_unknown, table
from genloss._words import shown
from genloss.errors import InvalidInputError
from genloss.plan import Plan
from genloss.problem import Problem

MOST = {
    "dim": 5_000,
    "generations": 200,
    "rounds": 200,
    "trials": 10_000,
    "side": 81,
    "plans": 4,
    "n_samples": 1_000_000,
    "n_real": 1_000_000,
    "last": 200,
    "models": 200,
}
"""Largest value of every number that decides how much work there is."""

LONGEST = 64 * 1024
"""Bytes of a question."""


def read(text: str | bytes) -> dict[str, Any]:
    """A question as it came.

    Raises
    ------
    InvalidInputError
        If it is no JSON object, or a long one.
    """
    if len(text) > LONGEST:
        raise InvalidInputError(f"the question had {len(text):,} bytes; at most {LONGEST:,}")
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInputError(
            f"the question was {shown(text)}; it must be a JSON object"
        ) from None
    return table("the question", plain)


def fields(query: Mapping[str, Any], *names: str) -> list[Any]:
    """Return the parts of a question, which has these and no others.

    Examples
    --------
    >>> fields({"plan": {}, "problem": {}}, "problem", "plan")
    [{}, {}]
    """
    refuse_unknown(query, names, where="the question")
    for name in names:
        if name not in query:
            raise InvalidInputError(f"the question lacks {name!r}")
    return [query[name] for name in names]


def problem(plain: Any) -> Problem:
    """The problem of a preset.

    Examples
    --------
    >>> problem({"preset": "isotropic", "dim": 300})
    Problem.isotropic(dim=300, signal=1.0)
    """
    return Problem.from_dict(within(_preset("problem", plain, ("isotropic", "power_law"))))


def plan(plain: Any) -> Plan:
    """The plan of a preset.

    Examples
    --------
    >>> plan({"preset": "replace", "generations": 3, "n_samples": 100}).n_models
    3
    """
    found = Plan.from_dict(within(plan_table(plain)))
    if found.n_models > MOST["generations"]:
        raise InvalidInputError(
            f"the plan had {found.n_models} models; the app takes at most {MOST['generations']}"
        )
    return found


def plan_table(plain: Any) -> dict[str, Any]:
    """A plan as a table that names a preset."""
    from genloss import policies

    return _preset("plan", plain, policies.names())


def _preset(name: str, plain: Any, allowed: Iterable[str]) -> dict[str, Any]:
    plain = table(name, plain)
    _check.choice(f"{name}.preset", plain.get("preset"), tuple(allowed))
    return plain


def within(plain: dict[str, Any]) -> dict[str, Any]:
    """The same table, if what decides about work is one number each, and small enough.

    Raises
    ------
    InvalidInputError
        If not.
    """
    for name in MOST.keys() & plain.keys():
        number(name, plain[name])
    return plain


def number(name: str, value: Any, least: int = 1) -> int:
    """One of the numbers that decide about work."""
    return _check.integer(name, value, minimum=least, maximum=MOST[name])
