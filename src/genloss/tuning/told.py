"""Labels by a rule on rows that models share: a slope and a noise to every fit, which hang on the law of the labeler.

They are found one model after the other, each from the pencil of those before it, and go back from the last to the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL
from genloss.labels.linear import Linear
from genloss.pencils.from_plan import Laws
from genloss.pencils.ground import Ground
from genloss.pencils.layout import Matrices
from genloss.steps import Block, Step
from genloss.theory.closed import is_told
from genloss.theory.gradients.heard import slope_and_noise

Array = npt.NDArray[np.float64]
Steps = Sequence[Step]
Pair = tuple[int, int]

_STEP = 1e-5  # of the logarithm of a labeler's square


def hears_rules(step: Step) -> bool:
    """Whether a fit is ridge regression but for labels by a rule."""
    return step.filter is None and not step.intercept and is_told(step)


class _Rule(NamedTuple):
    """Where labels are by a rule: the model, the place of the block, and second moments of the labelers."""

    model: int
    place: int
    moments: dict[Pair, float]

    def energy(self, block: Block) -> float:
        """Mean square of what is said of a row, by some shares of the labelers."""
        return sum(block.shares[u] * block.shares[v] * e for (u, v), e in self.moments.items())

    def told(self, block: Block, times: float = 1.0) -> Block:
        """The labels that a fit takes those of the block for, of labelers that say some times as much squared."""
        slope, variance = slope_and_noise(block, times * self.energy(block)).tolist()
        shares = {u: slope * share for u, share in block.shares.items()}
        return block._replace(shares=shares, noise=float(variance**0.5), labels=Linear())


class Told:
    """What fits take the labels of steps for.

    Parameters
    ----------
    ground : Ground
    steps : sequence of Step
    penalty : ndarray of shape (n_models,)

    Attributes
    ----------
    steps : list of Step
        With linear labels.
    """

    def __init__(self, ground: Ground, steps: Steps, penalty: Array) -> None:
        self._given, self._penalty = steps, penalty
        self._rules: list[_Rule] = []
        self.steps: list[Step] = []
        known: dict[int, Laws] = {}  # of so many models
        for step in steps:
            for place, block in enumerate(step.blocks):
                if isinstance(block.labels, Linear):
                    continue
                count = max(*block.shares, REAL) + 1
                if count not in known:
                    known[count] = Laws(ground, self.steps[:count], penalty[:count], range(0))
                moment = known[count].moment
                moments = {(u, v): moment(u, v) for u in block.shares for v in block.shares}
                self._rules.append(_Rule(step.model, place, moments))
            self.steps += self.alike([step])

    def alike(self, steps: Steps) -> list[Step]:
        """Steps, also of other numbers, as fits take their labels from labelers of the same law."""
        found = {step.model: [*step.blocks] for step in steps}
        for rule in self._rules:
            if rule.model in found:
                blocks = found[rule.model]
                blocks[rule.place] = rule.told(blocks[rule.place])
        return [step._replace(blocks=tuple(found[step.model]), is_linear=True) for step in steps]

    def backwards(self, laws: Laws, weights: Array) -> Matrices:
        """How a weighted sum of the errors moves with the numbers of the plan, through all rules."""
        found = laws.backwards(weights)
        for rule in reversed(self._rules):
            block = self._given[rule.model].blocks[rule.place]
            if max(block.shares) <= REAL:
                continue
            up, down = (
                laws.slope(found, self._moved(rule, block, by), self._penalty)
                for by in (_STEP, -_STEP)
            )
            of_energy = (up - down) / (2 * _STEP * rule.energy(block))
            products = {
                (u, v): block.shares[u] * block.shares[v] * of_energy for u, v in rule.moments
            }
            through = laws.backwards_of_moments(products)
            found = [one + other for one, other in zip(found, through, strict=True)]
        return found

    def _moved(self, rule: _Rule, block: Block, by: float) -> list[Step]:
        """The steps if labelers said a little more or less."""
        moved, step = [*self.steps], self.steps[rule.model]
        blocks = [*step.blocks]
        blocks[rule.place] = rule.told(block, 1 + by)
        moved[rule.model] = step._replace(blocks=tuple(blocks))
        return moved
