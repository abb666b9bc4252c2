"""Spectral filters on new rows beside a constant that nothing shrinks (`theory.md` 2.9, `filters.md`).

Rows apart from their mean are a row fewer, and a constant is what the mean row's label leaves: all of the labeler's,
and the error there over the number of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from genloss.covariances import Covariance
from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.filters.fresh import Filtered, filtered
from genloss.theory.filters.kinds import Kinds
from genloss.theory.filters.nodes import Nodes

Array = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]

_OUT = 1e4
"""Largest eigenvalues between the spectrum of the inputs and a ridge fit that keeps constants alone."""


@dataclass(frozen=True, eq=False)
class BesideConstant:
    """A filter on ``n`` fresh rows of one kind; the constant is the last of its directions.

    Attributes
    ----------
    inputs : Filtered or None
        That on the rows apart from their mean; None where there are none.
    """

    inputs: Filtered | None
    spectrum: Array
    n: float

    @classmethod
    def of(cls, directions: Spectrum, step: Step) -> BesideConstant:
        """The filter of a step on its rows, whoever labels them."""
        assert step.filter is not None
        n, s = step.rows, directions.eigenvalues
        if n == 1:
            return cls(None, s, 1.0)
        weight = step.blocks[0].weight * (n - 1) / n
        own = filtered(directions.without_constant, n - 1, step.filter, step.penalty, weight)
        assert isinstance(own, Filtered)
        return cls(own, s, float(n))

    @cached_property
    def shrink(self) -> Array:
        """The mean fit is shrink times the labeler."""
        if self.inputs is None:
            return np.append(np.zeros(self.spectrum.size - 1), 1.0)
        return np.append(self.inputs.shrink, 1.0)

    def variance(self, energy: Array, spread: Array, noise: float, contrast: float = 0.0) -> Array:
        """Variance of the fit, from the labeler's second moments and variance and that of the label noise.

        ``contrast`` is how far constants of labelers are from their mean, squared, in the mean over the rows: rows
        apart from their mean have all of it, and the mean none.
        """
        s, kept, inside = self.spectrum[:-1], self.shrink[:-1], energy[:-1]
        own = 0 * inside
        if self.inputs is not None:
            heard = noise + contrast * self.n / (self.n - 1)
            own = self.inputs.variance(inside, spread[:-1], heard)
        missed = s @ (inside - 2 * kept * inside + kept**2 * (inside - spread[:-1]) + own)
        return np.append(own, spread[-1] + (missed + noise) / (self.n * self.spectrum[-1]))


def outside(nodes: Nodes, coefficients: Complex, edge: float) -> tuple[Nodes, Complex]:
    """A filter that is one far beyond the spectrum of the inputs, up to ``edge``, as a sum of one ridge fit more."""
    far = _OUT * edge * (1 + 1j)
    left = (1 - 2 * coefficients.real.sum()) / 2
    penalty = np.append(nodes.penalty, far)
    return nodes._replace(penalty=penalty), np.append(coefficients, left)


def unlike(kinds: Kinds, spectrum: Array) -> Kinds:
    """Kinds of rows whose lengths leave the constant as it is: as many covariances as it takes."""
    if (kinds.length == 1).all():
        return kinds
    own: list[Covariance] = []
    for shape, length in zip(kinds.shape, kinds.length, strict=True):
        given = kinds.covariances[shape]
        values = np.array(spectrum if given is None else given)
        last = (-1,) * values.ndim
        longer = length * values
        longer[last] = values[last]
        own.append(
            tuple(map(tuple, longer.tolist())) if values.ndim > 1 else tuple(longer.tolist())
        )
    shapes = tuple(dict.fromkeys(own))
    where = np.array([shapes.index(each) for each in own])
    return kinds._replace(covariances=shapes, shape=where, length=np.ones_like(kinds.length))


def lost(kinds: Kinds) -> float:
    """The share of a constant's variance that is not there, as rows are fewer apart from their mean (2.9)."""
    share = kinds.number * kinds.weight
    return float(np.square(share / share.sum()) @ (1 / kinds.number))
