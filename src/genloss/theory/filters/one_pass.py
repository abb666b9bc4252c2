"""One pass of stochastic gradient descent: exact second moments at finite size, for Gaussian rows.

With C = E w^2, P = E w u, U = E u^2 per direction, u the labeler, D = C - 2P + U and rho = 1 - eta lam:

    C' = rho^2 C + 2 rho eta s (P - C) + eta^2 ( s sum_j s_j D_j + 2 s^2 D + s noise^2 ) ,   P' = rho P + eta s (U - P)

(`filters.md`). The one sum couples the directions: within a chunk of steps it is a convolution.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.spectrum import Spectrum

Array = npt.NDArray[np.float64]

_CHUNK = 32  # steps that are solved at once


@dataclass(frozen=True, eq=False)
class OnePass:
    """``n`` steps from zero, each on a fresh row; a part of a row is a chance that it is there.

    Attributes
    ----------
    directions : Spectrum
    n : float
    step, penalty, weight : float
        Rows of a weight are rows times its root.
    """

    directions: Spectrum
    n: float
    step: float
    penalty: float
    weight: float

    @cached_property
    def _s(self) -> Array:
        return self.weight * self.directions.eigenvalues

    @cached_property
    def shrink(self) -> Array:
        """The mean fit is shrink times the labeler."""
        pull = self.step * self._s
        return np.asarray(pull * (1 - self._gone) / (1 - self._keep))

    @property
    def _whole(self) -> int:
        return int(self.n)

    @property
    def _part(self) -> float:
        return self.n - self._whole

    @property
    def _gone(self) -> Array:
        """What is left of where the mean fit starts."""
        keep = self._keep
        return np.asarray(keep**self._whole * (1 - self._part * (1 - keep)))

    @property
    def _keep(self) -> Array:
        return 1 - self.step * (self.penalty + self._s)

    def variance(self, energy: Array, spread: Array, noise: float) -> Array:
        """Variance of the fit, from the labeler's second moments and variance and that of the label noise."""
        second = self._second(energy, self.weight * noise)
        # less the squared mean fit of the labeler's own mean
        return np.asarray(second - self.shrink**2 * (energy - spread))

    @cached_property
    def _chunk(self) -> _Chunk:
        s, count, eta = self._s, self.directions.multiplicity, self.step
        rho, keep, pull = 1 - eta * self.penalty, self._keep, self.step * self._s
        own = rho**2 - 2 * rho * pull + 2 * pull**2  # of C in the next C
        heard = eta**2 * s * count  # of sum_j s_j D_j in the next C
        size = min(_CHUNK, max(self._whole, 1))
        of_own, of_keep = _powers(own, size + 1), _powers(keep, size + 1)
        # in a chunk C_k = own^k C_0 + sum_{l<k} own^(k-1-l) (fixed - left keep^l + heard q_l)
        echo = of_own[:-1] @ (s * heard)
        lags = np.subtract.outer(np.arange(size), np.arange(size)) - 1
        back = np.where(lags >= 0, echo[np.maximum(lags, 0)], 0.0)
        solve = np.asarray(np.linalg.inv(np.eye(size) - back), dtype=float)
        sums, mixed = np.zeros((2, size + 1, s.size))
        for k in range(size):
            sums[k + 1] = own * sums[k] + 1
            mixed[k + 1] = own * mixed[k] + of_keep[k]
        still, of_p = pull / (1 - keep), 2 * rho * pull - 4 * pull**2
        return _Chunk(size, still, of_p, heard, of_own, of_keep, sums, mixed, solve)

    def _second(self, energy: Array, noise: float) -> Array:
        """C after all steps; ``energy`` is U, summed over equal directions as C is."""
        s, pull = self._s, self.step * self._s
        size, still, of_p, heard, of_own, of_keep, sums, mixed, solve = self._chunk
        still = still * energy  # where P settles: P_k = still (1 - keep**k)
        fixed = of_p * still + 2 * pull**2 * energy + heard * noise
        always = sums[:-1] @ (s * fixed) + s @ (energy - 2 * still)
        fading = (2 * of_keep[:-1] - of_p * mixed[:-1]) * (s * still)  # with what P has yet to go
        c, gone = np.zeros_like(s), np.ones_like(s)
        for first in range(0, self._whole, size):
            steps = min(size, self._whole - first)
            left = of_p * still * gone
            known = of_own[:-1] @ (s * c) + fading @ gone + always
            q = (solve @ known)[:steps]
            c = (
                of_own[steps] * c
                + sums[steps] * fixed
                - mixed[steps] * left
                + heard * (q[::-1] @ of_own[:steps])
            )
            gone = gone * of_keep[steps]
        if self._part:
            p = still * (1 - gone)
            after = of_own[1] * c + heard * (s @ (c - 2 * p + energy) + noise)
            after += of_p * p + 2 * pull**2 * energy
            c = c + self._part * (after - c)
        return c

    def heard(self, weights: Array) -> tuple[Array, float]:
        """Slopes of ``weights @ variance`` in the energy and in the noise: the same steps backwards."""
        s, pull = self._s, self.step * self._s
        size, still, of_p, heard, of_own, of_keep, sums, mixed, solve = self._chunk
        # sums over the steps of the slope in C, of what q has of it, and of both times keep^k
        total, fading, heard_total, heard_fading = np.zeros((4, s.size))
        c, last, of_noise = weights, np.zeros_like(s), 0.0
        if self._part:
            loud = self._part * float(heard @ weights)
            of_p_last = self._part * of_p * weights - 2 * loud * s
            last = self._part * 2 * pull**2 * weights + loud * s
            last += still * (1 - of_keep[1] ** self._whole) * of_p_last
            c = weights + self._part * (of_own[1] * weights - weights) + loud * s
            of_noise = loud
        for first in range(0, self._whole, size):
            steps = min(size, self._whole - first)
            q = (solve @ (of_own[:-1] @ (heard * c)))[:steps]
            ahead = of_keep[1] ** (self._whole - first - steps)
            back = q[::-1]
            total += sums[steps] * c + s * (back @ sums[:steps])
            fading += ahead * (mixed[steps] * c + s * (back @ mixed[:steps]))
            heard_total += q.sum()
            heard_fading += ahead * (back @ of_keep[:steps])
            c = of_own[steps] * c + s * (back @ of_own[:steps])
        of_energy = (of_p * still + 2 * pull**2) * total - of_p * still * fading
        of_energy += s * ((1 - 2 * still) * heard_total + 2 * still * heard_fading)
        of_energy += last - self.shrink**2 * weights
        return of_energy, self.weight * (float(heard_total[0]) + of_noise)


class _Chunk(NamedTuple):
    """What every chunk of steps has: powers and sums of them are one row a step."""

    size: int
    still: Array
    of_p: Array
    heard: Array
    of_own: Array
    of_keep: Array
    sums: Array
    mixed: Array
    solve: Array


def _powers(base: Array, count: int) -> Array:
    """Powers 0 to count - 1, one a row."""
    rows = np.ones((count, base.size))
    np.cumprod(np.broadcast_to(base, (count - 1, base.size)), axis=0, out=rows[1:])
    return rows
