"""The first steps of a convex fit: Newton's method on the span of all directions asked so far.

A step asks two questions only: for the gradient, and what its direction is on the rows. All else happens
on a panel of one column a direction. Conjugate gradients within Newton's method ask half as much again
and more, as every one of its systems forgets the directions of the last; but a panel costs the square
of its columns, so that a fit that takes many steps goes on with them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.trials.revealed.objective import Objective
from genloss.trials.revealed.products import Stack, apply, combine

Array = npt.NDArray[np.float64]

_LONGEST = 48  # directions of a span
_EXPECTED = 10
_BEYOND = 0.5  # slope behind the least along a step, over that before it, at which it was too long
_SHORTEST = 1e-3
_RIDGE = 1e-12  # of the system's diagonal: directions that are nearly within the others


class Reached(NamedTuple):
    """Coefficients, their values on rows, the size of the gradient wanted, and how many steps it took."""

    w: Array
    values: list[Array]
    goal: Array
    steps: int


def descend(objective: Objective, tolerance: float, most: int) -> Reached:
    """From zero on, until all gradients are short enough or the span is long.

    Parameters
    ----------
    objective : Objective
        What is made least.
    tolerance : float
        Length of the gradient, relative to that at zero, at which a run stands still.
    most : int
        Most steps.
    """
    penalties = objective.penalties
    runs, most = len(objective.parts[0].labels), min(most, _LONGEST)
    w, goal = np.zeros((runs, penalties.size)), np.zeros(runs)
    values = [np.zeros_like(part.labels) for part in objective.parts]
    span = _Span(objective, runs, most)
    pulls, bends = objective.pulls(values)
    for step in range(most):
        gradient = objective.sums(pulls) + penalties * w
        towards = objective.inverse(bends) * gradient
        size = np.vecdot(gradient, towards)
        goal = tolerance**2 * size if step == 0 else goal
        active = size > goal
        if not active.any():
            return Reached(w, values, goal, step)
        unit = np.divide(1, np.sqrt(size), out=np.zeros(runs), where=active)[:, None]
        span.add(towards * unit)
        move, along, fall = span.newton(gradient * active[:, None], bends)
        w, values, pulls, bends = _moved(objective, (w, values), (move, along), fall)
    return Reached(w, values, goal, most)


class _Span:
    """Directions, a panel of what they are on the rows of every part, and the penalty between them."""

    def __init__(self, objective: Objective, runs: int, most: int) -> None:
        self._objective = objective
        expected = min(most, _EXPECTED)
        self._basis = Stack(runs, objective.penalties.size, expected)
        self._panels = [Stack(runs, part.labels.shape[1], expected) for part in objective.parts]
        self._stiff = np.zeros((runs, 0, 0))

    def add(self, direction: Array) -> None:
        """One more direction, zero where a run stands still."""
        self._basis.next()[:] = direction
        images = self._objective.values(direction)
        for panel, image in zip(self._panels, images, strict=True):
            panel.next()[:] = image
        last = apply(self._basis.matrix, self._objective.penalties * direction)
        self._stiff = np.pad(self._stiff, ((0, 0), (0, 1), (0, 1)))
        self._stiff[:, -1], self._stiff[:, :, -1] = last, last

    def newton(self, gradient: Array, bends: list[Array]) -> tuple[Array, list[Array], Array]:
        """Newton's step within the span, what it is on the rows, and the slope along it."""
        hessian = self._stiff.copy()
        for panel, bend in zip(self._panels, bends, strict=True):
            for own, rows, curvature in zip(hessian, panel.matrix, bend, strict=True):
                own += (rows * curvature) @ rows.T
        diagonal = np.einsum("tkk->tk", hessian)
        diagonal += np.where(diagonal > 0, _RIDGE * diagonal, 1)
        right = apply(self._basis.matrix, gradient)
        step: Array = np.asarray(np.linalg.solve(hessian, right[:, :, None])[:, :, 0], float)
        along = [combine(step, panel.matrix) for panel in self._panels]
        return combine(step, self._basis.matrix), along, np.vecdot(step, right)


def _moved(
    objective: Objective,
    there: tuple[Array, list[Array]],
    back: tuple[Array, list[Array]],
    fall: Array,
) -> tuple[Array, list[Array], list[Array], list[Array]]:
    """Where a step leads, half as far as often as it comes out much behind the least along it."""
    w, values = there
    move, along = back
    length = np.ones(len(w))
    while True:
        new_w = w - length[:, None] * move
        new = [z - length[:, None] * a for z, a in zip(values, along, strict=True)]
        pulls, bends = objective.pulls(new)
        slope = np.vecdot(objective.penalties * new_w, move)
        for pull, a in zip(pulls, along, strict=True):
            slope += np.vecdot(pull, a)
        long = (slope < -_BEYOND * fall) & (length > _SHORTEST)
        if not long.any():
            return new_w, new, pulls, bends
        length[long] /= 2
