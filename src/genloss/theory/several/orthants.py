"""Chances that many normal values are all positive, in relative terms however small they are.

One value after the other is drawn given that those before it are positive, and the chances of that are multiplied
(Genz 1992), the least likely value first (Gibson, Glasbey and Elston 1994). Where two values are nearly each other's
opposite these are taken together: the second leaves but a sliver of the first.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import erfcx, log_ndtr, ndtr, ndtri

from genloss.scores import both_below
from genloss.theory.several.points import even

Array = npt.NDArray[np.float64]

_FAR = 40.0  # standard deviations beyond which a value is certain
_LEAST = 1e-16  # of the variance of a value given others, in parts of its own
_SPAN = 36.0  # logarithms that a density falls until nothing is left of it
_CELLS = 128
_HALVINGS = 45
_OPPOSITE = -0.9  # correlation of two values below which they are taken together
_CLOSED = 1e-9  # chances of two values of which the closed form leaves no digits


@np.errstate(over="ignore", divide="ignore", under="ignore")  # of what is certain
def positive(mean: Array, covariance: Array, count: int) -> Array:
    """Chances of several laws.

    Parameters
    ----------
    mean : ndarray of shape (laws, dim)
    covariance : ndarray of shape (laws, dim, dim)
    count : int
        Points that each chance is a mean over.

    Returns
    -------
    ndarray of shape (laws,)
        Chance that all values are positive.
    """
    laws, dim = mean.shape
    size = np.sqrt(np.maximum(np.einsum("mii->mi", covariance), 1e-300))
    mean = np.clip(mean / size, -_FAR, _FAR)
    correlation = np.clip(covariance / (size[:, :, None] * size[:, None]), -1.0, 1.0)
    opposite = bool(correlation.min() < _OPPOSITE)
    mean, lower = _ordered(mean, correlation, opposite)
    if dim == 1:
        return np.asarray(ndtr(mean[:, 0] / lower[:, 0, 0]))
    if dim == 2:
        whole = np.hypot(lower[:, 1, 0], lower[:, 1, 1])
        both = both_below(mean[:, 0], mean[:, 1] / whole, lower[:, 1, 0] / whole)
        if (both > _CLOSED).all():
            return both
    points = _points(count, dim, laws)
    drawn = np.empty((laws, dim, points.shape[2]))
    chance: Array | float = 1.0
    if opposite:
        drawn[:, 0], chance = _first(mean[:, :2], lower[:, :2, :2], points[:, 0])
    for k in range(int(opposite), dim):
        before = (lower[:, k : k + 1, :k] @ drawn[:, :k])[:, 0]
        share = ndtr((mean[:, k, None] + before) / lower[:, k, k, None])
        if not (opposite and k == 1):  # the second is in the density of the first
            chance = chance * share
        if k < dim - 1:
            drawn[:, k] = -ndtri(points[:, k] * np.maximum(share, 1e-300))
    return np.asarray(np.mean(chance, axis=1))


@lru_cache(maxsize=8)
def _points(count: int, dim: int, laws: int) -> Array:
    """Points that fill the unit cube, moved for every law, (laws, dim, count)."""
    shifts = np.random.default_rng(1).random((laws, dim, 1))
    return np.asarray(np.clip((even(count, dim).T + shifts) % 1.0, 1e-16, 1 - 1e-16))


def _ordered(mean: Array, rest: Array, opposite: bool) -> tuple[Array, Array]:
    """Means of values of variance one, each least likely given those before it, and their Cholesky factors."""
    laws, dim = mean.shape
    at, left = np.arange(laws), np.ones(mean.shape, dtype=bool)
    given, order, lower = mean.copy(), np.empty((laws, dim), dtype=np.int64), np.zeros(rest.shape)
    for k in range(dim):
        spread = np.sqrt(np.maximum(np.einsum("mii->mi", rest), _LEAST))
        ahead = given / spread
        pick = np.where(left, ahead, np.inf).argmin(axis=1)
        if k == 0 and opposite:
            pick = _scarcest(mean, rest)
        order[:, k], left[at, pick] = pick, False
        column = np.where(left, rest[at, :, pick] / spread[at, pick][:, None], 0.0)
        given = given + column * _hazard(ahead[at, pick])[:, None]
        rest = rest - column[:, :, None] * column[:, None]
        column[at, pick] = spread[at, pick]
        lower[:, :, k] = column
    return np.take_along_axis(mean, order, 1), np.take_along_axis(lower, order[..., None], 1)


def _scarcest(mean: Array, correlation: Array) -> npt.NDArray[np.int64]:
    """One of the two values that are least likely to be positive together, about."""
    rest = np.sqrt(np.maximum(1 - correlation**2, _LEAST))
    after = (mean[:, None] + correlation * _hazard(mean)[:, :, None]) / rest
    chance = log_ndtr(mean)[:, :, None] + log_ndtr(after)
    return np.asarray(chance.min(axis=2).argmin(axis=1))


def _hazard(x: Array) -> Array:
    """Mean of a standard normal value that is above -x."""
    return np.asarray(np.sqrt(2 / np.pi) / erfcx(-x / np.sqrt(2)))


def _first(mean: Array, lower: Array, points: Array) -> tuple[Array, Array]:
    """Draws of the first of two values in units of its noise, and their weights, (laws, count) each.

    It is drawn from a step function near its density where both values are positive.
    """
    (start, other), slope, rest = mean.T, lower[:, 1, 0], lower[:, 1, 1]

    def log_density(x: Array) -> Array:
        second = (other + (slope * x.T)) / rest
        return np.asarray(-(x.T**2) / 2 + log_ndtr(second)).T

    def rises(x: Array) -> npt.NDArray[np.bool_]:
        return np.asarray(slope / rest * _hazard((other + slope * x) / rest) > x)

    low, far = -start, np.maximum(-start, 0) + 2 * _FAR
    mode = _halved(low, far, rises)
    top = log_density(mode)
    high = _halved(mode, far, lambda x: log_density(x) > top - _SPAN)
    low = _halved(low, mode, lambda x: log_density(x) < top - _SPAN)
    width = (high - low) / _CELLS
    middle = low[:, None] + width[:, None] * (np.arange(_CELLS) + 0.5)
    mass = np.exp(log_density(middle) - top[:, None]) + 1e-6
    mass /= mass.sum(axis=1, keepdims=True)
    ends = np.concatenate([np.zeros((len(mass), 1)), np.cumsum(mass, axis=1)], axis=1)
    place = np.array(
        [
            np.interp(u, end, np.arange(_CELLS + 1.0))
            for u, end in zip(points, ends / ends[:, -1:], strict=True)
        ]
    )
    drawn = low[:, None] + width[:, None] * place
    cell = np.take_along_axis(mass, np.minimum(place.astype(np.int64), _CELLS - 1), 1)
    weight = np.exp(log_density(drawn)) * width[:, None] / (cell * np.sqrt(2 * np.pi))
    return drawn, weight


def _halved(low: Array, high: Array, below: Callable[[Array], npt.NDArray[np.bool_]]) -> Array:
    """Where a condition that holds from ``low`` on ends."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        up = below(middle)
        low, high = np.where(up, middle, low), np.where(up, high, middle)
    return (low + high) / 2
