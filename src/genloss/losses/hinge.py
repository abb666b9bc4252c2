"""The hinge loss: support vector machines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genloss.losses._base import Array, Loss


@dataclass(frozen=True)
class Hinge(Loss):
    """``max(0, 1 - y z)`` of classes; as scikit-learn's ``SVC(kernel="linear")``, without intercept.

    Examples
    --------
    >>> from genloss import losses
    >>> float(losses.Hinge().value(1.0, -1.0))
    2.0
    """

    labels = ("classes",)
    smooth = False
    closed = True

    def value(self, y: Array, z: Array) -> Array:
        """The loss."""
        return np.maximum(0, 1 - np.multiply(y, z))

    def slope(self, y: Array, z: Array) -> Array:
        """Derivative in z."""
        return np.where(np.multiply(y, z) < 1, -np.asarray(y, dtype=float), 0.0)

    def curvature(self, y: Array, z: Array) -> Array:
        """Zero: the loss is straight but for its corner."""
        return np.zeros(np.broadcast(y, z).shape)

    def envelope(self, y: Array, z: Array, gamma: Array | float) -> tuple[Array, Array]:
        """Slope of the Moreau envelope, and its derivative."""
        pull = (np.multiply(y, z) - 1) / gamma
        inside = (pull > -1) & (pull < 0)
        return np.asarray(y) * np.clip(pull, -1, 0), inside / np.asarray(gamma)

    def edges(self, y: Array, gamma: Array | float) -> Array:
        """Where a row begins to count, and from where on it counts in full."""
        return np.asarray(y) * (1 - np.asarray(gamma) * np.array([0.0, 1.0]))
