"""What to do about a forecast, gathered from its parts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from genloss.outlook.check import Check
from genloss.outlook.doubling import doubling
from genloss.outlook.growth import NORMAL, Growth
from genloss.outlook.penalties import Best
from genloss.outlook.result import TOLERANCE, Advice, Outcome
from genloss.outlook.sentences import GAIN, Facts, sentences
from genloss.outlook.shares import Shape, real_rows
from genloss.outlook.signs import AgainstMean
from genloss.outlook.theory import Theory
from genloss.outlook.units import UNITS
from genloss.plan import Plan

Array = npt.NDArray[np.float64]

_LEAST = 0.03  # log growths closer than this do not disagree


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that advice rests on.

    Attributes
    ----------
    plan : Plan
        The plan.
    own, retuned : Outcome
        Its errors with penalties fixed, or chosen anew; as asked first.
    grown : Growth
        The growth behind ``own``.
    theory : Theory or None
        To look beyond the plan.
    first, last : Best
        Error of model 0 and of the last model over penalties.
    shape : Shape
        How growth falls with real labels.
    mean : AgainstMean
        Who beats the mean.
    check : Check
        Forecast beside measurement.
    cv : bool
        Whether penalties are chosen anew.
    kernel : str or None
        What scikit-learn's ``KernelRidge`` takes for the kernel; None for a linear model.
    lossless : bool
        Whether a refit without a penalty returns its teacher.
    baseline : float
        Mean squared error of always answering the mean.
    """

    plan: Plan
    own: Outcome
    retuned: Outcome
    grown: Growth
    theory: Theory | None
    first: Best
    last: Best
    shape: Shape
    mean: AgainstMean
    check: Check
    cv: bool
    kernel: str | None
    lossless: bool
    baseline: float


def advise(found: Evidence) -> Advice:
    """Numbers, ranges and sentences."""
    plan, own = found.plan, found.own
    n = int(plan.n_samples.max())
    n_first, n_last = int(plan.n_samples[0]), int(plan.n_samples[-1])
    doubles, between, horizon = doubling(plan, found.grown, found.theory)
    worst = int(np.argmax(found.grown.log))
    rows, rows_range = real_rows(
        found.shape, float(found.grown.log[worst]), float(found.grown.se[worst]), n
    )
    error, first_error = float(own.error[-1]), float(own.error[0])
    alike = (found.last.low, found.last.high)
    if not found.cv and found.last.least > (1 - GAIN) * error:
        planned = float(plan.penalty[-1])  # as good as the best
        alike = (min(alike[0], planned), max(alike[1], planned))
    draft = Advice(
        sentences=(),
        doubles_at=doubles,
        doubles_at_range=between,
        horizon=horizon,
        best_penalty=found.last.penalty,
        best_penalty_range=alike,
        best_error=found.last.least,
        best_error_first=found.first.at(found.last.penalty),
        error=error,
        error_first=first_error,
        best_first_penalty=found.first.penalty,
        best_first_penalty_range=(found.first.low, found.first.high),
        best_first_error=found.first.least,
        alpha=n_last * found.last.penalty,
        alpha_first=n_first * found.first.penalty,
        real_rows=rows,
        real_rows_range=rows_range,
        shares=tuple(found.shape.shares.tolist()),
        share_growth=tuple(
            np.exp(max(float(found.grown.log.max()), 0.0) * found.shape.left).tolist()
        ),
        beats_mean=found.mean.better,
        clearly_beats_mean=found.mean.clearly,
        agrees=agrees(found.check),
    )
    facts = Facts(
        plan=plan,
        own=own,
        retuned=found.retuned,
        check=found.check,
        advice=draft,
        cv=found.cv,
        kernel=found.kernel,
        lossless=found.lossless,
        baseline=found.baseline,
    )
    said = {name: tuple(sentences(replace(facts, unit=unit))) for name, unit in UNITS.items()}
    return replace(draft, sentences=said["mse"], by_unit=said)


def verdict(growth: float) -> str:
    """What a growth comes to."""
    if growth <= 1 + TOLERANCE:
        return "holds"
    return "grows" if growth < 2 else "doubles"


def measured_growth(check: Check) -> tuple[float, float]:
    """Measured growth of the last model, and the standard error of its logarithm over splits."""
    runs = check.runs
    mean = runs.mean(axis=0)
    if not (np.isfinite(mean).all() and mean[0] > 0):
        return float("nan"), float("nan")
    ratio = mean[-1] / mean[0]
    apart = (runs[:, -1] - ratio * runs[:, 0]) / mean[-1]
    return float(ratio), float(apart.std(ddof=1) / np.sqrt(len(runs)))


def agrees(check: Check) -> bool:
    """Whether forecast and measurement differ by no more than both intervals, or say the same."""
    ratio, se = measured_growth(check)
    if np.isnan(ratio) or not np.isfinite(check.log_growth[-1]):
        return True
    said = float(np.exp(check.log_growth[-1]))
    if verdict(said) == verdict(ratio):
        return True
    few = 1 + 2 / (len(check.runs) - 1)  # a scatter known from few splits
    doubt = NORMAL * float(np.linalg.norm([few * se, check.growth_se[-1], _LEAST]))
    return bool(abs(np.log(ratio) - check.log_growth[-1]) <= doubt)
