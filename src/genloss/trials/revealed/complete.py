"""A fit from whole matrices, for a run in which too many directions would have to be asked."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def solve(
    gram: Array, right: Array, spectrum: Array, absolute: float, inverse: Array, rank: int
) -> Array:
    """What conjugate gradients from zero on, with that preconditioner, would end with.

    Parameters
    ----------
    gram : ndarray of shape (width, width)
        ``X'X`` in whitened coordinates.
    right : ndarray of shape (width,)
        ``X'y``.
    spectrum, absolute, inverse
        Of the fit, as in `genloss.trials.revealed.ridge`.
    rank : int
        Rank of the penalised matrix.
    """
    diagonal = inverse if inverse.ndim == 1 else np.diagonal(inverse)
    used = np.flatnonzero(diagonal)
    scale = np.sqrt(diagonal[used])
    matrix = gram[np.ix_(used, used)]
    matrix.flat[:: len(matrix) + 1] += absolute / spectrum[used]
    values, vectors = np.linalg.eigh(matrix * np.outer(scale, scale))
    values, vectors = values[-rank:], vectors[:, -rank:]
    solution = np.zeros_like(right)
    solution[used] = scale * (vectors @ ((vectors.T @ (scale * right[used])) / values))
    return solution
