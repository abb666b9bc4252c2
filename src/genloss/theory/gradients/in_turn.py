"""One pass of stochastic gradient descent over sources in turn, backwards (`filters.md`).

The moments that `genloss.theory.filters.lengths` follows row by row are followed back, row by row: what the model
has taken of every field by then is known at once, and its own variance enters linearly.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from genloss.filters.sgd import SGD
from genloss.steps import Step
from genloss.theory.filters.lengths import InTurn
from genloss.theory.gradients.found import Slopes
from genloss.theory.gradients.heard import Heard

Array = npt.NDArray[np.float64]


class OneByOne(Heard):
    """One fit."""

    counted = False

    @cached_property
    def _own(self) -> InTurn:
        return InTurn(self._directions, self._tails or (1.0,))

    def _mapped(self, step: Step, by: Array, noise: Array, second: Array) -> tuple[Array, Array]:
        states = list(self._own.states(step, by, noise, second))
        if step is self._step:
            self._states = [whole for whole, _ in states]
        return states[-1][1]

    def _back(self, of_shares: Array, of_gain: Array) -> tuple[Array, Array, Array]:
        how, blocks, second = self._step.filter, self._step.blocks, self._second
        assert isinstance(how, SGD)
        mean, square = self._own.mean, self._own.square
        count, rest = self._directions.multiplicity, 1 - how.step * self._step.penalty
        pulls = [how.step * b.weight * mean * s for b, s in zip(blocks, self._sigma, strict=True)]
        starts = [np.zeros_like(of_shares)]
        for block, own, pull in zip(blocks, self._told, pulls, strict=True):
            starts.append(_after(starts[-1], own, rest, pull, float(block.rows)))
        of_by, of_noise, self._of_rows = np.zeros_like(self._told), *np.zeros((2, len(blocks)))
        of_second = np.zeros_like(second)
        for place in reversed(range(len(blocks))):
            block, s = blocks[place], self._sigma[place]
            own, pull = self._told[place], pulls[place]
            eta, whole, part = how.step * block.weight, int(block.rows), float(block.rows) % 1
            heard = eta**2 * s
            if self._moving:
                state = self._states[place]
                given = block, s, own, float(self._variance[place]), second
                moved = self._own.row(self._step, *given)(state)
                by_shares, by_spread = (new - old for new, old in zip(moved, state, strict=True))
                self._of_rows[place] = np.sum(of_shares * by_shares) + of_gain @ by_spread
            # the part of a row comes last
            for much, rows in ((part, (whole,) if part else ()), (1.0, reversed(range(whole)))):
                keep = 1 - much + much * rest * (rest - 2 * pull)
                left, taken = 1 - much + much * (rest - pull), much * pull
                gain = much * eta**2 * mean * s * count
                own_loud, all_loud = much * 2 * square * s * heard, much * square * s
                quiet = much * mean**2 * s * heard
                for row in rows:
                    of_noise[place] += gain @ of_gain
                    away = own[:, None] - _after(starts[place], own, rest, pull, row)
                    loud = own_loud * of_gain + all_loud * ((heard * count) @ of_gain)
                    of_off = loud - quiet * of_gain
                    of_gain = keep * of_gain + loud
                    of_second += away[:, None] * away * of_off
                    of_away = 2 * np.einsum("abp,bp->ap", second, away) * of_off
                    of_by[place] += of_away.sum(axis=1) + of_shares @ taken
                    of_shares = left * of_shares - of_away
        return of_by, of_noise, of_second

    def _implicit(self, of_shares: Array, of_gain: Array) -> tuple[Array, Slopes]:
        of_second, slopes = super()._implicit(of_shares, of_gain)
        return of_second, slopes._replace(n=self._of_rows if self._moving else slopes.n)


def _after(start: Array, own: Array, rest: float, pull: Array, rows: float) -> Array:
    """What is taken of the fields after so many rows of a source."""
    keep = rest - pull
    gone, left = keep ** int(rows) * (1 - rows % 1 * (1 - keep)), 1 - keep
    share = np.divide(pull * (1 - gone), left, out=np.zeros_like(pull), where=left != 0)
    return np.asarray(gone * start + own[:, None] * share)
