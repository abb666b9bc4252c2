"""Nonnegative least squares, of a few dozen unknowns (Lawson and Hanson, 1974).

SciPy has it too, in a package that takes longer to open than all of an estimate takes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_STEPS = 100  # times the number of unknowns


def nonnegative(matrix: Array, goal: Array) -> Array:
    """The ``x >= 0`` of least ``|matrix x - goal|``.

    Parameters
    ----------
    matrix : ndarray of shape (m, n)
    goal : ndarray of shape (m,)

    Returns
    -------
    ndarray of shape (n,)

    Examples
    --------
    >>> nonnegative(np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([2.0, 1.0])).round(9)
    array([1.5, 0. ])
    """
    n = matrix.shape[1]
    found, free = np.zeros(n), np.zeros(n, dtype=bool)
    slope = matrix.T @ goal
    least = 10 * np.finfo(np.float64).eps * float(np.abs(slope).max(initial=0.0)) * n
    for _ in range(_STEPS * n):
        if free.all() or not (slope[~free] > least).any():
            break
        enters = int(np.argmax(np.where(free, -np.inf, slope)))
        free[enters] = True
        tried = _solved(matrix, goal, free)
        if tried[enters] <= 0:  # it gains nothing but by rounding
            free[enters] = False
            slope[enters] = 0.0
            continue
        while (leaving := free & (tried <= 0)).any():
            step = float(np.min(found[leaving] / (found[leaving] - tried[leaving])))
            found += step * (tried - found)
            free &= ~(leaving & (found <= 1e-14 * found.max()))
            found[~free] = 0.0
            tried = _solved(matrix, goal, free)
        found = tried
        slope = matrix.T @ (goal - matrix @ found)
    return found


def _solved(matrix: Array, goal: Array, free: npt.NDArray[np.bool_]) -> Array:
    """Least squares in the free unknowns; the others are zero."""
    found = np.zeros(free.size)
    found[free] = np.linalg.lstsq(matrix[:, free], goal)[0]
    return found
