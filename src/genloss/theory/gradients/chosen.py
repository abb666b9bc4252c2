"""A fit that chooses its penalty by the errors of rows left out, forwards and backwards (`theory.md` 2.2).

The penalty hangs on three such errors about the least one (`genloss.retuning`), and on the unit of all that are tried,
the mean of weight times trace over the rows: slopes in it are handed on through these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from genloss.equivalents import solve
from genloss.retuning import Choice, choice
from genloss.spectrum import Spectrum
from genloss.theory import retuned
from genloss.theory.gradients.found import Slopes
from genloss.theory.gradients.tape import Tape
from genloss.theory.gradients.weighted import Weighted
from genloss.theory.weighted import Labels

Array = npt.NDArray[np.float64]
On_contra = TypeVar("On_contra", contravariant=True)
"""A tape."""


class Left(Protocol[On_contra]):
    """A fit of one penalty, on a tape of its kind."""

    n: Array
    weight: Array

    def back_from_left_out(self, tape: On_contra, times: float) -> Slopes:
        """Hand slopes in its error of rows left out on to the labelers."""


def through_choice(
    tape: On_contra,
    fit: Left[On_contra],
    slopes: Slopes,
    chosen: Choice,
    made: Callable[[float], Left[On_contra]],
    traces: Array,
) -> Slopes:
    """Slopes of a fit, with those in its penalty handed on to what chose it.

    ``made`` is the fit of any penalty, to sources whose covariances have these ``traces``.
    """
    by_penalty = slopes.penalty * chosen.penalty
    of_unit = by_penalty  # in the logarithm
    for penalty, slope in zip(chosen.tried.tolist(), chosen.slopes.tolist(), strict=True):
        each = made(penalty).back_from_left_out(tape, by_penalty * slope)
        of_unit += each.penalty * penalty
        slopes = slopes.plus(each)
    total, loud = fit.n.sum(), fit.weight * traces
    unit = fit.n @ loud / total
    n = slopes.n + of_unit * (loud / unit - 1) / total
    weight = slopes.weight + of_unit * fit.n * traces / (unit * total)
    return slopes._replace(n=n, weight=weight, penalty=0.0)


class Chosen:
    """One fit along the problem's directions.

    Parameters
    ----------
    made : callable
        The fit of a penalty, and of its effective one where that is known.
    directions : Spectrum or None
        Those of the problem, where all rows have its covariance and one weight.
    """

    def __init__(self, made: Callable[..., Weighted], directions: Spectrum | None) -> None:
        self._any, self._directions = made(1.0), directions
        self.model, self.labelers = self._any.model, self._any.labelers
        self._bare = made

    def _made(self, penalty: float) -> Weighted:
        if self._directions is None:
            return self._bare(penalty)
        some = self._any
        lam, n = np.array([penalty / some.weight[0]]), np.array([some.n.sum()])
        return self._bare(penalty, float(solve(self._directions, lam, n).kappa[0]))

    def forward(self, tape: Tape) -> None:
        """Add the model to the tape."""
        some = self._any
        self._choice = choice(self._errors(some, some.said(tape)), some.rows.trace)
        self._fit = self._made(self._choice.penalty)
        self._fit.forward(tape)

    def _errors(self, fit: Weighted, second: Array) -> Callable[[Array], Array]:
        """Errors ``n omega @ tau**2`` of penalties, from second moments of the labelers."""
        if self._directions is not None:
            rows = fit.n / fit.n.sum()
            bar = rows @ fit.shares
            away = fit.shares - bar
            apart = np.einsum("sk,kli,sl,s,i->", away, second, away, rows, fit.rows.sigma[0])
            floor = float(rows @ fit.noise + apart)
            energy = np.einsum("k,kli,l->i", bar, second, bar)
            error = retuned.errors(self._directions, float(fit.n.sum()), floor, energy)
            loud = float(fit.n @ fit.weight)
            return lambda tried: loud * error(tried / fit.weight[0])
        sources = np.einsum("sk,kli,tl->sti", fit.shares, second, fit.shares, optimize=True)
        labels = Labels(fit.noise, np.eye(fit.n.size), sources)
        return lambda tried: fit.rows.left_out(labels, tried)

    def backward(self, tape: Tape) -> Slopes:
        """Hand slopes on to the labelers."""
        slopes, rows = self._fit.backward(tape), self._fit.rows
        traces = rows.sigma @ rows.multiplicity
        return through_choice(tape, self._fit, slopes, self._choice, self._made, traces)
