"""The rows that a forecast rests on, as arrays, and what keeps some of them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from inspect import signature
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.estimate.kernels import Kernel
from genloss.estimate.standardise import ROUNDING
from genloss.tables.copies import same_rows

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

_EXACT = 1e-12  # share of the target's spread below which a miss is rounding
_CHANCE = 0.05  # share of the pairs of equal rows, from which on none of them are copies


@dataclass(frozen=True, eq=False)
class Sample:
    """Standardised rows in random order.

    Attributes
    ----------
    X, y : ndarray of shape (M, p) and (M,)
        Features and target, on which models are trained and scored.
    kernel : Kernel or None
        None for a linear model.
    groups : ndarray of int of shape (M,) or None
        Rows of one group stay on one side of every split.
    time : ndarray of shape (M,) or None
        Models are trained on the past and scored on the future.
    weights : ndarray of shape (M,) or None
        Of the rows in fits and scores, with mean one.
    texts : mapping of str to ndarray of int of shape (M,)
        Text columns, encoded by the target inside every split.
    log : bool
        Whether y is a logarithm.
    """

    X: Array
    y: Array
    kernel: Kernel | None
    groups: Rows | None = None
    time: Array | None = None
    weights: Array | None = None
    texts: Mapping[str, Rows] = field(default_factory=dict)
    log: bool = False

    @property
    def size(self) -> int:
        """Number of rows."""
        return int(self.y.size)

    @property
    def plain(self) -> bool:
        """Whether any row may be left out alone, so that leave-one-out means something."""
        return self.groups is None and self.time is None and not self.texts

    def take(self, rows: Rows) -> Sample:
        """Some of the rows."""
        return replace(
            self,
            X=self.X[rows],
            y=self.y[rows],
            groups=None if self.groups is None else self.groups[rows],
            time=None if self.time is None else self.time[rows],
            weights=None if self.weights is None else self.weights[rows],
            texts={name: codes[rows] for name, codes in self.texts.items()},
        )

    def sides(self, pool: Rows, test: Rows) -> tuple[Array, Array]:
        """Features of both sides of a split; texts encoded by the pool's labels alone."""
        if not self.texts:
            return self.X[pool], self.X[test]
        encoder, codes = _encoder(self.texts)
        made = encoder.fit_transform(codes[pool], self.y[pool])
        mean, scale = made.mean(axis=0), np.maximum(made.std(axis=0), 1e-12)
        told = [(part - mean) / scale for part in (made, encoder.transform(codes[test]))]
        return np.hstack([self.X[pool], told[0]]), np.hstack([self.X[test], told[1]])

    def features(self) -> Array:
        """All features; texts encoded across folds."""
        everything = np.arange(self.size)
        return self.sides(everything, everything[:1])[0]

    @cached_property
    def _rounding(self) -> float:
        return max(_EXACT * float(self.y.std()), ROUNDING * float(np.abs(self.y).max()))

    def squares(self, missed: Array) -> Array:
        """Squares of what is missed of the target; all that is rounding counts alike, or it would grow as errors do."""
        return np.maximum(missed**2, self._rounding**2)

    def mean(self, values: Array, rows: Rows | None = None) -> Array:
        """Weighted mean over rows, the first axis."""
        if self.weights is None:
            return np.asarray(values.mean(axis=0))
        weights = self.weights if rows is None else self.weights[rows]
        return np.asarray(np.tensordot(weights / weights.sum(), values, axes=(0, 0)))


def _encoder(texts: Mapping[str, Rows]) -> tuple[Any, Rows]:
    from sklearn.model_selection import KFold
    from sklearn.preprocessing import TargetEncoder

    folds: dict[str, Any] = {"cv": KFold(5, shuffle=True, random_state=0)}
    if signature(TargetEncoder).parameters["shuffle"].default is True:  # before 1.9: a number only
        folds = {"random_state": 0}
    codes = np.column_stack(list(texts.values()))
    return TargetEncoder(target_type="continuous", **folds), codes


def copies(X: Array, y: Array) -> Rows | None:
    """A number for every distinct row of (X, y); None if all are distinct, or alike by chance.

    Rows of a few values each meet without being copies: such pairs are counted as columns drawn
    independently would make them.
    """
    numbers = same_rows(X, y)
    if numbers is None:
        return None
    alike = float(np.sum((np.bincount(numbers) / y.size) ** 2) - 1 / y.size)
    chance = float(np.prod([_meeting(column) for column in (*X.T, y)]))
    return None if chance > _CHANCE * alike else numbers


def _meeting(values: Array) -> float:
    """Probability that two draws are equal."""
    _, counts = np.unique(values, return_counts=True)
    return float(np.sum((counts / values.size) ** 2))


def joined(first: Rows | None, second: Rows | None) -> Rows | None:
    """The finest groups that keep together what either keeps together."""
    if first is None or second is None:
        return second if first is None else first
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = first.max() + 1
    links = coo_array((np.ones(first.size), (first, n + second)), shape=(n + second.max() + 1,) * 2)
    return np.asarray(connected_components(links, directed=False)[1][first])
