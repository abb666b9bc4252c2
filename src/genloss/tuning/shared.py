"""Slopes where models share rows or features: from one pencil of them all, and its adjoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from genloss.pencils.from_plan import Laws
from genloss.pencils.ground import Ground
from genloss.pencils.known import Given
from genloss.problem import Problem, tails_of
from genloss.spectrum import Spectral
from genloss.steps import Steps
from genloss.theory.centred import Intercepts, bare
from genloss.theory.directions import directions_for, from_outside
from genloss.tuning.space import Space
from genloss.tuning.told import Told

Array = npt.NDArray[np.float64]
Weights = Callable[[Array], Array]

_STEP = 1e-7  # of a coordinate, along which the numbers of the pencil change


class Shared:
    """A problem, and steps that are all solved together.

    Parameters
    ----------
    problem : Problem or genloss.scaling.PowerLaw
    steps : Steps
        Others that are asked for differ from them by numbers alone. With intercepts they are a run on one design.
    """

    def __init__(self, problem: Spectral, steps: Steps) -> None:
        self._steps, self._models = steps, range(len(steps))
        steps, _ = _apart(steps)
        tails = tails_of(problem)
        if steps.turned:
            assert isinstance(problem, Problem)
            laws = [each.law(problem.truth) for each in steps[0].outside]
            self._ground = Ground.across(problem.spectrum, problem.truth, steps, laws, tails)
            return
        directions = directions_for(problem, steps)
        given = _given(from_outside(problem, steps))
        self._ground = Ground.along(directions, steps, given, tails)

    def in_penalties(self, penalty: Array, weights: Weights) -> tuple[Array, Array]:
        """Errors, and slopes of their weighted sum in the logarithms of the penalties."""
        steps, intercepts = _apart(self._steps)
        told = Told(self._ground, steps, penalty)
        laws = Laws(self._ground, told.steps, penalty, self._models)
        risk = intercepts.on(laws.bias + laws.variances)
        backwards = told.backwards(laws, intercepts.times * weights(risk))
        return risk, laws.slopes(backwards)

    def in_space(
        self,
        space: Space,
        at: Callable[[Array], tuple[Steps, Array]],
        point: Array,
        weights: Weights,
    ) -> tuple[Array, Array]:
        """The same in the coordinates of a space, at whose points there are steps and penalties."""
        given, penalty = at(point)
        steps, intercepts = _apart(given)
        told = Told(self._ground, steps, penalty)
        laws = Laws(self._ground, told.steps, penalty, self._models)
        own = laws.bias + laws.variances
        risk = intercepts.on(own)
        of_risk, slopes = weights(risk), np.zeros(point.size)
        backwards = told.backwards(laws, intercepts.times * of_risk)
        if space.n_penalties:
            slopes[: space.n_penalties] = space.of_penalties(laws.slopes(backwards))
        for place in range(space.n_penalties, point.size):
            given, penalty = at(point + _STEP * (np.arange(point.size) == place))
            moved, others = _apart(given)
            change = laws.slope(backwards, told.alike(moved), penalty)
            slopes[place] = (change + of_risk @ (others.on(own) - risk)) / _STEP
        return risk, slopes


def _apart(steps: Steps) -> tuple[Steps, Intercepts]:
    """The steps without intercepts, and what these make of their errors."""
    if steps[0].intercept:
        return bare(steps), Intercepts.of(steps)
    return steps, Intercepts(1.0, np.zeros(len(steps)))


def _given(outside: Mapping[int, tuple[Array, Array]]) -> Given | None:
    if not outside:
        return None
    return Given(
        {u: filter_ for u, (filter_, _) in outside.items()},
        {
            (u, v): variance if u == v else 0 * variance
            for u, (_, variance) in outside.items()
            for v in outside
        },
    )
