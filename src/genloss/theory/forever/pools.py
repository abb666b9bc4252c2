"""All rows kept for ever (`theory.md` 2.6): the errors that blocks add, summed to infinity."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from genloss.cautions import fitted_rows
from genloss.errors import NoTheoryError
from genloss.plan import Plan
from genloss.spectrum import Spectral
from genloss.steps import Step, resolve
from genloss.theory.closed import obstacles
from genloss.theory.fit import stages
from genloss.theory.forever.repeating import Repetition
from genloss.theory.predict import predict

_TERMS = 64  # summed one by one, before an integral takes over


def obstacle(plan: Plan, found: Repetition) -> str | None:
    """Why the limit is not known, or None where it is."""
    if found.length > 1:
        return "rounds of several generations pool their rows"
    last = resolve(plan)[-1]
    if not _forgets(last):
        return obstacles(resolve(found.unrolled(plan, found.length + 1)))[-1]
    alone = len(last.blocks) == 1 and last.blocks[0].shares == {last.model - 1: 1.0}
    whole = last.fitted.start == 0 and last.drawn is None and not last.blocks[0].kept
    if alone and whole and last.is_ridge and last.features is None and last.towards is None:
        return None
    return f"model {last.model} pools rows with a penalty, but not all rows of a plan without other labelers"


def _forgets(last: Step) -> bool:
    """Whether the penalty grows with the rows: the truth's part falls like ``G**-(lam / (s + lam))``."""
    return last.penalty > 0


def end(problem: Spectral, plan: Plan, found: Repetition) -> tuple[float, float, float, float]:
    """Bias, variance, radius and half-life.

    Each block adds ``noise**2 sum_i s_i (E A^-1 X'X A^-1)_ii`` and takes nothing away.
    """
    if _forgets(resolve(plan)[-1]):
        return float(problem.directions.signal.sum()), 0.0, 1.0, math.nan
    generation = plan.generations[-1]
    rows, dim = generation.n_samples, problem.directions.dim
    seen = found.unrolled(plan, 1)
    if generation.design == "fresh":
        # of few rows every fit is another formula; from dim + 2 on it is one
        if math.isinf(dim):
            raise NoTheoryError(
                "pooled rows never become as many as infinitely many directions: their limit is not "
                "known; a PowerLaw with dim has one"
            )
        blocks = 1 + max(0, -(-int(dim + 2 - fitted_rows(resolve(seen))[-1]) // rows))
        seen = found.unrolled(plan, blocks)
    curve = predict(problem, seen)
    assert curve.bias is not None
    assert curve.variance is not None
    bias, variance = float(curve.bias[-1]), float(curve.variance[-1])
    noise = generation.sources[0].label_noise ** 2
    if not noise or not math.isfinite(variance):
        life = 0.0 if math.isfinite(variance) else math.inf
        return bias, variance, 1.0, life
    if generation.design == "fresh":
        first = float(fitted_rows(resolve(seen))[-1])

        def added(block: float) -> float:
            total = first + block * rows
            return noise * dim * rows / (total * (total - dim - 1))

        def beyond(block: float) -> float:
            total, c = first + block * rows, dim + 1
            return noise * dim / c * -math.log1p(-c / total)
    else:
        count = seen.n_models
        directions = problem.directions
        [stage], _ = stages(directions, np.array([[float(rows)]]), np.zeros((1, 1)))
        alone = noise * float(stage.label_gain[0] @ directions.eigenvalues)

        def added(block: float) -> float:
            return alone / (count + block) ** 2

        def beyond(block: float) -> float:
            return alone / (count + block)

    left = tail(added, beyond)
    path = [float(r) for r in curve.risk[max(found.start - 1, 0) :]]
    whole = bias + variance + left
    return bias, variance + left, 1.0, _half_life(path, whole, added)


def tail(added: Callable[[float], float], beyond: Callable[[float], float]) -> float:
    """Sum of added(1), added(2), ... by Euler and Maclaurin; ``beyond`` is its integral to infinity."""
    here = _TERMS + 0.5
    h = 1e-1
    slope = (added(here + h) - added(here - h)) / (2 * h)
    return math.fsum(added(k) for k in range(1, _TERMS + 1)) + beyond(here) + slope / 24


def _half_life(path: list[float], whole: float, added: Callable[[float], float]) -> float:
    """Blocks until half of the way is made, on a straight line between two."""
    goal = (path[0] + whole) / 2
    risk, block = path[-1], 0
    while risk < goal:
        block += 1
        risk += added(block)
        path.append(risk)
    at = int(np.searchsorted(path, goal))
    return at - (path[at] - goal) / (path[at] - path[at - 1]) if at else 0.0
