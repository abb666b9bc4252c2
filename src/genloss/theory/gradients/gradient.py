"""Slopes of the errors of a plan in its penalties, rows, weights, noises and shares of labelers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.cautions import near_interpolation
from genloss.errors import NoTheoryError
from genloss.plan import Plan
from genloss.spectrum import Spectral, Spectrum
from genloss.steps import Block, Step, resolve
from genloss.theory.directions import directions_for
from genloss.theory.gradients.even import Asked, Even
from genloss.theory.gradients.tape import Tape
from genloss.theory.gradients.weighted import Weighted
from genloss.theory.routes import Walk, routes
from genloss.theory.weighted import Rows

Array = npt.NDArray[np.float64]
Steps = Sequence[Step]


class Gradient(NamedTuple):
    """Slopes of a sum of errors in everything that a plan says in numbers.

    Attributes
    ----------
    risk : ndarray of shape (n_models,)
        The errors.
    penalty : ndarray of shape (n_models,)
        Slope in every penalty; NaN for least squares, where the error jumps.
    n_samples, weight, noise : list of ndarray of shape (n_sources,)
        Slopes in what the sources of every model say; of rows as if they were any number. The
        weight of a model's only source is the inverse of a penalty.
    shares : list of list of dict
        Slopes in the coefficients of the labelers of every source.
    """

    risk: Array
    penalty: Array
    n_samples: list[Array]
    weight: list[Array]
    noise: list[Array]
    shares: list[list[dict[int, float]]]


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
    directions = directions_for(problem, steps)
    if (why := obstacle(steps, directions)) is not None:
        raise NoTheoryError(f"{why}: slopes of its error are not known")
    penalty = np.array([step.penalty for step in steps])
    return along(directions, steps, penalty, objective or _last)


def obstacle(steps: Steps, directions: Spectrum) -> str | None:
    """Why there are no slopes of a plan's errors, or None where there are."""
    isotropic = (directions.eigenvalues == directions.eigenvalues[0]).all()
    for step, way in zip(steps, routes(steps), strict=True):
        if way not in (Walk.fresh, Walk.weighted) or step.retuned:
            return f"model {step.model} is not fitted to new rows alone, with a penalty that is a number"
        if step.towards is not None or step.outside:
            return f"model {step.model} is pulled to another model, or one from outside labels"
        rows, several = np.array(float(step.rows)), len(step.blocks) > 1
        if step.penalty == 0 and near_interpolation(rows, np.array(directions.dim), np.zeros(())):
            return f"model {step.model} has as many rows as directions and no penalty"
        if step.penalty == 0 and way is Walk.fresh and (several or isotropic):
            return f"model {step.model} has no penalty and a formula of its own at finite size"
    return None


def along(
    directions: Spectrum, steps: Steps, penalty: Array, objective: Callable[[Array], Array]
) -> Gradient:
    """`gradient` for trusted steps, with other penalties."""
    tape, models = Tape(directions), range(len(steps))
    even, several = _fits(directions, steps, penalty)
    for model in models:
        if model in several:
            several[model].forward(tape)
        else:
            even.forward(tape, model)
    risk = tape.risks(len(steps))
    for model, weight in enumerate(objective(risk).tolist()):
        tape.ask(model, weight)

    found = Gradient(risk, np.zeros(len(steps)), *([[] for _ in models] for _ in range(4)))
    for model in reversed(models):
        step = steps[model]
        noise = 2 * np.array([block.noise for block in step.blocks])
        if model in several:
            slopes = several[model].backward(tape)
            labelers = several[model].labelers
            found.penalty[model] = slopes.penalty
            found.n_samples[model], found.weight[model] = slopes.n, slopes.weight
            found.noise[model] = noise * slopes.noise
            by_labeler = [dict(zip(labelers, row, strict=True)) for row in slopes.shares.tolist()]
        else:
            shares, of_error = even.backward(tape, model)
            found.noise[model] = noise * of_error
            by_labeler = [shares]
        found.shares[model] = [
            {k: own[k] for k in block.shares}
            for own, block in zip(by_labeler, step.blocks, strict=True)
        ]
    rows, penalties = even.slopes()
    for (place, asked), n, lam in zip(even.at.values(), rows, penalties, strict=True):
        del place
        model = asked.model
        weight = steps[model].blocks[0].weight
        found.n_samples[model], found.penalty[model] = np.array([n]), lam / weight
        found.weight[model] = np.array([-lam * penalty[model] / weight**2])
    return found


def _fits(directions: Spectrum, steps: Steps, penalty: Array) -> tuple[Even, dict[int, Weighted]]:
    """The fits of one source each, and those of several."""
    single: list[Asked] = []
    several: dict[int, Weighted] = {}
    for step in steps:
        model, base = step.model, step.towards
        needed = step.last_use > model
        alive = [u for u in range(model) if steps[u].last_use > model] if needed else []
        if len(step.blocks) == 1 and step.blocks[0].covariance is None:
            [block] = step.blocks
            single.append(Asked(model, _left(block, base), block.noise**2, base, alive))
            continue
        given = [_left(block, base) for block in step.blocks]
        labelers = list(dict.fromkeys(k for labeler in given for k in labeler))
        shares = np.array([[labeler.get(k, 0.0) for k in labelers] for labeler in given])
        noise = np.array([block.noise**2 for block in step.blocks])
        rows = Rows.of(step, directions)
        several[model] = Weighted(
            model, rows, noise, labelers, shares, float(penalty[model]), base, alive
        )
    models = [asked.model for asked in single]
    n = np.array([float(steps[model].rows) for model in models])
    lam = np.array([penalty[model] / steps[model].blocks[0].weight for model in models])
    return Even(directions, single, n, lam), several


def _left(block: Block, base: int | None) -> dict[int, float]:
    """The labeler, less the model that the penalty pulls to."""
    labeler = dict(block.shares)
    if base is not None:
        labeler[base] = labeler.get(base, 0.0) - 1.0
    return labeler


def _last(risk: Array) -> Array:
    return np.eye(risk.size)[-1]
