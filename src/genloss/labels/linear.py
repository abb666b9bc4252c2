"""The labeler's value itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genloss.labels._base import Array, Label


@dataclass(frozen=True)
class Linear(Label):
    """``y = h``: what the labeler says, with its noise.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss import labels
    >>> labels.Linear().draw(np.array([0.5]), np.random.default_rng(0))
    array([0.5])
    """

    def law(self, h: Array) -> tuple[Array, Array]:
        """The value, for certain."""
        return h[None], np.ones((1, *h.shape))
