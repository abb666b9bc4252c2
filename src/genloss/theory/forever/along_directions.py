"""A repetition of which every model is known along the directions: a filter of the truth, and a variance each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss import scores
from genloss.errors import NoTheoryError
from genloss.plan import Plan
from genloss.problem import tails_of
from genloss.spectrum import Spectral
from genloss.theory.classes import centre_of
from genloss.theory.directions import directions_for, from_outside
from genloss.theory.forever.repeating import Repetition
from genloss.theory.forever.turn import Turn
from genloss.theory.moments import FOR_EVER, Moments
from genloss.theory.predict import ways_of
from genloss.theory.segments import stretches
from genloss.theory.walk import Walk, by_pencil

Array = npt.NDArray[np.float64]


class AlongDirections(Turn):
    """Filters and covariances of the models: a state has filters times ``sqrt(s) |w*|``, covariances times s."""

    def __init__(self, problem: Spectral, plan: Plan, found: Repetition) -> None:
        super().__init__(plan, found)
        steps = self._steps
        self._ways = ways_of(problem, steps)
        self._walk = Walk(
            directions_for(problem, steps),
            [steps],
            self._ways,
            from_outside(problem, steps),
            tails=tails_of(problem),
            centre=centre_of(problem),
        )
        for model in range(found.start):
            self._ways[model](self._walk, model)
        self._check_rows()
        moments = self._walk.moments
        self._fixed = {u: moments.filters[u] for u in self._anchors}
        self._among = {
            (u, v): moments.whole(moments.covariance({u: 1.0}, {v: 1.0}))
            for u in self._anchors
            for v in self._anchors
            if u <= v
        }
        self._root = np.sqrt(moments.spectrum * moments.signal)
        self.start = self._packed(self._before)

    @property
    def method(self) -> str:
        """How the fits of the block are known."""
        if not all(self._steps[model].is_linear for model in self._block):
            return "channel"
        by_pencil = any(self._ways[model] is Walk.pencil for model in self._block)
        return "pencil" if by_pencil else "state evolution"

    def error(self) -> float | None:
        """Share of wrong classes of the last model of the repetition made last, where labels are classes."""
        if not self._classes:
            return None
        moments, last = self._walk.moments, {self._block[-1]: 1.0}
        s, mean = moments.spectrum, moments.whole(moments.mean(last))
        square = (mean**2 * moments.signal + moments.covariance(last, last)) @ s
        inner, truth = mean * moments.signal @ s, float(s @ moments.signal)
        if self._walk.centre is not None:
            return float(scores.error_of_clouds(inner / self._walk.centre, square)[0])
        return float(scores.error(inner, square, truth)[0])

    def _check_rows(self) -> None:
        """Whether no model shares rows or features with those before its block."""
        together = by_pencil(self._ways)
        found = stretches(self._steps, together)
        for model in self._block:
            if together[model] and found[model][0] < self._block.start:
                raise NoTheoryError(
                    f"model {model} shares rows or features with models before the last {len(self._block)}: its "
                    "limit is not known; genloss.predict(method='pencil') or genloss.simulate run a plan of as "
                    "many generations as you like"
                )

    def _fit(self, model: int) -> None:
        self._ways[model](self._walk, model)

    def _lost(self) -> bool:
        lost = bool(self._walk.ended[:, self._block].any())
        self._walk.ended[:] = False
        return lost

    def _risk(self, model: int) -> tuple[float, float]:
        bias, variance = self._walk.risk(model)
        return float(bias[0]), float(variance[0])

    def _pairs(self, models: range) -> list[tuple[int, int]]:
        own = [(u, v) for u in models for v in models if u <= v]
        return own + [(anchor, u) for anchor in self._anchors for u in models]

    def _packed(self, models: range) -> Array:
        moments, s = self._walk.moments, self._walk.moments.spectrum
        filters = [self._root * moments.whole(moments.filters[u])[0] for u in models]
        spread = [
            s * moments.whole(moments.covariance({u: 1.0}, {v: 1.0}))[0]
            for u, v in self._pairs(models)
        ]
        return np.concatenate([np.empty(0), *filters, *spread])  # of no models: nothing

    def _unpack(self, state: Array) -> None:
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
        self._walk.moments = Moments.of(
            directions, last_use, {**self._fixed, **filters}, {**self._among, **spread}
        )
        self._walk.forget()
