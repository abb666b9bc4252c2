"""One repetition of a block of any fits on fresh rows, as a map of the moments that it starts from.

Losses, rules for labels and filters make no affine map of a few scalars. But whatever a fit is, the
moments of a block follow from those of the models that it looks back to, so that its end is a fixed
point of a map (`for-ever.md`).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from genloss import scores
from genloss.errors import NoTheoryError
from genloss.generation import REAL
from genloss.plan import Plan
from genloss.problem import tails_of
from genloss.spectrum import Spectral
from genloss.steps import resolve
from genloss.theory.directions import directions_for, from_outside
from genloss.theory.forever.repeating import Repetition
from genloss.theory.moments import FOR_EVER, Moments
from genloss.theory.predict import ways_of
from genloss.theory.routes import Walk, stretches

Array = npt.NDArray[np.float64]


class EndsHere(Exception):
    """A fit of the block has no minimum, or an infinite mean error."""


class Turn:
    """The block, and the state before it: filters and covariances of the models that it looks back to.

    A state is one vector, in which every entry counts by its share of an error: filters times
    ``sqrt(s) |w*|``, covariances times s.

    Attributes
    ----------
    start : ndarray
        The state before the first repetition in the plan.
    """

    def __init__(self, problem: Spectral, plan: Plan, found: Repetition) -> None:
        self._reach = found.reach(resolve(plan))
        blocks = 1 + -(-self._reach // found.length)
        steps = resolve(found.unrolled(plan, blocks))
        self._steps, self._ways = steps, ways_of(problem, steps)
        directions, tails = directions_for(problem, steps), tails_of(problem)
        outside = from_outside(problem, steps)
        self._walk = Walk(directions, [steps], self._ways, outside, tails=tails)
        for model in range(found.start):
            self._ways[model](self._walk, model)
        # the last block: none of its labelers that move is one that stays
        first = len(steps) - found.length
        self._window, self._block = range(first - self._reach, first), range(first, len(steps))
        self._check_rows()
        moments = self._walk.moments
        asked = {u for model in self._block for u in steps[model].asked}
        self._anchors = sorted(found.fixed | {u for u in asked if u < REAL})
        self._fixed = {u: moments.filters[u] for u in self._anchors}
        self._among = {
            (u, v): moments.whole(moments.covariance({u: 1.0}, {v: 1.0}))
            for u in self._anchors
            for v in self._anchors
            if u <= v
        }
        self._root = np.sqrt(moments.spectrum * moments.signal)
        before = range(found.start - self._reach, found.start)
        self.start = self._packed(before) if self._reach else np.empty(0)

    def __call__(self, state: Array) -> Array:
        """The state after one repetition.

        Raises
        ------
        EndsHere
            If there is none.
        NoTheoryError
            If a fit was not found, as of a state that no models have.
        """
        walk = self._walk
        walk.moments = self._unpacked(state)
        walk.forget()
        for model in self._block:
            self._ways[model](walk, model)
        after = self._packed(range(self._window.start + len(self._block), self._block.stop))
        if not np.isfinite(after).all() or walk.ended[:, self._block].any():
            walk.ended[:] = False
            raise EndsHere
        return after

    @property
    def method(self) -> str:
        """How linear fits of the block are known."""
        by_pencil = any(self._ways[model] is Walk.pencil for model in self._block)
        return "pencil" if by_pencil else "state evolution"

    def _check_rows(self) -> None:
        """Whether no model shares rows or features with those before its block."""
        for model in self._block:
            if self._ways[model] is not Walk.pencil:
                continue
            if stretches(self._steps, self._ways)[model][0] < self._block.start:
                raise NoTheoryError(
                    f"model {model} shares rows or features with models before the last {len(self._block)}: its "
                    "limit is not known; genloss.predict(method='pencil') or genloss.simulate run a plan of as "
                    "many generations as you like"
                )

    def parts(self) -> tuple[float, float]:
        """Bias and variance of the last model of the repetition that was made last."""
        bias, variance = self._walk.moments.risk(self._block[-1])
        return float(bias[0]), float(variance[0])

    def error(self) -> float | None:
        """Its chance of another sign than the truth's, where labels are classes."""
        moments, last = self._walk.moments, {self._block[-1]: 1.0}
        blocks = [block for step in self._steps for block in step.blocks]
        if all(block.labels.makes == "numbers" for block in blocks):
            return None
        s, mean = moments.spectrum, moments.whole(moments.mean(last))
        square = (mean**2 * moments.signal + moments.covariance(last, last)) @ s
        inner, truth = mean * moments.signal @ s, float(s @ moments.signal)
        return float(scores.error(inner, square, truth)[0])

    def risk(self, state: Array) -> float:
        """Risk of the last of the models that a state is of."""
        p = self._root.size
        filters, rest = state[: self._reach * p], state[self._reach * p :]
        own = rest[self._place(self._reach - 1, self._reach - 1) * p :][:p]
        return float(np.sum((self._root - filters[-p:]) ** 2) + own.sum())

    def _place(self, one: int, other: int) -> int:
        """Where the covariance of two models of the window stands."""
        return [(u, v) for u in range(self._reach) for v in range(u, self._reach)].index(
            (one, other)
        )

    def _pairs(self, models: Iterable[int]) -> list[tuple[int, int]]:
        window = list(models)
        own = [(u, v) for k, u in enumerate(window) for v in window[k:]]
        return own + [(anchor, u) for anchor in self._anchors for u in window]

    def _packed(self, models: range) -> Array:
        moments, s = self._walk.moments, self._walk.moments.spectrum
        filters = [self._root * moments.whole(moments.filters[u])[0] for u in models]
        spread = [
            s * moments.whole(moments.covariance({u: 1.0}, {v: 1.0}))[0]
            for u, v in self._pairs(models)
        ]
        return np.concatenate([np.empty(0), *filters, *spread])  # of no models: without entries

    def _unpacked(self, state: Array) -> Moments:
        directions, root = self._walk.moments.directions, self._root
        parts = state.reshape(-1, root.size)
        filters = {
            u: np.divide(part, root, out=np.zeros(root.size), where=root > 0)[None]
            for u, part in zip(self._window, parts, strict=False)
        }
        spread = {
            (min(pair), max(pair)): (part / directions.eigenvalues)[None]
            for pair, part in zip(self._pairs(self._window), parts[self._reach :], strict=True)
        }
        spread |= {(u, u): np.maximum(spread[u, u], 0.0) for u in self._window}
        last_use = dict.fromkeys([*self._window, *self._block, *self._anchors], FOR_EVER)
        return Moments.of(
            directions, last_use, {**self._fixed, **filters}, {**self._among, **spread}
        )
