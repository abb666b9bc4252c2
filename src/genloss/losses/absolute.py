"""The absolute loss: least absolute deviations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genloss.losses._base import Array, Loss


@dataclass(frozen=True)
class Absolute(Loss):
    """``|y - z|``: the fitted median, which outliers move little.

    Examples
    --------
    >>> from genloss import losses
    >>> float(losses.Absolute().value(1.0, -1.0))
    2.0
    """

    smooth = False
    residual = closed = True

    def value(self, y: Array, z: Array) -> Array:
        """The loss."""
        return np.abs(np.subtract(y, z))

    def slope(self, y: Array, z: Array) -> Array:
        """Derivative in z."""
        return np.sign(np.subtract(z, y))

    def curvature(self, y: Array, z: Array) -> Array:
        """Zero: the loss is straight but for its corner."""
        return np.zeros(np.broadcast(y, z).shape)

    def envelope(self, y: Array, z: Array, gamma: Array | float) -> tuple[Array, Array]:
        """Slope of the Moreau envelope, and its derivative."""
        pull = np.subtract(z, y) / gamma
        return np.clip(pull, -1, 1), (np.abs(pull) < 1) / np.asarray(gamma)

    def edges(self, y: Array, gamma: Array | float) -> Array:
        """Where a row begins to count in full."""
        return np.asarray(y) + np.asarray(gamma) * np.array([-1.0, 1.0])
