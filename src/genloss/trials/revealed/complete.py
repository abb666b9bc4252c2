"""A fit from whole matrices, for a run in which too many directions would have to be asked."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def solve(matrix: Array, right: Array, inverse: Array, rank: int) -> Array:
    """What conjugate gradients from zero on, with that preconditioner, would end with.

    Parameters
    ----------
    matrix : ndarray of shape (width, width)
        Of the fit; of no meaning where ``inverse`` is zero.
    right : ndarray of shape (width,)
        Right side.
    inverse : ndarray of shape (width,)
        Diagonal of the preconditioner.
    rank : int
        Rank of the matrix.
    """
    used = np.flatnonzero(inverse)
    scale = np.sqrt(inverse[used])
    values, vectors = np.linalg.eigh(matrix[np.ix_(used, used)] * np.outer(scale, scale))
    values, vectors = values[-rank:], vectors[:, -rank:]
    solution = np.zeros_like(right)
    solution[used] = scale * (vectors @ ((vectors.T @ (scale * right[used])) / values))
    return solution
