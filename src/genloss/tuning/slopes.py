"""Slopes of an objective in the logarithms of all penalties."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from genloss.plan import Plan
from genloss.spectrum import Spectral
from genloss.steps import resolve
from genloss.theory.directions import directions_for
from genloss.theory.gradients.gradient import along, obstacle
from genloss.theory.units import is_ordinary

Array = npt.NDArray[np.float64]

_POWERS = 30.0, 300.0, 3e3, 3e4, 3e5


def slope_of(
    problem: Spectral, plan: Plan, objective: str
) -> list[Callable[[Array], tuple[float, Array]]]:
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
    if not is_ordinary(problem) or obstacle(steps, directions) is not None:
        return []

    def powers(power: float) -> Callable[[Array], tuple[float, Array]]:
        def weights(risk: Array) -> Array:
            if objective == "final":
                return np.eye(risk.size)[-1]
            return (risk / _mean(risk, power)) ** (power - 1) / risk.size

        def value(logs: Array) -> tuple[float, Array]:
            penalty = np.exp(logs)
            found = along(directions, steps, penalty, weights)
            risk = found.risk
            whole = float(risk[-1]) if objective == "final" else _mean(risk, power)
            return whole, found.penalty * penalty

        return value

    return [powers(power) for power in (_POWERS if objective == "worst" else (1.0,))]


def _mean(risk: Array, power: float) -> float:
    largest = float(risk.max())
    return largest * float(np.mean((risk / largest) ** power)) ** (1 / power)
