"""One filtered fit on fresh rows: mean, spread and noise of the model (`filters.md`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.filters import Filter
from genloss.spectrum import Spectrum
from genloss.theory.filters.contour import Contour
from genloss.theory.filters.edge import upper_edge
from genloss.theory.filters.one_pass import OnePass

Array = npt.NDArray[np.float64]

_FEW = 8  # directions of which a table of answers is quicker than asking again


@dataclass(frozen=True, eq=False)
class Filtered:
    """A spectral filter on ``n`` fresh rows; arrays of shape (p,).

    Attributes
    ----------
    contour : Contour
    values : ndarray of shape (m,)
        ``x g(x)`` at its places.
    """

    contour: Contour
    values: Array

    @cached_property
    def shrink(self) -> Array:
        """The mean fit is shrink times the labeler."""
        return self.contour.mean(self.values)

    @cached_property
    def noise_gain(self) -> Array:
        """Variance per unit of the label noise's, summed over equal directions."""
        contour = self.contour
        return (
            contour.directions.multiplicity * contour.mean(self.values**2 / contour.x) / contour.n
        )

    def _spread(self, energy: Array) -> Array:
        return self.contour.spread(self.values, self.values, energy)

    @cached_property
    def _echo(self) -> Array:
        """Variance per unit of every second moment."""
        return np.array([self._spread(one) for one in np.eye(self.shrink.size)]).T

    def variance(self, energy: Array, spread: Array, noise: float) -> Array:
        """Variance of the fit, from the labeler's second moments and variance and that of the label noise."""
        few = energy.size <= _FEW
        own = self._echo @ energy if few else self._spread(energy)
        return np.asarray(self.shrink**2 * spread + own + noise * self.noise_gain)

    def heard(self, weights: Array) -> tuple[Array, float]:
        """Slopes of ``weights @ variance`` in the energy and in the noise: but for counts, as it was heard."""
        loud = self.contour.directions.multiplicity * weights
        echo = self.contour.spread_of_each(self.values, self.values, loud)
        return echo, float(weights @ self.noise_gain)


def filtered(
    directions: Spectrum, n: float, filter_: Filter, penalty: float, weight: float = 1.0
) -> Filtered | OnePass:
    """Theory of one fit on ``n`` fresh rows of one weight.

    Raises
    ------
    InvalidInputError
        If the steps of the filter would explode.
    NoTheoryError
        If it is no sum of few ridge fits.
    """
    edge, trace = upper_edge(directions, n), directions.trace
    top = edge if filter_.spectral else float(directions.eigenvalues.max())
    filter_.check(weight * top, weight * trace, penalty)
    if filter_.kind == "sgd":
        return OnePass(directions, n, filter_.step, penalty, weight)  # type: ignore[attr-defined]
    if not filter_.spectral:
        raise not_spectral(filter_)

    def values(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.asarray(filter_.shrink(weight * x, penalty))

    pole = filter_.pole(penalty)
    contour = Contour.around(directions, n, values, None if pole is None else pole / weight, edge)
    return Filtered(contour, values(contour.x))


def not_spectral(filter_: Filter) -> NoTheoryError:
    """The error for a filter of which theory knows nothing."""
    return NoTheoryError(
        f"no formula knows the filter {filter_.kind!r}, which is not spectral; genloss.simulate runs it"
    )
