"""The model that made synthetic labels from the real rows, as far as another of them can stand for it.

A label of a row made from the real row with label y is taken for ``y + share (f(x) - y)``, f being a model of the
real rows: all of it where that model labelled the row, nothing of it where a copy has its parent's label. The share,
and of a ridge the penalty, are those that come nearest to the labels that there are. Without some real rows f is
another one, and the label moves by ``share`` of the difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.weighing.stacked import LABELERS, Fit, Moments

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Rows = tuple[Array, Array]
Says = Callable[[Mask], Array]
"""From the real rows that a model is fitted to, a mask (n,), to what it says of the synthetic rows (m,)."""


@dataclass(frozen=True, eq=False)
class Maker:
    """A model of the real rows that stands for what made labels.

    Attributes
    ----------
    says : callable
        What it says when it is fitted to some real rows.
    said : ndarray of shape (m,)
        What it says when it is fitted to all.
    share : float
        Part of the labels that is due to it, from 0 to 1.
    missed : float
        Squared distance from the labels that is left.
    """

    says: Says
    said: Array
    share: float
    missed: float

    @classmethod
    def of(cls, says: Says, count: int, labels: Array, parents: Array) -> Maker:
        """Of a model and ``count`` real rows; ``parents`` are the labels (m,) of the synthetic rows' parents."""
        said = says(np.ones(count, dtype=bool))
        shares, missed = _shares(said[None], labels, parents)
        return cls(says, said, float(shares[0]), float(missed[0]))

    @classmethod
    def ridge(cls, real: Rows, synthetic: Rows, parents: Array) -> Maker:
        """The ridge of features (n, q) and labels (n,) whose penalty comes nearest to the synthetic labels."""
        (X, y), (Z, labels) = real, synthetic
        fit = Fit.of(Moments.of(X, y))
        alphas = fit.count * LABELERS
        at = int(np.argmin(_shares(predictions(fit, Z, alphas), labels, parents)[1]))

        def says(rows: Mask) -> Array:
            own = Fit.of(Moments.of(X[rows], y[rows]))
            return predictions(own, Z, alphas[at : at + 1])[0]

        return cls.of(says, len(y), labels, parents)

    def without(self, held: Mask) -> Array:
        """By how much labels (m,) move when it loses some real rows."""
        return self.share * (self.says(~held) - self.said)


def _shares(said: Array, labels: Array, parents: Array) -> Rows:
    """Part of the labels that is due to each of several models (g, m), and what is left (g,)."""
    toward, have = said - parents, labels - parents
    norms = np.maximum(np.sum(toward**2, axis=1), 1e-300)
    shares = np.clip(toward @ have / norms, 0.0, 1.0)
    return shares, np.sum((have - shares[:, None] * toward) ** 2, axis=1)


def predictions(fit: Fit, X: Array, alphas: Array) -> Array:
    """What a fit says of rows at every penalty, shape (g, m)."""
    Z = (X - fit.mean) @ fit.basis
    return (fit.label + Z @ (fit.along[:, None] * fit.shrunk(alphas))).T
