"""The best penalties of a plan whose rows stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.plan import Plan
from genloss.spectrum import Spectral
from genloss.steps import resolve
from genloss.theory.many_penalties import is_together, risks
from genloss.theory.predict import predict
from genloss.tuning.schedule import best_schedule, downhill, slowly, valleys
from genloss.tuning.search import is_cheap, lowest
from genloss.tuning.slopes import slope_of, way_of

Array = npt.NDArray[np.float64]
Score = Callable[[Array], float]

OBJECTIVES: dict[str, Score] = {
    "final": lambda risk: float(risk[-1]),
    "mean": lambda risk: float(risk.mean()),
    "worst": lambda risk: float(risk.max()),
}

_GRID = 41  # penalties tried before the best one is refined
_COARSE = 5  # every so many of them are a start for a schedule whose slopes are known
_STRIDE = 4  # every so many of them at first, where each try is slow
_SINGLY = 3  # models up to which levels are combined where each try is slow
_SHORT = 30  # models of a chain up to which every valley is followed to its end


def best_penalties(problem: Spectral, plan: Plan, over: str, objective: str, sides: Array) -> Plan:
    """The plan with the best penalty, last penalty or schedule.

    Parameters
    ----------
    problem : Problem or genloss.scaling.PowerLaw
    plan : Plan
    over : {"penalty", "last_penalty", "schedule"}
    objective : {"final", "mean", "worst"}
    sides : ndarray of shape (2,)
        Logarithms of the least and largest penalty, besides zero.
    """
    score, logs = OBJECTIVES[objective], np.linspace(sides[0], sides[1], _GRID)
    if over == "last_penalty":
        return _best_single(problem, score, logs, lambda lam: with_last_penalty(plan, lam))
    if over == "schedule" and way_of(problem, plan) is not None:
        logs = logs[::_COARSE]  # only to start from: slopes lead on
    best = _best_constant(problem, score, logs, plan)
    return best_schedule_of(problem, objective, logs, best) if over == "schedule" else best


def with_last_penalty(plan: Plan, lam: float) -> Plan:
    """The plan with another penalty of the last model."""
    earlier = [generation.penalty for generation in plan.generations[:-1]]
    return plan.with_penalty([*earlier, lam])


def scored(problem: Spectral, plans: Iterable[Plan], score: Score) -> Array:
    """Objective of plans; infinite where no theory knows one of them, or its pencil has no solution."""
    listed = list(plans)
    try:
        return np.array([score(curve.risk) for curve in predict(problem, listed)])
    except (NoTheoryError, ArithmeticError):
        if len(listed) == 1:
            return np.array([np.inf])
        return np.concatenate([scored(problem, [plan], score) for plan in listed])


def _best_single(
    problem: Spectral,
    score: Score,
    grid: Array,
    build: Callable[[float], Plan],
) -> Plan:
    """Best log penalty of a grid, refined between its neighbours; zero is a candidate too."""

    def values(logs: Array) -> Array:
        return scored(problem, [build(float(lam)) for lam in np.exp(logs)], score)

    return _refined(problem, score, grid, values, build)


def _refined(
    problem: Spectral,
    score: Score,
    grid: Array,
    values: Callable[[Array], Array],
    build: Callable[[float], Plan],
) -> Plan:
    coarse = grid.size < _GRID
    stride = 1 if is_cheap(problem, build(1.0)) or coarse else _STRIDE
    log_lam, least = lowest(values, grid, tolerance=1.0 if coarse else 1e-3, stride=stride)
    without, best = build(0.0), build(float(np.exp(log_lam)))
    if not np.isfinite(least):
        predict(problem, best)  # says why, where no theory knows any of them
    return without if scored(problem, [without], score)[0] <= least else best


def _best_constant(problem: Spectral, score: Score, grid: Array, plan: Plan) -> Plan:
    """The same for one penalty of all generations."""
    errors = risks(problem, plan)

    def values(logs: Array) -> Array:
        penalties = np.repeat(np.exp(logs)[:, None], plan.n_models, axis=1)
        try:
            return np.array([score(risk) for risk in errors(penalties)])
        except (NoTheoryError, ArithmeticError):  # of some of them, as of steps that explode
            each = [scored(problem, [plan.with_penalty(row)], score) for row in penalties]
            return np.concatenate(each)

    return _refined(problem, score, grid, values, plan.with_penalty)


def best_schedule_of(problem: Spectral, objective: str, grid: Array, start: Plan) -> Plan:
    """One penalty per generation, each at least the smallest of the grid."""
    low, high = float(grid[0]), float(grid[-1])

    errors, slopes = risks(problem, start), slope_of(problem, start, objective)
    score = OBJECTIVES[objective]

    def scores(logs: Array) -> Array:
        return np.array([score(risk) for risk in errors(np.exp(logs))])

    value = errors(start.penalty[None])[0] if start.penalty.all() else predict(problem, start).risk
    if not score(value) > 0:
        return start
    first = np.log(np.clip(start.penalty, np.exp(low), np.exp(high)))
    cheap = is_cheap(problem, start.with_penalty(1.0))
    if slopes and cheap:
        ends = [first, downhill(scores, slopes, first, low, high)]
        together = is_together(problem, resolve(start.with_penalty(1.0)))
        for each in valleys(scores, first, low, high, together):
            # the way down is long in long chains: only from where it can lead lower
            if len(first) <= _SHORT or scores(each[None]) < scores(ends[1][None]):
                ends.append(downhill(scores, slopes, each, low, high))
    elif not cheap and len(first) > _SINGLY:
        ends = [first, slowly(scores, slopes, first, low, high)]
    else:
        found = best_schedule(scores, first, low, high, cheap)
        ends = [first, downhill(scores, slopes, first, low, high)]
        if not np.array_equal(found, first):
            ends += [found, downhill(scores, slopes, found, low, high)]
    return start.with_penalty(np.exp(ends[int(np.argmin(scores(np.array(ends))))]))
