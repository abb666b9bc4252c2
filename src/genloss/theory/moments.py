"""First and second moments of the models of a chain, per eigenvalue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Self

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL
from genloss.spectrum import Spectrum

Array = npt.NDArray[np.float64]
Shares = Mapping[int, float | Array]
"""A label's mixture: coefficient by model number, `REAL` for the truth.

One number, or one per plan of a batch, shape (n_plans, 1)."""


FOR_EVER = 1 << 60
_MANY = 8  # labelers from which their sum is made in one product


def inner(one: Array, other: Array) -> Array:
    """Sum of the products of every plan's entries, shape (n_plans, 1)."""
    return np.asarray(np.vecdot(one, other))[..., None]


class Moments:
    """Mean and covariance of every model that may still label (`theory.md` 2.3).

    Everything is linear in the truth, so the mean of model k is ``filters[k] * truth``. Covariances
    are tracked, not second moments, so that a small variance is never a difference of large terms.
    Arrays have shape (n_plans, p); an eigenvalue's directions are summed over.
    """

    def __init__(self, directions: Spectrum, last_use: dict[int, int], n_plans: int) -> None:
        self.directions = directions
        self.spectrum, self.signal = directions.eigenvalues, directions.energy
        self._energy = self.spectrum * self.signal
        self.shape = n_plans, self.spectrum.size
        self.filters: dict[int, Array | float] = {REAL: 1.0}
        self.exact: dict[int, bool] = {REAL: True}
        self._covariance: dict[tuple[int, int], Array] = {}
        self._last_use = last_use

    @classmethod
    def of(
        cls,
        directions: Spectrum,
        last_use: dict[int, int],
        filters: Mapping[int, Array | float],
        covariance: Mapping[tuple[int, int], Array],
    ) -> Self:
        """Known moments of some models of one plan."""
        moments = cls(directions, last_use, 1)
        moments.filters |= filters
        moments.exact |= dict.fromkeys(filters, False)
        moments._covariance |= {pair: moments.whole(each) for pair, each in covariance.items()}
        return moments

    def take_in(self, labeler: int, filter_: Array, variance: Array) -> None:
        """Add a model from outside, for good; its number is below `REAL`."""
        self.filters[labeler], self.exact[labeler] = filter_[None], True
        self._last_use = {**self._last_use, labeler: FOR_EVER}
        for known in [u for u in self.filters if u < REAL]:
            self._covariance[labeler, known] = self._covariance[known, labeler] = 0 * variance[None]
        self._covariance[labeler, labeler] = variance[None]

    def record(
        self,
        model: int,
        filter_: Array | float,
        variance: Array | float,
        covariance_with: Callable[[int], Array | float],
        exact: bool,
    ) -> None:
        """Add a model and forget those that label no later one."""
        alive = [u for u in self.filters if u != REAL and self._last_use.get(u, -1) > model]
        if self._last_use.get(model, -1) > model:
            for u in alive:
                self._covariance[u, model] = self.whole(covariance_with(u))
        for u in [u for u in self.filters if u != REAL and u not in alive]:
            del self.filters[u], self.exact[u]
        kept = {*alive, model}
        self._covariance = {
            pair: value for pair, value in self._covariance.items() if kept.issuperset(pair)
        }
        self.filters[model], self.exact[model] = filter_, exact
        self._covariance[model, model] = self.whole(variance)

    def mean(self, shares: Shares) -> Array | float:
        """Filter of a mixture of labelers."""
        if len(shares) == 1:
            [(number, share)] = shares.items()
            whole = isinstance(share, float) and share == 1
            return self.filters[number] if whole else share * self.filters[number]
        return sum(share * self.filters[number] for number, share in shares.items())

    def covariance(self, one: Shares, other: Shares) -> Array | float:
        """Covariance of two mixtures of labelers; the truth is not random."""
        if len(one) > len(other):
            one, other = other, one
        total: Array | float = 0.0
        for k, a in one.items():
            if k != REAL:
                total = total + a * self._along(k, other)
        return total

    def _along(self, model: int, other: Shares) -> Array | float:
        """Covariance of a model and a mixture of labelers."""
        parts = [
            (b, self._covariance[(model, u) if model <= u else (u, model)])
            for u, b in other.items()
            if u != REAL
        ]
        if len(parts) >= _MANY and not any(isinstance(b, np.ndarray) for b, _ in parts):
            values = np.concatenate([values for _, values in parts])
            shares = np.array([b for b, _ in parts])
            return (shares @ values.reshape(shares.size, -1)).reshape(self.shape)
        return sum(b * values for b, values in parts)

    def risk(self, model: int) -> tuple[Array, Array]:
        """Bias and variance of a model in the metric of the test inputs, each of shape (n_plans,)."""
        missed = self.whole((1 - self.filters[model]) ** 2)
        bias = missed @ self._energy
        return bias, self._covariance[model, model] @ self.spectrum

    def whole(self, values: Array | float) -> Array:
        """Values for every plan and eigenvalue."""
        if isinstance(values, np.ndarray) and values.shape == self.shape:
            return values
        return values + np.zeros(self.shape)

    def related(self, one: int, other: int) -> bool:
        """Whether the covariance of two models is known: not if one of them labels no later model."""
        pair = (min(one, other), max(one, other))
        return REAL in pair or pair in self._covariance

    def diverges(self, shares: Shares) -> bool:
        """Whether a labeler's risk is infinite."""
        return any(
            number != REAL and not np.isfinite(self._covariance[number, number]).all()
            for number in shares
        )

    def agree(self, labelers: Sequence[Shares]) -> bool:
        """Whether several labelers are surely one and the same vector."""
        first = labelers[0]
        return all(
            shares == first
            or (
                np.all(self.mean(shares) == self.mean(first))
                and not np.any(self.covariance(shares, shares))
                and not np.any(self.covariance(first, first))
            )
            for shares in labelers
        )

    def all_exact(self, shares: Shares) -> bool:
        """Whether the moments of every labeler are exact at finite size."""
        return all(self.exact[number] for number in shares)
