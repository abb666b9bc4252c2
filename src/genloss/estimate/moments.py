"""First and second moments of rows that pass by, and the problem they determine.

Blocks are combined by the update of Chan, Golub and LeVeque (1983), which never forms the
difference of a raw second moment and a squared mean. Means are kept relative to an origin, the first
row of a block: differences of origins are exact, so that a column of mean 1e8 and spread 1 loses
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from genloss.errors import DataError
from genloss.estimate.decomposition import DEPENDENT
from genloss.estimate.rows import Estimate
from genloss.estimate.spectrum import unspread
from genloss.estimate.standardise import ROUNDING, Standardiser

Array = npt.NDArray[np.float64]

ROWS_PER_DIRECTION = 50
"""Fewest rows per direction; the second moment of the sample's spectrum is then right to 2 %."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, mean and centred second moments of features and target, the target being last.

    Attributes
    ----------
    count : int
        Rows.
    total, squares : float
        Sums of their weights and of the squares of these; both the count where rows count alike.
    origin, shift : ndarray of shape (dim + 1,)
        The mean is ``origin + shift``.
    scatter : ndarray of shape (dim + 1, dim + 1)
        Sum over rows of weight times ``(z - mean)(z - mean)'``.

    Examples
    --------
    >>> first, second = Moments.of([[1.0], [2.0]], [0.0, 1.0]), Moments.of([[6.0]], [5.0])
    >>> both = first.merged(second)
    >>> both.count, both.mean.tolist(), both.xx.tolist(), both.xy.tolist(), both.yy
    (3, [3.0, 2.0], [[14.0]], [14.0], 14.0)
    """

    count: int
    total: float
    squares: float
    origin: Array
    shift: Array
    scatter: Array

    @classmethod
    def of(cls, X: npt.ArrayLike, y: npt.ArrayLike, weights: Array | None = None) -> Self:
        """Moments of one block of features (n, dim) and target (n,), with positive weights (n,)."""
        return cls.of_rows(np.column_stack([X, y]), weights)

    @classmethod
    def of_rows(cls, rows: Array, weights: Array | None = None) -> Self:
        """Moments of rows (n, dim + 1) whose last entry is the target."""
        rows = np.asarray(rows, dtype=np.float64)
        n, width = rows.shape
        if not n:
            nothing = np.zeros(width)
            return cls(0, 0.0, 0.0, nothing, nothing, np.zeros((width, width)))
        origin = rows[0].copy()
        total, squares = float(n), float(n)
        if weights is not None:
            total, squares = float(weights.sum()), float(weights @ weights)
        with np.errstate(over="ignore", invalid="ignore"):  # noticed at the end, by name
            centred = rows - origin
            shift = centred.mean(axis=0) if weights is None else (weights / total) @ centred
            centred -= shift
            scatter = centred.T @ (centred if weights is None else weights[:, None] * centred)
        vanished = np.flatnonzero(np.diagonal(scatter) == 0)
        vanished = vanished[(centred[:, vanished] != 0).any(axis=0)]
        scatter[vanished, vanished] = np.nan  # their squares underflow: as bad as an overflow
        return cls(n, total, squares, origin, shift, scatter)

    def merged(self, other: Moments) -> Moments:
        """Moments of the rows of both."""
        if not (self.count and other.count):
            return other if other.count else self
        total = self.total + other.total
        with np.errstate(over="ignore", invalid="ignore"):
            gap = (other.origin - self.origin) + (other.shift - self.shift)
            shift = self.shift + gap * (other.total / total)
            between = np.outer(gap, gap * (self.total * other.total / total))
            between += self.scatter
            between += other.scatter
        return replace(
            self,
            count=self.count + other.count,
            total=total,
            squares=self.squares + other.squares,
            shift=shift,
            scatter=between,
        )

    def without(self, part: Moments) -> Moments:
        """Moments of the rows that are not in ``part``, which must be some of these."""
        count = self.count - part.count
        if not part.count:
            return self
        if count <= 0:
            return Moments.of_rows(np.empty((0, self.origin.size)))
        total = self.total - part.total
        gap = (part.origin - self.origin) + (part.shift - self.shift)
        shift = self.shift - gap * (part.total / total)
        scatter = self.scatter - part.scatter
        scatter -= np.outer(gap, gap * (self.total * part.total / total))
        return replace(
            self,
            count=count,
            total=total,
            squares=self.squares - part.squares,
            shift=shift,
            scatter=scatter,
        )

    def mapped(self, matrix: Any) -> Moments:
        """Moments of ``z @ matrix`` for every row z; the matrix may be sparse."""
        return replace(
            self,
            origin=self.origin @ matrix,
            shift=self.shift @ matrix,
            scatter=matrix.T @ self.scatter @ matrix,
        )

    def taken(self, columns: npt.NDArray[np.intp]) -> Moments:
        """The same rows with some of the columns."""
        scatter = self.scatter[np.ix_(columns, columns)]
        origin, shift = self.origin[columns], self.shift[columns]
        return replace(self, origin=origin, shift=shift, scatter=scatter)

    def placed(self, columns: npt.NDArray[np.intp], width: int) -> Moments:
        """The same rows in ``width`` columns, these ones at ``columns`` and the others zero."""
        origin, shift, scatter = np.zeros(width), np.zeros(width), np.zeros((width, width))
        origin[columns], shift[columns] = self.origin, self.shift
        scatter[np.ix_(columns, columns)] = self.scatter
        return replace(self, origin=origin, shift=shift, scatter=scatter)

    @property
    def effective(self) -> float:
        """Number of equal rows that they stand for (`row_weights.effective`)."""
        return self.total * (self.total / self.squares) if self.count else 0.0

    @property
    def mean(self) -> Array:
        """Means of the features and of the target."""
        return self.origin + self.shift

    @property
    def deviation(self) -> Array:
        """Standard deviations of the features and of the target; zero where that is rounding."""
        variance = np.diagonal(self.scatter) / (self.total or 1.0)
        found = np.sqrt(np.maximum(variance, 0.0))
        return np.asarray(np.where(found > ROUNDING * np.abs(self.mean), found, 0.0))

    @property
    def xx(self) -> Array:
        """Centred second moments ``X'X`` of the features."""
        return self.scatter[:-1, :-1]

    @property
    def xy(self) -> Array:
        """Centred ``X'y``."""
        return self.scatter[:-1, -1]

    @property
    def yy(self) -> float:
        """Centred ``y'y``."""
        return float(self.scatter[-1, -1])

    def standardiser(self) -> Standardiser:
        """What makes features of these rows have mean zero and variance one."""
        spread = self.deviation[:-1]
        return Standardiser(self.mean[:-1], np.where(spread > 0, spread, np.inf))


