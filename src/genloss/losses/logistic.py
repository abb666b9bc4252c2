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
        slope = ((0.5 - half) * odds - (0.5 + half)) * rare
        odds = odds * rare * rare
        return slope, odds if np.shape(odds) == slope.shape else odds + 0 * half

    def bends(self, y: Array) -> Array:
        """Values of z around which the curvature changes."""
        return 0 * np.asarray(y) + _BENDS

    def fitted(self, y: Array | float, z: Array, gamma: Array | float) -> Array:
        """The proximal point, to some digits: Wright's omega, and two of Newton's steps."""
        from scipy.special import wrightomega

        # chances y at z are the class +1 at another z, where p - gamma / (1 + exp(p)) = z; half of
        # the pull away from there both classes are alike
        half = gamma / 2
        off = z + half * y
        far = np.abs(off)
        p = np.sign(off) * (far - half + wrightomega(np.log(gamma) + half - far))
        return self._nearer(self._nearer(p, y, z, gamma), y, z, gamma)

    def _nearer(self, p: Array, y: Array | float, z: Array, gamma: Array | float) -> Array:
        slope, bend = self.derivatives(y, p)
        return np.asarray(p - (p + gamma * slope - z) / (1 + gamma * bend))

    def envelope(self, y: Array | float, z: Array, gamma: Array | float) -> tuple[Array, Array]:
        """Slope of the Moreau envelope, and its derivative, by Newton's method."""
        p = self.fitted(y, z, gamma)
        p = self._nearer(self._nearer(p, y, z, gamma), y, z, gamma)
        slope, bend = self.derivatives(y, p)
        return slope, bend / (1 + gamma * bend)
