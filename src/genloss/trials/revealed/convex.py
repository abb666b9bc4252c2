"""A fit under any smooth convex loss, from values and sums of rows alone: Newton's method.

It begins within spans. Where these become long, each of its systems is solved by conjugate gradients.
Only their directions are ever revealed: steps and line searches stay within them. All runs go at once;
a run that is done stands still.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.losses import Loss
from genloss.trials.revealed import spans
from genloss.trials.revealed.gradients import Solved, solve
from genloss.trials.revealed.objective import Objective
from genloss.trials.revealed.rows import Labelled

Array = npt.NDArray[np.float64]

TOLERANCE = 1e-5
"""Length of the gradient, relative to that at zero, at which a run is done."""
_MOST = 100  # Newton steps
_INEXACT = 0.03  # of a Newton step


def fit(
    parts: Sequence[Labelled], loss: Loss, spectrum: Array, absolute: float, most: int
) -> Solved:
    """Whitened ``w`` of least ``sum weights * loss(y, x'w) + absolute sum w**2 / spectrum``.

    Parameters
    ----------
    parts : sequence of Labelled
        Rows, labels and weights.
    loss : Loss
        What is minimised; smooth.
    spectrum : ndarray of shape (dim,)
        Variances of the coordinates.
    absolute : float
        Penalty times the number of candidate rows, positive.
    most : int
        Most steps within spans, and of conjugate gradients within one of Newton's.
    """
    objective = Objective(parts, loss, 2 * absolute / spectrum)
    w, values, goal, total = spans.descend(objective, TOLERANCE, most)
    level: Array | None = None
    done = np.zeros(len(w), dtype=bool)
    for _ in range(_MOST):
        pulls, bends = objective.pulls(values)
        gradient = objective.sums(pulls) + objective.penalties * w
        inverse = objective.inverse(bends)
        done = np.vecdot(gradient, inverse * gradient) <= goal
        if done.all():
            break
        gradient[done] = 0

        def product(p: Array, bends: list[Array] = bends) -> Array:
            images = [bend * image for bend, image in zip(bends, objective.values(p), strict=True)]
            return objective.sums(images) + objective.penalties * p

        found = solve(product, gradient, inverse, tolerance=_INEXACT, most=most)
        total += found.steps
        if not found.done.all():
            break
        level = objective.level(values, w) if level is None else level
        back = found.solution, objective.values(found.solution)
        slope = np.vecdot(gradient, found.solution)
        w, values, level = _searched(objective, (w, values, level), back, slope)
    return Solved(w, done, total)


def _searched(
    objective: Objective,
    there: tuple[Array, list[Array], Array],
    back: tuple[Array, list[Array]],
    slope: Array,
) -> tuple[Array, list[Array], Array]:
    """Where every run has come down enough, going half as far as often as it must."""
    w, values, level = there
    length = np.ones(len(w))
    while True:
        new_w = w - length[:, None] * back[0]
        new_values = [z - length[:, None] * a for z, a in zip(values, back[1], strict=True)]
        new = objective.level(new_values, new_w)
        high = new > level - 1e-4 * length * slope + 1e-12 * np.abs(level)
        if not high.any():
            return new_w, new_values, new
        length = np.where(high, length / 2, length)
        length[high & (length < 1e-10)] = 0
