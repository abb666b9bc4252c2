"""Exact leave-one-out residuals of linear and kernel ridge, all penalties from one decomposition.

With a free intercept and leverages ``h_ii`` of all rows' fit, the residual of the fit without row i is
``(y_i - yhat_i) / (1 - h_ii)``. Along a singular direction u_j of eigenvalue v_j both parts are sums of

    n penalty / (v_j + n penalty)

of ``u_ij (u_j'y)`` and of ``u_ij**2``, plus what lies outside the span of all directions. Nothing is
subtracted, so that tiny penalties lose no digits; where nothing lies outside, as in interpolation, the
ratio has a limit at penalty 0, that of the minimum-norm solution.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.estimate.decomposition import Decomposition, decompose
from genloss.estimate.kernels import Kernel

Array = npt.NDArray[np.float64]

_OUTSIDE = 1e-9  # leverage outside the span below which a row is alone in one of the directions


def leave_one_out(
    X: Array,
    y: Array,
    kernel: Kernel | None,
    penalties: npt.ArrayLike,
    *,
    weights: Array | None = None,
) -> Array:
    """Residual of every row under the fit to all other rows, for every penalty.

    Parameters
    ----------
    X : ndarray of shape (n, dim)
        Features.
    y : ndarray of shape (n,) or (n, targets)
        Labels, one or several columns.
    kernel : Kernel or None
        None for a linear model.
    penalties : array_like of shape (q,)
        Penalties of ``(1/n) sum_i weights_i (residual_i)**2 + penalty |w|**2``, intercept free. A fit
        without row i keeps the factor 1/n: the same as scikit-learn's ``Ridge(alpha=n*penalty)``.
    weights : ndarray of shape (n,), optional
        Positive weights of the rows.

    Returns
    -------
    ndarray of shape (q, n) or (q, n, targets)
        Label minus prediction.

    Examples
    --------
    >>> X, y = np.array([[0.0], [1.0], [2.0]]), np.array([0.0, 1.0, 5.0])
    >>> leave_one_out(X, y, None, [0.0]).round(9) + 0.0
    array([[ 3. , -1.5,  3. ]])
    """
    targets = y.reshape(len(y), -1)
    centred = targets - np.average(targets, axis=0, weights=weights)
    decomposed = decompose(X, kernel, weights=weights)
    if weights is None:
        constant = np.full(len(y), 1 / len(y))
    else:
        constant = weights / weights.sum()
        centred = centred * np.sqrt(weights)[:, None]
    found = residuals(decomposed, centred, np.asarray(penalties, dtype=np.float64), constant)
    if weights is not None:
        found /= np.sqrt(weights)[:, None]
    return found.reshape(len(found), *y.shape)


def residuals(rows: Decomposition, centred: Array, penalties: Array, constant: Array) -> Array:
    """Leave-one-out residuals (q, n, targets) of centred targets (n, targets).

    ``constant`` (n,) is the leverage of the intercept.
    """
    n, left = len(centred), rows.left
    along, squares = left.T @ centred, left**2
    if rows.fills:
        outside, unexplained = np.zeros(n), np.zeros_like(centred)
    else:
        outside = np.maximum(1 - constant - squares.sum(axis=1), 0.0)
        unexplained = centred - left @ along
    alone = outside <= _OUTSIDE
    found = np.empty((penalties.size, *centred.shape))
    stays = n * penalties[:, None] / (rows.values + n * penalties[:, None])
    # the same up to a factor, which cancels, and finite at penalty 0
    limit = (rows.values.min(initial=np.inf) + n * penalties[:, None]) / (
        rows.values + n * penalties[:, None]
    )
    for where, shares, beyond in ((~alone, stays, 1.0), (alone, limit, 0.0)):
        if where.any():
            part: Any = slice(None) if where.all() else where  # all of them without a copy
            slack = shares @ squares[part].T + beyond * outside[part]
            for column, weight in enumerate(along.T):
                residual = (shares * weight) @ left[part].T + beyond * unexplained[part, column]
                found[:, part, column] = residual / slack
    return found
