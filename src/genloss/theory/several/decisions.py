"""Which class models say of a row: shares of rows of which two say another one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.theory.several.orthants import positive
from genloss.theory.several.points import spread

Array = npt.NDArray[np.float64]

MOST_EXACT = 12
"""Classes up to which every pair of them is looked at by itself."""
_POINTS = 1 << 15  # in all pairs together
_LEAST = 1e-8  # shares below which rounding decides whether two models are one and the same


def wrong(middle: Array, covariance: Array) -> float:
    """Share of the rows of clouds of which a model says another class.

    Parameters
    ----------
    middle : ndarray of shape (clouds, classes)
        Mean of what it says in the cloud of every class.
    covariance : ndarray of shape (classes, classes)
        Covariance of that within clouds.
    """
    classes = len(covariance)
    if classes > MOST_EXACT:
        said = middle[:, None] + spread(_apart(covariance, classes), classes, classes)
        return float(np.mean(said.argmax(axis=2) != np.arange(classes)[:, None]))
    ahead = _ahead(classes)
    own, other = np.nonzero(~np.eye(classes, dtype=bool))
    means = np.einsum("mij,mj->mi", ahead[other], middle[own])
    found = positive(means, *_laws(ahead[other], covariance))
    return float(found.sum()) / classes


def differ(middle: Array, covariance: Array) -> float:
    """Share of rows of which two models, or one and the truth, say different classes.

    Parameters
    ----------
    middle : ndarray of shape (clouds, 2 classes)
        Mean of what both say in every cloud.
    covariance : ndarray of shape (2 classes, 2 classes)
        Covariance of that within clouds.
    """
    clouds, both = middle.shape
    classes = both // 2
    if classes > MOST_EXACT:
        said = middle[:, None] + spread(_apart(covariance, classes), classes, clouds)
        told = said.reshape(clouds, -1, 2, classes).argmax(axis=3)
        return float(np.mean(told[..., 0] != told[..., 1]))
    ahead = _ahead(classes)
    one, other = np.nonzero(~np.eye(classes, dtype=bool))
    nothing = np.zeros((len(one), *ahead.shape[1:]))
    pairs = np.block([[ahead[one], nothing], [nothing, ahead[other]]])
    pairs = np.tile(pairs, (clouds, 1, 1))
    means = np.einsum("mij,mj->mi", pairs, np.repeat(middle, len(one), axis=0))
    share = float(positive(means, *_laws(pairs, covariance)).sum()) / clouds
    return share if share > _LEAST else 0.0


def _laws(ahead: Array, covariance: Array) -> tuple[Array, int]:
    """Covariances of differences of what is said, and how many points each is worth."""
    return ahead @ covariance @ ahead.swapaxes(1, 2), max(_POINTS // len(ahead), 32)


def _ahead(classes: int) -> Array:
    """How far every class is ahead of each other one, (classes, classes - 1, classes)."""
    one = np.eye(classes)
    return np.array([one[k] - np.delete(one, k, axis=0) for k in range(classes)])


def _apart(covariance: Array, classes: int) -> Array:
    """Without what is common to all classes, which decides none."""
    off = np.kron(np.eye(len(covariance) // classes), np.eye(classes) - 1 / classes)
    return np.asarray(off @ covariance @ off)
