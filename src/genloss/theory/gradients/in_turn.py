"""One pass of stochastic gradient descent over sources in turn, backwards (`filters.md`).

The moments that `genloss.theory.filters.lengths` follows row by row are followed back, row by row: what the model
has taken of every field by then is known at once, and its own variance enters linearly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.filters.sgd import SGD
from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.filters.lengths import InTurn
from genloss.theory.gradients.heard import Heard

Array = npt.NDArray[np.float64]


class OneByOne(Heard):
    """One fit; the rows of every source have ``tails`` as squared lengths, if there are any."""

    counted = False

    def __init__(
        self,
        directions: Spectrum,
        step: Step,
        penalty: float,
        along: Sequence[int],
        tails: Sequence[float],
        *,
        moving: bool,
        weighing: bool,
    ) -> None:
        super().__init__(directions, step, penalty, along, moving=moving, weighing=weighing)
        self._own = InTurn(directions, tails or (1.0,))

    def _mapped(self, step: Step, by: Array, noise: Array, second: Array) -> tuple[Array, Array]:
        return self._own.passed(step, by, noise, second)

    def _back(self, of_shares: Array, of_gain: Array) -> tuple[Array, Array, Array]:
        how, blocks, second = self._step.filter, self._step.blocks, self._second
        assert isinstance(how, SGD)
        mean, square = self._own.mean, self._own.square
        count, rest = self._directions.multiplicity, 1 - how.step * self.penalty
        pulls = [how.step * b.weight * mean * s for b, s in zip(blocks, self._sigma, strict=True)]
        starts = [np.zeros_like(of_shares)]
        for block, own, pull in zip(blocks, self._told, pulls, strict=True):
            starts.append(_after(starts[-1], own, rest, pull, round(block.rows)))
        of_by, of_noise = np.zeros_like(self._told), np.zeros(len(blocks))
        of_second, of_shares = np.zeros_like(second), of_shares.copy()
        for place in reversed(range(len(blocks))):
            block, s = blocks[place], self._sigma[place]
            own, pull = self._told[place], pulls[place]
            eta = how.step * block.weight
            keep, heard, gain = rest * (rest - 2 * pull), eta**2 * s, eta**2 * mean * s * count
            for row in reversed(range(round(block.rows))):
                of_noise[place] += gain @ of_gain
                away = own[:, None] - _after(starts[place], own, rest, pull, row)
                loud = square * s * (2 * heard * of_gain + (heard * count) @ of_gain)
                of_off = loud - mean**2 * s * heard * of_gain
                of_gain = keep * of_gain + loud
                of_second += away[:, None] * away * of_off
                of_away = 2 * np.einsum("abp,bp->ap", second, away) * of_off
                of_by[place] += of_away.sum(axis=1) + of_shares @ pull
                of_shares = (rest - pull) * of_shares - of_away
        return of_by, of_noise, of_second


def _after(start: Array, own: Array, rest: float, pull: Array, rows: int) -> Array:
    """What is taken of the fields after so many rows of a source."""
    keep = rest - pull
    gone, left = keep**rows, 1 - keep
    share = np.divide(pull * (1 - gone), left, out=np.zeros_like(pull), where=left != 0)
    return np.asarray(gone * start + own[:, None] * share)
