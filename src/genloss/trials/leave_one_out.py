"""The penalty of least leave-one-out error on a fit's own labels, literally."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.retuning import best_penalty

Array = npt.NDArray[np.float64]


def chosen_penalty(X: Array, y: Array, weights: Array | None = None) -> float:
    """The penalty that a fit with ``penalty="cv"`` uses.

    Minimises ``sum_i weights_i |y_i - x_i'w_(i)|**2`` over all columns of y, ``w_(i)`` fitted without row i and the penalty
    times the number of rows unchanged. All penalties are answered from one decomposition: with
    ``sqrt(weights) X = U diag(root) V'`` the residual left out is ``r_i / (1 - h_i)``.
    """
    scale = np.ones(len(X)) if weights is None else np.sqrt(weights)
    n, labels = len(X), np.asarray((y.T * scale).T, dtype=np.float64).reshape(len(X), -1)
    U, root, _ = np.linalg.svd(
        np.asarray(X * scale[:, None], dtype=np.float64), full_matrices=False
    )
    inside = U.T @ labels
    # what no penalty can fit, and 1 - h_i where nothing is shrunk: zero with fewer rows than columns
    wide = len(root) == n
    beyond = np.zeros(labels.shape) if wide else labels - U @ inside
    free = np.zeros(n) if wide else 1 - np.einsum("ij,ij->i", U, U)

    def error(penalties: Array) -> Array:
        kept = n * penalties / (n * penalties + root[:, None] ** 2)
        spared = free[:, None] + U**2 @ kept
        total = np.zeros(len(penalties))
        for along, rest in zip(inside.T, beyond.T, strict=True):
            left = (rest[:, None] + U @ (kept * along[:, None])) / spared
            total += np.einsum("ik,ik->k", left, left)
        return total

    return best_penalty(error, float(root @ root) / n)
