"""Normal points that fill space evenly: means over what several models say of a row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

MOST = 1 << 15
_ENTRIES = 1 << 21
_ROUGH = 8  # times fewer of them
_IS_ROUGH = ContextVar("is_rough", default=False)


@contextmanager
def roughly() -> Iterator[None]:
    """Within it means are right to a percent or so, and curves have risks alone: for searches."""
    token = _IS_ROUGH.set(True)
    try:
        yield
    finally:
        _IS_ROUGH.reset(token)


def is_rough() -> bool:
    """Whether it is within `roughly`."""
    return _IS_ROUGH.get()


@lru_cache(maxsize=8)
def normal(dim: int, share: int = 1) -> Array:
    """Points of mean zero and covariance one, both exactly, and with each its opposite.

    Halton's sequence with permuted digits, through the normal quantile function. Shares of classes and
    slopes are off by some 1e-3 of themselves.

    Parameters
    ----------
    dim : int
        Number of coordinates.
    share : int, default 1
        How many means they serve together: there are so many times fewer.

    Returns
    -------
    ndarray of shape (n, dim)
        Read-only.
    """
    from scipy.special import ndtri

    count = max(min(MOST, _ENTRIES // dim) // share, 2048, 4 * dim)
    half = ndtri(even(count, dim))
    points = np.concatenate([half, -half])
    points = np.linalg.solve(np.linalg.cholesky(points.T @ points / len(points)), points.T).T
    points.setflags(write=False)
    return points


def even(count: int, dim: int) -> Array:
    """Points that fill the unit cube, (count, dim): Halton's, digits permuted."""
    primes = [n for n in range(2, 20 * dim + 3) if all(n % k for k in range(2, int(n**0.5) + 1))]
    rng, found = np.random.default_rng(0), np.empty((count, dim))
    for place, prime in enumerate(primes[:dim]):
        left, value, unit = np.arange(count), np.zeros(count), 1 / prime
        while unit > 1e-14:
            value += rng.permutation(prime)[left % prime] * unit
            left, unit = left // prime, unit / prime
        found[:, place] = value + unit * prime / 2
    return found


def spread(covariance: Array, classes: int, share: int = 1) -> Array:
    """Points of a covariance that may be singular, (n, dim); a single one where it is nothing.

    Every so many ``classes`` are what one model says, however large that is beside what others say.
    """
    size = sizes(covariance, classes)
    values, vectors = np.linalg.eigh(covariance / size / size[:, None])
    some = values > 1e-12 * max(float(values[-1]), 1e-300)
    if not some.any():
        return np.zeros((1, len(values)))
    root = size[:, None] * vectors[:, some] * np.sqrt(values[some])
    return normal(int(some.sum()), share * _ROUGH if is_rough() else share) @ root.T


def sizes(covariance: Array, classes: int) -> Array:
    """How large the values of every model are, (dim,): one where they are nothing."""
    square = np.diagonal(covariance).reshape(-1, classes).mean(axis=1)
    return np.repeat(np.sqrt(np.where(square > 0, square, 1.0)), classes)


def inverse(covariance: Array, classes: int) -> Array:
    """A generalised inverse of a covariance that may be singular, of models of any sizes."""
    size = sizes(covariance, classes)
    found = np.linalg.pinv(covariance / size / size[:, None], rcond=1e-10, hermitian=True)
    return np.asarray(found / size / size[:, None])
