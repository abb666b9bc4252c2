"""A fit under any smooth convex loss, from values and sums of rows alone: Newton's method.

Each of its systems is solved by conjugate gradients, whose directions are the only ones that are ever
revealed: steps and line searches stay within them. All runs go at once; a run that is done stands still.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.losses import Loss
from genloss.trials.revealed.gradients import Solved, solve
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
        Most steps of conjugate gradients within one of Newton's.
    """
    penalties = 2 * absolute / spectrum
    runs = len(parts[0].labels)
    w = np.zeros((runs, spectrum.size))
    values = [np.zeros_like(part.labels) for part in parts]
    level, goal = _level(parts, loss, values, w, penalties), np.zeros(runs)
    done, total = np.zeros(runs, dtype=bool), 0
    for step in range(_MOST):
        pulls = [part.weights * loss.slope(part.labels, z) for part, z in _with(parts, values)]
        gradient = _sums(parts, pulls) + penalties * w
        bends = [part.weights * loss.curvature(part.labels, z) for part, z in _with(parts, values)]
        steep = sum(bend.sum(axis=1) for bend in bends)
        inverse = 1 / (np.asarray(steep)[:, None] + penalties)
        size = np.vecdot(gradient, inverse * gradient)
        goal = TOLERANCE**2 * size if step == 0 else goal
        done = size <= goal
        if done.all():
            break
        gradient[done] = 0

        def product(p: Array, bends: list[Array] = bends) -> Array:
            images = [bend * part.design.values(p) for part, bend in _with(parts, bends)]
            return _sums(parts, images) + penalties * p

        found = solve(product, gradient, inverse, tolerance=_INEXACT, most=most)
        total += found.steps
        if not found.done.all():
            break
        along = [part.design.values(found.solution) for part in parts]
        slope = np.vecdot(gradient, found.solution)
        w, values, level = _searched(
            parts, loss, penalties, (w, values, level), (found.solution, along), slope
        )
    return Solved(w, done, total)


def _with(parts: Sequence[Labelled], arrays: Sequence[Array]) -> list[tuple[Labelled, Array]]:
    return list(zip(parts, arrays, strict=True))


def _sums(parts: Sequence[Labelled], arrays: Sequence[Array]) -> Array:
    """``X'u`` over all parts; parts on one design are asked together."""
    together: dict[int, Array] = {}
    designs = {id(part.design): part.design for part in parts}
    for part, u in _with(parts, arrays):
        key = id(part.design)
        together[key] = together[key] + u if key in together else u
    return np.asarray(sum(designs[key].sums(u) for key, u in together.items()))


def _level(
    parts: Sequence[Labelled], loss: Loss, values: Sequence[Array], w: Array, penalties: Array
) -> Array:
    """What is minimised, of every run."""
    rows = sum(
        (part.weights * loss.value(part.labels, z)).sum(axis=1) for part, z in _with(parts, values)
    )
    return np.asarray(rows + np.vecdot(w, penalties * w) / 2)


def _searched(
    parts: Sequence[Labelled],
    loss: Loss,
    penalties: Array,
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
        new = _level(parts, loss, new_values, new_w, penalties)
        high = new > level - 1e-4 * length * slope + 1e-12 * np.abs(level)
        if not high.any():
            return new_w, new_values, new
        length = np.where(high, length / 2, length)
        length[high & (length < 1e-10)] = 0
