"""What a fit to single rows makes least, and what it asks of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.losses import Loss
from genloss.trials.revealed.rows import Design, Labelled

Array = npt.NDArray[np.float64]


class Objective(NamedTuple):
    """``sum weights * loss(y, x'w) + w' (penalties * w) / 2`` of every run, in whitened ``w``.

    Attributes
    ----------
    parts : sequence of Labelled
        Rows, labels and weights.
    loss : Loss
        Of a row.
    penalties : ndarray of shape (dim,)
        On half of every squared coefficient.
    """

    parts: Sequence[Labelled]
    loss: Loss
    penalties: Array

    def values(self, w: Array) -> list[Array]:
        """``X w`` of every part; parts on one design are asked once."""
        said: dict[int, Array] = {}
        for part in self.parts:
            if id(part.design) not in said:
                said[id(part.design)] = part.design.values(w)
        return [said[id(part.design)] for part in self.parts]

    def sums(self, arrays: Sequence[Array]) -> Array:
        """``X'u`` over all parts; parts on one design are asked together."""
        together: dict[int, tuple[Design, Array]] = {}
        for part, u in zip(self.parts, arrays, strict=True):
            key = id(part.design)
            together[key] = part.design, (together[key][1] + u if key in together else u)
        return np.asarray(sum(design.sums(u) for design, u in together.values()))

    def pulls(self, values: Sequence[Array]) -> tuple[list[Array], list[Array]]:
        """Weighted slope and curvature of every row, by part."""
        slopes, bends = [], []
        for part, z in zip(self.parts, values, strict=True):
            slope, bend = self.loss.derivatives(part.labels, z)
            slopes.append(part.weights * slope)
            bends.append(part.weights * bend)
        return slopes, bends

    def inverse(self, bends: Sequence[Array]) -> Array:
        """Diagonal that stands for the inverse of the Hessian: that of rows of mean curvature."""
        steep = np.asarray(sum(bend.sum(axis=1) for bend in bends))
        return 1 / (steep[:, None] + self.penalties)

    def level(self, values: Sequence[Array], w: Array) -> Array:
        """What is made least."""
        rows = sum(
            (part.weights * self.loss.value(part.labels, z)).sum(axis=1)
            for part, z in zip(self.parts, values, strict=True)
        )
        return np.asarray(rows + np.vecdot(w, self.penalties * w) / 2)
