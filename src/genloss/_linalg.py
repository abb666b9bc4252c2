"""Solving with symmetric positive matrices that may be numerically singular.

Straight through LAPACK: what SciPy does around its calls takes longer than they do for small fits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack

Array = npt.NDArray[np.float64]


def cholesky(matrix: Array, *, overwrite: bool = False) -> Array | None:
    """Lower Cholesky factor, or None if the matrix is numerically singular.

    A singular matrix can pass with a pivot that is mere rounding, hence the look at the pivots.
    """
    factor, failed = lapack.dpotrf(matrix.T, lower=1, clean=0, overwrite_a=overwrite)
    pivots = factor.diagonal()
    return factor if not failed and pivots.min() > 1e-6 * pivots.max() else None


def steepness(factor: Array) -> float:
    """Squared ratio of the smallest to the largest pivot; no smaller than 1 / condition number."""
    pivots = np.diagonal(factor)
    return float((pivots.min() / pivots.max()) ** 2)


def solve(factor: Array, right: Array) -> Array:
    """Solve with the matrix of which ``factor`` is the Cholesky factor."""
    solution, _ = lapack.dpotrs(factor, right, lower=1)
    return np.asarray(solution)


def solve_positives(matrices: Array, rights: Array) -> Array:
    """Solve with many positive matrices, which are overwritten; NaN where one is numerically singular.

    Parameters
    ----------
    matrices : ndarray of shape (k, d, d)
    rights : ndarray of shape (k, d)
    """
    solutions, pivots = np.empty(rights.shape), np.zeros(rights.shape)
    for i, (matrix, right) in enumerate(zip(matrices, rights, strict=True)):
        factor, solutions[i], failed = lapack.dposv(matrix.T, right, lower=1, overwrite_a=1)
        if not failed:
            pivots[i] = factor.diagonal()
    solutions[pivots.min(axis=1) <= 1e-6 * pivots.max(axis=1)] = np.nan
    return solutions
