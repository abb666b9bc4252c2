"""The squared loss: least squares and ridge regression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genloss.losses._base import Array, Loss


@dataclass(frozen=True)
class Squared(Loss):
    """``(y - z)**2``; the same as scikit-learn's `Ridge`, whatever the labels are.

    Examples
    --------
    >>> from genloss import losses
    >>> float(losses.Squared().value(1.0, 3.0))
    4.0
    """

    residual = closed = True

    def value(self, y: Array, z: Array) -> Array:
        """The loss."""
        return np.square(np.subtract(y, z))

    def slope(self, y: Array, z: Array) -> Array:
        """Derivative in z."""
        return 2 * np.subtract(z, y)

    def curvature(self, y: Array, z: Array) -> Array:
        """Second derivative in z."""
        return np.full(np.broadcast(y, z).shape, 2.0)

    def envelope(self, y: Array | float, z: Array, gamma: Array | float) -> tuple[Array, Array]:
        """Slope of the Moreau envelope, and its derivative."""
        bend = 2 / (1 + 2 * np.asarray(gamma))
        return bend * np.subtract(z, y), np.broadcast_to(bend, np.broadcast(y, z, gamma).shape)
