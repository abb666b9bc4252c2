"""Fits with an intercept: those of one row fewer, of mean zero.

A reflection that turns the direction of the means into the first row leaves the other rows as those of the
centred problem, without the dependence that centring leaves between rows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from genloss.steps import Step
from genloss.trials.loop import Rows

Array = npt.NDArray[np.float64]


def fit(
    learn: Callable[[Step, Rows, Array | None], Array],
    step: Step,
    rows: Rows,
    towards: Array | None,
) -> Array:
    """Coefficients of a fit with an intercept, which is the last of them.

    Parameters
    ----------
    learn : callable
        ``learn(step, rows, None)``: coefficients of inputs without a constant, shape (dim,).
    step : Step
        The fit.
    rows : Rows
        Inputs with ones in their last column, shape (n, dim + 1).
    towards : ndarray of shape (dim + 1,), optional
        The model that the penalty pulls to; its intercept is pulled to nothing.
    """
    X, y, weights = rows.X[:, :-1], rows.y, rows.weights
    if towards is not None:
        y = y - X @ towards[:-1].astype(X.dtype)
    root = np.ones(len(y)) if weights is None else np.sqrt(weights)
    mean = root / np.linalg.norm(root)
    count = len(y) - 1
    size = np.sqrt(count / len(y)).astype(X.dtype)  # the penalty is per row, and those were n
    root = root.astype(X.dtype)
    apart = Rows(size * _apart(root[:, None] * X, mean), size * _apart(root * y, mean), None)
    w = learn(step, apart, None) if count else np.zeros(X.shape[1])
    w = w if towards is None else w + towards[:-1]
    share = mean**2 / (mean @ mean)
    return np.append(w, share @ (rows.y - X @ w))


def _apart(rows: Array, mean: Array) -> Array:
    """All rows but their part along ``mean``, in as many coordinates as are left."""
    normal = mean.copy()
    normal[0] += 1.0  # the reflection of the mean to minus the first row; its entries are positive
    normal = (normal / np.sqrt(normal @ normal / 2)).astype(rows.dtype)
    return np.asarray(rows[1:] - np.multiply.outer(normal[1:], normal @ rows))
