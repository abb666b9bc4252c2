"""Limits of plans with an intercept, from those of plans without one (`theory.md` 2.9)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from genloss.errors import NoTheoryError
from genloss.generation import REAL
from genloss.plan import Plan
from genloss.problem import tails_of
from genloss.spectrum import Spectral
from genloss.steps import Step, resolve
from genloss.theory import centred, intercept
from genloss.theory.closed import MOST_BY_PENCIL
from genloss.theory.doubts import LOW_DIM, THIN
from genloss.theory.forever.constants import settling
from genloss.theory.forever.iterates import half_life
from genloss.theory.forever.repeating import Repetition, repetition
from genloss.theory.predict import predict
from genloss.theory.units import is_ordinary, too_far_apart

if TYPE_CHECKING:
    from genloss.theory.forever.limit import Limit

_SHOWN = 64  # repetitions after which the radius alone says how long it takes
_WHOLE = 1 - 1e-12  # of labels, but for rounding
_FEW = 12  # of filters, whose products grow steep


def of(
    solved: Callable[..., Limit],
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
    steps, repeated = resolve(plan), repetition(plan, block)
    last, moves = steps[repeated.first :], _moves(steps, repeated)
    loose = moves and any(block.noise for step in last for block in step.blocks)
    if not is_ordinary(problem):
        raise too_far_apart("a plan with an intercept")
    if centred.knows(problem, steps):
        found = _on_one_design(solved, problem, plan, repeated, block)
        why = "on one design, for rounds of several generations or labels of older models"
    else:
        longer, without = intercept.as_direction(problem, plan, steps)
        shares = not all(step.is_new or step.is_pooled for step in last)
        few = intercept.few_of(steps, repeated.inputs, {*repeated.models}) if shares else None
        if few is not None:
            raise NoTheoryError(f"{few}: its limit is not known; {who_runs(problem, plan)}")
        found, why = None, "to rows drawn from all so far, without real labels"
        end = steps[-1]
        apart = tails_of(problem) or any(step.turned or step.filter for step in steps)
        shared = apart or not all(step.is_new and not step.is_pooled for step in last)
        pool = end.is_pooled and not end.fitted.start
        if pool and moves and end.penalty:
            found = _of_pool(solved, problem, plan, repeated) if end.drawn is None else None
        elif not (loose and shared) or (pool and end.drawn is None):
            found = solved(longer, without, block=block)
        elif not pool:
            found = _drifting(solved(problem, plan.with_intercept(False), block=block))
    if found is None:
        raise NoTheoryError(
            f"model {last[-1].model} has an intercept and is fitted {why}: its limit is not known; "
            f"{who_runs(problem, plan)}"
        )
    if found.method != "exact theory" or all(map(intercept.known, last)):
        return found
    few = min(problem.directions.dim, *(step.rows for step in last)) < LOW_DIM
    said = (*found.warnings, *((THIN,) if few else ()))
    return replace(found, method="state evolution", warnings=said)


def _moves(steps: Sequence[Step], repeated: Repetition) -> bool:
    """Whether what labels add to a constant stays in it for ever, as all of them come from models that change."""
    blocks = [block for step in steps[repeated.first :] for block in step.blocks]
    return all(
        all(u >= 0 and u not in repeated.fixed for u in block.shares)
        and not (block.kept and block.design in repeated.inputs)
        and min(block.shares.values(), default=1.0) >= 0
        and math.fsum(block.shares.values()) + block.kept >= _WHOLE
        for block in blocks
    )


def _of_pool(
    solved: Callable[..., Limit], problem: Spectral, plan: Plan, repeated: Repetition
) -> Limit | None:
    """The limit of penalised fits to all rows so far, without real ones; None where it is not known."""
    steps = resolve(plan)
    apart = tails_of(problem) or any(step.turned or step.filter for step in steps)
    if repeated.length > 1 or apart or len(steps[-1].blocks) > 1:
        return None
    new = steps[-1].is_new
    rest = plan.with_intercept(False) if new else centred.without(plan, steps)
    found = solved(problem, rest)
    if not found.stable:
        return _drifting(found)
    constant, off = settling(problem, plan, repeated)
    risk = found.risk + constant
    said = f"the limit is extrapolated from {MOST_BY_PENCIL} models, to about {100 * off / risk:.1g} percent"
    return replace(
        found, risk=risk, variance=found.variance + constant, warnings=(*found.warnings, said)
    )


def _drifting(found: Limit) -> Limit:
    """The limit of a plan without an intercept, with one that drifts."""
    inf, radius = math.inf, max(found.radius, 1.0)
    said = tuple(each for each in found.warnings if "extrapolated" not in each)
    return replace(
        found,
        risk=inf,
        bias=inf,
        variance=inf,
        radius=radius,
        half_life=inf,
        cure=None,
        warnings=said,
    )


def _on_one_design(
    solved: Callable[..., Limit],
    problem: Spectral,
    plan: Plan,
    repeated: Repetition,
    block: int | None,
) -> Limit | None:
    """The limit without intercepts, and theirs; None where it is not known."""
    last = resolve(plan)[-1]
    if repeated.length > 1 or not last.asked <= {REAL, last.model - 1}:
        return None
    [rows] = last.blocks
    found = solved(problem, centred.without(plan, resolve(plan)), block=block)
    again = abs(rows.shares.get(last.model - 1, 0.0))
    radius = max(found.radius, again)
    if again >= 1 and rows.noise:  # every generation's noise stays in the mean label
        return _drifting(found)
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
