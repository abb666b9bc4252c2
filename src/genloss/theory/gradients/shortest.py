"""Fits of minimum norm to fewer alike rows than alike directions, of one labeler, backwards (`paper.md` 2.2 and 2.4).

As state evolution says, but that noise adds what it does at finite size. Rows alone decide all numbers: what they move
there is told apart by differences.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.equivalents import solve
from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.fit import Stage, stage_of
from genloss.theory.gradients.differences import STEP
from genloss.theory.gradients.fields import OfFields
from genloss.theory.gradients.found import Slopes

Array = npt.NDArray[np.float64]


class Shortest(OfFields):
    """One fit.

    Parameters
    ----------
    directions : Spectrum
    step : Step
    along : sequence of int
        Models that label later ones, as this one does.
    """

    def __init__(self, directions: Spectrum, step: Step, along: Sequence[int]) -> None:
        super().__init__(directions, step, along)
        self._rows = np.array([float(block.rows) for block in step.blocks])
        self._loud = np.array([block.noise**2 for block in step.blocks])
        total = float(self._rows.sum())
        self._apart = STEP * min(total, directions.dim - 1 - total)  # beyond which there is no mean
        n = total + self._apart * np.array([0.0, 1.0, -1.0])
        none = np.zeros(3)
        kappa = solve(directions, none, n).kappa
        stages = stage_of(directions, n[:, None], none[:, None], kappa[:, None])
        self._own, *self._ends = (stages.of(place) for place in range(3))

    def _told(self, own: Stage) -> tuple[Array, Array]:
        """A and g of the fit to some number of rows."""
        noise = float(self._rows @ self._loud) / float(self._rows.sum())
        assert own.shrink is not None
        assert own.gap is not None
        heard = float(own.gap[0] @ self._second[0, 0])
        return own.shrink, heard * own.gain[0] + noise * own.label_gain[0]

    def _law(self, second: Array) -> tuple[Array, Array]:
        self._second = second
        return self._told(self._own)

    def _implicit(self, of_shares: Array, of_gain: Array) -> tuple[Array, Slopes]:
        own, total = self._own, float(self._rows.sum())
        ends = [
            float(np.sum(of_shares * shares) + of_gain @ gain)
            for shares, gain in map(self._told, self._ends)
        ]
        by_noise, part = float(of_gain @ own.label_gain[0]) / total, self._rows / total
        n = (ends[0] - ends[1]) / (2 * self._apart) + by_noise * (self._loud - part @ self._loud)
        assert own.gap is not None
        of_second = (float(of_gain @ own.gain[0]) * own.gap[0])[None, None]
        # one weight of all rows says nothing, and those of some make another formula
        weight = np.zeros(1) if n.size == 1 else np.full(n.size, np.nan)
        return of_second, Slopes(n, weight, by_noise * self._rows, np.empty(0), np.nan)
