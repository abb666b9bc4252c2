"""What every loss can say of itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from genloss._family import Member

Array = npt.NDArray[np.float64]
MOST_STEPS = 200


class Loss(Member):
    """A loss ``l(y, z)`` of a label y and a model's value z, convex in z.

    All functions take arrays that broadcast, and answer in their common shape.

    Attributes
    ----------
    labels : collection of str
        Which labels it is for: "numbers", "classes" (-1 and +1) or "chances" (between them).
    smooth : bool
        Whether its slope is continuous. If not, `envelope` and `edges` must be its own.
    residual : bool
        Whether it depends on ``y - z`` alone.
    closed : bool
        Whether `envelope` is a formula of its own, as quick as the slope.
    columns : bool
        Whether it is one of several classes, labels and values of which lie along the last axis: its value
        is then without that axis, and its curvature has another one like it.
    """

    labels: ClassVar[Collection[str]] = ("numbers", "classes", "chances")
    smooth: ClassVar[bool] = True
    residual: ClassVar[bool] = False
    closed: ClassVar[bool] = False
    columns: ClassVar[bool] = False

    @abstractmethod
    def value(self, y: Array, z: Array) -> Array:
        """The loss."""

    @abstractmethod
    def slope(self, y: Array, z: Array) -> Array:
        """Derivative in z; at a corner any number between those of its sides."""

    @abstractmethod
    def curvature(self, y: Array, z: Array) -> Array:
        """Second derivative in z, where there is one."""

    def derivatives(self, y: Array | float, z: Array) -> tuple[Array, Array]:
        """Slope and curvature, for losses of which both together are quicker."""
        y = np.asarray(y)
        return self.slope(y, z), self.curvature(y, z)

    def bends(self, y: Array) -> Array:
        """Values of z at which the curvature jumps, or around which it changes most.

        Labels have a last axis of length one; the values follow along it.
        """
        return np.empty((*np.shape(y)[:-1], 0))

    def envelope(self, y: Array, z: Array, gamma: Array | float) -> tuple[Array, Array]:
        """Slope in z of ``min_p l(y, p) + (p - z)**2 / (2 gamma)``, and that slope's derivative.

        The minimiser (the proximal point) is ``z - gamma * slope``.
        """
        y, z, gamma = np.broadcast_arrays(y, z, gamma)
        # p + gamma l'(p) = z lies between z and z - gamma l'(z)
        other = z - gamma * self.slope(y, z)
        low, high = np.minimum(z, other), np.maximum(z, other)
        p, last = (low + high) / 2, high - low
        for _ in range(MOST_STEPS):
            slope, bend = self.derivatives(y, p)
            off, steep = p + gamma * slope - z, 1 + gamma * bend
            low, high = np.where(off < 0, p, low), np.where(off > 0, p, high)
            new = p - off / steep
            # halve the bracket where Newton's step leaves it, or is not half as long as the last
            slow = (new < low) | (new > high) | (2 * np.abs(off) > last * steep)
            new = np.where(slow, (low + high) / 2, new)
            p, last = new, np.abs(new - p)
            if (last <= 4e-16 * np.maximum(np.abs(p), np.abs(z))).all():
                break
        slope, bend = self.derivatives(y, p)
        return slope, bend / (1 + gamma * bend)

    def fitted(self, y: Array, z: Array, gamma: Array | float) -> Array:
        """The proximal point, or what is near it and rises with z as well."""
        return z - gamma * self.envelope(y, z, gamma)[0]

    def edges(self, y: Array, gamma: Array | float) -> Array:
        """Values of z between which the envelope is smooth: panels of an integral end there.

        Labels have a last axis of length one; the values follow along it.
        """
        p = self.bends(y)
        return p + gamma * self.slope(y, p)
