"""Where the theory is weak: one sentence each, carried on the Curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.plan import Plan
from genloss.predict.stage import Stage
from genloss.problem import Problem

Array = npt.NDArray[np.float64]

FEW_DIRECTIONS = 10.0
CROWDED = 0.2
LOW_DIM = 50
THIN = f"dim or n_samples below {LOW_DIM}: the asymptotic formula may be off by percents"
NOT_GAUSSIAN = "inputs are not Gaussian: the theory is an approximation here"


def cautions(
    problem: Problem, fits: Sequence[Stage], risks: Array, exact: Sequence[bool]
) -> tuple[str, ...]:
    """Sentences about models whose prediction needs care."""
    d = problem.dim
    infinite, spread, crowded, few, thin = [], [], [], [], []
    for model, fit in enumerate(fits):
        ridgeless = fit.penalty == 0
        if not np.isfinite(risks[model]):
            infinite.append(model)
        elif ridgeless and abs(fit.n_samples - d) <= 3:
            spread.append(model)
        elif fit.gap is not None and fit.n_samples - fit.df2 < CROWDED * fit.n_samples:
            crowded.append(model)
        if not exact[model] and fit.df2 < FEW_DIRECTIONS:
            few.append(model)
        elif not exact[model] and min(d, fit.n_samples) < LOW_DIM:
            thin.append(model)
    found = [
        (
            infinite,
            f"the mean risk is infinite, because this fit or a labeler's had n_samples within 1 of "
            f"dim {d} without penalty",
        ),
        (
            spread,
            f"n_samples within 3 of dim {d} without penalty: single runs spread without bound",
        ),
        (crowded, "n_samples is close to df2: small changes of the problem change the risk a lot"),
        (few, f"fewer than {FEW_DIRECTIONS:.0f} effective directions: single runs vary a lot"),
        (thin, THIN),
    ]
    sentences = [f"{_models(models)}: {text}" for models, text in found if models]
    if not problem.gaussian:
        sentences.append(NOT_GAUSSIAN)
    return tuple(sentences)


def limit_cautions(problem: Problem, plan: Plan) -> tuple[str, ...]:
    """Sentences about a plan that is known in high dimension only."""
    rows = plan.n_samples
    thin = [model for model in range(plan.n_models) if min(problem.dim, rows[model]) < LOW_DIM]
    sentences = [f"{_models(thin)}: {THIN}"] if thin else []
    return tuple(sentences if problem.gaussian else [*sentences, NOT_GAUSSIAN])


def _models(models: Sequence[int]) -> str:
    """Model numbers as ranges: ``models 0-3, 7``."""
    breaks = np.flatnonzero(np.diff(models) > 1) + 1
    ranges = [
        f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}"
        for run in np.split(np.asarray(models), breaks)
    ]
    return f"model{'s' if len(models) > 1 else ''} {', '.join(ranges)}"
