"""A repetition of which models are arrays: several classes, or rows that vary along other directions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.plan import Plan
from genloss.problem import Problem, tails_of
from genloss.steps import Step, Steps
from genloss.theory import turned
from genloss.theory.closed import obstacle_alone
from genloss.theory.forever.repeating import Repetition
from genloss.theory.forever.turn import Turn
from genloss.theory.moments import FOR_EVER
from genloss.theory.predict import ways_of

if TYPE_CHECKING:
    from genloss.theory.several.models import Models

Array = npt.NDArray[np.float64]

# by how much moments are off, as a share of a state: counted on points that change sides, or summed
_COUNTED, _SUMMED = 1e-4, 1e-9


class Arrays(Turn):
    """Means and covariances of the models, times the roots of their directions' eigenvalues."""

    def __init__(self, problem: Problem, plan: Plan, found: Repetition) -> None:
        super().__init__(plan, found)
        self._stay = {*self._before, *self._window, *self._block, *self._anchors}
        self._steps = Steps(
            step._replace(last_use=FOR_EVER) if step.model in self._stay else step
            for step in self._steps
        )
        self._problem, root = problem, np.sqrt(problem.spectrum)
        self._exact: dict[int, bool] = {}
        self._models: Models | turned.Models
        self._fitted: Callable[[Step], object]
        if problem.truth.ndim == 2:
            from genloss.theory.several import curve, models  # opens SciPy's special functions
            from genloss.theory.several.targets import are_steps

            curve.check(problem, self._steps)
            several = models.Models(problem, self._steps)
            self._models, self._fitted = several, lambda step: curve.fitted(several, step)
            self._of_mean, self._of_pair = root[:, None], problem.spectrum[:, None, None]
            blocks = [block for step in self._steps for block in step.blocks]
            if any(b.keep is not None or are_steps(b.labels, several.classes) for b in blocks):
                self.grain = _COUNTED
            elif self._classes:
                self.grain = _SUMMED
        else:
            ways_of(problem, self._steps)  # or NoTheoryError
            if why := next(filter(None, map(obstacle_alone, self._steps)), None):
                raise NoTheoryError(
                    f"plan has rows with a covariance matrix, and {why}: its limit is not known; "
                    "genloss.predict and genloss.simulate know as many generations as a plan has"
                )
            laws = [each.law(problem.truth) for each in self._steps[0].outside]
            constant = problem.directions.constant
            matrices = turned.Models(
                problem.spectrum, problem.truth, laws, tails_of(problem), constant
            )
            self._models, self._fitted = matrices, matrices.fit
            self._of_mean, self._of_pair = root, root[:, None] * root
        for model in range(found.start):
            self._fit(model)
        self._still = {u: each for u, each in self._models.means.items() if not self._moves(u)}
        self._among = {
            pair: each
            for pair, each in self._models.covariances.items()
            if not any(map(self._moves, pair))
        }
        self.start = self._packed(self._before)

    @property
    def method(self) -> str:
        """How the fits of the block are known."""
        return super().method if self._problem.truth.ndim == 1 else "channel"

    @property
    def exact(self) -> bool:
        """Whether the fits of the block are known at any size."""
        return all(self._exact.get(model, False) for model in self._block)

    def error(self) -> float | None:
        """Share of wrong classes of the last model of the repetition made last, where labels are classes."""
        if not self._classes:
            return None
        from genloss.theory.several import curve

        return curve.wrong(self._problem, self._models, self._block[-1])  # type: ignore[arg-type]

    def _moves(self, model: int) -> bool:
        return model >= 0 and model not in self._anchors

    def _fit(self, model: int) -> None:
        self._exact[model] = getattr(self._fitted(self._steps[model]), "exact", False)

    def _risk(self, model: int) -> tuple[float, float]:
        bias, variance = self._models.risk(model)
        return float(np.sum(bias)), float(np.sum(variance))

    def _pairs(self, models: range) -> list[tuple[int, int]]:
        """Later models first, as they are kept."""
        own = [(u, v) for u in models for v in models if v <= u]
        return own + [(u, anchor) for anchor in self._anchors for u in models]

    def _packed(self, models: range) -> Array:
        known = self._models
        means = [self._of_mean * known.means[u] for u in models]
        pairs = [self._of_pair * known.covariances[pair] for pair in self._pairs(models)]
        return np.concatenate([np.empty(0), *map(np.ravel, means), *map(np.ravel, pairs)])

    def _unpack(self, state: Array) -> None:
        shape = self._problem.truth.shape
        means, pairs = np.split(state, [self._reach * self._problem.truth.size])
        self._models.means = self._still | {
            u: each / self._of_mean
            for u, each in zip(self._window, means.reshape(-1, *shape), strict=True)
        }
        pairs = pairs.reshape(-1, *shape, shape[-1])
        self._models.covariances = self._among | {
            pair: each / self._of_pair
            for pair, each in zip(self._pairs(self._window), pairs, strict=True)
        }
