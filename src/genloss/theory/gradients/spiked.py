"""A spectral filter on rows that a rule keeps or that lie about class means, backwards (`filters.md`).

It sees of its rows how many there are, and moments of their labels along fields
(`genloss.theory.channels.squared_loss`). What second moments of the fields, noise and rows move in these numbers is
told apart by differences, as is what their number, the penalty and a weight move in the filter.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.theory.channels import NotFoundError
from genloss.theory.channels.squared_loss import Seen, seen, told
from genloss.theory.filters import spiked
from genloss.theory.filters.contour import Contour
from genloss.theory.gradients.found import Slopes
from genloss.theory.gradients.of_sources import OfSources
from genloss.theory.gradients.seen import by_said, in_sources, linear

Array = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]

_STEP = 1e-4  # of a number's logarithm, in differences of the second order


class Spiked(OfSources):
    """One fit to rows of one covariance and weight."""

    def _law(self, second: Array) -> tuple[Array, Array]:
        self._fit = self._fitted(second)
        self._rows = seen(self._fit)
        if self._rows.number < 1:
            raise NotFoundError(f"hardly a row of model {self.model} is kept")
        self._contour = spiked.around(self._directions, self._step, self._fit, self._rows)
        self._loud = spiked.loudness(self._step, self._rows)
        self._weights = spiked.weights_of(self._contour, self._step, self._loud)
        return spiked.solved(self._contour, self._weights, self._fit, self._rows)

    def _implicit(self, of_shares: Array, of_gain: Array) -> tuple[Array, Slopes]:
        of_second, of_seen = self._back(of_shares, of_gain)
        nodes, lam = self._contour.nodes, self._step.penalty

        def whole(number: float = 1.0, loud: float = 1.0, penalty: float = 1.0) -> float:
            """What is asked for, with some times these numbers."""
            contour, rows = self._contour, self._rows
            if number != 1:
                rows = rows._replace(number=number * rows.number)
                contour = Contour(self._directions, rows.number, nodes)
            step = self._step._replace(penalty=penalty * lam)
            weights = spiked.weights_of(contour, step, loud * self._loud)
            shares, gain = spiked.solved(contour, weights, self._fit, rows)
            return float(np.sum(of_shares * shares) + of_gain @ gain)

        up, down = (float(np.exp(by)) for by in (_STEP, -_STEP))
        by_loud = (whole(loud=up) - whole(loud=down)) / (2 * _STEP)
        by_number = (whole(number=up) - whole(number=down)) / (2 * _STEP) + by_loud
        of_seen = of_seen._replace(number=by_number / self._rows.number)
        penalty = (whole(penalty=up) - whole(penalty=down)) / (2 * _STEP * lam) if lam else 0.0

        valued = linear(of_seen)
        of_second += by_said(self._fit, valued)
        if not self._moving:
            unknown = np.full(len(self._sources), np.nan)
            return of_second, Slopes(unknown, unknown, unknown, np.empty(0), penalty)
        n, noise, real = in_sources(self._fit, self._step, valued)
        n -= by_loud / self._step.rows
        alone = len(self._sources) == 1  # of one source among others it would make them unlike
        weight = np.full(n.size, by_loud / self._step.blocks[0].weight if alone else np.nan)
        return of_second, Slopes(n, weight, noise, real, penalty)

    def _back(self, of_shares: Array, of_gain: Array) -> tuple[Array, Seen]:
        """Slopes in second moments, and in what is seen of the rows, but for their number."""
        contour, rows, fit, weights = self._contour, self._rows, self._fit, self._weights
        s, r, push, bend = contour.directions.eigenvalues, contour.resolvent, rows.push, rows.bend
        each = told(fit, rows, contour.kappa)
        of_taken = 2 * weights[:, None] * ((r * s) @ of_shares.T)
        of_said = np.zeros_like(each.said)
        of_second = np.zeros_like(fit.second)
        of_push, of_bend, of_square = np.zeros_like(push), np.zeros_like(bend), 0.0
        loud = of_gain * s * contour.directions.multiplicity
        for mirrored in (False, True):

            def turned(values: Complex, mirrored: bool = mirrored) -> Complex:
                return values.conj() if mirrored else values

            taken, said, theirs = turned(each.taken), turned(each.said), turned(r)
            pairs = 2 * np.outer(weights, turned(weights)) / contour.free[mirrored]
            heard = pairs * contour.across(loud, mirrored)
            one, other = heard.sum(axis=1), heard.sum(axis=0)
            of_square += float(one.sum().real)
            of_push -= (one @ each.said + other @ said).real
            of_bend += (each.said.T @ heard @ said).real
            of_said += heard @ said @ bend.T - one[:, None] * push
            of_said += turned(heard.T @ each.said @ bend - other[:, None] * push)
            for a, with_others in enumerate(fit.second):
                for b, energy in enumerate(with_others):
                    common = heard * contour.across(s**3 * energy, mirrored)
                    of_taken[:, a] += common @ taken[:, b]
                    of_taken[:, b] += turned(common.T @ each.taken[:, a])
                    right = heard @ (taken[:, b, None] * theirs)
                    of_second[a, b] += s**3 * (each.taken[:, a, None] * r * right).sum(axis=0).real
        # taken = push - bend said , said = (1 + gram bend)^-1 gram push
        of_push += of_taken.real.sum(axis=0)
        of_bend -= (of_taken.T @ each.said).real
        of_said -= of_taken @ bend
        shrink = s * r
        gram = np.einsum("abp,kp->kab", fit.second * s, shrink, optimize=True)
        system = np.eye(push.size) + gram @ bend
        back = np.linalg.solve(system.swapaxes(1, 2), of_said[..., None])[..., 0]
        along = np.einsum("kab,ka->kb", gram, back)
        of_push += along.real.sum(axis=0)
        of_bend -= (along.T @ each.said).real
        pulled = np.einsum("ka,kb,kp->abp", back, each.taken, shrink, optimize=True)
        of_second += pulled.real * s
        return of_second, Seen(0.0, of_push, of_bend, of_square)
