"""Moments of a chain that are all kept, and what the objective gains from each of them.

As in `genloss.theory.moments` the mean of model k is ``filters[k] * truth`` and covariances are summed
over the directions of an eigenvalue. The slopes have the same keys and shapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL
from genloss.spectrum import Spectrum

Array = npt.NDArray[np.float64]
Pair = tuple[int, int]


def pair(one: int, other: int) -> Pair:
    """The key of a covariance."""
    return (one, other) if one <= other else (other, one)


class Tape:
    """Filters and covariances of one plan's models, forwards; their slopes, backwards."""

    def __init__(
        self,
        directions: Spectrum,
        outside: Mapping[int, tuple[Array, Array]] = {},
        centre: float | None = None,
        between: Mapping[Pair, Array] = {},
    ) -> None:
        self.directions, self.centre = directions, centre
        self.nothing = np.zeros_like(directions.eigenvalues)
        self.filters: dict[int, Array] = {REAL: self.nothing + 1}
        self.covariance: dict[Pair, Array] = {}
        for u, (filter_, variance) in outside.items():
            self.filters[u], self.covariance[u, u] = filter_, variance
        self.covariance |= {pair(*each): value for each, value in between.items()}
        self.of_filters: dict[int, Array] = {}
        self.of_covariance: dict[Pair, Array] = {}

    def spread(self, one: int, other: int) -> Array:
        """Covariance of two models; the truth is not random."""
        return self.covariance.get(pair(one, other), self.nothing)

    def put(self, one: int, other: int, covariance: Array) -> None:
        """Add a covariance of two models."""
        self.covariance[pair(one, other)] = covariance

    def second(self, one: int, other: int) -> Array:
        """``E theta_k theta_l``, summed over the directions of every eigenvalue."""
        means = self.directions.energy * self.filters[one] * self.filters[other]
        return means + self.spread(one, other)

    def risks(self, models: int) -> Array:
        """Error of every model, shape (models,)."""
        missed = 1 - np.array([self.filters[t] for t in range(models)])
        variance = np.array([self.covariance[t, t] for t in range(models)])
        risk = missed**2 @ self.directions.signal + variance @ self.directions.eigenvalues
        if self.centre is not None:
            risk += (missed @ self.directions.signal / self.centre) ** 2
        return np.asarray(risk)

    def ask(self, model: int, weight: float) -> None:
        """Start with the slope of one model's error."""
        if weight:
            s, signal = self.directions.eigenvalues, self.directions.signal
            missed = 1 - self.filters[model]
            self.add_filter(model, -2 * weight * signal * missed)
            if self.centre is not None:
                self.add_filter(model, -2 * weight * signal * (missed @ signal) / self.centre**2)
            self.add_spread(model, model, weight * s)

    def asked(self, model: int, others: Iterable[int]) -> tuple[Array, Array, dict[int, Array]]:
        """Slopes in a model's filter, its variance and its covariances with others."""
        along = {u: self.of_covariance.get(pair(u, model)) for u in others}
        return (
            self.of_filters.get(model, self.nothing),
            self.of_covariance.get((model, model), self.nothing),
            {u: slope for u, slope in along.items() if slope is not None},
        )

    def add_filter(self, model: int, slope: Array) -> None:
        """Add to the slope in a model's filter."""
        known = self.of_filters.get(model)
        self.of_filters[model] = slope if known is None else known + slope

    def add_spread(self, one: int, other: int, slope: Array) -> None:
        """Add to the slope in a covariance."""
        if REAL in (one, other):
            return
        key = pair(one, other)
        known = self.of_covariance.get(key)
        self.of_covariance[key] = slope if known is None else known + slope
