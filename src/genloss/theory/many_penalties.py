"""Errors of one plan under many penalties, without writing the plans."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.plan import Plan
from genloss.problem import beyond
from genloss.spectrum import Spectral
from genloss.steps import Steps, resolve
from genloss.theory import succession
from genloss.theory.directions import directions_for
from genloss.theory.predict import predict
from genloss.theory.routes import routes
from genloss.theory.units import is_ordinary
from genloss.theory.walk import Walk
from genloss.theory.walked import CELLS

Array = npt.NDArray[np.float64]


def is_together(problem: Spectral, steps: Steps) -> bool:
    """Whether many penalties of a plan are predicted in whole arrays, and not one after the other."""
    unlike = steps[0].outside or any(way is not Walk.fresh for way in routes(steps))
    return not (unlike or beyond(problem) or not is_ordinary(problem))


def risks(problem: Spectral, plan: Plan) -> Callable[[Array], Array]:
    """Return a function from penalties > 0, shape (k, n_models), to errors of that shape.

    Examples
    --------
    >>> import genloss as gl
    >>> import numpy as np
    >>> from genloss.theory.many_penalties import risks
    >>> errors = risks(gl.Problem.isotropic(100), gl.Plan.replace(3, 200, noise=0.5))
    >>> errors(np.array([[0.1, 0.1, 0.1], [0.1, 0.3, 0.9]])).round(3)
    array([[0.177, 0.341, 0.491],
           [0.177, 0.349, 0.619]])
    """
    steps = resolve(plan.with_penalty(1.0))
    if not is_together(problem, steps):
        return lambda penalty: np.array([_alone(problem, plan, each) for each in penalty])
    directions = directions_for(problem, steps)
    weight = np.array([step.blocks[0].weight for step in steps])
    size = max(1, CELLS // directions.eigenvalues.size)

    def together(penalty: Array) -> Array:
        found = []
        for start in range(0, len(penalty), size):
            part = penalty[start : start + size] / weight
            walk = Walk(directions, [steps], routes(steps), penalty=part)
            bias, variance, _ = succession.risks(walk)
            found.append(bias + variance)
        errors = np.concatenate(found)
        if np.isfinite(errors).all():
            return errors
        return np.array([_alone(problem, plan, each) for each in penalty])

    return together


def _alone(problem: Spectral, plan: Plan, penalty: Array) -> Array:
    """Of one schedule; infinite where theory does not know it, or finds no fixed point, as beside interpolation."""
    try:
        [curve] = predict(problem, [plan.with_penalty(penalty)])
        return curve.risk
    except (ArithmeticError, NoTheoryError):
        return np.full(penalty.shape, np.inf)
