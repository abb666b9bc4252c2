"""Gradient flow: gradient descent with very short steps, for a given time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genloss import _check
from genloss.filters._base import Array, Filter, Values


@dataclass(frozen=True)
class GradientFlow(Filter):
    """``dw/dt = X'(y - Xw)/n - penalty w`` from zero, for so long (`filters.md`).

    Parameters
    ----------
    time : float
        How long: steps times their length.

    Raises
    ------
    InvalidInputError
        If the time is not positive.

    Examples
    --------
    >>> from genloss import filters
    >>> round(float(filters.GradientFlow(time=1.0).shrink(1.0, 0.0)), 3)
    0.632
    """

    time: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", _check.positive("time", self.time))

    def shrink(self, x: Values, penalty: float) -> Values:
        """``x (1 - exp(-time u)) / u``, u the eigenvalue and the penalty."""
        x = np.asarray(x)
        u = x + penalty
        safe = np.where(u == 0, 1.0, u)
        return x * np.where(u == 0, self.time, -np.expm1(-self.time * safe) / safe)

    def fit(self, X: Array, y: Array, penalty: float) -> Array:
        """Follow the flow, which is known in the basis of the rows."""
        n, d = X.shape
        left, root, right = np.linalg.svd(X, full_matrices=False)
        u = root**2 / n + penalty
        decay = np.divide(
            -np.expm1(-self.time * u), u, out=np.full(min(n, d), self.time), where=u > 0
        )
        return np.asarray((right.T * (decay * root)) @ (left.T @ y) / n)
