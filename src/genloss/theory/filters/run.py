"""Models on one design, each by ridge or a filter, in any number: all are functions of one matrix S.

A model of the run is ``sum_k F_k(S) theta_k + sum_j G_j(S) X'e_j / n`` over labelers k from outside the run and label
noises j inside it. Both are kept as values at the places of one contour (`filters.md`), where a fit multiplies them by its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.filters.contour import Contour
from genloss.theory.filters.edge import upper_edge
from genloss.theory.labelers import Group
from genloss.theory.moments import Moments

Array = npt.NDArray[np.float64]


def contour_of(directions: Spectrum, steps: Sequence[Step]) -> Contour:
    """A contour that is enough for each model of a run, and for all of them one after the other.

    Raises
    ------
    InvalidInputError
        If the steps of a filter would explode.
    NoTheoryError
        If they are no sums of few ridge fits.
    """
    n, weight = float(steps[0].rows), steps[0].blocks[0].weight
    top = upper_edge(directions, n)
    poles = []
    for step in steps:
        if step.filter is None:
            poles.append(step.penalty / weight)
            continue
        step.filter.check(weight * top, weight * directions.trace, step.penalty)
        if (pole := step.filter.pole(step.penalty)) is not None:
            poles.append(pole / weight)

    kinds = Counter((step.filter, step.penalty) for step in steps)
    among = {(step.filter, step.penalty): step for step in steps}

    def all_and_each(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        each = np.array([values_of(step, x) for step in among.values()])
        often = np.array([kinds[kind] for kind in among])
        return np.array([np.prod(each ** often[:, None], axis=0), *each])

    return Contour.around(directions, n, all_and_each, min(poles, default=None), top)


class DesignRun:
    """The models of ``steps``, all fitted on the rows of the first, labelled anew from one source."""

    def __init__(self, moments: Moments, steps: Sequence[Step]) -> None:
        self._moments, self._steps = moments, steps
        self._contour = contour_of(moments.directions, steps)
        self._filters: dict[int, Array] = {}
        self._beyond: dict[int, dict[int, Array | float]] = {}
        self._terms: dict[int, dict[int, Array]] = {}
        self._noises: dict[int, Array] = {}
        self._variances: list[float] = []

    def fit(self, rows: Group, step: Step) -> None:
        """Fit the next model of the run."""
        contour, values = self._contour, values_of(step, self._contour.x)
        terms: dict[int, Array] = {}
        noises = np.zeros((len(self._variances) + 1, contour.x.size))
        for labeler, share in rows.labeler.items():
            known = self._terms.get(labeler)
            if known is None:
                self._meet(labeler)
                known = {labeler: np.ones_like(contour.x)}
            else:
                noises[: len(self._noises[labeler])] += share * self._noises[labeler]
            for k, term in known.items():
                terms[k] = terms.get(k, 0.0) + share * values * term
        noises *= values
        noises[-1] = values
        model = step.model
        self._variances.append(float(rows.variance[0, 0]))
        self._terms[model], self._noises[model] = terms, noises
        self._moments.record(
            model,
            self._mean(model),
            np.maximum(self._covariance(model, model), 0.0),
            lambda u: (
                self._covariance(model, u)
                if u in self._terms
                else self._covariance_beyond(model, u)
            ),
            exact=False,
        )
        gone = [each.model for each in self._steps if each.last_use <= model]
        for older in gone:
            self._terms.pop(older, None)
            self._noises.pop(older, None)

    def _meet(self, labeler: int) -> None:
        """Take in a labeler from outside, which the moments may forget while the run descends from it."""
        if labeler in self._filters:
            return
        moments = self._moments
        if moments.diverges({labeler: 1.0}):
            raise NoTheoryError(
                f"model {labeler} has no mean error and labels a design again and again; genloss.simulate runs it"
            )
        self._filters[labeler] = moments.whole(moments.filters[labeler])
        self._beyond[labeler] = {
            u: moments.covariance({labeler: 1.0}, {u: 1.0})
            for u in moments.filters
            if moments.related(labeler, u)
        }

    def _mean(self, model: int) -> Array:
        terms = self._terms[model].items()
        parts = [self._contour.mean(term) * self._filters[k] for k, term in terms]
        return np.asarray(sum(parts))

    def _covariance(self, model: int, other: int) -> Array:
        contour, moments = self._contour, self._moments
        total = np.zeros(moments.shape)
        for k, one in self._terms[model].items():
            for u, two in self._terms[other].items():
                spread = moments.whole(self._beyond[k].get(u, self._beyond[u].get(k, 0.0)))
                energy = moments.signal * self._filters[k] * self._filters[u] + spread
                total += contour.mean(one) * contour.mean(two) * spread
                total += contour.spread(one, two, energy[0])
        count = len(self._noises[other])
        variances = np.array(self._variances[:count])[:, None]
        both = (variances * self._noises[model][:count] * self._noises[other]).sum(axis=0)
        own = contour.directions.multiplicity * contour.mean(both / contour.x) / contour.n
        return np.asarray(total + own)

    def _covariance_beyond(self, model: int, other: int) -> Array | float:
        """Covariance with a model from outside the run, on which the design does not depend."""
        terms = self._terms[model].items()
        return sum(self._contour.mean(term) * self._beyond[k].get(other, 0.0) for k, term in terms)


def values_of(step: Step, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """What a fit makes of the eigenvalue x of the rows' covariance, weights not counted."""
    loud = step.blocks[0].weight * x
    if step.filter is None:
        return np.asarray(loud / (loud + step.penalty))
    return np.asarray(step.filter.shrink(loud, step.penalty))
