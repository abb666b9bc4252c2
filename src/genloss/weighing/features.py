"""Both tables as a model sees them: standardised by the real one, or as features of a kernel."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.estimate.kernels import Kernel, nystrom_features
from genloss.estimate.standardise import Standardiser
from genloss.weighing.inputs import MOST
from genloss.weighing.pair import Pair
from genloss.weighing.parents import Codes, copies, parents
from genloss.weighing.stacked import spanning

Array = npt.NDArray[np.float64]
Columns = tuple[Array, Array, Array, Array]


@dataclass(frozen=True, eq=False)
class Features(ABC):
    """Rows of two tables without their labels.

    Attributes
    ----------
    plain, plain_synthetic : ndarray of shape (n, p) and (m, p)
        Real and synthetic rows as columns, standardised by the real ones.
    X, X_synthetic : ndarray of shape (n, q) and (m, q)
        The same as features of a model; where it is linear, as few as span them.
    grid : ndarray of shape (g,)
        Penalties that are tried.
    unit : float
        What labels were divided by.
    levels : tuple of str
        Names of classes; empty where labels are numbers.
    """

    plain: Array
    plain_synthetic: Array
    X: Array
    X_synthetic: Array
    grid: Array
    unit: float = 1.0
    levels: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Real rows."""
        return len(self.X)

    @property
    def m(self) -> int:
        """Synthetic ones."""
        return len(self.X_synthetic)

    @abstractmethod
    def points(self) -> Columns:
        """Real rows and their labels, synthetic rows and theirs, as what is near to what is told."""

    def copied(self, seed: int) -> float:
        """Share of pairs in which a synthetic row is nearer to the real rows than a real one is."""
        rng, (X, y, other, labels) = np.random.default_rng(seed), self.points()
        own, shown = rng.permutation(self.n)[: 5 * MOST], rng.permutation(self.m)[:MOST]
        return copies(X[own], y[own], other[shown], labels[shown])

    def parents(self) -> Codes:
        """The real row nearest to every synthetic one, label included."""
        return parents(*self.points())


def columns_of(
    pair: Pair, kernel: Kernel | None, landmarks: int, seed: int
) -> tuple[Columns, float]:
    """Standardised columns and features of both tables, and what penalties are in units of.

    That is 1, or the trace of a kernel's covariance.
    """
    standardise = Standardiser.of(pair.X)
    plain, other = standardise(pair.X), standardise(pair.X_synthetic)
    every, scale = np.vstack([plain, other]), 1.0
    if kernel is not None:
        kernel.check(every)
        every = nystrom_features(every, kernel, landmarks, seed)(every)
        every -= every[: len(plain)].mean(axis=0)
        scale = float(np.mean(np.sum(every[: len(plain)] ** 2, axis=1)))
    elif (span := spanning(every)) is not None:
        every = every @ span
    return (plain, other, every[: len(plain)], every[len(plain) :]), scale
