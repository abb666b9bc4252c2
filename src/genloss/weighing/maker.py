"""The model that made synthetic labels from the real rows, as far as a ridge of them can stand for it.

A label of a row made from the real row with label y is taken for ``y + share (f(x) - y)``, f being the real table's
ridge: all of it where a model labelled the row, nothing of it where a copy has its parent's label. Penalty and
share are those that come nearest to the labels that there are. Without some real rows f is another one, and the
label moves by ``share`` of the difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.weighing.stacked import LABELERS, Fit, Moments

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Rows = tuple[Array, Array]


@dataclass(frozen=True, eq=False)
class Maker:
    """A ridge of the real rows that stands for what made labels.

    Attributes
    ----------
    real : pair of ndarray
        Features (n, q) and labels (n,).
    X : ndarray of shape (m, q)
        Synthetic rows.
    alpha : float
        Its penalty, in scikit-learn's units.
    share : float
        Part of the labels that is due to it, from 0 to 1.
    said : ndarray of shape (m,)
        What it says of the synthetic rows.
    """

    real: Rows
    X: Array
    alpha: float
    share: float
    said: Array

    @classmethod
    def of(cls, real: Rows, synthetic: Rows, parents: Array) -> Maker:
        """The penalty and the share that come nearest to the labels, ``parents`` being those of the real rows."""
        (X, y), (Z, labels) = real, synthetic
        fit = Fit.of(Moments.of(X, y))
        alphas = fit.count * LABELERS
        said = predictions(fit, Z, alphas)
        toward, have = said - parents, labels - parents
        norms = np.maximum(np.sum(toward**2, axis=1), 1e-300)
        shares = np.clip(toward @ have / norms, 0.0, 1.0)
        missed = np.sum((have - shares[:, None] * toward) ** 2, axis=1)
        at = int(np.argmin(missed))
        return cls(real, Z, float(alphas[at]), float(shares[at]), said[at])

    def without(self, held: Mask) -> Array:
        """By how much labels (m,) move when it loses some real rows."""
        X, y = self.real
        fit = Fit.of(Moments.of(X[~held], y[~held]))
        return self.share * (predictions(fit, self.X, np.array([self.alpha]))[0] - self.said)


def predictions(fit: Fit, X: Array, alphas: Array) -> Array:
    """What a fit says of rows at every penalty, shape (g, m)."""
    Z = (X - fit.mean) @ fit.basis
    return (fit.label + Z @ (fit.along[:, None] * fit.shrunk(alphas))).T
