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

_STEP = 1e-5  # of the logarithm of a labeler's square


def hears_rules(step: Step) -> bool:
    """Whether a fit is ridge regression but for labels by a rule, each of one labeler."""
    alone = all(
        isinstance(block.labels, Linear) or (len(block.shares) == 1 and min(block.shares) >= REAL)
        for block in step.blocks
    )
    plain = step.filter is None and not step.intercept
    return plain and alone and is_told(step)


class _Rule(NamedTuple):
    """Where labels are by a rule: the model, the place of the block, the labeler, its mean square."""

    model: int
    place: int
    labeler: int
    energy: float


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
        self.steps: list[Step] = []
        self._rules: list[_Rule] = []
        count = ground.features.weights
        energies = {REAL: float(count @ (ground.metric * ground.truth**2))}
        for step in steps:
            made = [*step.blocks]
            for place, block in enumerate(step.blocks):
                if isinstance(block.labels, Linear):
                    continue
                [labeler] = block.shares
                if labeler not in energies:
                    before, lams = self.steps[: labeler + 1], penalty[: labeler + 1]
                    laws = Laws(ground, before, lams, range(labeler, labeler + 1))
                    energies[labeler] = laws.energy(labeler)
                made[place] = _told(block, energies[labeler])
                self._rules.append(_Rule(step.model, place, labeler, energies[labeler]))
            self.steps.append(step._replace(blocks=tuple(made), is_linear=True))

    def backwards(self, laws: Laws, weights: Array) -> Matrices:
        """How a weighted sum of the errors moves with the numbers of the plan, through all rules."""
        found = laws.backwards(weights)
        for rule in reversed(self._rules):
            if rule.labeler == REAL:
                continue
            block = self._given[rule.model].blocks[rule.place]
            up, down = (
                laws.slope(found, self._moved(rule, block, by), self._penalty)
                for by in (_STEP, -_STEP)
            )
            of_energy = (up - down) / (2 * _STEP * rule.energy)
            through = laws.backwards_of_energies({rule.labeler: of_energy})
            found = [one + other for one, other in zip(found, through, strict=True)]
        return found

    def _moved(self, rule: _Rule, block: Block, by: float) -> list[Step]:
        """The steps if a labeler said a little more or less."""
        moved, step = [*self.steps], self.steps[rule.model]
        blocks = [*step.blocks]
        blocks[rule.place] = _told(block, rule.energy * (1 + by))
        moved[rule.model] = step._replace(blocks=tuple(blocks))
        return moved

    def alike(self, steps: Steps) -> list[Step]:
        """Steps of other numbers of rows and weights, by the rules as they are heard here."""
        return [
            step._replace(
                blocks=tuple(
                    own
                    if isinstance(own.labels, Linear)
                    else own._replace(shares=known.shares, noise=known.noise, labels=Linear())
                    for own, known in zip(step.blocks, told.blocks, strict=True)
                ),
                is_linear=True,
            )
            for step, told in zip(steps, self.steps, strict=True)
        ]


def _told(block: Block, energy: float) -> Block:
    """The labels that a fit takes those of a block for, of a labeler of some mean square."""
    [(labeler, share)] = block.shares.items()
    slope, variance = slope_and_noise(block, share**2 * energy).tolist()
    return block._replace(
        shares={labeler: slope * share}, noise=float(variance**0.5), labels=Linear()
    )
