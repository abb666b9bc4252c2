"""Limits of many plans in one call, those of one outline together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.generation import REAL
from genloss.plan import Plan
from genloss.problem import Problem, beyond
from genloss.steps import Step, resolve
from genloss.theory.alike import outline
from genloss.theory.closed import is_even
from genloss.theory.forever.fresh_blocks import FreshBlock
from genloss.theory.forever.limit import solved
from genloss.theory.forever.links import is_affine
from genloss.theory.forever.repeating import Repetition, repetition
from genloss.theory.units import is_ordinary

Array = npt.NDArray[np.float64]

_CELLS = 1 << 15  # entries of one array of a batch
_PENALTIES = np.linspace(np.log(1e-8), np.log(100.0), 13)  # over the largest eigenvalue
_NARROWINGS = 5


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def ends(
    problem: Problem, plans: Sequence[Plan], within: float | None = None
) -> tuple[Array, Array]:
    """Risk after infinitely many repetitions, and spectral radius, of every plan.

    ``within`` is what share of a risk may be missed where that saves work.

    Raises
    ------
    NoTheoryError
        As `limit`.
    """
    risk, radius = np.empty(len(plans)), np.empty(len(plans))
    for numbers, block in _blocks(problem, plans):
        if block is None:
            found = [
                solved(problem, plans[number], cured=False, within=within) for number in numbers
            ]
            risk[numbers] = [each.risk for each in found]
            radius[numbers] = [each.radius for each in found]
        else:
            bias, variance, radius[numbers] = block.ends()
            risk[numbers] = bias + variance
    return risk, radius


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def best_penalties(problem: Problem, plans: Sequence[Plan]) -> Array:
    """Penalty of all repeated fits with the least risk after infinitely many repetitions."""
    if kind := beyond(problem):
        raise _best_unknown(f"; problem has {kind}")
    if any(resolve(plan)[0].intercept for plan in plans):
        raise _best_unknown("; a plan has an intercept")
    best = np.empty(len(plans))
    top = float(problem.spectrum.max())
    for numbers, block in _blocks(problem, plans):
        if block is None:
            raise _best_unknown()
        risks = partial(_risks, block, top)
        best[numbers] = top * np.exp(_least(risks, len(numbers)))
    return best


def _best_unknown(why: str = "") -> NoTheoryError:
    return NoTheoryError(
        f"the best penalty for ever is known for fits on fresh Gaussian rows of one covariance{why}: genloss.tune "
        "finds it for a plan of as many generations as you like"
    )


def _risks(block: FreshBlock, top: float, logs: Array) -> Array:
    return block.risks(block.links(penalty=top * np.exp(logs)))


def _least(value: Callable[[Array], Array], count: int) -> Array:
    """Where every function of a batch is least: on a grid, then by parabolas through its neighbours."""
    tried = np.array([value(np.full(count, log)) for log in _PENALTIES])
    at = np.clip(tried.argmin(axis=0), 1, len(_PENALTIES) - 2)
    every = np.arange(count)
    places = [_PENALTIES[at + k] for k in (-1, 0, 1)]
    heights = [tried[at + k, every] for k in (-1, 0, 1)]
    for _ in range(_NARROWINGS):
        (left, middle, right), (a, b, c) = places, heights
        with np.errstate(invalid="ignore", divide="ignore"):
            one, two = (b - a) / (middle - left), (c - b) / (right - middle)
            guess = (left + middle) / 2 - one * (right - left) / 2 / (two - one)
        wider = np.where(right - middle > middle - left, (middle + right) / 2, (left + middle) / 2)
        inside = (guess > left) & (guess < right) & (np.abs(guess - middle) > 1e-9)
        guess = np.where(inside, guess, wider)
        found = value(guess)
        # the four in order; three around the least are kept
        x, h = np.array([left, middle, right, guess]), np.array([a, b, c, found])
        order = x.argsort(axis=0)
        x, h = np.take_along_axis(x, order, 0), np.take_along_axis(h, order, 0)
        first = np.clip(h.argmin(axis=0) - 1, 0, 1)
        places = [x[first + k, every] for k in range(3)]
        heights = [h[first + k, every] for k in range(3)]
    best = np.argmin(heights, axis=0)
    return np.asarray(np.array(places)[best, every])


def is_together(problem: Problem, plan: Plan) -> bool:
    """Whether the limit of a plan is found together with those of its outline."""
    return _is_together(problem, repetition(plan), resolve(plan))


def _is_together(problem: Problem, found: Repetition, steps: Sequence[Step]) -> bool:
    last = steps[found.first :]
    outside = found.fixed or any(u < REAL for step in last for u in step.asked)
    plain = all(is_affine(step) and is_even(step) for step in last)
    return plain and not outside and not beyond(problem) and is_ordinary(problem)


def _blocks(
    problem: Problem, plans: Sequence[Plan]
) -> Iterator[tuple[list[int], FreshBlock | None]]:
    """Numbers of plans and the block that they repeat; None where it is found one by one."""
    alike: dict[object, list[int]] = defaultdict(list)
    seen: list[tuple[Repetition, Sequence[Step]]] = []
    for number, plan in enumerate(plans):
        found, steps = repetition(plan), resolve(plan)
        seen.append((found, steps))
        known = _is_together(problem, found, steps)
        alike[known, found, outline(steps[found.first :], problem.directions.dim)].append(number)
    directions = problem.directions
    size = max(1, _CELLS // directions.eigenvalues.size)
    for (known, found, _), numbers in alike.items():  # type: ignore[misc]
        if not known:
            yield numbers, None
            continue
        for start in range(0, len(numbers), size):
            some = numbers[start : start + size]
            yield some, FreshBlock(directions, [seen[number][1] for number in some], found)
