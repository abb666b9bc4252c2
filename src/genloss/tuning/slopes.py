"""Slopes of an objective in all that is tuned, by one pass backwards through the recursion or the pencil."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.plan import Plan
from genloss.problem import beyond
from genloss.spectrum import Spectral
from genloss.steps import Steps, resolve
from genloss.theory import centred
from genloss.theory.closed import MOST_BY_PENCIL, obstacle_alone, obstacles
from genloss.theory.gradients.centred_run import is_centred_run
from genloss.theory.gradients.gradient import known, obstacle
from genloss.theory.intercept import as_direction, refused
from genloss.theory.units import is_ordinary
from genloss.tuning.layout import Layout
from genloss.tuning.moving import Moving
from genloss.tuning.schedule import Slopes
from genloss.tuning.shared import Shared
from genloss.tuning.space import Space
from genloss.tuning.told import hears_rules

Array = npt.NDArray[np.float64]

_FAR = 1e100  # where a fixed point is not found
_LARGEST = 1e3  # traces, of a penalty
_UNLIKE = 2.0  # weight of rows that a model labels
_POWERS = 30.0, 300.0, 3e3, 3e4, 3e5
Found = Callable[[Callable[[Array], Array], Array], tuple[Array, Array]]
"""The errors at a point and slopes there, from the point and the objective's slopes in the errors."""


def slope_of(problem: Spectral, plan: Plan, objective: str) -> list[Slopes]:
    """Functions from log penalties to the objective and its slopes, to go down one after the other.

    None where no slopes are known; several for the worst error, of which the last is nearly that.

    Parameters
    ----------
    problem : Problem or genloss.scaling.PowerLaw
    plan : Plan
        Its penalties do not matter.
    objective : {"final", "mean", "worst"}
        What is made of the errors.

    Notes
    -----
    The largest of errors has no slope where two are equal, which is where it is least: a mean of high
    powers of them is followed instead, and then one of higher powers.
    """
    problem, plan = _without_intercept(problem, plan.with_penalty(1.0))
    steps = resolve(plan)
    way = _way(problem, steps)
    if way is None:
        return []
    if way == "pencil":
        shared = Shared(problem, steps)
        return _followed(
            objective, lambda weights, logs: shared.in_penalties(np.exp(logs), weights)
        )
    along = known(problem, steps, moving=False)

    def found(weights: Callable[[Array], Array], logs: Array) -> tuple[Array, Array]:
        penalty = np.exp(logs)
        there = along(steps, penalty, weights)
        return there.risk, there.penalty * penalty

    return _followed(objective, found)


def slope_in(problem: Spectral, space: Space, objective: str) -> list[Slopes]:
    """The same from points of a space; rows are any numbers there."""
    problem, given = _without_intercept(problem, space.layout.plan)
    if given is not space.layout.plan:
        space = replace(space, layout=Layout(given, "real" in space.over))
    place = (space.low + space.high) / 2
    if "n_samples" in space.over:  # the last, of which the plan as given is the largest
        place[-1] = space.high[-1]
    middle = space.setting(place)
    if middle.weight is not None:  # rows are unlike nearly everywhere
        middle = middle._replace(weight=_UNLIKE)
    plan = space.layout.to_plan(middle)
    moving = Moving(space.layout, plan)
    way = _way(problem, moving.steps) if moving.is_whole else None
    if way is None:
        return []

    def at(point: Array) -> tuple[Steps, Array]:
        setting = space.setting(point)
        penalty = plan.penalty if setting.penalty is None else setting.penalty
        return moving.to_steps(setting), penalty

    if way == "pencil":
        shared = Shared(problem, moving.steps)
        return _followed(
            objective, lambda weights, point: shared.in_space(space, at, point, weights)
        )
    along = known(problem, moving.steps, weighing="weight" in space.over)

    def found(weights: Callable[[Array], Array], point: Array) -> tuple[Array, Array]:
        there = along(*at(point), weights)
        return there.risk, space.slopes(point, there)

    return _followed(objective, found)


def _without_intercept(problem: Spectral, plan: Plan) -> tuple[Spectral, Plan]:
    """A problem and plan in which a constant is a direction like others, where that can be, whatever the penalties.

    The direction is longer than that of `predict`, whose pencils large penalties shrink by a part in a thousand.
    """
    steps = resolve(plan.with_penalty(1.0))
    if not steps[0].intercept or refused(problem, steps) or _is_run_around_a_mean(problem, steps):
        return problem, plan
    longer, without = as_direction(
        problem, plan, resolve(plan.with_penalty(_LARGEST * problem.directions.trace))
    )
    return longer, without


def _is_run_around_a_mean(problem: Spectral, steps: Steps) -> bool:
    """Whether several models have one design, and an intercept that is known without a direction of its own."""
    return steps[0].intercept and len(steps) > 1 and centred.knows(problem, steps)


def way_of(problem: Spectral, plan: Plan) -> str | None:
    """How slopes in a plan's penalties are known: by the "recursion" or one "pencil"; None where they are not."""
    problem, plan = _without_intercept(problem, plan.with_penalty(1.0))
    return _way(problem, resolve(plan))


def _way(problem: Spectral, steps: Steps) -> str | None:
    if not is_ordinary(problem):
        return None
    if _is_run_around_a_mean(problem, steps) and not is_centred_run(problem, steps):
        return "pencil" if is_one_pencil(problem, centred.bare(steps)) else None
    try:
        if obstacle(problem, steps) is None:
            return "recursion"
    except NoTheoryError:
        return None
    return "pencil" if is_one_pencil(problem, steps) else None


def is_one_pencil(problem: Spectral, steps: Steps) -> bool:
    """Whether some models have no closed formula, and one pencil knows all."""
    plain = all((step.is_ridge or hears_rules(step)) and not step.retuned for step in steps)
    if (kind := beyond(problem)) not in (None, "tails"):
        return False
    alone = kind is not None or steps.turned
    known = map(obstacle_alone, steps) if alone else obstacles(steps)
    return plain and len(steps) <= MOST_BY_PENCIL and any(known)


def _followed(objective: str, found: Found) -> list[Slopes]:
    """A function for every power that is followed."""

    def value(power: float, point: Array) -> tuple[float, Array]:
        try:
            risk, slopes = found(partial(_weights, objective, power), point)
        except (NoTheoryError, ArithmeticError):
            return _FAR, np.zeros(point.size)
        return _whole(objective, power, risk), slopes

    powers = _POWERS if objective == "worst" else (1.0,)
    return [partial(value, power) for power in powers]


def _whole(objective: str, power: float, risk: Array) -> float:
    return float(risk[-1]) if objective == "final" else _mean(risk, power)


def _weights(objective: str, power: float, risk: Array) -> Array:
    """Slopes of the objective in the errors."""
    if objective == "final":
        return np.eye(risk.size)[-1]
    return np.asarray((risk / _mean(risk, power)) ** (power - 1) / risk.size)


def _mean(risk: Array, power: float) -> float:
    largest = float(risk.max())
    return largest * float(np.mean((risk / largest) ** power)) ** (1 / power)
