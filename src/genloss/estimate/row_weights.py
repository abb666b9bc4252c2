"""Rows that count unequally: how many equal ones they stand for, and what they make of a penalty.

A fit minimises ``sum_i w_i residual_i**2 / sum_i w_i + penalty |b|**2``, so that a row of weight 2 acts as
two copies of it, and only ratios of weights matter. Copies bring no noise of their own: estimates
count rows, and not their weights.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_STEPS = 60
_ROUNDING = 2e-15


def unequal(weights: Array | None) -> Array | None:
    """Weights with mean one; None where there are none, or all are equal, which says nothing.

    Examples
    --------
    >>> unequal(np.array([2.0, 2.0])), unequal(np.array([1.0, 3.0]))
    (None, array([0.5, 1.5]))
    """
    if weights is None or weights.min() == weights.max():
        return None
    return np.asarray(weights / weights.mean())


def effective(weights: Array) -> float:
    """Number of equal rows whose mean is as well known, ``(sum w)**2 / sum w**2``.

    Examples
    --------
    >>> effective(np.array([2.0, 2.0])), round(effective(np.array([1.0, 1.0, 4.0])), 9)
    (2.0, 2.0)
    """
    unit = weights / weights.max()
    return float(unit.sum() ** 2 / (unit @ unit))


def balance(weights: Array | None, rows: float, left: Array) -> tuple[Array, Array, Array]:
    """What rows of given weights make of the degrees of freedom that a fit leaves.

    Parameters
    ----------
    weights : ndarray of shape (k,) or None
        With mean one; None for equal ones.
    rows : float
        Rows k.
    left : ndarray of shape (q,)
        ``k - 1 - df1`` at every penalty, the intercept taking one.

    Returns
    -------
    y, kept, each : ndarray of shape (q,)
        ``y = sum_i w_i c_i``, by which the penalty ``k penalty`` is divided to become kappa;
        ``kept = sum_i w_i c_i**2 / y`` and ``each = sum_i (w_i c_i / y)**2``, of which

            loo (kept + each (df1 - df2)) = bias + noise**2.

    Notes
    -----
    `theory.md` 2.4 for one spectrum, with ``c_i = y / (y + w_i (df1 + 1))``. Since ``sum_i c_i = left`` the
    solution is that of a concave and rising function, reached from below without a cancelling term.
    """
    if weights is None:
        return left, left / rows, np.full(left.shape, 1 / rows)
    values, counts = np.unique(weights, return_counts=True)
    taken = values * (rows - left)[:, None]
    y = left / np.sum(counts / np.maximum(taken, 1e-300), axis=1)
    y = np.maximum(np.minimum(y, left), 1e-300)
    for _ in range(_STEPS):
        share = y[:, None] / (y[:, None] + taken)
        slope = (counts * share * (1 - share)).sum(axis=1) / y
        off = left - share @ counts
        step = off / np.maximum(slope, 1e-300)
        y = y + step
        # where weights are far apart rounding moves y by more, which the sum does not feel
        if np.all((np.abs(step) <= 1e-13 * y) | (np.abs(off) <= _ROUNDING * left)):
            break
    share = y[:, None] / (y[:, None] + taken)
    kept = (share**2) @ (counts * values) / y
    return y, kept, (share**2) @ (counts * values**2) / y**2
