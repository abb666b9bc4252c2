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
    sorted_columns, twice = ranks(few)
    # ranks are whole or half ones; single precision is enough for a correlation
    scores = ndtri(np.arange(2 * n + 1) / 2 / (n + 1)).astype(np.float32)[twice]
    scores -= scores.mean(axis=1, keepdims=True)
    spread = scores.std(axis=1, keepdims=True)
    scores /= np.where(spread > 0, spread, 1)
    correlation = (1 - _SHRINK) * (scores @ scores.T).astype(np.float64) / n
    correlation.flat[:: dim + 1] = 1.0
    factor = np.linalg.cholesky(correlation)
    ordered, first = sorted_columns.ravel(), n * np.arange(dim)

    def draw(count: int) -> Array:
        normal = rng.standard_normal((count, dim)) @ factor.T
        return ordered[first + np.minimum((ndtr(normal) * n).astype(np.intp), n - 1)]

    return draw


def ranks(X: Array) -> tuple[Array, Rows]:
    """Sorted values of every column (dim, n), and twice the ranks 1..n of its values, ties at their average."""
    columns = np.ascontiguousarray(X.T)
    order = np.argsort(columns, axis=1)
    ordered = np.take_along_axis(columns, order, axis=1)
    place, new = np.arange(1, len(X) + 1), ordered[:, 1:] != ordered[:, :-1]
    first, last = np.tile(place, (2, len(columns), 1))
    first[:, 1:][~new] = 0
    last[:, :-1][~new] = len(X)
    np.maximum.accumulate(first, axis=1, out=first)
    last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
    twice = np.empty_like(order)
    np.put_along_axis(twice, order, first + last, axis=1)
    return ordered, twice
