"""A fit of several columns under a loss of them all: Newton's method on all rows, by conjugate gradients."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.linalg

from genloss.losses import Loss

Array = npt.NDArray[np.float64]

TOLERANCE = 1e-8
"""Length of the gradient, relative to that of its parts, at which a fit is done."""
_MOST = 100  # Newton steps
_PATIENCE = 400  # products with the Hessian in a step


def minimise(X: Array, y: Array, weights: Array, loss: Loss, ridge: float) -> Array:
    """Coefficients of least ``sum_i weights_i loss(y_i, x_i'W) + ridge / 2 |W|**2``.

    Parameters
    ----------
    X, y, weights : ndarray of shape (n, d), (n, classes), (n,)
        Rows, labels and the weight of each.
    loss : Loss
        A loss of ``columns``.
    ridge : float
        Penalty on half the squared length, > 0.

    Returns
    -------
    ndarray of shape (d, classes)
        The minimiser.
    """
    n, d = X.shape
    if n < d:
        # W = X' L'^-1 V with X X' = L L' has |W| = |V| and X W = L V
        gram = X @ X.T
        gram.flat[:: n + 1] *= 1 + 1e-13
        lower = np.asarray(np.linalg.cholesky(gram), dtype=np.float64)
        inner = minimise(lower, y, weights, loss, ridge)
        return X.T @ scipy.linalg.solve_triangular(lower, inner, lower=True, trans=1)
    W = np.zeros((d, y.shape[1]))
    level = _level(X, y, weights, loss, ridge, W)
    for _ in range(_MOST):
        said = X @ W
        pull = weights[:, None] * loss.slope(y, said)
        by_rows = X.T @ pull
        gradient = by_rows + ridge * W
        length = float(np.linalg.norm(gradient))
        parts = float(np.linalg.norm(by_rows) + ridge * np.linalg.norm(W))
        spread = float(np.sqrt(np.sum(pull**2, axis=1) @ np.einsum("ij,ij->i", X, X)))
        if length <= TOLERANCE * max(parts, spread):
            break
        bend = weights[:, None, None] * loss.curvature(y, said)
        goal = min(0.1, float(np.sqrt(length / max(parts, spread))))
        step = _conjugate(X, bend, ridge, gradient, goal)
        fall, size = float(np.sum(gradient * step)), 1.0
        while size > 1e-10:
            new = _level(X, y, weights, loss, ridge, W - size * step)
            if new <= level - 1e-4 * size * fall + 1e-13 * abs(level):
                break
            size /= 2
        else:
            break
        W, level = W - size * step, new
    return W


def _level(X: Array, y: Array, weights: Array, loss: Loss, ridge: float, W: Array) -> float:
    return float(weights @ loss.value(y, X @ W) + ridge / 2 * np.sum(W**2))


def _conjugate(X: Array, bend: Array, ridge: float, right: Array, goal: float) -> Array:
    """Solve with the Hessian; ``bend`` is the loss's own of every row, (n, classes, classes)."""
    diagonal = (X**2).T @ np.einsum("ikk->ik", bend) + ridge
    found, left = np.zeros_like(right), right.copy()
    towards = left / diagonal
    way, size = towards, float(np.sum(left * towards))
    enough = goal**2 * size
    for _ in range(_PATIENCE):
        image = X.T @ (bend @ (X @ way)[..., None])[..., 0] + ridge * way
        pace = size / float(np.sum(way * image))
        found, left = found + pace * way, left - pace * image
        towards = left / diagonal
        new = float(np.sum(left * towards))
        if new <= enough:
            break
        way, size = towards + new / size * way, new
    return found
