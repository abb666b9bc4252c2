"""Columns of mean zero and variance one, whatever their units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.errors import DataError

Array = npt.NDArray[np.float64]

ROUNDING = 16 * np.finfo(np.float64).eps
"""Spread, as a share of the largest value, that may be the rounding of a constant."""


@dataclass(frozen=True)
class Standardiser:
    """Centre and scale by the statistics of one sample; columns constant there become zero.

    Attributes
    ----------
    mean, scale : ndarray of shape (dim,)
        What is subtracted, and then divided by; infinite for a constant column.

    Examples
    --------
    >>> X = np.array([[1e13, 7.0], [1e13 + 2, 7.0]])
    >>> Standardiser.of(X)(X)
    array([[-1.,  0.],
           [ 1.,  0.]])
    """

    mean: Array
    scale: Array

    @classmethod
    def of(cls, X: Array, weights: Array | None = None) -> Standardiser:
        """Statistics of ``X`` (n, dim), whose rows may have positive weights (n,).

        Sums are of differences from the first row, which are exact where the mean is large, in units of
        a power of two near the largest of them, so that squares neither overflow nor vanish.
        """
        moved = X - X[0]
        unit = power_of_two(np.abs(moved).max(axis=0))
        moved /= unit
        if weights is None:
            centre, deviation = moved.mean(axis=0), moved.std(axis=0) * unit
        else:
            share = weights / weights.sum()
            centre = share @ moved
            deviation = np.sqrt(share @ (moved - centre) ** 2) * unit
        varies = deviation > ROUNDING * np.abs(X).max(axis=0)
        return cls(X[0] + centre * unit, np.where(varies, deviation, np.inf))

    def __call__(self, X: Array) -> Array:
        """Standardised copy."""
        return (X - self.mean) / self.scale


def power_of_two(values: Array) -> Array:
    """The power of two next to every value; one for zero."""
    exponent = np.frexp(values)[1]
    return np.where(values > 0, np.ldexp(1.0, np.clip(exponent, -1021, 1022)), 1.0)


def unit_target(y: Array) -> tuple[Array, float]:
    """The target in units of a power of two near its spread, and that unit.

    Raises
    ------
    DataError
        If it does not vary, or so little or so much that its squares are no numbers.
    """
    moved = y - y[0]
    largest = float(np.abs(moved).max())
    if not largest > ROUNDING * np.abs(y).max():
        raise DataError("the target does not vary in the rows seen; there is nothing to learn")
    unit = float(power_of_two(np.array(largest)))
    if not 1e-150 < unit < 1e150:
        raise DataError(
            f"the target varies by {largest:.3g}, the squares of which are no floating-point "
            "numbers; give it in other units"
        )
    return moved / unit, unit
