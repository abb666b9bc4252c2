"""The models of one chain, direction by direction, while theory walks along it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.curve import Curve
from genloss.theory.walk import Walk

Array = npt.NDArray[np.float64]


class Paths(NamedTuple):
    """Columns whose terms add up to the risks of a chain.

    Attributes
    ----------
    filters : ndarray of shape (models, k)
        What mean models keep of the truth.
    variances : ndarray of shape (models, m)
        In the metric of the test inputs; the errors themselves, in one column, where no direction is known.
    signal : ndarray of shape (k,)
        Error of knowing nothing.
    """

    filters: Array
    variances: Array
    signal: Array

    def at(self, models: slice) -> Paths:
        """Those of some models."""
        return Paths(self.filters[models], self.variances[models], self.signal)

    def bias(self, filters: Array) -> float:
        """The bias that mean models of these filters have."""
        return float(self.signal @ (1 - filters) ** 2)

    def moves(self) -> Array:
        """How far each model is from the one before."""
        spreads = (np.diff(self.variances, axis=0) ** 2).sum(axis=1)
        return np.asarray(np.sqrt(self._of_means() ** 2 + spreads))

    def late_moves(self) -> Array:
        """The same of mean models alone, where they are most of what moves in the end."""
        moves, means = self.moves(), self._of_means()
        mostly = means.all() and 2 * means[-1] ** 2 > moves[-1] ** 2
        return means if mostly else moves

    def _of_means(self) -> Array:
        """How far each mean model is from the one before, as an error."""
        total = float(self.variances[-1].sum()) + self.bias(self.filters[-1])
        return np.asarray(np.sqrt(total * (np.diff(self.filters, axis=0) ** 2 @ self.signal)))


class Watch:
    """Is told of every model of one plan while it is the last that is known."""

    def __init__(self) -> None:
        self._seen: list[tuple[Array, Array]] = []
        self._signal = np.empty(0)

    def __call__(self, walk: Walk, model: int) -> None:
        """Take in the next model."""
        if model == 0:
            self._seen, self._signal = [], walk.moments.spectrum * walk.moments.signal
        if walk.matrices is None and walk.centre is None:
            moments, own = walk.moments, {model: 1.0}
            spread = moments.whole(moments.covariance(own, own))[0]
            self._seen.append((moments.whole(moments.mean(own))[0], moments.spectrum * spread))

    def paths(self, curve: Curve) -> Paths:
        """What was seen, if it adds up to the curve; else the errors of the curve."""
        assert curve.bias is not None
        if len(self._seen) == curve.risk.size:
            filters, variances = (np.array(part) for part in zip(*self._seen, strict=True))
            found = Paths(filters, variances, self._signal)
            risk = variances.sum(axis=1) + (1 - filters) ** 2 @ self._signal
            if np.allclose(risk, curve.risk, rtol=1e-6):
                return found
        return Paths(np.empty((curve.risk.size, 0)), curve.risk[:, None], np.empty(0))
