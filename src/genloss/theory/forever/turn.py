"""One repetition of a block of any fits on fresh rows, as a map of the moments that it starts from.

Losses, rules for labels, filters, several classes and covariance matrices make no affine map of a few
scalars. But whatever a fit is, the moments of a block follow from those of the models that it looks back
to, so that its end is a fixed point of a map (`for-ever.md`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL
from genloss.plan import Plan
from genloss.steps import resolve
from genloss.theory.forever.repeating import Repetition

Array = npt.NDArray[np.float64]


class EndsHere(Exception):
    """A fit of the block has no minimum, or an infinite mean error."""


class Turn(ABC):
    """The block, and the state before it: moments of the models that it looks back to.

    A state is one vector, in which every entry counts by its share of an error.

    Attributes
    ----------
    start : ndarray
        The state before the first repetition in the plan.
    grain : float
        By how much the map of a state may be off, as a share of it, where labels are counted on points.
    """

    start: Array
    grain = 0.0

    def __init__(self, plan: Plan, found: Repetition) -> None:
        self._reach = found.reach(resolve(plan))
        blocks = 1 + -(-self._reach // found.length)
        self._steps = resolve(found.unrolled(plan, blocks))
        # the last block: none of its labelers that move is one that stays
        first = len(self._steps) - found.length
        self._before = range(found.start - self._reach, found.start)
        self._window, self._block = (
            range(first - self._reach, first),
            range(first, len(self._steps)),
        )
        asked = {u for model in self._block for u in self._steps[model].asked}
        self._anchors = sorted(found.fixed | {u for u in asked if u < REAL})

    def __call__(self, state: Array) -> Array:
        """The state after one repetition.

        Raises
        ------
        EndsHere
            If there is none.
        NoTheoryError
            If a fit was not found, as of a state that no models have.
        """
        self._unpack(state)
        for model in self._block:
            self._fit(model)
        after = self._packed(range(self._window.start + len(self._block), self._block.stop))
        if self._lost() or not np.isfinite(after).all():
            raise EndsHere
        return after

    def parts(self) -> tuple[float, float]:
        """Bias and variance of the last model of the repetition that was made last."""
        return self._risk(self._block[-1])

    def risk(self, state: Array) -> float:
        """Risk of the last of the models that a state is of."""
        self._unpack(state)
        return sum(self._risk(self._window[-1]))

    @property
    def exact(self) -> bool:
        """Whether the fits of the block are known at any size."""
        return False

    @property
    def method(self) -> str:
        """How the fits of the block are known."""
        return "exact theory" if self.exact else "state evolution"

    @property
    def _classes(self) -> bool:
        """Whether labels are classes."""
        blocks = [block for step in self._steps for block in step.blocks]
        return any(block.labels.makes != "numbers" for block in blocks)

    @property
    def is_bounded(self) -> bool:
        """Whether no label can be large, so that no model with a penalty is, whatever grows for a while."""
        blocks = [block for model in self._block for block in self._steps[model].blocks]
        return all(block.labels.makes != "numbers" for block in blocks)

    @abstractmethod
    def error(self) -> float | None:
        """Share of wrong classes of the last model of the repetition made last, where labels are classes."""

    @abstractmethod
    def _fit(self, model: int) -> None:
        """Add a model to the moments."""

    @abstractmethod
    def _risk(self, model: int) -> tuple[float, float]:
        """Bias and variance."""

    @abstractmethod
    def _packed(self, models: range) -> Array:
        """The state that some models are."""

    @abstractmethod
    def _unpack(self, state: Array) -> None:
        """Put the moments of a state in the place of all but the models that stay."""

    def _lost(self) -> bool:
        """Whether a fit had no minimum."""
        return False
