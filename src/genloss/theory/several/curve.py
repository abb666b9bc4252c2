"""The curve of a problem of several classes, one generation after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.cautions import contradict, lacks_mean, near_interpolation
from genloss.class_means import separation
from genloss.curve import Curve
from genloss.errors import NoTheoryError
from genloss.generation import REAL
from genloss.losses.squared import Squared
from genloss.problem import Problem, beyond
from genloss.steps import Step, Steps
from genloss.theory.closed import is_even
from genloss.theory.doubts import (
    CHOSEN,
    DEAR_CHOICE,
    FEW,
    FEW_NOISY,
    NOT_GAUSSIAN,
    infinite_mean,
    models_named,
    spreading,
)
from genloss.theory.several import decisions, filtered, spiked
from genloss.theory.several.fit import Used, fit, rows_kept, spread_of
from genloss.theory.several.models import Models, Part
from genloss.theory.several.points import is_rough

Array = npt.NDArray[np.float64]
MOST_NUMBERS = 20_000_000
"""Of the covariance of one model: directions times squared classes."""
MOST_APART = 1e10
"""Of class means: a risk is found as a difference of numbers so many times larger."""
_COARSE = 3e-3


def curve_of(problem: Problem, steps: Steps) -> Curve:
    """Error and risk of every model.

    Raises
    ------
    NoTheoryError
        If a fit is none to new rows under the squared loss, or classes are too many or too far apart.
    """
    check(problem, steps)
    models = Models(problem, steps)
    nothing = Used(np.nan, np.nan, np.nan, np.inf, 1.0, 0.0)
    risks, used, seen, unseen = [], [], [], (np.nan, np.nan, np.nan)
    for step in steps:
        if (found := fitted(models, step)) is None:
            used.append(nothing)
            seen.append((*unseen[:2], np.inf))
        else:
            used.append(found)
            seen.append(unseen if is_rough() else _scores(problem, models, step.model))
        risks.append(models.risk(step.model))
    bias, variance = np.array(risks).T
    kappa, df1, df2, directions, accepted, penalty, per_row = np.array(used).T
    error, disagreement, norm = np.array(seen).T
    classes = any(block.labels.makes != "numbers" for step in steps for block in step.blocks)
    return Curve(
        risk=bias + variance,
        bias=bias,
        variance=variance,
        method="channel",
        warnings=_warnings(problem, steps, accepted, directions, error, bias + variance, per_row),
        kappa=kappa,
        df1=df1,
        df2=df2,
        exact=np.zeros(len(steps), dtype=bool),
        penalty=penalty,
        error=error if classes else None,
        accepted=accepted if any(b.keep for step in steps for b in step.blocks) else None,
        norm=norm,
        disagreement=disagreement if classes else None,
        n_agents=steps.agents,
    )


def check(problem: Problem, steps: Sequence[Step]) -> None:
    """Raise NoTheoryError if a fit is not known, or classes are too many or far apart."""
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
    free, dim = (
        step.penalty == 0 and step.filter is None,
        models.directions.dim,
    )
    lost = models.lost(step)
    near = free and not lost and lacks_mean(step.rows, dim, rows_kept(models, step) / step.rows)
    if lost or (near and (models.clouds or contradict(step))):
        models.lose(step.model)
        return None
    if near and step.rows >= dim and all(block.keep is None for block in step.blocks):
        return _copied(models, step)
    if step.filter is None:
        return fit(models, step)
    in_turn = not step.filter.spectral and len(step.blocks) > 1
    plain = not models.clouds and not in_turn and all(b.keep is None for b in step.blocks)
    return (filtered.fit if plain else spiked.fit)(models, step)


def _copied(models: Models, step: Step) -> Used:
    """Add a model that is its one labeler."""
    shares, dim = step.blocks[0].shares, models.directions.eigenvalues.size
    whole = [Part(shares, np.ones(dim), np.eye(models.classes))]
    models.record(step.model, models.mean(shares), spread_of(models, whole), whole)
    return Used(0.0, dim, dim, np.inf, 1.0, 0.0)


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
    if step.filter is None:
        return None
    if not is_even(step):
        return "is fitted by a filter on rows that are not alike"
    return None


def wrong(problem: Problem, models: Models, model: int) -> float:
    """Share of wrong classes."""
    if problem.means is None:
        return decisions.differ(*models.law(model, REAL))
    middle, covariance = models.law(model, model)
    classes = models.classes
    return decisions.wrong(middle[:, :classes], covariance[:classes, :classes])


def _scores(problem: Problem, models: Models, model: int) -> tuple[float, float, float]:
    """Share of wrong classes, share on which it differs from model 0, and the size of what it says."""
    classes = models.classes
    middle, covariance = models.law(model, 0)
    own, spread = middle[:, :classes], covariance[:classes, :classes]
    moved = decisions.differ(middle, covariance) if model else 0.0
    size = np.trace(spread) + np.sum(own**2) / len(middle)
    return wrong(problem, models, model), moved, float(np.sqrt(size))


def _warnings(
    problem: Problem,
    steps: Sequence[Step],
    accepted: Array,
    directions: Array,
    error: Array,
    risk: Array,
    per_row: Array,
) -> tuple[str, ...]:
    classes, dim = problem.truth.shape[1], np.array(float(problem.dim))
    few, dear = directions < FEW_NOISY, per_row / risk / (classes - 1) > DEAR_CHOICE
    lost, freedom = np.isinf(risk), f"{problem.dim}"
    rows = np.array([step.rows for step in steps])
    penalty = np.array([np.nan if step.filter else step.penalty for step in steps])
    close = near_interpolation(rows, dim, penalty, accepted) & np.isfinite(error)
    found = [
        f"{models_named(np.flatnonzero(where).tolist())}: {what}"
        for where, what in (
            (few, FEW),
            (lost, infinite_mean(freedom)),
            (close, spreading(freedom)),
            (dear, CHOSEN),
        )
        if where.any()
    ]
    if classes > decisions.MOST_EXACT and np.nanmin(error, initial=1.0) < _COARSE:
        found.append(
            f"shares of wrong classes below {100 * _COARSE:g} % are known to a tenth of themselves or so, as "
            f"there are more than {decisions.MOST_EXACT} classes"
        )
    if not problem.gaussian:
        found.append(NOT_GAUSSIAN)
    return tuple(found)
