"""Solving with symmetric positive matrices that may be numerically singular.

Straight through LAPACK: what SciPy does around its calls takes longer than they do for small fits, and
holds the interpreter lock.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss import _lapack

Array = npt.NDArray[np.float64]


def cholesky(matrix: Array, *, overwrite: bool = False) -> Array | None:
    """Lower Cholesky factor, or None if the matrix is numerically singular.

    A singular matrix can pass with a pivot that is mere rounding, hence the look at the pivots.
    """
    there = overwrite and matrix.flags.c_contiguous and matrix.dtype == np.float64
    upper = matrix if there else np.array(matrix, dtype=np.float64, order="C")
    failed = _lapack.factorise(upper)
    pivots = upper.diagonal()
    return upper.T if not failed and pivots.min() > 1e-6 * pivots.max() else None


def steepness(factor: Array) -> float:
    """Squared ratio of the smallest to the largest pivot; no smaller than 1 / condition number."""
    pivots = np.diagonal(factor)
    return float((pivots.min() / pivots.max()) ** 2)


def solve(factor: Array, right: Array) -> Array:
    """Solve with the matrix of which ``factor`` is the Cholesky factor."""
    solutions = np.array(np.atleast_2d(right.T), dtype=np.float64, order="C")
    _lapack.substitute(np.ascontiguousarray(factor.T), solutions)
    return solutions[0] if right.ndim == 1 else solutions.T


def solve_positives(matrices: Array, rights: Array) -> Array:
    """Solve with many positive matrices, which are overwritten; NaN where one is numerically singular.

    Parameters
    ----------
    matrices : ndarray of shape (k, d, d)
    rights : ndarray of shape (k, d)
    """
    solutions = np.array(rights, dtype=np.float64)
    fine = _lapack.solve_each(matrices, solutions)
    pivots = np.diagonal(matrices, axis1=1, axis2=2)
    fine &= pivots.min(axis=1) > 1e-6 * pivots.max(axis=1)
    solutions[~fine] = np.nan
    return solutions
