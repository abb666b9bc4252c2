"""The logistic loss: logistic regression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genloss.losses._base import Array, Loss

_FAR = 300.0  # odds beyond exp of this are as good as certain
_BENDS = (-9.0, -4.0, -1.5, 1.5, 4.0, 9.0)


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
        odds = np.exp(np.clip(z, -_FAR, _FAR))
        return ((1 - np.asarray(y)) / 2 * odds - (1 + np.asarray(y)) / 2) / (1 + odds)

    def curvature(self, y: Array, z: Array) -> Array:
        """Second derivative in z."""
        odds = np.exp(np.clip(z, -_FAR, _FAR))
        return odds / (1 + odds) ** 2 + 0 * np.asarray(y)

    def bends(self, y: Array) -> tuple[Array, ...]:
        """Values of z around which the curvature changes."""
        return tuple(np.full(np.shape(y), each) for each in _BENDS)

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
        one = np.ones(())
        for _ in range(4):
            off = p + gamma * self.slope(one, p) - moved
            p = p - off / (1 + gamma * self.curvature(one, p))
        bend = self.curvature(y, p)
        return self.slope(y, p), bend / (1 + gamma * bend)
