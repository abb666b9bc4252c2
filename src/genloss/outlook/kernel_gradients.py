"""Kernel ridge regression without a factor: conjugate gradients in single precision, refined to double.

The dual coefficients of ``(K + D) a + intercept = y``, ``sum(a) = 0`` are looked for among vectors that
sum to zero. Some rows, the landmarks, show the leading directions of K: with ``B'B`` of their rank
nearly K, and t the mean of what it leaves of the diagonal, ``(B'B + D + t)^-1`` is nearly the inverse
(Nystroem's method). Where penalties are not small beside what is left, a few dozen products with K are
quicker than its factor; where they are, that shows soon.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.estimate.kernels import Kernel

Array = npt.NDArray[np.float64]
Single = npt.NDArray[np.float32]

FEWEST = 1500
"""Rows from which this is quicker than the factor, by a third of it at 2,000."""
_CLOSE = 1e-12  # of the labels, what is left at the end
_PASS = 1e-4  # of what was left, in one pass of single precision
_PASSES = 5
_RARE = 64  # rows for every step that a pass may take
_JITTER = 1e-5  # of the mean of a diagonal, more than single precision rounds it by


def fit(
    whole: Array, short: Single, rows: Array, kernel: Kernel, labels: Array, added: Any
) -> tuple[Array, float] | None:
    """Coefficients and intercept, or None where it takes many steps.

    Parameters
    ----------
    whole, short : ndarray of shape (n, n)
        The kernel matrix on and above the diagonal, in both precisions.
    rows : ndarray of shape (n, p)
    kernel : Kernel
    labels : ndarray of shape (n,)
    added : float or ndarray of shape (n,)
        To the diagonal.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 60)[:, None]
    >>> K = np.triu(Kernel("rbf", gamma=1.0)(X, X))
    >>> a, b = fit(K, K.astype(np.float32), X, Kernel("rbf", gamma=1.0), X[:, 0], 60.0)
    >>> bool(abs(a.sum()) < 1e-12), round(b, 12) == 0
    (True, True)
    """
    from scipy.linalg import blas  # a room that takes long to open

    n = len(labels)
    diagonal = np.broadcast_to(np.float32(added), (n,))
    nearly = _inverse(rows.astype(np.float32), kernel, short.diagonal(), diagonal)
    if nearly is None:
        return None
    goal, before = _CLOSE * float(np.linalg.norm(labels)), np.inf
    dual, intercept = np.zeros(n), float(labels.mean())
    for _ in range(_PASSES):
        left = labels - intercept
        left = left - blas.dsymv(1.0, whole.T, dual, lower=1) - added * dual
        shift = float(left.mean())
        intercept, left = intercept + shift, left - shift
        size = float(np.linalg.norm(left))
        if size <= goal:
            return dual, intercept
        if not size < before / 2:
            return None
        unit, before = float(np.abs(left).max()), size
        found = _solved(short, diagonal, nearly, (left / unit).astype(np.float32), 8 + n // _RARE)
        if found is None:
            return None
        dual += unit * found.astype(np.float64)
        dual -= dual.mean()
    return None


def _inverse(
    rows: Single, kernel: Kernel, own: Single, added: Single
) -> Callable[[Single], Single] | None:
    """What nearly solves with the matrix, in vectors that sum to zero; None where much is left."""
    n, count = len(rows), 2 * isqrt(len(rows))
    marks = np.arange(count) * n // count
    seen = kernel.against(rows)(rows[marks])
    among = seen[:, marks].astype(np.float64)
    among.flat[:: count + 1] += _JITTER * float(np.mean(own))
    try:
        root = np.linalg.inv(np.linalg.cholesky(among))
    except np.linalg.LinAlgError:
        return None
    B = root.astype(np.float32) @ seen
    rest = max(float(np.mean(own - np.einsum("ij,ij->j", B, B))), 0.0)
    if rest > float(np.mean(added)):
        return None
    scaled = B / (added + np.float32(rest))
    inner = np.linalg.inv(np.eye(count) + (scaled @ B.T).astype(np.float64)).astype(np.float32)
    back = inner @ scaled

    def whole(r: Single) -> Single:
        return r / (added + np.float32(rest)) - scaled.T @ (back @ r)

    ones = whole(np.ones(n, dtype=np.float32))
    total = ones.sum()

    def nearly(r: Single) -> Single:
        z = whole(r)
        return z - ones * (z.sum() / total)

    return nearly


def _solved(
    short: Single, added: Single, nearly: Callable[[Single], Single], right: Single, most: int
) -> Single | None:
    """Conjugate gradients from zero on; None where they take more steps."""
    from scipy.linalg import blas  # a room that takes long to open

    found = np.zeros_like(right)
    direction = nearly(right)
    size = float(right @ direction)
    goal = _PASS**2 * size
    for _ in range(most):
        if size <= goal:
            return found
        image = blas.ssymv(1.0, short.T, direction, lower=1) + added * direction
        bend = float(direction @ image)
        if not bend > 0:
            return None
        step = np.float32(size / bend)
        found += step * direction
        right = np.asarray(right - step * image, np.float32)
        scaled = nearly(right)
        size, before = float(right @ scaled), size
        direction = scaled + np.float32(size / before) * direction
    return None
