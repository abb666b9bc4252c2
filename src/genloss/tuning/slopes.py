"""Slopes of an objective in all that is tuned, by one pass backwards through the recursion."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.plan import Plan
from genloss.problem import beyond
from genloss.spectrum import Spectral, Spectrum
from genloss.steps import Step, resolve
from genloss.theory.closed import MOST_BY_PENCIL, obstacles
from genloss.theory.directions import directions_for
from genloss.theory.gradients.gradient import along, obstacle
from genloss.theory.units import is_ordinary
from genloss.tuning.schedule import Slopes
from genloss.tuning.space import Space

Array = npt.NDArray[np.float64]

_POWERS = 30.0, 300.0, 3e3, 3e4, 3e5
_FAR = 1e100  # where a pencil has no solution that is found


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
    steps = resolve(plan.with_penalty(1.0))
    directions = directions_for(problem, steps)
    unlike = beyond(problem) or not is_ordinary(problem)
    if unlike:
        return []
    if obstacle(steps, directions) is not None:
        return _by_pencil(directions, steps, objective) if is_one_pencil(steps) else []

    def value(power: float, logs: Array) -> tuple[float, Array]:
        penalty = np.exp(logs)
        found = along(directions, steps, penalty, partial(_weights, objective, power))
        return _whole(objective, power, found.risk), found.penalty * penalty

    return [partial(value, power) for power in _powers(objective)]


def is_one_pencil(steps: Sequence[Step]) -> bool:
    """Whether some models have no closed formula, and one pencil knows all."""
    plain = all(step.is_ridge and not step.turned and not step.retuned for step in steps)
    few = len(steps) <= MOST_BY_PENCIL and not steps[0].outside
    return plain and few and any(obstacles(steps))


def _by_pencil(directions: Spectrum, steps: Sequence[Step], objective: str) -> list[Slopes]:
    """The same where models share rows or features: from one pencil of them all, and its adjoint."""
    from genloss.pencils.from_plan import Laws
    from genloss.pencils.ground import Ground

    models, ground = range(len(steps)), Ground.along(directions, steps)

    def value(power: float, logs: Array) -> tuple[float, Array]:
        try:
            laws = Laws(ground, steps, np.exp(logs), models)
        except (NoTheoryError, ArithmeticError):
            return _FAR, np.zeros(logs.size)
        risk = laws.bias + laws.variances
        slopes = laws.slopes(_weights(objective, power, risk))
        return _whole(objective, power, risk), slopes

    return [partial(value, power) for power in _powers(objective)]


def slope_in(problem: Spectral, space: Space, objective: str) -> list[Slopes]:
    """The same from points of a space; rows are any numbers there."""
    plan = space.layout.to_plan(space.setting((space.low + space.high) / 2))
    steps = resolve(plan)
    directions = directions_for(problem, steps)
    sources = sum(len(step.blocks) for step in steps)
    if (
        beyond(problem)
        or not is_ordinary(problem)
        or sources != space.layout.kind.size
        or obstacle(steps, directions) is not None
    ):
        return []

    def value(power: float, point: Array) -> tuple[float, Array]:
        setting = space.setting(point)
        penalty = plan.penalty if setting.penalty is None else setting.penalty
        made = space.layout.to_steps(steps, setting)
        found = along(directions, made, penalty, partial(_weights, objective, power))
        return _whole(objective, power, found.risk), space.slopes(point, found)

    return [partial(value, power) for power in _powers(objective)]


def _powers(objective: str) -> tuple[float, ...]:
    return _POWERS if objective == "worst" else (1.0,)


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
