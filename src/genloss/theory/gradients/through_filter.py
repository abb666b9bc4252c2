"""A fit to new rows by a spectral filter, forwards and backwards (`filters.md`).

With labels that sources give by x_s, on a share pi_s of the rows, and what they say on average, ``x = sum pi_s x_s``,

    mean = S x ,   variance = S**2 var(x) + K E x**2 + gain sum pi_s (noise_s**2 + <s, E (x_s - x)**2>) ,

where S, K and gain are functions of the rows' number, weight and penalty alone. What those three numbers move
is told by differences.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.filters.fresh import Filtered, filtered
from genloss.theory.filters.one_pass import OnePass
from genloss.theory.gradients.found import Slopes
from genloss.theory.gradients.tape import Tape

Array = npt.NDArray[np.float64]

_STEP = 1e-4  # of a number's logarithm, in differences of the second order


class ThroughFilter:
    """One fit.

    Parameters
    ----------
    directions : Spectrum
    step : Step
    penalty : float
    along : sequence of int
        Models that label later ones, as this one does.
    moving : bool
        Whether slopes in rows and weights are asked for; else they are NaN.
    """

    def __init__(
        self,
        directions: Spectrum,
        step: Step,
        penalty: float,
        along: Sequence[int],
        moving: bool,
    ) -> None:
        self._moving = moving
        self.model, self._directions, self._step = step.model, directions, step
        self._along, self._penalty = along, penalty
        blocks = step.blocks
        self.labelers = list(dict.fromkeys(u for block in blocks for u in block.shares))
        self._by = np.array([[b.shares.get(u, 0.0) for u in self.labelers] for b in blocks])
        self._rows = np.array([float(block.rows) for block in blocks])
        self._noise = np.array([block.noise**2 for block in blocks])
        self._part = self._rows / self._rows.sum()
        self._bar = self._part @ self._by
        self._away = self._by - self._bar
        self._own = self._fit()

    def _fit(self, n: float = 1.0, penalty: float = 1.0, weight: float = 1.0) -> Filtered | OnePass:
        """The filter with its numbers times some factors."""
        filter_ = self._step.filter
        assert filter_ is not None
        rows, loud = n * float(self._rows.sum()), weight * self._step.blocks[0].weight
        return filtered(self._directions, rows, filter_, penalty * self._penalty, loud)

    def _said(self, tape: Tape) -> tuple[Array, Array, Array, Array]:
        """Filters (k, p), covariances and second moments (k, k, p) of labelers, and how sources differ (S,)."""
        names = self.labelers
        filters = np.array([tape.filters[u] for u in names])
        spread = np.array([[tape.spread(u, v) for v in names] for u in names])
        second = tape.directions.energy * filters[:, None] * filters + spread
        told = second @ tape.directions.eigenvalues
        return filters, spread, second, np.einsum("su,uv,sv->s", self._away, told, self._away)

    def _law(self, tape: Tape, own: Filtered | OnePass) -> tuple[Array, Array, list[Array]]:
        """Filter, variance and covariances with others, of a filter with some numbers."""
        filters, spread, second, apart = self._said(tape)
        bar, noise = self._bar, float(self._part @ (self._noise + apart))
        mean, energy, own_spread = (
            bar @ filters,
            *(np.einsum("u,uvp,v->p", bar, each, bar) for each in (second, spread)),
        )
        between = [
            own.shrink * (bar @ np.array([tape.spread(v, u) for v in self.labelers]))
            for u in self._along
        ]
        return own.shrink * mean, own.variance(energy, own_spread, noise), between

    def forward(self, tape: Tape) -> None:
        """Add the model to the tape."""
        mean, variance, between = self._law(tape, self._own)
        tape.filters[self.model], tape.covariance[self.model, self.model] = mean, variance
        for u, each in zip(self._along, between, strict=True):
            tape.put(u, self.model, each)

    def backward(self, tape: Tape) -> Slopes:
        """Hand slopes on to the labelers."""
        s, bar, own, names = self._directions.eigenvalues, self._bar, self._own, self.labelers
        shrink = own.shrink
        filters, spread, second, apart = self._said(tape)
        of_filter, of_variance, of_along = tape.asked(self.model, self._along)
        echo, of_noise = own.heard(of_variance)
        of_mean, of_spread = shrink * of_filter, shrink**2 * of_variance

        # by labeler: what sources say on average, and what they differ by
        apart_by = np.einsum("s,su,sv->uv", self._part, self._away, self._away)
        of_second = np.outer(bar, bar)[..., None] * echo + of_noise * apart_by[..., None] * s
        by_mean = 2 * tape.directions.energy * np.einsum("uvp,vp->up", of_second, filters)
        heard = 2 * of_noise * np.einsum("su,uv->sv", self._away, second @ s)  # of a source's part
        of_bar = filters @ of_mean + 2 * np.einsum("uvp,v,p->u", second, bar, echo, optimize=True)
        of_bar += 2 * np.einsum("uvp,v,p->u", spread, bar, of_spread, optimize=True)
        for i, u in enumerate(names):
            tape.add_filter(u, bar[i] * of_mean + by_mean[i])
            for j, v in enumerate(names):
                tape.add_spread(u, v, bar[i] * bar[j] * of_spread + of_second[i, j])
            for other, slope in of_along.items():
                of_bar[i] += float((shrink * slope) @ tape.spread(u, other))
                tape.add_spread(u, other, bar[i] * shrink * slope)
        of_by = self._part[:, None] * (of_bar + heard - self._part @ heard)
        of_part = self._by @ (of_bar - self._part @ heard) + of_noise * (self._noise + apart)

        def whole(own: Filtered | OnePass) -> float:
            mean, variance, between = self._law(tape, own)
            others = zip(self._along, between, strict=True)
            along = sum(float(of_along[u] @ each) for u, each in others if u in of_along)
            return float(of_filter @ mean + of_variance @ variance) + along

        def by(name: str) -> float:
            """In the logarithm of a number."""
            up, down = (whole(self._fit(**{name: float(np.exp(h))})) for h in (_STEP, -_STEP))
            return (up - down) / (2 * _STEP)

        total = float(self._rows.sum())
        of_rows = (of_part - float(self._part @ of_part)) / total
        of_rows += by("n") / total if self._moving else np.nan
        # of one source among others it would make them unlike
        alone = self._moving and self._part.size == 1
        weight = by("weight") / self._step.blocks[0].weight if alone else np.nan
        penalty = by("penalty") / self._penalty if self._penalty else 0.0
        weights = np.full(self._part.size, weight)
        return Slopes(of_rows, weights, of_noise * self._part, of_by, penalty)
