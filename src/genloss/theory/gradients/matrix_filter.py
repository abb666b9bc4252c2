"""A spectral filter on new rows of which some have a covariance matrix, backwards (`filters.md`).

As in `unlike`, but means are vectors, and what ridge fits keep of their labelers are matrices.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.steps import Step
from genloss.theory.filters.matrices import Matrices as Filtered
from genloss.theory.gradients.differences import beside, in_numbers
from genloss.theory.gradients.found import Slopes
from genloss.theory.gradients.matrices import Matrices, Tape, handed, spreads

Array = npt.NDArray[np.float64]


class MatrixFilter:
    """One fit."""

    def __init__(self, problem: Matrices, step: Step, penalty: float) -> None:
        self._problem, self._step = problem, step._replace(penalty=penalty)
        self.model, blocks = step.model, step.blocks
        self.labelers = list(dict.fromkeys(u for block in blocks for u in block.shares))
        self._shares = np.array([[b.shares.get(u, 0.0) for u in self.labelers] for b in blocks])
        self._own, self._along = self._filtered(self._step), list[int]()

    def _filtered(self, step: Step) -> Filtered:
        return Filtered.of(step, self._problem.spectrum, self._problem.tails)

    def _said(self, tape: Tape) -> tuple[Array, Array]:
        """Means (k, p) and covariances (k, k, p, p) of the labelers."""
        names = self.labelers
        spread = np.array([[tape.spread(u, v) for v in names] for u in names])
        return np.array([tape.means[u] for u in names]), spread

    def forward(self, tape: Tape, along: Sequence[int]) -> None:
        """Add the model to the tape, with its covariances with some others."""
        self._along, said = [*along], self._said(tape)
        found = self._own.fit(self._step, self._shares, *said)
        self._kept = found.kept
        tape.put(self.model, found.mean, found.own)
        for u in along:
            tape.relate(self.model, u, np.einsum("vij,vjk->ik", found.kept, spreads(tape, self, u)))

    def backward(self, tape: Tape) -> Slopes:
        """Hand slopes on to the labelers."""
        pairs, space, coefficients = self._own.pairs, self._own.space, self._own.coefficients
        kinds, half = pairs.kinds, pairs.size
        means, spread = self._said(tape)
        second = spread + means[:, None, :, None] * means[None, :, None, :]
        of_mean, of_own = tape.asked(self.model)
        by = self._shares[kinds.source]
        load = pairs.strength(by)
        kept = pairs.q[:, None] @ np.tensordot(load, space.sigma, 1)
        traced = space.weighed(pairs.q[:half], pairs.q, of_own)
        heard = pairs.heard(coefficients, coefficients, traced)
        of_by, of_second = np.zeros_like(by), np.zeros_like(second)
        of_kept = np.zeros_like(kept)
        one = np.eye(means.shape[1])
        for s, (shape, length) in enumerate(zip(kinds.shape, kinds.length, strict=True)):
            sigma, of_gap = space.sigma[shape], length * heard[..., s]
            away = by[s][:, None, None] * one - kept
            right = np.tensordot(of_gap, away, 1)
            left = np.tensordot(of_gap.T, away[:half], 1)
            loud = sigma @ away[:half]
            of_second += np.einsum("kvji,kujl->vuil", right, loud, optimize=True).real
            of_away = np.einsum("luij,uvjm->lvim", sigma @ left, second, optimize=True)
            of_away[:half] += np.einsum("kvij,vujm->kuim", sigma @ right, second, optimize=True)
            of_kept -= of_away
            of_by[s] = np.einsum("kuii->u", of_away).real
        of_pull = handed(tape, self, (of_mean, of_own), self._along, self._kept, of_second)
        of_kept[:half] += 2 * coefficients[:, None, None, None] * of_pull
        turned = np.swapaxes(pairs.q, 1, 2)[:, None] @ of_kept
        heard_by = np.einsum("cij,kuij->kcu", space.sigma, turned, optimize=True)[:, kinds.shape]
        strength = pairs.e * (kinds.number * kinds.loud)
        of_by += (strength[..., None] * heard_by).real.sum(axis=0)
        sources = np.arange(len(self._step.blocks))[:, None] == kinds.source
        of_noise = sources @ heard.real.sum(axis=(0, 1))

        def whole(step: Step) -> float:
            own = beside(self._own, self._step, step, self._filtered)
            found = own.fit(step, self._shares, means, spread)
            total = float(of_mean @ found.mean + np.sum(of_own * found.own))
            for u in self._along:
                between = np.einsum("vij,vjk->ik", found.kept, spreads(tape, self, u))
                total += float(np.sum(tape.slope_along(self.model, u) * between))
            return total

        n, weight, penalty = in_numbers(
            self._step, whole, moving=self._problem.moving, weighing=self._problem.weighing
        )
        return Slopes(n, weight, of_noise, sources @ of_by, penalty)
