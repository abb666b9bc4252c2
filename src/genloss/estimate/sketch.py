"""Leading eigenvalues of a covariance too large to be held, from products with a thin matrix.

A pass over the rows gives ``C Omega`` for the covariance C of the standardised features, (dim, dim),
and a Gaussian ``Omega`` of a few hundred columns, in O(dim * columns) memory (Halko, Martinsson and
Tropp, 2011); a second pass with an orthonormal basis of that range sharpens it. What is left of
the trace stays as a flat tail.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from genloss.estimate.rows import Estimate
from genloss.estimate.standardise import ROUNDING

Array = npt.NDArray[np.float64]

RANK = 200
OVERSAMPLING = 50


@dataclass(frozen=True, eq=False)
class Columns:
    """Count, mean and centred squares of every column by itself, its missing values left out.

    Attributes
    ----------
    count : ndarray of shape (width,)
        Values there were; of rows with weights, the sum of these.
    origin, shift : ndarray of shape (width,)
        The mean is ``origin + shift``.
    squares : ndarray of shape (width,)
        Sums of squared distances from the mean.
    """

    count: Array
    origin: Array
    shift: Array
    squares: Array

    @classmethod
    def of(cls, rows: Array, weights: Array | None = None) -> Self:
        """Statistics of rows (n, width) with NaN for missing values."""
        known = ~np.isnan(rows)
        counted = np.ones(len(rows)) if weights is None else weights
        count = counted @ known
        first = rows[known.argmax(axis=0), np.arange(rows.shape[1])] if len(rows) else count
        origin = np.where(count > 0, first, 0.0)
        with np.errstate(over="ignore", invalid="ignore"):  # noticed at the end, by name
            centred = np.where(known, rows - origin, 0.0)
            shift = (counted @ centred) / np.where(count > 0, count, 1.0)
            centred = np.where(known, centred - shift, 0.0)
            squares = counted @ centred**2
        # squares that underflow are as bad as an overflow
        squares[(squares == 0) & (centred != 0).any(axis=0)] = np.nan
        return cls(count, origin, shift, squares)

    def merged(self, other: Columns) -> Columns:
        """Statistics of the rows of both."""
        count = self.count + other.count
        origin = np.where(self.count > 0, self.origin, other.origin)
        own = np.where(self.count > 0, self.shift, 0.0)
        share = other.count / np.where(count > 0, count, 1.0)
        with np.errstate(over="ignore", invalid="ignore"):
            gap = (other.origin - origin) + (other.shift - own)
            shift = own + gap * share
            squares = self.squares + other.squares + gap**2 * self.count * share
        return Columns(count, origin, shift, squares)

    @property
    def mean(self) -> Array:
        """Mean of every column's values."""
        return self.origin + self.shift

    def deviation(self, total: float) -> Array:
        """Standard deviation of every column with its gaps filled by the mean; ``total`` is of all rows."""
        found = np.sqrt(self.squares / (total or 1.0))
        return np.asarray(np.where(found > ROUNDING * np.abs(self.mean), found, 0.0))


