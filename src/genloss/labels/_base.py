"""What every rule for labels can say of itself."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from genloss._family import Member

Array = npt.NDArray[np.float64]


class Label(Member):
    """The law of a label given the labeler's value.

    Attributes
    ----------
    makes : str
        "numbers", "classes" (-1 and +1) or "chances" (numbers between them).
    """

    makes: ClassVar[str] = "numbers"

    @abstractmethod
    def law(self, h: Array) -> tuple[Array, Array]:
        """Labels that a value h may get, and the chance of each: shape ``(k, *h.shape)``."""

    def breaks(self, low: float, high: float) -> Array:  # noqa: ARG002
        """Values of h between ``low`` and ``high`` at which the law jumps or bends."""
        return np.empty(0)

    def jumps(self) -> bool:
        """Whether the mean label jumps, at one of the `breaks`."""
        for far in (1.0, 1e2, 1e4):  # steps of any length
            sides = (self.breaks(-far, far) + sign * 1e-10 * far for sign in (-1, 1))
            below, above = (np.sum(np.multiply(*self.law(h)), axis=0) for h in sides)
            if (np.abs(above - below) > 1e-7 * far).any():
                return True
        return False

    def noises(self) -> tuple[Array, Array] | None:
        """Classes as those of a noisy sign: weights and standard deviations of a mixture.

        The chance of +1 at h is ``sum(weights * Phi(h / deviations))``. None where it is not known
        in this form: integrals then run over h.
        """
        return None

    def chances(self, h: Array) -> Array | None:  # noqa: ARG002
        """Chance of each of several classes, from a value of each along the last axis.

        None, as here, where the rule is not one of several classes.
        """
        return None

    def draw(self, h: Array, rng: np.random.Generator) -> Array:
        """One label for every value."""
        labels, chances = self.law(h)
        if len(labels) == 1:
            return labels[0]
        below = np.cumsum(chances, axis=0)[:-1] <= rng.random(h.shape)
        number = below.sum(axis=0)
        return np.take_along_axis(np.broadcast_to(labels, chances.shape), number[None], axis=0)[0]


def softmax(h: Array) -> Array:
    """Exponentials over their sum along the last axis."""
    odds = np.exp(h - h.max(axis=-1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True))
