"""The view *Phase map*: a number over two fields of a problem or a plan, coarse at once, then fine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from genloss import _check
from genloss._keys import table
from genloss.app import asked
from genloss.app.explore import Say
from genloss.errors import InvalidInputError
from genloss.sweeps.phases import phases as compute

WHOLE = frozenset({"dim", "generations", "rounds", "n_samples", "n_real", "last"})
OF_PROBLEM = frozenset({"dim", "capacity", "source", "signal"})
COARSE = (17, 41)
"""Points along an axis of the maps that are told on the way."""


def phases(query: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """Compute a map on few points, tell it, then compute it on many.

    Parameters
    ----------
    query : mapping
        ``problem``, ``plan``, ``value``, ``side`` (points along an axis of the fine map), and ``x`` and
        ``y``: a ``field``, its ends ``low`` and ``high``, and whether the points are ``log``.
    say : callable
        Is told the event "map" with every coarser one.

    Returns
    -------
    dict
        As `genloss.sweeps.diagram.Phases.to_dict`.
    """
    problem, plan, x, y, value, side = asked.fields(
        query, "problem", "plan", "x", "y", "value", "side"
    )
    # checked with both ends of either axis in it; whatever lies between is smaller
    for end in ("low", "high"):
        _in_place(problem, plan, x, y, end)
    side = _check.integer("side", side, minimum=2, maximum=asked.MOST["side"])
    for coarse in COARSE:
        if coarse < side:
            say("map", _map(problem, plan, x, y, value, coarse))
    return _map(problem, plan, x, y, value, side)


def _map(problem: Any, plan: Any, x: Any, y: Any, value: str, side: int) -> dict[str, Any]:
    axes = (_path(x), points(x, side)), (_path(y), points(y, side))
    found = compute(problem, plan, *axes, value, workers=1)
    return found.to_dict()


def points(axis: Mapping[str, Any], side: int) -> list[float]:
    """Values along an axis, whole ones each once.

    Examples
    --------
    >>> points({"field": "n_samples", "low": 10, "high": 1000, "log": True}, 3)
    [10, 100, 1000]
    >>> points({"field": "real", "low": 0, "high": 1, "log": False}, 3)
    [0.0, 0.5, 1.0]
    """
    space = np.geomspace if axis["log"] else np.linspace
    found = space(axis["low"], axis["high"], side)
    if axis["field"] in WHOLE:
        return [int(each) for each in np.unique(found.round())]
    return [float(each) for each in found]


def _in_place(problem: Any, plan: Any, x: Any, y: Any, end: str) -> None:
    """Refuse a map one end of which the app does not take."""
    problem, plan = table("problem", problem), asked.plan_table(plan)
    for name, axis in (("x", x), ("y", y)):
        axis = table(name, axis)
        field, low, high, log = asked.fields(axis, "field", "low", "high", "log")
        _check.string(f"{name}.field", field)
        low, high = _check.finite(f"{name}.low", low), _check.finite(f"{name}.high", high)
        _check.boolean(f"{name}.log", log)
        if not low < high or (log and low <= 0):
            raise InvalidInputError(
                f"{name} was from {low:g} to {high:g}; it must go up"
                + (", and a logarithmic axis starts above 0" if log else "")
            )
        value = {"low": low, "high": high}[end]
        owner = problem if field in OF_PROBLEM else plan
        owner[field] = int(value) if field in WHOLE else value
    if x["field"] == y["field"]:
        raise InvalidInputError(f"x and y were both {x['field']!r}; take two fields")
    asked.problem(problem)
    asked.plan(plan)


def _path(axis: Mapping[str, Any]) -> str:
    field: str = axis["field"]
    return f"problem.{field}" if field in OF_PROBLEM else field
