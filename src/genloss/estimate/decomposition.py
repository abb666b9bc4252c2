"""The eigenvalues and left singular vectors of centred rows, which answer every penalty at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.estimate.kernels import LINEAR, Kernel

Array = npt.NDArray[np.float64]

DEPENDENT = 1e-12
"""Share of the largest eigenvalue below which a direction is rounding, and columns depend linearly.

Products of columns in float64 hold no more; it stands for copies that differ by a millionth.
"""


@dataclass(frozen=True, eq=False)
class Decomposition:
    """Centred rows ``X - 1 mean' = left diag(sqrt(values)) right'``, or the same of a kernel.

    Attributes
    ----------
    values : ndarray of shape (r,)
        Eigenvalues of the centred Gram matrix above `DEPENDENT`, ascending.
    left : ndarray of shape (k, r)
        Left singular vectors, orthogonal to the constant (to ``sqrt(weights)`` where rows have
        weights); of shape (k, 0) where they were not asked for.
    """

    values: Array
    left: Array

    @property
    def rank(self) -> int:
        """Number of directions in which the rows vary."""
        return int(self.values.size)

    @property
    def fills(self) -> bool:
        """Whether there is a direction for every row but one, so that penalty 0 interpolates."""
        return self.rank == len(self.left) - 1


def decompose(
    X: Array, kernel: Kernel | None, *, weights: Array | None = None, vectors: bool = True
) -> Decomposition:
    """Decompose the centred features of ``X`` (k, dim), by way of the smaller square matrix."""
    k, dim = X.shape
    root = None if weights is None else np.sqrt(weights)
    if kernel is None:  # before products, which lose digits far from 0
        X = X - np.average(X, axis=0, weights=weights)
    if kernel is None and dim < k - 1:
        centred = X if root is None else X * root[:, None]
        if not vectors:
            return _kept(np.linalg.eigvalsh(centred.T @ centred), np.empty((k, 0)))
        values, right = np.linalg.eigh(centred.T @ centred)
        kept = values > DEPENDENT * values[-1]
        return Decomposition(values[kept], centred @ (right[:, kept] / np.sqrt(values[kept])))
    gram = (kernel or LINEAR)(X, X)
    mean = np.average(gram, axis=0, weights=weights)
    gram -= mean
    gram -= (mean - np.average(mean, weights=weights))[:, None]
    if root is not None:
        gram *= np.outer(root, root)
    if not vectors:
        return _kept(np.linalg.eigvalsh(gram), np.empty((k, 0)))
    values, left = np.linalg.eigh(gram)
    return _kept(values, left)


def _kept(values: npt.NDArray[Any], left: npt.NDArray[Any]) -> Decomposition:
    """Leave out what is rounding, the constant's eigenvalue 0 among it."""
    kept = values > DEPENDENT * values[-1]
    return Decomposition(values[kept], left[:, kept] if left.size else left)
