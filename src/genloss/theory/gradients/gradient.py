"""Slopes of the errors of a plan in its penalties, rows, weights, noises and shares of labelers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from genloss.cautions import lacks_mean
from genloss.errors import NoTheoryError
from genloss.filters.sgd import SGD
from genloss.plan import Plan
from genloss.problem import Problem, beyond, tails_of
from genloss.spectrum import Spectral
from genloss.steps import Step, Steps, resolve
from genloss.theory.classes import centre_of
from genloss.theory.directions import directions_for, from_outside
from genloss.theory.gradients import columns
from genloss.theory.gradients.centred_run import along_centred_run, is_centred_run
from genloss.theory.gradients.found import Gradient, Objective
from genloss.theory.gradients.matrices import Matrices
from genloss.theory.gradients.on_design import along_run, is_run
from genloss.theory.gradients.tape import Pair
from genloss.theory.gradients.vectors import Setting, along
from genloss.theory.predict import ways_of
from genloss.theory.walk import Walk

Array = npt.NDArray[np.float64]
Along = Callable[[Steps, Array, Objective], Gradient]
"""The slopes of trusted steps with some penalties."""


def gradient(
    problem: Spectral, plan: Plan, objective: Callable[[Array], Array] | None = None
) -> Gradient:
    """Slopes of an objective of the errors of all models.

    Parameters
    ----------
    problem : Problem or genloss.scaling.PowerLaw
        What there is to learn.
    plan : Plan
        Fits on new rows: of one or several sources, covariances and weights, of any labelers.
    objective : callable, optional
        The objective's slope in every error, from the errors; default: the last error itself.

    Returns
    -------
    Gradient

    Raises
    ------
    NoTheoryError
        If the plan is not of that kind, or a fit without penalty has as many rows as directions.

    Notes
    -----
    The recursion of `genloss.predict` forwards and then backwards (reverse mode), for two or three
    times the work of one prediction, whatever the number of slopes.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.theory.gradients.gradient import gradient
    >>> problem = gl.Problem.power_law(200, capacity=1.5, source=0.5)
    >>> weak = gl.Plan.replace(3, 100, penalty=1e-4, noise=0.3)
    >>> bool((gradient(problem, weak).penalty < 0).all())  # larger penalties would help
    True
    """
    steps = resolve(plan)
    penalty = np.array([step.penalty for step in steps])
    if (why := obstacle(problem, steps)) is not None:
        raise NoTheoryError(f"{why}: slopes of its error are not known")
    # least squares has another formula as soon as rows have other weights
    weighing = all(step.penalty != 0 or len(step.blocks) == 1 for step in steps)
    return known(problem, steps, weighing=weighing)(steps, penalty, objective or _last)


def known(problem: Spectral, steps: Steps, *, moving: bool = True, weighing: bool = True) -> Along:
    """The slopes of steps that are these but for their numbers.

    Of penalties alone if no others are ``moving``, and of weights only if they are ``weighing``.
    """
    if isinstance(problem, Problem) and problem.truth.ndim == 2:
        several, between = problem, columns.between(problem, steps)
        problem, steps = columns.as_one(problem, steps)
        alone = _known(problem, steps, between, moving, weighing)
        return lambda made, penalty, objective: columns.of_each(
            alone(columns.louder(several, made), penalty, objective), several.truth.shape[1]
        )
    return _known(problem, steps, {}, moving, weighing)


def _known(
    problem: Spectral, steps: Steps, between: Mapping[Pair, Array], moving: bool, weighing: bool
) -> Along:
    """The same of one column, where models from outside have covariances with each other."""
    if steps.turned:
        assert isinstance(problem, Problem)
        laws = [each.law(problem.truth) for each in steps[0].outside]
        return Matrices(
            problem.spectrum, problem.truth, laws, tails_of(problem), moving, moving and weighing
        ).along
    outside, tails, centre = from_outside(problem, steps), tails_of(problem), centre_of(problem)
    if is_centred_run(problem, steps):
        some = problem.directions
        return lambda made, penalty, objective: along_centred_run(
            some, made, penalty, objective, moving=moving
        )
    if is_run(steps):
        whole = directions_for(problem, steps)
        return lambda made, penalty, objective: along_run(
            whole, made, penalty, objective, outside, between, moving=moving
        )
    setting = Setting(outside, between, tails, centre, {}, moving, weighing)
    directions = directions_for(problem, steps)
    return lambda made, penalty, objective: along(directions, made, penalty, objective, setting)


def obstacle(problem: Spectral, steps: Steps) -> str | None:
    """Why there are no slopes of a plan's errors, or None where there are."""
    if isinstance(problem, Problem) and problem.truth.ndim == 2:
        return columns.obstacle(problem, steps) or obstacle(*columns.as_one(problem, steps))
    kind = beyond(problem)
    if centre_of(problem) is None and kind not in (None, "tails"):
        return f"problem has {kind}"
    if is_centred_run(problem, steps):
        return None
    directions, ways = directions_for(problem, steps), ways_of(problem, steps)
    if Walk.on_design in ways and is_run(steps) and not directions.constant:
        return None
    beside = "a filter", "rows with a covariance matrix"
    for step, way in zip(steps, ways, strict=True):
        if directions.constant and (way is Walk.turned or step.filter is not None):
            return f"model {step.model} has an intercept and {beside[way is Walk.turned]}"
        if way in (Walk.turned, Walk.filtered) and step.filter is not None:
            if not (step.filter.spectral or isinstance(step.filter, SGD)):
                return f"model {step.model} is fitted by {step.filter}, which no formula knows"
            continue
        if way not in (Walk.fresh, Walk.weighted, Walk.turned, Walk.channel):
            return f"model {step.model} is not fitted to new rows alone"
        if step.penalty == 0 and lacks_mean(step.rows, directions.dim, 1.0):
            return f"model {step.model} has about as many rows as directions and no penalty"
        if step.penalty == 0 and way is Walk.channel and not _has_minimum(step, directions.dim):
            return f"model {step.model} has no penalty, and may have no minimum or several"
    return None


def _has_minimum(step: Step, dim: float) -> bool:
    """Whether a fit without penalty surely has one minimum."""
    kept = all(block.keep is None for block in step.blocks)
    return kept and "numbers" in step.loss.labels and step.rows > dim + 1


def _last(risk: Array) -> Array:
    return np.eye(risk.size)[-1]
