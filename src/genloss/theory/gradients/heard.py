"""A fit to new rows that is a linear map of its labels: labels by a rule are to it a slope and a noise (Bussgang).

Of a source with field x, whose values have variance ``t = <s, E x**2>``, the map hears ``slope(t) x`` and noise of
variance ``noise(t)``: these two numbers are told apart by differences, and so is what rows, weights and the penalty
move in the map.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.labels.linear import Linear
from genloss.spectrum import Spectrum
from genloss.steps import Block, Step
from genloss.theory.gradients.differences import STEP, in_numbers
from genloss.theory.gradients.fields import OfFields
from genloss.theory.gradients.found import Slopes

Array = npt.NDArray[np.float64]


class Heard(OfFields):
    """One fit.

    Parameters
    ----------
    directions : Spectrum
    step : Step
        All its rows are kept, and lie about zero.
    penalty : float
    along : sequence of int
        Models that label later ones, as this one does.
    tails : sequence of float
        Squared lengths of the rows of every source, if they vary.
    moving, weighing : bool
        Whether slopes in rows, and in weights, are asked for; else they are NaN.
    """

    counted = True
    """Whether slopes in rows are told apart by differences: else they are NaN here."""

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
        super().__init__(directions, step._replace(penalty=penalty), along)
        self._tails, self._moving, self._weighing = tails, moving, weighing
        self._of = [self._fields.index(block.shares) for block in step.blocks]
        default = directions.eigenvalues
        given = [block.covariance for block in step.blocks]
        self._sigma = np.array([default if each is None else np.array(each) for each in given])

    @abstractmethod
    def _mapped(self, step: Step, by: Array, noise: Array, second: Array) -> tuple[Array, Array]:
        """A and g, where sources say ``by`` (blocks, k) times the fields, with variances of noise (blocks,)."""

    @abstractmethod
    def _back(self, of_shares: Array, of_gain: Array) -> tuple[Array, Array, Array]:
        """Slopes in by, noise and second moments."""

    def _law(self, second: Array) -> tuple[Array, Array]:
        self._second = second
        own = second[self._of, self._of]
        self._loud = (own * self._sigma).sum(axis=1)
        heard = [slope_and_noise(*each) for each in zip(self._step.blocks, self._loud, strict=True)]
        slope, self._variance = np.array(heard).T
        self._told = slope[:, None] * (np.array(self._of)[:, None] == np.arange(len(second)))
        return self._mapped(self._step, self._told, self._variance, second)

    def _implicit(self, of_shares: Array, of_gain: Array) -> tuple[Array, Slopes]:
        of_by, of_heard, of_second = self._back(of_shares, of_gain)
        blocks = self._step.blocks
        of_noise = of_heard.copy()
        for place, (block, k) in enumerate(zip(blocks, self._of, strict=True)):
            if self._step.is_linear:
                continue
            loud = self._loud[place]
            asked = np.array([of_by[place, k], of_heard[place]])
            up, down = (asked @ slope_and_noise(block, loud * (1 + by)) for by in (STEP, -STEP))
            of_second[k, k] += (up - down) / (2 * STEP * loud) * self._sigma[place]
            if block.noise > 0:
                ends = (block._replace(noise=block.noise * (1 + by)) for by in (STEP, -STEP))
                up, down = (asked @ slope_and_noise(end, loud) for end in ends)
                of_noise[place] = (up - down) / (4 * STEP * block.noise**2)
            else:
                of_noise[place] = 0.0

        def whole(step: Step) -> float:
            shares, gain = self._mapped(step, self._told, self._variance, self._second)
            return float(np.sum(of_shares * shares) + of_gain @ gain)

        n, weight, penalty = in_numbers(
            self._step, whole, moving=self._moving and self.counted, weighing=self._weighing
        )
        return of_second, Slopes(n, weight, of_noise, np.empty(0), penalty)


def slope_and_noise(block: Block, loud: float) -> Array:
    """Slope and variance of the noise of labels, of a field whose values have a variance."""
    if isinstance(block.labels, Linear):
        return np.array([1.0, block.noise**2])
    from genloss.class_rules import rule_of
    from genloss.losses.squared import Squared
    from genloss.theory.channels import evolution  # opens SciPy's special functions
    from genloss.theory.channels.rows import Rows
    from genloss.theory.channels.squared_loss import seen

    rule = rule_of(block, clouds=False)
    rows = Rows(1.0, 1.0, Squared(), rule, None, block.noise, (0,), 0, None, 0.0, {})
    one = np.ones(1)
    found = seen(evolution.Fit([rows], np.full((1, 1, 1), loud), one[None], one, 0.0, None, 1.0))
    slope = float(found.push[0])
    return np.array([slope, max(found.square - slope**2 * loud, 0.0)])
