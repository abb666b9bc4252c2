"""Classes by the sign."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genloss.labels._base import Array, Label

_SURE = np.ones(1), np.zeros(1)


@dataclass(frozen=True)
class Hard(Label):
    """``y = sign(h)``, a class -1 or +1: the labeler's decision, noise before it.

    Of several classes the one with the largest value, one-hot less ``1 / classes``.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss import labels
    >>> labels.Hard().draw(np.array([-0.5, 2.0]), np.random.default_rng(0))
    array([-1.,  1.])
    """

    makes = "classes"

    def law(self, h: Array) -> tuple[Array, Array]:
        """The sign, for certain."""
        return np.where(h > 0, 1.0, -1.0)[None], np.ones((1, *h.shape))

    def breaks(self, low: float, high: float) -> Array:
        """Zero."""
        return np.zeros(1 if low < 0 < high else 0)

    def chances(self, h: Array) -> Array:
        """The largest of several values, for certain."""
        return np.equal(h.argmax(axis=-1)[..., None], np.arange(h.shape[-1])).astype(np.float64)

    def noises(self) -> tuple[Array, Array]:
        """A sign without noise."""
        return _SURE
