"""Rows of two tables with numbers as labels, as a ridge model sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.estimate.kernels import Kernel
from genloss.estimate.standardise import unit_target
from genloss.weighing.apart import Apart, apart
from genloss.weighing.features import Columns, Features, columns_of
from genloss.weighing.held import parent_folds, saying, with_estimator
from genloss.weighing.inputs import Difference, difference
from genloss.weighing.maker import Maker
from genloss.weighing.pair import Pair
from genloss.weighing.stacked import WEIGHTS, Stack
from genloss.weighing.surface import Surface, chained, left_out

Array = npt.NDArray[np.float64]

_GRID = np.logspace(-4, 1, 11)
"""Penalties of a linear model on standardised features."""
_KERNEL_GRID = np.logspace(-5, 0.5, 12)
"""Penalties of a kernel, as shares of the trace of its covariance."""
_LANDMARKS = 600

DETERMINED = "the features determine the target exactly: is a copy of it among them?"
_EXACT = 1e-6  # share of the target's variance, more than the least penalty leaves of a copy


def determined(error: float, y: Array) -> list[str]:
    """A warning where next to no ``error`` is left of labels about their mean."""
    return [DETERMINED] * (error < _EXACT * float(np.mean(y**2)))


@dataclass(frozen=True, eq=False, kw_only=True)
class Rows(Features):
    """Both tables with numbers as labels.

    Attributes
    ----------
    y, y_synthetic : ndarray of shape (n,) and (m,)
        Labels about the real mean, in ``unit``.
    """

    y: Array
    y_synthetic: Array

    @classmethod
    def of(cls, pair: Pair, kernel: Kernel | None, seed: int) -> Rows:
        """Labels about the real mean, features of a kernel if there is one."""
        _, unit = unit_target(pair.y)
        level = float(np.mean(pair.y))
        columns, scale = columns_of(pair, kernel, _LANDMARKS, seed)
        y, y_synthetic = (pair.y - level) / unit, (pair.y_synthetic - level) / unit
        grid = scale * (_GRID if kernel is None else _KERNEL_GRID)
        return cls(*columns, grid, unit, y=y, y_synthetic=y_synthetic)

    @property
    def stack(self) -> Stack:
        """Real rows, and sums over the synthetic ones."""
        return Stack.of(self.X, self.y, self.X_synthetic, self.y_synthetic)

    def points(self) -> Columns:
        """Standardised columns, and labels."""
        return self.plain, self.y, self.plain_synthetic, self.y_synthetic

    def apart(self) -> Apart:
        """What two fits of the tables say of each other."""
        return apart(self.stack, self.X_synthetic, self.y_synthetic, self.grid)

    def difference(self, penalty: float, seed: int) -> Difference:
        """Other inputs, other labels; ``penalty`` is the real rows' own."""
        made, plain = (self.X_synthetic, self.y_synthetic), (self.plain, self.plain_synthetic)
        return difference(self.stack, made, plain, penalty, seed)

    def judged(self, made_from: str, copied: bool, seed: int) -> tuple[Surface, str]:
        """Errors of ridge against the weight, and what they are called."""
        if made_from == "these rows" and copied:
            real, synthetic = (self.X, self.y), (self.X_synthetic, self.y_synthetic)
            found = parent_folds(real, synthetic, self.parents(), WEIGHTS, self.grid, seed)
            return found, "folds with the rows made from them"
        if made_from == "these rows":
            return chained(self.stack, WEIGHTS, self.grid), "leave-one-out of the chain"
        return left_out(self.stack, WEIGHTS, self.grid), "leave-one-out"

    def fitted(self, estimator: Any, pair: Pair, made_from: str, seed: int) -> Surface:
        """Errors of an estimator on folds; it sees the features as they are.

        Labels of rows made from these are taken for the estimator's own or a ridge's, whichever is nearer to them.
        """
        real, synthetic = (pair.X, self.y), (pair.X_synthetic, self.y_synthetic)
        if made_from != "these rows":
            return with_estimator(estimator, real, synthetic, None, seed)
        parent, labels = self.parents(), self.y_synthetic
        makers = (
            Maker.of(saying(estimator, real, synthetic[0]), self.n, labels, self.y[parent]),
            Maker.ridge((self.X, self.y), (self.X_synthetic, labels), self.y[parent]),
        )
        nearest = min(makers, key=lambda maker: maker.missed)
        return with_estimator(estimator, real, synthetic, (parent, nearest), seed)

    def chosen(self, found: Surface, worth: float | None, *, wary: bool) -> int:
        """Place of the weight: of those that cannot be told from the best, the formula's."""
        del wary  # of rows made from these the least error is wary enough
        return found.least if worth is None else found.nearest(worth)
