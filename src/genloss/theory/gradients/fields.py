"""A fit to new rows whose labels come from fields: each a sum of labelers with shares, that a source names.

The model is ``sum_k A_k field_k`` and noise of variance g, both functions of second moments of the fields, and of
numbers of the sources. A kind of fit says these, and what slopes in A and g are in them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL
from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.gradients.found import Slopes
from genloss.theory.gradients.tape import Tape
from genloss.theory.moments import Shares

Array = npt.NDArray[np.float64]


class OfFields(ABC):
    """One fit.

    Parameters
    ----------
    directions : Spectrum
    step : Step
    along : sequence of int
        Models that label later ones, as this one does.
    fields : sequence of mapping, optional
        Shares of the labelers in each field; default: what sources say, each thing once.
    """

    def __init__(
        self,
        directions: Spectrum,
        step: Step,
        along: Sequence[int],
        fields: Sequence[Shares] | None = None,
    ) -> None:
        if fields is None:
            said = [block.shares for block in step.blocks]
            fields = [each for k, each in enumerate(said) if each not in said[:k]]
        self._directions, self.model, self._step = directions, step.model, step
        self._along, self._fields = along, fields
        self.labelers = list(dict.fromkeys(u for block in step.blocks for u in block.shares))
        self._names = list(dict.fromkeys(u for field in self._fields for u in field))
        # fields from labelers
        self._by = np.array([[each.get(u, 0.0) for u in self._names] for each in self._fields])

    @abstractmethod
    def _law(self, second: Array) -> tuple[Array, Array]:
        """A (k, p) and g (p,) from second moments (k, k, p) of the fields."""

    @abstractmethod
    def _implicit(self, of_shares: Array, of_gain: Array) -> tuple[Array, Slopes]:
        """Slopes in these second moments, and in the numbers of the sources: of shares in those of a class alone, if at all."""

    def forward(self, tape: Tape) -> None:
        """Add the model to the tape."""
        mean, spread, second = self._said(tape)
        self._shares, gain = self._law(second)
        variance = np.einsum("kp,lp,klp->p", self._shares, self._shares, spread) + gain
        tape.filters[self.model] = (self._shares * mean).sum(axis=0)
        tape.covariance[self.model, self.model] = variance
        for u in self._along:
            tape.put(u, self.model, (self._shares * self._with(tape, u)).sum(axis=0))

    def _said(self, tape: Tape) -> tuple[Array, Array, Array]:
        """Filters (k, p), covariances and second moments (k, k, p) of the fields."""
        by, names = self._by, self._names
        mean = by @ np.array([tape.filters[u] for u in names])
        spread = np.array([[tape.spread(u, v) for v in names] for u in names])
        spread = by @ np.tensordot(by, spread, 1)
        return mean, spread, tape.directions.energy * mean[:, None] * mean + spread

    def _with(self, tape: Tape, other: int) -> Array:
        """Covariances of the fields with a model, (k, p)."""
        return np.asarray(self._by @ np.array([tape.spread(u, other) for u in self._names]))

    def backward(self, tape: Tape) -> Slopes:
        """Hand slopes on to the labelers."""
        shares = self._shares
        mean, spread, _ = self._said(tape)
        of_filter, of_variance, of_along = tape.asked(self.model, self._along)
        of_shares = of_filter * mean + 2 * of_variance * np.einsum("lp,klp->kp", shares, spread)
        for u, slope in of_along.items():
            of_shares += slope * self._with(tape, u)
        of_second, slopes = self._implicit(of_shares, of_variance)

        of_spread = of_variance * shares[:, None] * shares + of_second
        by_mean = tape.directions.energy * (of_second + of_second.swapaxes(0, 1))
        of_mean = of_filter * shares + (by_mean * mean).sum(axis=1)
        of_field = self._to_labelers(tape, of_mean, of_spread, of_along)
        by_source = np.zeros((len(self._step.blocks), len(self.labelers)))
        told = set[int]()
        for place, block in enumerate(self._step.blocks):
            asked = block.shares
            if asked not in self._fields and REAL in asked:  # a class, which is no value of a field
                asked = {u: share for u, share in asked.items() if u != REAL}
                if slopes.shares.size:
                    by_source[place, self.labelers.index(REAL)] = slopes.shares[place]
            # sources of one labeler share its field, of which the first of them has the slope
            if asked in self._fields and (k := self._fields.index(asked)) not in told:
                told.add(k)
                columns = [self._names.index(u) for u in asked]
                own = [self.labelers.index(u) for u in asked]
                by_source[place, own] = of_field[k, columns]
        return slopes._replace(shares=by_source)

    def _to_labelers(
        self, tape: Tape, of_mean: Array, of_spread: Array, of_along: dict[int, Array]
    ) -> Array:
        """Hand slopes in fields on; slopes in the shares of labelers in fields."""
        by, names = self._by, self._names
        filters = np.array([tape.filters[u] for u in names])
        spread = np.array([[tape.spread(u, v) for v in names] for u in names])
        both = np.einsum("klp,lv->kvp", of_spread + of_spread.swapaxes(0, 1), by)
        of_field = of_mean @ filters.T + np.einsum("kvp,uvp->ku", both, spread)
        of_labelers = by.T @ np.tensordot(by.T, of_spread, 1)
        for i, u in enumerate(names):
            tape.add_filter(u, by[:, i] @ of_mean)
            for j, v in enumerate(names):
                tape.add_spread(u, v, of_labelers[i, j])
            for other, slope in of_along.items():
                handed = slope * (by[:, i] @ self._shares)
                tape.add_spread(u, other, handed)
                of_field[:, i] += (slope * self._shares) @ tape.spread(u, other)
        return of_field