@dataclass(frozen=True, eq=False)
class Sketch:
    """Sums over standardised rows z with target y, from which the covariance's range is read.

    Attributes
    ----------
    count : int
        Rows.
    weight, even : float
        Sums of their weights and of the squares of these; both the count where rows count alike.
    product : ndarray of shape (dim, columns)
        Sum of ``z z' test``, weighted like all that follow.
    total, cross : ndarray of shape (dim,)
        Sums of ``z`` and ``z y``.
    squares : ndarray of shape (2,)
        Sums of ``y`` and ``y**2``.
    trace : float
        Sum of ``|z|**2``.
    """

    count: int
    weight: float
    even: float
    product: Array
    total: Array
    cross: Array
    squares: Array
    trace: float

    @classmethod
    def of(cls, Z: Array, y: Array, test: Array, weights: Array | None = None) -> Self:
        """Sums over one block of rows ``Z`` (n, dim), for a ``test`` matrix (dim, columns)."""
        w = np.ones(y.size) if weights is None else weights
        scaled = Z if weights is None else w[:, None] * Z
        trace = float(np.einsum("ij,ij->", scaled, Z))
        totals = np.array([w @ y, (w * y) @ y])
        return cls(
            count=y.size,
            weight=float(w.sum()),
            even=float(w @ w),
            product=scaled.T @ (Z @ test),
            total=scaled.sum(axis=0),
            cross=scaled.T @ y,
            squares=totals,
            trace=trace,
        )

    def merged(self, other: Sketch) -> Sketch:
        """Sums over the rows of both."""
        return Sketch(
            self.count + other.count,
            self.weight + other.weight,
            self.even + other.even,
            self.product + other.product,
            self.total + other.total,
            self.cross + other.cross,
            self.squares + other.squares,
            self.trace + other.trace,
        )

    def centred(self, test: Array) -> tuple[Array, Array, float, float]:
        """``C test``, ``cov(z, y)``, ``var(y)`` and ``tr C`` of the rows."""
        n, mean = self.weight, self.total / self.weight
        offset, square = self.squares / n
        image = self.product / n - np.outer(mean, mean @ test)
        trace = self.trace / n - float(mean @ mean)
        return image, self.cross / n - mean * offset, float(square - offset**2), trace


def random_test(dim: int, seed: np.random.SeedSequence) -> Array:
    """Gaussian test matrix (dim, columns) of the first pass."""
    columns = min(RANK + OVERSAMPLING, dim)
    return np.random.default_rng(seed).standard_normal((dim, columns))


def basis(image: Array) -> Array:
    """Orthonormal basis of the range of ``image``, the test matrix of the second pass."""
    return np.linalg.qr(image)[0]


def leading(image: Array, test: Array, rank: int = RANK) -> tuple[Array, Array]:
    """Leading eigenvalues and eigenvectors of a covariance C known by ``image = C test``.

    Notes
    -----
    Nystrom's approximation ``Y (Omega' Y)^-1 Y'``, shifted so that the small matrix can be factored
    (Tropp, Yurtsever, Udell and Cevher, 2017, Algorithm 3).
    """
    shift = np.finfo(np.float64).eps * float(np.linalg.norm(image))
    image = image + shift * test
    core = test.T @ image
    values, vectors = np.linalg.eigh((core + core.T) / 2)
    kept = values > 1e-12 * values[-1]
    half = image @ (vectors[:, kept] / np.sqrt(values[kept]))
    left, singular, _ = np.linalg.svd(half, full_matrices=False)
    found = np.maximum(singular**2 - shift, 0.0)
    kept = np.flatnonzero(found > 1e-10 * found[0])[:rank]
    return found[kept], left[:, kept]


def estimate_from_sketch(sketch: Sketch, test: Array, rank: int = RANK) -> Estimate:
    """The problem behind a sketch: leading directions one by one, the rest as a flat tail.

    Notes
    -----
    The truth has its least-squares coordinates along the leading directions. Of the signal in the
    tail, ``|P b|**2 / s`` is counted, b the covariance of features and target, P the projection on
    the tail and s the smallest leading eigenvalue, minus what noise adds to ``|P b|**2``: as there
    is no larger eigenvalue in the tail, that is the least it can be. The rest counts as noise.
    """
    n = sketch.weight * (sketch.weight / sketch.even)
    image, cross, variance, trace = sketch.centred(test)
    values, vectors = leading(image, test, rank)
    # every column that varies has variance one, so that the trace counts the directions
    rest, more = max(trace - float(values.sum()), 0.0), max(round(trace) - values.size, 0)
    projected = vectors.T @ cross
    truth = projected / values
    left = max(variance - float(projected @ truth), 0.0)
    if not more or rest <= 1e-9 * trace:
        return Estimate(values, truth, float(np.sqrt(left * n / (n - 1 - values.size))))
    outside = float(np.sum((cross - vectors @ projected) ** 2))
    energy = np.clip((outside - left * rest / n) / values[-1], 0.0, left)
    spectrum = np.append(values, np.full(more, rest / more))
    truth = np.append(truth, np.full(more, np.sqrt(energy / rest)))
    noise = np.sqrt((left - energy) * n / (n - 1 - values.size))
    return Estimate(spectrum, truth, float(noise))
