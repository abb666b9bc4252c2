"""Which class models say of a row: how often each, and how often two say another one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.theory.several.orthants import positive
from genloss.theory.several.points import is_rough, spread

Array = npt.NDArray[np.float64]

MOST_EXACT = 12
"""Classes up to which every pair of them is looked at by itself."""
_POINTS = 1 << 14  # in all pairs together
_ROUGH = 4  # times fewer of them in a search
_LEAST = 1e-8  # shares below which rounding decides whether two models are one and the same


def largest(middle: Array, covariance: Array) -> tuple[Array, Array]:
    """How often every value of a row is the largest, and how that moves with the mean of each.

    Parameters
    ----------
    middle : ndarray of shape (clouds, classes)
        Mean of the values in every cloud.
    covariance : ndarray of shape (classes, classes)
        Covariance of the values within clouds.

    Returns
    -------
    chances : ndarray of shape (clouds, classes)
    slope : ndarray of shape (classes, classes)
        Derivative of the chance of a class (second axis) in the mean of a value, on average over clouds.
    """
    clouds, classes = middle.shape
    unit = np.sqrt(np.trace(covariance)) or 1.0
    middle, covariance = middle / unit, covariance / unit / unit
    ahead = np.tile(_ahead(classes), (clouds, 1, 1))
    means = np.einsum("mij,mj->mi", ahead, np.repeat(middle, classes, axis=0))
    chances = positive(means, *_laws(ahead, covariance)).reshape(clouds, classes)
    # the density of a tie of two, times the chance that no other value is above it
    one, other = np.triu_indices(classes, 1)
    rest = [np.delete(np.arange(classes), pair) for pair in zip(one, other, strict=True)]
    tie = np.eye(classes)[one] - np.eye(classes)[other]
    above = np.eye(classes)[one][:, None] - np.eye(classes)[np.array(rest)]
    variance = np.einsum("mi,ij,mj->m", tie, covariance, tie)
    variance = np.maximum(variance, 1e-14)
    along = (above @ covariance @ tie[:, :, None])[..., 0]
    law = above @ covariance @ above.swapaxes(1, 2)
    law = law - along[:, :, None] * along[:, None] / variance[:, None, None]
    apart = middle @ tie.T  # (clouds, pairs)
    density = np.exp(-(apart**2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
    if classes > 2:
        given = np.einsum("mij,cj->cmi", above, middle) - along * (apart / variance)[..., None]
        law = np.tile(law, (clouds, 1, 1))
        free = positive(given.reshape(len(law), -1), law, _count(len(law)))
        density = density * free.reshape(density.shape)
    slope = np.einsum("m,mk,ml->kl", density.mean(axis=0), tie, tie)
    return chances / chances.sum(axis=1, keepdims=True), slope / unit


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
    return ahead @ covariance @ ahead.swapaxes(1, 2), _count(len(ahead))


def _count(laws: int) -> int:
    """How many points each of some chances is a mean over."""
    return max((_POINTS // _ROUGH if is_rough() else _POINTS) // laws, 32)


def _ahead(classes: int) -> Array:
    """How far every class is ahead of each other one, (classes, classes - 1, classes)."""
    one = np.eye(classes)
    return np.array([one[k] - np.delete(one, k, axis=0) for k in range(classes)])


def _apart(covariance: Array, classes: int) -> Array:
    """Without what is common to all classes, which decides none."""
    off = np.kron(np.eye(len(covariance) // classes), np.eye(classes) - 1 / classes)
    return np.asarray(off @ covariance @ off)
