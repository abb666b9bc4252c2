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


def slope_of(
    problem: Spectral, plan: Plan, objective: str
) -> Callable[[Array], tuple[float, Array]] | None:
    """Return a function from log penalties to the objective and its slopes; None where none are known.

    Parameters
    ----------
    problem : Problem or genloss.scaling.PowerLaw
    plan : Plan
        Its penalties do not matter.
    objective : {"final", "mean", "worst"}
        What is made of the errors; of the worst, the slope of that model's error.
    """
    steps = resolve(plan.with_penalty(1.0))
    directions = directions_for(problem, steps)
    if not is_ordinary(problem) or obstacle(steps, directions) is not None:
        return None

    def weights(risk: Array) -> Array:
        if objective == "mean":
            return np.full(risk.size, 1 / risk.size)
        return np.eye(risk.size)[-1 if objective == "final" else int(np.argmax(risk))]

    def value(logs: Array) -> tuple[float, Array]:
        penalty = np.exp(logs)
        found = along(directions, steps, penalty, weights)
        return float(weights(found.risk) @ found.risk), found.penalty * penalty

    return value
