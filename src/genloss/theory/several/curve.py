"""The curve of a problem of several classes, one generation after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.class_means import separation
from genloss.curve import Curve
from genloss.errors import NoTheoryError
from genloss.generation import REAL
from genloss.losses.squared import Squared
from genloss.problem import Problem, beyond
from genloss.steps import Step, agents
from genloss.theory.doubts import FEW_NOISY, NOT_GAUSSIAN, models_named
from genloss.theory.several.fit import Used, fit
from genloss.theory.several.models import Models
from genloss.theory.several.points import spread

Array = npt.NDArray[np.float64]
MOST_NUMBERS = 20_000_000
"""Of the covariance of one model: directions times squared classes."""
MOST_APART = 1e10
"""Of class means: a risk is found as a difference of numbers so many times larger."""


def curve_of(problem: Problem, steps: Sequence[Step]) -> Curve:
    """Error and risk of every model.

    Raises
    ------
    NoTheoryError
        If a fit is none to new rows under the squared loss, or classes are too many or too far apart.
    """
    check(problem, steps)
    models = Models(problem, steps)
    nothing = Used(np.nan, np.nan, np.nan, np.inf, 1.0)
    risks, used, seen = [], [], []
    for step in steps:
        if (found := fitted(models, step)) is None:
            used.append(nothing)
            seen.append((np.nan, np.nan, np.inf))
        else:
            used.append(found)
            seen.append(_scores(problem, models, step.model))
        risks.append(models.risk(step.model))
    bias, variance = np.array(risks).T
    kappa, df1, df2, directions, accepted = np.array(used).T
    error, disagreement, norm = np.array(seen).T
    classes = any(block.labels.makes != "numbers" for step in steps for block in step.blocks)
    return Curve(
        risk=bias + variance,
        bias=bias,
        variance=variance,
        method="channel",
        warnings=_warnings(problem, np.flatnonzero(directions < FEW_NOISY).tolist()),
        kappa=kappa,
        df1=df1,
        df2=df2,
        exact=np.zeros(len(steps), dtype=bool),
        penalty=np.array([step.penalty for step in steps]),
        error=error if classes else None,
        accepted=accepted if any(b.keep for step in steps for b in step.blocks) else None,
        norm=norm,
        disagreement=disagreement if classes else None,
        n_agents=agents(steps),
    )


def check(problem: Problem, steps: Sequence[Step]) -> None:
    """Raise NoTheoryError if a fit is none to new rows under the squared loss, or classes are too many or far apart."""
    if problem.tails:
        raise NoTheoryError(
            f"problem has {beyond(problem)}: no theory knows it, but genloss.simulate(problem, plan) does"
        )
    for step in steps:
        if why := obstacle(step):
            raise NoTheoryError(
                f"model {step.model} of several classes {why}: no theory knows it, but "
                "genloss.simulate(problem, plan) does"
            )
    if problem.dim * problem.truth.shape[1] ** 2 > MOST_NUMBERS:
        raise NoTheoryError(
            f"problem has {problem.dim} directions and {problem.truth.shape[1]} classes, and theory asks for "
            f"every pair of classes in every direction, {MOST_NUMBERS:,} numbers at most; "
            "genloss.simulate(problem, plan) runs it"
        )
    if problem.means is not None and separation(problem.spectrum, problem.means) > MOST_APART:
        raise NoTheoryError(
            f"problem has class means with mu' Sigma^-1 mu above {MOST_APART:.0e}, of which double precision "
            "knows no small errors; genloss.simulate(problem, plan) does"
        )


def fitted(models: Models, step: Step) -> Used | None:
    """Add the model of a step; None where it has no mean risk."""
    near = step.penalty == 0 and abs(step.rows - models.directions.dim) <= 1
    if near or models.lost(step):
        models.lose(step.model)
        return None
    return fit(models, step)


def obstacle(step: Step) -> str | None:
    """Why a fit is not known, or None."""
    if not isinstance(step.loss, Squared):
        return f"is fitted by {step.loss} loss"
    if step.features is not None:
        return "is fitted on random features"
    if step.is_pooled or not step.is_new or step.last_fit > step.model or step.drawn is not None:
        return "is fitted on rows that another model is fitted to"
    if step.turned:
        return "is fitted on rows with a covariance matrix"
    return None


def wrong(problem: Problem, models: Models, model: int) -> float:
    """Share of wrong classes."""
    if problem.means is None:
        [told] = _said(models, model, REAL)
        return float(np.mean(told[:, 0] != told[:, 1]))
    return _in_other_clouds(_said(models, model, model))


def _scores(problem: Problem, models: Models, model: int) -> tuple[float, float, float]:
    """Share of wrong classes, share on which it differs from model 0, and the size of what it says."""
    said = _said(models, model, 0)
    moved = float(np.mean([each[:, 0] != each[:, 1] for each in said]))
    share = wrong(problem, models, model) if problem.means is None else _in_other_clouds(said)
    middle, covariance = models.law(model, model)
    classes, clouds = models.classes, len(middle)
    size = np.trace(covariance[:classes, :classes]) + np.sum(middle[:, :classes] ** 2) / clouds
    return share, moved, float(np.sqrt(size))


def _said(models: Models, one: int, other: int) -> list[Array]:
    """Classes that two models give the rows of every cloud, (n, 2) each."""
    classes = models.classes
    apart = np.kron(np.eye(2), np.eye(classes) - 1 / classes)  # what is common decides no class
    middle, covariance = models.law(one, other)
    values = spread(apart @ covariance @ apart, classes, len(middle))
    return [(apart @ centre + values).reshape(-1, 2, classes).argmax(axis=2) for centre in middle]


def _in_other_clouds(said: list[Array]) -> float:
    return float(np.mean([each[:, 0] != cloud for cloud, each in enumerate(said)]))


def _warnings(problem: Problem, few: list[int]) -> tuple[str, ...]:
    found = []
    if few:
        found.append(
            f"{models_named(few)}: few effective directions: the asymptotic formula may be 3 to 10 percent "
            "off"
        )
    if not problem.gaussian:
        found.append(NOT_GAUSSIAN)
    return tuple(found)
