"""The labeler's chances instead of a class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genloss.labels._base import Array, Label, softmax


@dataclass(frozen=True)
class Soft(Label):
    """``y = 2 / (1 + exp(-h)) - 1``, the mean of a `Sampled` class: with logistic loss, distillation.

    The logistic loss takes ``(1 + y) / 2``, which is the labeler's chance, as its target.
    Of several classes their chances ``exp(h_k) / sum(exp(h))``, less ``1 / classes``.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss import labels
    >>> labels.Soft().draw(np.array([0.0, np.log(3)]), np.random.default_rng(0))
    array([0. , 0.5])
    """

    makes = "chances"

    def law(self, h: Array) -> tuple[Array, Array]:
        """The mean class, for certain."""
        return np.tanh(h / 2)[None], np.ones((1, *h.shape))

    def chances(self, h: Array) -> Array:
        """Exponentials of several values over their sum."""
        return softmax(h)

    def breaks(self, low: float, high: float) -> Array:
        """Values around which the curve bends."""
        bends = np.array([-12.0, -4.0, -1.5, 0.0, 1.5, 4.0, 12.0])
        return bends[(bends > low) & (bends < high)]
