"""Slopes of the errors of a plan in its penalties, rows, weights, noises and shares of labelers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.cautions import near_interpolation
from genloss.equivalents import solve
from genloss.errors import NoTheoryError
from genloss.plan import Plan
from genloss.problem import beyond
from genloss.spectrum import Spectral, Spectrum
from genloss.steps import Block, Step, resolve
from genloss.theory.closed import is_even
from genloss.theory.directions import directions_for
from genloss.theory.gradients.even import Asked, Even
from genloss.theory.gradients.straight import chain, is_straight
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
        Slopes in rows, as if they were any number, weights, and `Source.label_noise` of the sources
        of every model.
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
    kind = beyond(problem)
    why = f"problem has {kind}" if kind else obstacle(steps, directions)
    if why is not None:
        raise NoTheoryError(f"{why}: slopes of its error are not known")
    penalty = np.array([step.penalty for step in steps])
    return along(directions, steps, penalty, objective or _last)


def obstacle(steps: Steps, directions: Spectrum) -> str | None:
    """Why there are no slopes of a plan's errors, or None where there are."""
    isotropic = (directions.eigenvalues == directions.eigenvalues[0]).all()
    for step, way in zip(steps, routes(steps), strict=True):
        if way not in (Walk.fresh, Walk.weighted) or step.retuned:
            return f"model {step.model} is not fitted to new rows alone, with a penalty that is a number"
        if step.outside:
            return "a model from outside labels"
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
    models, empty = range(len(steps)), np.zeros(0)
    even, several = _fits(directions, steps, penalty)
    found = Gradient(
        empty,
        np.zeros(len(steps)),
        [empty] * len(steps),
        [empty] * len(steps),
        [empty] * len(steps),
        [[]] * len(steps),
    )
    if is_straight(even, len(steps)):
        risk, of_noise, of_share = chain(directions, even, objective)
        for model, step in enumerate(steps):
            [block] = step.blocks
            found.noise[model] = np.array([2 * block.noise * of_noise[model]])
            found.shares[model] = [dict.fromkeys(block.shares, float(of_share[model]))]
    else:
        tape = Tape(directions)
        for model in models:
            several[model].forward(tape) if model in several else even.forward(tape, model)
        risk = tape.risks(len(steps))
        for model, weight in enumerate(objective(risk).tolist()):
            tape.ask(model, weight)
        for model in reversed(models):
            _back(tape, steps[model], even, several.get(model), found)
    rows, penalties = even.slopes()
    for model, n, lam in zip(even.at, rows, penalties, strict=True):
        weight = steps[model].blocks[0].weight
        found.n_samples[model], found.penalty[model] = np.array([n]), lam / weight
        # a weight of all rows is the inverse of a penalty
        by_weight = -lam * penalty[model] / weight**2 if penalty[model] else 0.0
        found.weight[model] = np.array([by_weight])
    return found._replace(risk=risk)


def _back(tape: Tape, step: Step, even: Even, several: Weighted | None, found: Gradient) -> None:
    """Go back through one fit; what is found of one source's rows and penalty comes at the end."""
    model, noise = step.model, 2 * np.array([block.noise for block in step.blocks])
    if several is None:
        shares, of_error = even.backward(tape, model)
        found.noise[model], by_labeler = noise * of_error, [shares]
    else:
        slopes = several.backward(tape)
        found.penalty[model] = slopes.penalty
        found.n_samples[model], found.weight[model] = slopes.n, slopes.weight
        found.noise[model] = noise * slopes.noise
        by_labeler = [
            dict(zip(several.labelers, row, strict=True)) for row in slopes.shares.tolist()
        ]
    found.shares[model] = [
        {k: own[k] for k in block.shares}
        for own, block in zip(by_labeler, step.blocks, strict=True)
    ]


def _fits(directions: Spectrum, steps: Steps, penalty: Array) -> tuple[Even, dict[int, Weighted]]:
    """The fits of one source each, and those of several."""
    single: list[Asked] = []
    several: dict[int, Weighted] = {}
    alike = [step.model for step in steps if len(step.blocks) > 1 and is_even(step)]
    n, lam = _numbers(steps, alike, penalty)
    kappa = dict(zip(alike, solve(directions, lam, n).kappa.tolist(), strict=True))
    alive: list[int] = []
    for step in steps:
        model, base = step.model, step.towards
        alive = [u for u in alive if steps[u].last_use > model]
        along = alive if step.last_use > model else []
        if len(step.blocks) == 1 and step.blocks[0].covariance is None:
            [block] = step.blocks
            single.append(Asked(model, _left(block, base), block.noise**2, base, along))
        else:
            given = [_left(block, base) for block in step.blocks]
            labelers = list(dict.fromkeys(k for labeler in given for k in labeler))
            shares = np.array([[labeler.get(k, 0.0) for k in labelers] for labeler in given])
            noise = np.array([block.noise**2 for block in step.blocks])
            several[model] = Weighted(
                model,
                Rows.of(step, directions),
                noise,
                labelers,
                shares,
                float(penalty[model]),
                base,
                along,
                kappa.get(model),
            )
        if step.last_use > model:
            alive = [*alive, model]
    n, lam = _numbers(steps, [asked.model for asked in single], penalty)
    return Even(directions, single, n, lam), several


def _numbers(steps: Steps, models: Sequence[int], penalty: Array) -> tuple[Array, Array]:
    """Rows of fits, and their penalties over the weight of the rows."""
    weights = np.array([steps[model].blocks[0].weight for model in models])
    return np.array([float(steps[m].rows) for m in models]), penalty[list(models)] / weights


def _left(block: Block, base: int | None) -> dict[int, float]:
    """The labeler, less the model that the penalty pulls to."""
    labeler = dict(block.shares)
    if base is not None:
        labeler[base] = labeler.get(base, 0.0) - 1.0
    return labeler


def _last(risk: Array) -> Array:
    return np.eye(risk.size)[-1]
