"""Fits of several columns under a loss of them all, many runs at once: Newton's method by conjugate gradients."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.linalg

from genloss.losses import Loss
from genloss.trials.convex import not_found

Array = npt.NDArray[np.float64]

TOLERANCE = 1e-8
"""Length of the gradient, relative to that of its parts, at which a fit is done."""
_MOST = 100  # Newton steps
_PATIENCE = 400  # products with the Hessian in a step
_LEFT = 1e-9  # share of its loss by which a fit that rounding ends may still fall


class Rows(NamedTuple):
    """Rows of some runs: inputs (runs, n, d), labels, weights (runs, n), and what is said of them already."""

    X: Array
    y: Array
    weights: Array
    offset: Array

    def of(self, runs: npt.NDArray[np.bool_]) -> Rows:
        """Those of some of the runs."""
        return self if runs.all() else Rows(*(each[runs] for each in self))


def minimise(
    X: Array,
    y: Array,
    weights: Array,
    loss: Loss,
    ridge: float,
    offset: Array | None = None,
) -> Array:
    """Coefficients of least ``sum_i weights_i loss(y_i, x_i'W + offset_i) + ridge / 2 |W|**2``, run by run.

    Parameters
    ----------
    X, y, weights : ndarray of shape (runs, n, d), (runs, n, classes), (runs, n)
        Rows, labels and the weight of each.
    loss : Loss
        A loss of ``columns``.
    ridge : float
        Penalty on half the squared length, > 0.
    offset : ndarray of shape (runs, n, classes), optional
        What another model says of the rows already; default: nothing.

    Returns
    -------
    ndarray of shape (runs, d, classes)
        The minimisers.

    Raises
    ------
    NotSolvedError
        If a minimum was not found.
    """
    runs, n, d = X.shape
    if n < d:
        # W = X' L'^-1 V with X X' = L L' has |W| = |V| and X W = L V
        gram = X @ X.swapaxes(1, 2)
        gram.reshape(runs, -1)[:, :: n + 1] *= 1 + 1e-13
        lower = np.asarray(np.linalg.cholesky(gram), dtype=np.float64)
        inner = minimise(lower, y, weights, loss, ridge, offset)
        solved = [
            scipy.linalg.solve_triangular(each, V, lower=True, trans=1)
            for each, V in zip(lower, inner, strict=True)
        ]
        return np.asarray(X.swapaxes(1, 2) @ np.array(solved))
    found, gram = np.zeros((runs, d, y.shape[2])), X.swapaxes(1, 2) @ (weights[..., None] * X)
    near, known = np.empty_like(gram), np.full(runs, np.inf)  # an inverse, and its curvature
    rows, W = Rows(X, y, weights, np.zeros(y.shape) if offset is None else offset), found
    left, said, lengths = np.arange(runs), rows.offset, np.einsum("rij,rij->ri", X, X)
    level = _level(rows, loss, ridge, W, said)
    for _ in range(_MOST):
        pull = rows.weights[..., None] * loss.slope(rows.y, said)
        by_rows = rows.X.swapaxes(1, 2) @ pull
        gradient = by_rows + ridge * W
        parts = _length(by_rows) + ridge * _length(W)
        spread = np.sqrt(np.einsum("rik,rik,ri->r", pull, pull, lengths[left]))
        scale, length = np.maximum(parts, spread), _length(gradient)
        open_ = length > TOLERANCE * scale
        if not open_.any():
            return found
        if not open_.all():
            rows, left = rows.of(open_), left[open_]
            W, said, level, gradient, length, scale = (
                each[open_] for each in (W, said, level, gradient, length, scale)
            )
        bend = rows.weights[..., None, None] * loss.curvature(rows.y, said)
        goal = np.minimum(0.1, np.sqrt(length / scale))
        usual = _usual(bend, rows.weights)
        if (2 * usual < known[left]).any():
            near[left] = np.linalg.inv(usual[:, None, None] * gram[left] + ridge * np.eye(d))
            known[left] = usual
        step = _conjugate(rows.X, bend, ridge, gradient, goal, near[left])
        along, fall = rows.X @ step, np.einsum("rjk,rjk->r", gradient, step)
        size, new = _down(rows, loss, ridge, (W, said, level), (step, along, fall))
        moved = size > 0
        if (fall > _LEFT * np.abs(level))[~moved].any():
            raise not_found("before steps were all rounding")
        W = W - size[:, None, None] * step
        found[left] = W
        rows, left = rows.of(moved), left[moved]
        said = (said - size[:, None, None] * along)[moved]
        W, level = W[moved], new[moved]
        if not left.size:
            return found
    raise not_found(f"in {_MOST} steps")


def _length(values: Array) -> Array:
    """Of every run."""
    return np.asarray(np.sqrt(np.einsum("rik,rik->r", values, values)))


def _level(rows: Rows, loss: Loss, ridge: float, W: Array, said: Array) -> Array:
    losses = np.einsum("ri,ri->r", rows.weights, loss.value(rows.y, said))
    return np.asarray(losses + ridge / 2 * np.einsum("rjk,rjk->r", W, W))


def _down(
    rows: Rows,
    loss: Loss,
    ridge: float,
    start: tuple[Array, Array, Array],
    way: tuple[Array, Array, Array],
) -> tuple[Array, Array]:
    """As much of each step as makes the loss fall, zero where none does, and the losses there."""
    (W, said, level), (step, along, fall) = start, way
    size = np.ones(len(level))
    while True:
        part = size[:, None, None]
        new = _level(rows, loss, ridge, W - part * step, said - part * along)
        high = new > level - 1e-4 * size * fall + 1e-13 * np.abs(level)
        high &= size > 0
        if not high.any():
            return size, new
        size = np.where(high, np.where(size > 1e-10, size / 2, 0.0), size)


def _usual(bend: Array, weights: Array) -> Array:
    """Curvature of a column of a row on average, (runs,)."""
    whole = np.einsum("rikk->r", bend) / bend.shape[-1]
    return np.asarray(whole / np.maximum(weights.sum(axis=1), 1e-300))


def _conjugate(
    X: Array, bend: Array, ridge: float, right: Array, goal: Array, near: Array
) -> Array:
    """Solve with the Hessians by conjugate gradients.

    ``bend`` is the loss's own of every row, (runs, n, classes, classes), and ``near`` about the inverse of a
    Hessian's part of every column, (runs, d, d).
    """
    back = X.swapaxes(1, 2)
    found, left = np.zeros_like(right), right.copy()
    towards = near @ left
    way, size = towards, np.einsum("rjk,rjk->r", left, towards)
    enough = goal**2 * size
    for _ in range(_PATIENCE):
        open_ = size > enough
        if not open_.any():
            break
        image = back @ np.einsum("rikl,ril->rik", bend, X @ way) + ridge * way
        steep = np.einsum("rjk,rjk->r", way, image)
        pace = np.divide(size, steep, out=np.zeros_like(size), where=open_)[:, None, None]
        found, left = found + pace * way, left - pace * image
        towards = near @ left
        new = np.einsum("rjk,rjk->r", left, towards)
        turn = np.divide(new, size, out=np.zeros_like(size), where=open_)
        way, size = towards + turn[:, None, None] * way, np.where(open_, new, size)
    return found
