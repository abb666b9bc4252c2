"""The squared hinge loss: smooth support vector machines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genloss.losses._base import Array, Loss


@dataclass(frozen=True)
class SquaredHinge(Loss):
    """``max(0, 1 - y z)**2`` of classes; as scikit-learn's ``LinearSVC(loss="squared_hinge")``.

    Examples
    --------
    >>> from genloss import losses
    >>> float(losses.SquaredHinge().value(1.0, -1.0))
    4.0
    """

    labels = ("classes",)
    closed = True

    def value(self, y: Array, z: Array) -> Array:
        """The loss."""
        return np.maximum(0, 1 - np.multiply(y, z)) ** 2

    def slope(self, y: Array, z: Array) -> Array:
        """Derivative in z."""
        return -2 * np.asarray(y) * np.maximum(0, 1 - np.multiply(y, z))

    def curvature(self, y: Array, z: Array) -> Array:
        """Second derivative in z."""
        return np.where(np.multiply(y, z) < 1, 2.0, 0.0)

    def bends(self, y: Array) -> Array:
        """Where a row begins to count."""
        return np.asarray(y, dtype=float)

    def envelope(self, y: Array, z: Array, gamma: Array | float) -> tuple[Array, Array]:
        """Slope of the Moreau envelope, and its derivative."""
        bend = self.curvature(y, z) / (1 + 2 * np.asarray(gamma))
        return np.subtract(z, y) * bend, bend
