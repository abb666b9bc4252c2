"""Least squares on stacked rows of several labelers, backwards (`genloss.theory.stacking`).

The model is the labelers' average over the rows and noise of variance

    noise**2 gain + sum_kl (x_kl - pi_k pi_l) E theta_k theta_l + y_kl <s, E theta_k theta_l> / s ,

in which rows decide all numbers: what they move there is told apart by differences.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.gradients.differences import STEP
from genloss.theory.gradients.fields import OfFields
from genloss.theory.gradients.found import Slopes
from genloss.theory.labelers import Group
from genloss.theory.stacking import pair_constants

Array = npt.NDArray[np.float64]


class _Numbers(NamedTuple):
    """Parts of the rows (K,), what is left of x and y (K, K), mean noise, and 1 / (n - d - 1)."""

    part: Array
    x: Array
    y: Array
    noise: float
    gain: float
    total: float


class Stacked(OfFields):
    """One fit to more rows than directions, and two; of a covariance of their own, where one labeler says all.

    Parameters
    ----------
    directions : Spectrum
    step : Step
    along : sequence of int
        Models that label later ones, as this one does.
    """

    def __init__(self, directions: Spectrum, step: Step, along: Sequence[int]) -> None:
        super().__init__(directions, step, along)
        own = step.blocks[0].covariance
        self._s = directions.eigenvalues if own is None else np.array(own)
        self._of = [self._fields.index(block.shares) for block in step.blocks]
        self._rows = np.array([float(block.rows) for block in step.blocks])
        self._loud = np.array([block.noise**2 for block in step.blocks])
        self._own = self._numbers(self._rows)

    def _numbers(self, rows: Array) -> _Numbers:
        total, dim = float(rows.sum()), self._directions.dim
        each = np.bincount(self._of, rows)
        members = [Group(n, {}, np.zeros(1)) for n in each]
        x, y = (np.array(table, float) for table in pair_constants(members, np.array(total), dim))
        part = each / total
        noise = float(rows @ self._loud) / total
        return _Numbers(part, x - np.outer(part, part), y, noise, 1 / (total - dim - 1), total)

    def _gain(self, own: _Numbers) -> Array:
        inverse = self._directions.multiplicity / self._s
        if self._directions.constant:
            inverse[-1] *= 1 - 2 / own.total
        return np.asarray(own.gain * inverse)

    def _law(self, second: Array) -> tuple[Array, Array]:
        own, self._second = self._own, second
        s, count = self._s, self._directions.multiplicity
        gain = own.noise * self._gain(own) + np.tensordot(own.x, second, 2)
        gain += float(np.sum(own.y * (second @ s))) * count / s
        return np.repeat(own.part[:, None], s.size, axis=1), gain

    def _implicit(self, of_shares: Array, of_gain: Array) -> tuple[Array, Slopes]:
        own, second = self._own, self._second
        s, count = self._s, self._directions.multiplicity
        spread = float(of_gain @ (count / s))
        of_second = own.x[..., None] * of_gain + (spread * own.y)[..., None] * s
        of_part, of_x, of_y = of_shares.sum(axis=1), second @ of_gain, spread * (second @ s)

        def whole(rows: Array) -> float:
            made = self._numbers(rows)
            heard = made.noise * float(of_gain @ self._gain(made))
            return float(made.part @ of_part + np.sum(made.x * of_x + made.y * of_y)) + heard

        steps = STEP * np.minimum(self._rows, 1 / own.gain)  # of which the mean needs some to spare
        n = np.array([whole(self._rows + by) - whole(self._rows - by) for by in np.diag(steps)])
        n /= 2 * steps
        of_noise = self._rows / own.total * float(of_gain @ self._gain(own))
        # one weight of all rows says nothing, and those of some make another formula
        weight = np.zeros(1) if n.size == 1 else np.full(n.size, np.nan)
        return of_second, Slopes(n, weight, of_noise, np.empty(0), np.nan)