def estimate_from_moments(moments: Moments) -> Estimate | None:
    """The problem behind many more rows than columns, or None where there are too few rows.

    Notes
    -----
    The spectrum is that of a table in memory, `unspread` from the sample's. With `ROWS_PER_DIRECTION`
    rows per direction the sample's eigenvectors are nearly those of the population: the energies are
    those of the least-squares solution in its eigenbasis, less ``noise**2 / n`` that noise adds to each;
    the noise is what that solution leaves, ``RSS / (n - 1 - rank)``. Of rows with weights, n is the number
    of equal rows that they stand for.

    Raises
    ------
    DataError
        If the target or all features are constant.
    """
    if not moments.deviation[-1] > 0:
        raise DataError("the target does not vary in the rows seen; there is nothing to learn")
    scale = moments.standardiser().scale
    if not np.isfinite(scale).any():
        raise DataError("no feature varies in the rows seen; there is nothing to learn from")
    n, total = moments.effective, moments.total
    values, vectors = np.linalg.eigh(moments.xx / total / scale / scale[:, None])
    kept = values > DEPENDENT * values[-1]
    values, rank = values[kept], int(kept.sum())
    if n < ROWS_PER_DIRECTION * rank:
        return None
    projected = vectors[:, kept].T @ (moments.xy / total / scale)
    energy = projected**2 / values
    variance = max(moments.yy / total - float(energy.sum()), 0.0) * n / (n - 1 - rank)
    spectrum = unspread(values, n)
    energy = np.maximum(energy - variance / n, 0.0)[::-1]
    truth = np.copysign(np.sqrt(energy / spectrum), projected[::-1])
    return Estimate(spectrum, truth, float(np.sqrt(variance)))
