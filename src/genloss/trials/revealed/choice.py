"""Whether revealing is cheaper than drawing, and how many runs go together.

The steps that a plan takes are counted on one run of its first models with a stream of its own, so
that the choice depends on problem and plan alone and no run is thrown away for what it turned out to
be. Costs are counted in multiplications, of which all engines do about as many a second.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genloss.problem import Problem
from genloss.steps import Step
from genloss.trials.engine import Engine
from genloss.trials.revealed.chain import Chain, Unfinished
from genloss.trials.revealed.layout import Group, groups

PILOTED = 4
SMALLEST = 48
"""Directions below which drawing always wins."""
LARGEST = 20_000
"""Directions from which on there is nothing to compare with."""

# measured: passes over all directions asked so far, other passes and a normal number, and the
# interpreter's share, in multiplications of a matrix product of memory-bound size
_PASSES, _VECTORS, _CALLS = 20, 250, 300_000
_NORMAL, _FLOP = 64, 0.3


def runs_together(problem: Problem) -> int:
    """Runs of one batch: many, so that Python counts little, as long as they fit into a cache."""
    return int(np.clip(2**16 // problem.dim, 1, 64))


def pays(problem: Problem, steps: Sequence[Step], other: Engine) -> bool:
    """Whether conjugate gradients take few enough steps to be quicker than another engine."""
    vectors_only = other.exact and not other.single
    if vectors_only or other.pays is not None or problem.dim < SMALLEST:
        return False
    if problem.dim > LARGEST:
        return True
    dense = sum(_dense(problem.dim, step, rows_drawn=not other.exact) for step in steps)
    taken = steps_taken(problem, steps)
    return taken is not None and _revealed(problem, groups(steps), taken) < dense


def steps_taken(problem: Problem, steps: Sequence[Step]) -> int | None:
    """Most steps that a fit among the first models takes; None if they are too many to pay."""
    first = steps[:PILOTED]
    rng = np.random.default_rng(0)
    chain = Chain(problem, first, groups(first), rng, runs=1, most=problem.dim)
    try:
        for _ in chain:
            if 2 * chain.steps_taken[-1] > problem.dim:
                return None
    except Unfinished:
        return None
    return max(chain.steps_taken)


def _revealed(problem: Problem, together: Sequence[Group], taken: int) -> float:
    dim, total = problem.dim, 0.0
    for group in together:
        known = 0
        for _ in group.weights:
            asked = taken + len(group.stretches)
            total += asked * (_PASSES * (known + asked / 2) + _VECTORS) * dim
            total += asked * _CALLS / runs_together(problem)
            known += asked
    return total


def _dense(dim: int, step: Step, rows_drawn: bool) -> float:
    own = sum(block.rows for block in step.blocks if block.design == step.model)
    fitted = step.rows if step.drawn is None else step.drawn
    small = min(fitted, dim if step.features is None else step.features)
    total = _CALLS + _FLOP * small**3 / 3
    if rows_drawn:
        total += _NORMAL * own * dim + _FLOP * fitted * dim * small
        return total + (0 if step.features is None else 2 * _FLOP * fitted * dim * step.features)
    for block in step.blocks:
        drawn = min(block.rows, dim)
        total += _NORMAL * drawn * dim / 2 + _FLOP * drawn * dim**2
    return total
