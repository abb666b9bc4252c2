"""Class means: what follows from them alone.

The mathematics is `channels.md` 9 and 10.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def vertices(means: Array) -> Array:
    """What real labels say of a row of every class, (classes, outputs): +-1, or one-hot less 1/classes."""
    if means.ndim == 1:
        return np.array([[1.0], [-1.0]])
    classes = means.shape[1]
    return np.eye(classes) - 1 / classes


def centres(means: Array) -> Array:
    """The mean of every class, (p, classes)."""
    return np.stack([means, -means], axis=1) if means.ndim == 1 else means


def separation(spectrum: Array, means: Array) -> float:
    """``sum mu' Sigma^-1 mu`` over the means."""
    with np.errstate(over="ignore"):
        return float(np.sum((means.T / np.sqrt(spectrum)) ** 2))


def best_linear(spectrum: Array, means: Array) -> Array:
    """Coefficients of the least squared error of the classes, shaped as the means are."""
    middle = centres(means)
    classes, root = middle.shape[1], np.sqrt(spectrum)[:, None]
    # (Sigma + M M' / classes)^-1 M V / classes, where Sigma is one: along the singular directions of M
    ways, sizes, sides = np.linalg.svd(middle / root, full_matrices=False)
    kept = sizes / (classes + sizes**2)
    found = ways @ (kept[:, None] * (sides @ vertices(means))) / root
    return np.ascontiguousarray(found[:, 0] if means.ndim == 1 else found)
