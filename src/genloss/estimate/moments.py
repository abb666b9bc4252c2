"""First and second moments of rows that pass by, and the problem they determine.

Blocks are combined by the update of Chan, Golub and LeVeque (1983), which never forms the
difference of a raw second moment and a squared mean. Means are kept relative to an origin, the first
row of a block: differences of origins are exact, so that a column of mean 1e8 and spread 1 loses
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
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
    origin, shift : ndarray of shape (dim + 1,)
        The mean is ``origin + shift``.
    scatter : ndarray of shape (dim + 1, dim + 1)
        Sum over rows of ``(z - mean)(z - mean)'``.

    Examples
    --------
    >>> first, second = Moments.of([[1.0], [2.0]], [0.0, 1.0]), Moments.of([[6.0]], [5.0])
    >>> both = first.merged(second)
    >>> both.count, both.mean.tolist(), both.xx.tolist(), both.xy.tolist(), both.yy
    (3, [3.0, 2.0], [[14.0]], [14.0], 14.0)
    """

    count: int
    origin: Array
    shift: Array
    scatter: Array

    @classmethod
    def of(cls, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Moments of one block of features (n, dim) and target (n,)."""
        return cls.of_rows(np.column_stack([X, y]))

    @classmethod
    def of_rows(cls, rows: Array) -> Self:
        """Moments of rows (n, dim + 1) whose last entry is the target."""
        rows = np.asarray(rows, dtype=np.float64)
        n, width = rows.shape
        if not n:
            return cls(0, np.zeros(width), np.zeros(width), np.zeros((width, width)))
        origin = rows[0].copy()
        with np.errstate(over="ignore", invalid="ignore"):  # noticed at the end, by name
            centred = rows - origin
            shift = centred.mean(axis=0)
            centred -= shift
            scatter = centred.T @ centred
        vanished = np.flatnonzero(np.diagonal(scatter) == 0)
        vanished = vanished[(centred[:, vanished] != 0).any(axis=0)]
        scatter[vanished, vanished] = np.nan  # their squares underflow: as bad as an overflow
        return cls(n, origin, shift, scatter)

    def merged(self, other: Moments) -> Moments:
        """Moments of the rows of both."""
        if not (self.count and other.count):
            return other if other.count else self
        count = self.count + other.count
        with np.errstate(over="ignore", invalid="ignore"):
            gap = (other.origin - self.origin) + (other.shift - self.shift)
            shift = self.shift + gap * (other.count / count)
            between = np.outer(gap, gap * (self.count * other.count / count))
            between += self.scatter
            between += other.scatter
        return Moments(count, self.origin, shift, between)

    def without(self, part: Moments) -> Moments:
        """Moments of the rows that are not in ``part``, which must be some of these."""
        count = self.count - part.count
        if not part.count:
            return self
        if count <= 0:
            return Moments.of_rows(np.empty((0, self.origin.size)))
        gap = (part.origin - self.origin) + (part.shift - self.shift)
        shift = self.shift - gap * (part.count / count)
        scatter = self.scatter - part.scatter
        scatter -= np.outer(gap, gap * (self.count * part.count / count))
        return Moments(count, self.origin, shift, scatter)

    def mapped(self, matrix: Any) -> Moments:
        """Moments of ``z @ matrix`` for every row z; the matrix may be sparse."""
        return Moments(
            self.count, self.origin @ matrix, self.shift @ matrix, matrix.T @ self.scatter @ matrix
        )

    def taken(self, columns: npt.NDArray[np.intp]) -> Moments:
        """The same rows with some of the columns."""
        scatter = self.scatter[np.ix_(columns, columns)]
        return Moments(self.count, self.origin[columns], self.shift[columns], scatter)

    def placed(self, columns: npt.NDArray[np.intp], width: int) -> Moments:
        """The same rows in ``width`` columns, these ones at ``columns`` and the others zero."""
        origin, shift, scatter = np.zeros(width), np.zeros(width), np.zeros((width, width))
        origin[columns], shift[columns] = self.origin, self.shift
        scatter[np.ix_(columns, columns)] = self.scatter
        return Moments(self.count, origin, shift, scatter)

    @property
    def mean(self) -> Array:
        """Means of the features and of the target."""
        return self.origin + self.shift

    @property
    def deviation(self) -> Array:
        """Standard deviations of the features and of the target; zero where that is rounding."""
        variance = np.diagonal(self.scatter) / max(self.count, 1)
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
    the noise is what that solution leaves, ``RSS / (n - 1 - rank)``.

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
    n = moments.count
    values, vectors = np.linalg.eigh(moments.xx / n / scale / scale[:, None])
    kept = values > DEPENDENT * values[-1]
    values, rank = values[kept], int(kept.sum())
    if n < ROWS_PER_DIRECTION * rank:
        return None
    projected = vectors[:, kept].T @ (moments.xy / n / scale)
    energy = projected**2 / values
    variance = max(moments.yy - n * float(energy.sum()), 0.0) / (n - 1 - rank)
    spectrum = unspread(values, n)
    energy = np.maximum(energy - variance / n, 0.0)[::-1]
    truth = np.copysign(np.sqrt(energy / spectrum), projected[::-1])
    return Estimate(spectrum, truth, float(np.sqrt(variance)))
