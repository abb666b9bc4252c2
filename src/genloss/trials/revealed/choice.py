"""Whether revealing is cheaper than drawing, and how many runs go together.

The steps that a plan takes are counted on one run of its first models with a stream of its own, so
that the choice depends on problem and plan alone and no run is thrown away for what it turned out to
be. Costs are counted in multiplications, of which all engines do about as many a second.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genloss.covariances import has_gaps, is_matrix
from genloss.losses.squared import Squared
from genloss.problem import Problem
from genloss.steps import Step
from genloss.trials.engine import Engine
from genloss.trials.revealed.chain import Chain, Unfinished
from genloss.trials.revealed.layout import groups
from genloss.trials.revealed.row_chain import RowChain

PILOTED = 4
SMALLEST = 48
"""Directions below which drawing always wins."""
LARGEST = 20_000
"""Directions from which on there is nothing to compare with."""

# measured: passes over all directions asked so far, other passes and a normal number, and the
# interpreter's share of a question
_PASSES, _VECTORS, _CALLS = 20, 250, 300_000
_NORMAL, _FLOP = 64, 0.3
_GAP = 1e-10  # of the largest variance: less than conjugate gradients tell from none
_TURNS = 3  # products with a whole matrix a question, where a covariance is one


def needs_matrix(step: Step) -> str | None:
    """Why a fit asks for more than products of its rows."""
    if step.retuned:
        return f"the penalty of model {step.model} is chosen by leave-one-out ('cv')"
    if step.edits:
        return f"labels of some rows of model {step.model} are replaced"
    if step.filter is not None and not step.filter.spectral:
        return f"the filter of model {step.model} goes through its rows one by one"
    if step.filter is not None and step.features is not None:
        return f"model {step.model} has random features and a filter"
    return None


def undetermined(steps: Sequence[Step]) -> str | None:
    """Why a fit without penalty has many solutions beyond those that few rows leave."""
    if not any(step.turned for step in steps):
        return None
    for step in steps:
        rows = [block for model in step.fitted for block in steps[model].blocks]
        own = [block.covariance for block in rows if is_matrix(block.covariance)]
        if step.penalty == 0 and any(has_gaps(each, _GAP) for each in own):
            return f"model {step.model} has no penalty, and rows whose covariance has no inverse"
    return None


def designs_together(problem: Problem, steps: Sequence[Step]) -> int:
    """Runs of one batch of revealed designs.

    Many, so that Python counts little, as long as they fit into a cache. NumPy also keeps the
    interpreter lock through products whose answer has no more than 500 numbers, however long they
    take: two workers wait for each other where runs are few.
    """
    again = any(len(group.weights) > 1 for group in groups(steps))  # asked by several fits
    return int(np.clip(2**17 // problem.dim, 1, 256)) // (2 if again else 1) or 1


def rows_together(problem: Problem) -> int:
    """Runs of one batch of revealed rows, likewise."""
    return int(np.clip(2**14 // problem.dim, 1, 16))


def designs_pay(problem: Problem, steps: Sequence[Step], other: Engine) -> bool:
    """Whether asking blocks for products is quicker than another engine."""
    if other.pays is not None or problem.dim < SMALLEST:
        return False
    if other.exact and not other.single:  # no matrix at all
        return False
    if problem.dim > LARGEST:
        return True
    first = steps[:PILOTED]
    rng = np.random.default_rng(0)
    most = _worth_counting(problem)
    taken = _pilot(Chain(problem, first, groups(first), rng, 1, most, completes=False))
    if taken is None:
        return False
    total, calls = 0.0, _CALLS / designs_together(problem, steps)
    for group in groups(steps):
        known, asked = 0, taken + len(group.stretches)
        more = calls + (_TURNS * _FLOP * problem.dim**2 if is_matrix(group.covariance) else 0)
        for _ in group.weights:
            total += asked * (_asking(problem.dim, known + asked / 2) + more)
            known += asked
    return total < sum(_dense(problem.dim, step, rows_drawn=not other.exact) for step in steps)


def rows_pay(problem: Problem, steps: Sequence[Step], other: Engine) -> bool:
    """Whether asking rows from both sides is quicker than another engine."""
    if other.exact or problem.dim < SMALLEST:
        return False
    if problem.dim > LARGEST:
        return True
    first = steps[:PILOTED]
    rng = np.random.default_rng(0)
    taken = _pilot(RowChain(problem, first, rng, 1, _worth_counting(problem)))
    if taken is None:
        return False
    total, calls = 0.0, _CALLS / (4 * rows_together(problem))
    for step in steps:
        known = taken
        for model in step.fitted:
            size = problem.dim + sum(block.rows for block in steps[model].blocks)
            turns = _TURNS * _FLOP * problem.dim**2 if steps[model].turned else 0
            total += taken * (_asking(size, known) + 2 * calls + turns)
            known += taken if step.is_pooled else 0
    return total < sum(_dense(problem.dim, step, rows_drawn=True) for step in steps)


def _worth_counting(problem: Problem) -> int:
    """Steps beyond which whole matrices are quicker, and counting them would take as long."""
    return min(20 + problem.dim // 4, 1500)


def _pilot(chain: Chain | RowChain) -> int | None:
    """Most steps of a fit among the first models; None if they are too many to pay."""
    try:
        for _ in chain:
            pass
    except Unfinished:
        return None
    return max(chain.steps_taken)


def _asking(size: int, known: float) -> float:
    """A question along a vector of that size, when so many are known."""
    return (_PASSES * known + _VECTORS) * size


def _dense(dim: int, step: Step, *, rows_drawn: bool) -> float:
    own = sum(block.rows for block in step.blocks if block.design == step.model)
    fitted = step.rows if step.drawn is None else step.drawn
    small = min(fitted, dim if step.features is None else step.features)
    total = _CALLS + _FLOP * small**3 / 3
    if step.loss != Squared():  # some ten of Newton's steps, of some ten products each
        total += 200 * fitted * dim
    if rows_drawn:
        total += _NORMAL * own * dim + _FLOP * fitted * dim * small
        return total + (0 if step.features is None else 2 * _FLOP * fitted * dim * step.features)
    for block in step.blocks:
        drawn = min(block.rows, dim)
        total += _NORMAL * drawn * dim / 2 + _FLOP * drawn * dim**2
    return total
