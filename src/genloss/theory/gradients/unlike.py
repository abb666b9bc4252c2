"""A spectral filter on new rows of several weights, covariances, lengths or labels, backwards (`filters.md`).

It is a sum of ridge fits of complex penalties, ``A = 2 Re sum_k c_k kept_k``, and its variance is a sum over pairs
of them that is linear in the labels' noise and in ``gap_s(k, l) = <s_s, E (x_s - kept_k)(x_s - kept_l)>``.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from genloss.steps import Step
from genloss.theory.filters.sources import Sources
from genloss.theory.gradients.differences import beside
from genloss.theory.gradients.heard import Heard

Array = npt.NDArray[np.float64]


class Unlike(Heard):
    """One fit."""

    @cached_property
    def _own(self) -> Sources:
        return self._filtered(self._step)

    def _mapped(self, step: Step, by: Array, noise: Array, second: Array) -> tuple[Array, Array]:
        own = beside(self._own, self._step, step, self._filtered)
        source = own.pairs.kinds.source
        return own.law(by[source], noise[source], second)

    def _filtered(self, step: Step) -> Sources:
        return Sources.of(step, self._directions, self._tails)

    def _back(self, of_shares: Array, of_gain: Array) -> tuple[Array, Array, Array]:
        pairs, space, coefficients = self._own.pairs, self._own.space, self._own.coefficients
        kinds, half, second = pairs.kinds, pairs.size, self._second
        by = self._told[kinds.source]
        kept = self._own.kept(by)
        traced = space.weighed(pairs.q[:half], pairs.q, of_gain)
        heard = pairs.heard(coefficients, coefficients, traced)
        of_noise = heard.real.sum(axis=(0, 1))
        of_by, of_second = np.zeros_like(by), np.zeros_like(second)
        of_kept = np.zeros_like(kept)
        of_kept[:half] = 2 * coefficients[:, None, None] * of_shares
        for s, (shape, length) in enumerate(zip(kinds.shape, kinds.length, strict=True)):
            sigma, of_gap = space.sigma[shape], length * heard[..., s]
            away = by[s][:, None] - kept
            right = np.tensordot(of_gap, away, 1)
            left = np.tensordot(of_gap.T, away[:half], 1)
            of_second += np.einsum("ktp,kup->tup", away[:half], right).real * sigma
            of_away = np.einsum("tup,lup->ltp", second, left) * sigma
            of_away[:half] += np.einsum("tup,kup->ktp", second, right) * sigma
            of_kept -= of_away
            of_by[s] = of_away.real.sum(axis=(0, 2))
        loud = np.einsum("cp,kp,ktp->kct", space.sigma, pairs.q, of_kept)[:, kinds.shape]
        strength = pairs.e * (kinds.number * kinds.loud)
        of_by += (strength[..., None] * loud).real.sum(axis=0)
        sources = np.arange(len(self._step.blocks))[:, None] == kinds.source
        return sources @ of_by, sources @ of_noise, of_second
