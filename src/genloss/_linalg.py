"""Solving with symmetric positive matrices that may be numerically singular."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.linalg

Array = npt.NDArray[np.float64]


def cholesky(matrix: Array) -> Array | None:
    """Lower Cholesky factor, or None if the matrix is numerically singular.

    A singular matrix can pass with a pivot that is mere rounding, hence the look at the pivots.
    """
    try:
        factor, _ = scipy.linalg.cho_factor(matrix, lower=True, check_finite=False)
    except np.linalg.LinAlgError:
        return None
    pivots = np.diagonal(factor)
    return factor if pivots.min() > 1e-6 * pivots.max() else None


def solve(factor: Array, right: Array) -> Array:
    """Solve with the matrix of which ``factor`` is the Cholesky factor."""
    return np.asarray(scipy.linalg.cho_solve((factor, True), right, check_finite=False))


def solve_positive(matrix: Array, right: Array) -> Array | None:
    """Solve with a positive matrix in one LAPACK call, or None if it is numerically singular."""
    factor, solution, failed = scipy.linalg.lapack.dposv(matrix.T, right, lower=1)
    pivots = np.diagonal(factor)
    return None if failed or pivots.min() <= 1e-6 * pivots.max() else solution
