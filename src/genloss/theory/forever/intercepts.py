"""Limits of plans with an intercept, from those of plans without one (`theory.md` 2.9)."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from genloss.errors import NoTheoryError
from genloss.generation import REAL
from genloss.plan import Plan
from genloss.spectrum import Spectral
from genloss.steps import Step, resolve
from genloss.theory import centred, intercept
from genloss.theory.doubts import LOW_DIM, THIN
from genloss.theory.forever.iterates import half_life
from genloss.theory.forever.repeating import Repetition, repetition
from genloss.theory.predict import predict

if TYPE_CHECKING:
    from genloss.theory.forever.limit import Limit

_SHOWN = 64  # repetitions after which the radius alone says how long it takes
_FEW = 12  # of filters, whose products grow steep


def of(
    limit: Callable[..., Limit],
    who_runs: Callable[[Spectral, Plan], str],
    problem: Spectral,
    plan: Plan,
    block: int | None,
) -> Limit:
    """The limit where a constant is one direction more, or all models are on one design.

    Raises
    ------
    NoTheoryError
        If intercepts of pooled rows, or on one design of any labelers, neither settle nor grow in a known way.
    """
    steps = resolve(plan)
    if centred.knows(problem, steps):
        found = _on_one_design(limit, problem, plan, block)
        why = "on one design, for rounds of several generations or labels of older models"
    else:
        longer, without = intercept.as_direction(problem, plan, steps)
        found = None if _drifts(steps[-1]) else limit(longer, without, block=block)
        why = "to pooled rows without real labels"
    if found is None:
        raise NoTheoryError(
            f"model {steps[-1].model} has an intercept and is fitted {why}: its limit is not known; "
            f"{who_runs(problem, plan)}"
        )
    last = steps[len(steps) - found.block :]
    if found.method != "exact theory" or all(map(intercept.known, last)):
        return found
    few = min(problem.directions.dim, *(step.rows for step in last)) < LOW_DIM
    said = (*found.warnings, *((THIN,) if few else ()))
    return replace(found, method="state evolution", warnings=said)


def _drifts(last: Step) -> bool:
    """Whether pooled rows keep what is wrong with a constant, but not with other coefficients."""
    told = any(REAL in block.shares for block in last.blocks)
    return last.is_pooled and not told and last.penalty > 0


def _on_one_design(
    limit: Callable[..., Limit], problem: Spectral, plan: Plan, block: int | None
) -> Limit | None:
    """The limit without intercepts, and theirs; None where it is not known."""
    repeated, last = repetition(plan, block), resolve(plan)[-1]
    if repeated.length > 1 or not last.asked <= {REAL, last.model - 1}:
        return None
    [rows] = last.blocks
    found = limit(problem, centred.without(plan, resolve(plan)), block=block)
    again = abs(rows.shares.get(last.model - 1, 0.0))
    radius = max(found.radius, again)
    if again >= 1 and rows.noise:  # every generation's noise stays in the mean label
        ends: dict[str, Any] = {"risk": math.inf, "variance": math.inf, "half_life": math.inf}
        return replace(found, **ends, radius=radius, cure=None)
    heard = rows.noise**2 / (1 - again**2) if rows.noise else 0.0
    added = (found.risk + heard) / rows.rows
    return replace(
        found,
        risk=found.risk + added,
        variance=found.variance + added,
        radius=radius,
        half_life=_half_life(problem, plan, repeated, found.risk + added, radius),
    )


def _half_life(
    problem: Spectral, plan: Plan, repeated: Repetition, whole: float, radius: float
) -> float:
    if not math.isfinite(whole):
        return math.inf
    shown = _SHOWN if resolve(plan)[-1].filter is None else _FEW
    path: list[float] = []
    with suppress(NoTheoryError):  # then the radius speaks alone
        curve = predict(problem, repeated.unrolled(plan, shown))
        path = curve.risk[max(repeated.start - 1, 0) :].tolist()
    return half_life(iter(path), whole, radius)
