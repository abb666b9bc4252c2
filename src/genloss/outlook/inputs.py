"""Inputs of later models, from a pool of real rows: used again, drawn again, or made anew.

What is asked of them is to act like fresh rows. Measured: all of these do; what remains is the
sampling error of the rows there are.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
Draw = Callable[[int], Array]
"""So many rows of inputs."""

MOST_RANKED = 2000
_SHRINK = 0.02


class Pool:
    """Real rows, handed out in the order in which they were used longest ago."""

    def __init__(self, X: Array, y: Array, rng: np.random.Generator) -> None:
        self.X, self.y = X, y
        self._used = np.full(y.size, -1)
        self._clock = 0
        self._rng = rng

    def take(self, count: int) -> Rows:
        """Places of ``count`` rows; nobody's as long as there are any."""
        order = self._used + self._rng.random(self.y.size)
        rows = np.argsort(order)[: min(count, order.size)]
        self._used[rows] = self._clock
        self._clock += 1
        return np.resize(rows, count)


def boot(X: Array, rng: np.random.Generator) -> Draw:
    """Rows of the pool with replacement."""
    return lambda count: X[rng.integers(len(X), size=count)]


def unlabelled(X: Array, rng: np.random.Generator) -> Draw:
    """Rows that have no labels, each once as long as there are any."""
    left = list[int]()

    def draw(count: int) -> Array:
        while len(left) < count:
            left.extend(rng.permutation(len(X)).tolist())
        chosen, left[:] = left[:count], left[count:]
        return X[chosen]

    return draw


def copula(X: Array, rng: np.random.Generator) -> Draw:
    """New rows with the columns' own values and the correlation of their normal scores."""
    from scipy.special import ndtr, ndtri

    few = X if len(X) <= MOST_RANKED else X[rng.permutation(len(X))[:MOST_RANKED]]
    n, dim = few.shape
    scores = ndtri(ranks(few) / (n + 1))
    scores -= scores.mean(axis=0)
    spread = scores.std(axis=0)
    scores /= np.where(spread > 0, spread, 1.0)
    correlation = (1 - _SHRINK) * (scores.T @ scores) / n
    correlation.flat[:: dim + 1] = 1.0
    factor = np.linalg.cholesky(correlation)
    ordered, first = np.sort(few.T, axis=1).ravel(), n * np.arange(dim)

    def draw(count: int) -> Array:
        normal = rng.standard_normal((count, dim)) @ factor.T
        return ordered[first + np.minimum((ndtr(normal) * n).astype(np.intp), n - 1)]

    return draw


def ranks(X: Array) -> Array:
    """Ranks 1..n of every column, ties at their average."""
    found = np.empty_like(X)
    for column in range(X.shape[1]):
        _, inverse, counts = np.unique(X[:, column], return_inverse=True, return_counts=True)
        last = np.cumsum(counts)
        found[:, column] = (last - (counts - 1) / 2)[inverse]
    return found
