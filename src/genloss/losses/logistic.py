"""The logistic loss: logistic regression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genloss.losses._base import Array, Loss

_FAR = 300.0  # odds beyond exp of this are as good as certain
_BENDS = np.array([-9.0, -4.0, -1.5, 1.5, 4.0, 9.0])


@dataclass(frozen=True)
class Logistic(Loss):
    """``log(1 + exp(-y z))`` of classes; between them the cross-entropy of chances (1 + y) / 2.

    The same as scikit-learn's ``LogisticRegression(C=1 / (2 n penalty), fit_intercept=False)``.

    Examples
    --------
    >>> from genloss import losses
    >>> round(float(losses.Logistic().value(1.0, 0.0)), 4)
    0.6931
    """

    labels = ("classes", "chances")

    def value(self, y: Array, z: Array) -> Array:
        """The loss."""
        yes, no = (1 + np.asarray(y)) / 2, (1 - np.asarray(y)) / 2
        return yes * np.logaddexp(0, -np.asarray(z)) + no * np.logaddexp(0, z)

    def slope(self, y: Array, z: Array) -> Array:
        """Derivative in z."""
        return self.derivatives(y, z)[0]

    def curvature(self, y: Array, z: Array) -> Array:
        """Second derivative in z."""
        return self.derivatives(y, z)[1]

    def derivatives(self, y: Array | float, z: Array) -> tuple[Array, Array]:
        """Slope and curvature."""
        odds = np.exp(np.minimum(z, _FAR))
        rare, half = 1 / (1 + odds), np.asarray(y) / 2
        return ((0.5 - half) * odds - (0.5 + half)) * rare, odds * rare**2 + 0 * half

    def bends(self, y: Array) -> Array:
        """Values of z around which the curvature changes."""
        return 0 * np.asarray(y) + _BENDS

    def envelope(self, y: Array, z: Array, gamma: Array | float) -> tuple[Array, Array]:
        """Slope of the Moreau envelope, and its derivative, by Newton's method from Wright's omega."""
        from scipy.special import wrightomega

        # chances y at z are the class +1 at another z, where p - gamma / (1 + exp(p)) = z
        moved = z + np.asarray(gamma) * (np.asarray(y) - 1) / 2
        rare, late = np.log(gamma), moved + gamma
        p = np.where(
            moved > -np.asarray(gamma) / 2,
            moved + wrightomega(rare - moved),
            late - wrightomega(rare + late),
        )
        for _ in range(4):
            slope, bend = self.derivatives(1.0, p)
            p = p - (p + gamma * slope - moved) / (1 + gamma * bend)
        slope, bend = self.derivatives(y, p)
        return slope, bend / (1 + gamma * bend)
