"""Huber's loss: squared for small errors, absolute for large ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genloss import _check
from genloss.losses._base import Array, Loss


@dataclass(frozen=True)
class Huber(Loss):
    """``r**2 / 2`` up to ``|r| = delta`` and ``delta (|r| - delta / 2)`` beyond, ``r = y - z``.

    Parameters
    ----------
    delta : float
        Error from which on a row pulls no harder, in units of the labels.

    Raises
    ------
    InvalidInputError
        If ``delta`` is not a positive number.

    Examples
    --------
    >>> from genloss import losses
    >>> float(losses.Huber(0.5).value(2.0, 0.0))
    0.875
    """

    delta: float
    residual = closed = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "delta", _check.positive("delta", self.delta))

    def value(self, y: Array, z: Array) -> Array:
        """The loss."""
        r = np.abs(np.subtract(y, z))
        return np.where(r <= self.delta, r**2 / 2, self.delta * (r - self.delta / 2))

    def slope(self, y: Array, z: Array) -> Array:
        """Derivative in z."""
        return np.clip(np.subtract(z, y), -self.delta, self.delta)

    def curvature(self, y: Array, z: Array) -> Array:
        """Second derivative in z."""
        return np.where(np.abs(np.subtract(y, z)) < self.delta, 1.0, 0.0)

    def bends(self, y: Array) -> Array:
        """Where a row begins to pull in full."""
        return np.asarray(y) + self.delta * np.array([-1.0, 1.0])

    def envelope(self, y: Array, z: Array, gamma: Array | float) -> tuple[Array, Array]:
        """Slope of the Moreau envelope, and its derivative."""
        pull = np.subtract(z, y) / (1 + np.asarray(gamma))
        inside = np.abs(pull) < self.delta
        return np.clip(pull, -self.delta, self.delta), inside / (1 + np.asarray(gamma))
