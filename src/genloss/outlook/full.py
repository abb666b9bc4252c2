"""The user's own model, trained on all rows of the table: its penalty, error and growth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.outlook.level import Level, level
from genloss.outlook.outcomes import outcome, rehearsed_growth
from genloss.outlook.penalties import Best, by_leaving_out, grid_of
from genloss.outlook.plans import sized
from genloss.outlook.result import Outcome
from genloss.outlook.sample import Sample
from genloss.outlook.study import Study
from genloss.plan import Plan

Array = npt.NDArray[np.float64]

MOST_KERNEL = 1_000  # rows whose Gram matrix is decomposed for leave-one-out
_WORK = 2e8
_SLOWER = 0.7  # of the last halving's gain, what the next doubling brings
_MOST_LINEAR = 3e7  # entries of the features decomposed for leave-one-out


@dataclass(frozen=True, eq=False)
class Whole:
    """Leave-one-out on as many rows as can be decomposed.

    Attributes
    ----------
    n_samples : int
        How many.
    best : Best
        The best penalty for a model of so many rows.
    squares : ndarray of shape (n, G)
        Losses of the rows at every penalty of ``best.grid``.
    slope : float
        Gain in log error from the last doubling of rows.
    trend : float
        By how much that lowered the best penalty.
    """

    n_samples: int
    best: Best
    squares: Array
    slope: float
    trend: float

    def level(self, sample: Sample, penalty: float) -> Level:
        """The error with the nearest penalty of the grid, at its interpolated height."""
        positive = self.best.grid > 0
        if penalty > 0:
            away = np.abs(np.log(np.where(positive, self.best.grid, np.inf) / penalty))
        else:
            away = self.best.grid
        at = int(np.argmin(away))
        part = sample if sample.size == self.n_samples else sample.take(np.arange(self.n_samples))
        found = level(self.squares[:, at], self.n_samples, part)
        return Level(self.best.at(penalty), found.se)


def whole(sample: Sample) -> Whole | None:
    """Leave-one-out over penalties; None where rows may not be left out alone."""
    if not sample.plain:
        return None
    most = MOST_KERNEL if sample.kernel is not None else int(_MOST_LINEAR / sample.X.shape[1])
    part = sample if sample.size <= most else sample.take(np.arange(most))
    grid = grid_of(part, part.size)
    best, squares = by_leaving_out(part, grid)
    slope, trend = 0.0, 0.5
    if sample.kernel is not None:
        halves = [part.take(np.arange(i, part.size, 2)) for i in range(2)]
        found = [by_leaving_out(half, grid)[0] for half in halves]
        before = np.mean([np.log(max(half.least, 1e-300)) for half in found])
        slope = max(float(before - np.log(max(best.least, 1e-300))), 0.0)
        low = np.exp(np.mean([np.log(max(half.penalty, 1e-300)) for half in found]))
        trend = float(np.clip(best.penalty / low, 0.3, 1.0)) if low > 0 else 0.5
    return Whole(part.size, best, squares, slope, trend)


def first_of_all_rows(study: Study, bigger: Plan, known: Whole) -> tuple[float, Level]:
    """Penalty and error of model 0 of a plan with all rows of the table, from leave-one-out."""
    n_table = int(bigger.n_samples.max())
    doublings = max(float(np.log2(n_table / known.n_samples)), 0.0)
    penalty = known.best.penalty * known.trend**doublings
    start = known.level(study.sample, known.best.penalty)
    gain = _SLOWER * known.slope * doublings
    if study.sample.kernel is None and study.theory is not None and doublings:
        here = sized(bigger, known.n_samples / n_table).with_penalty(known.best.penalty)
        both = study.theory.error(bigger.with_penalty(penalty)), study.theory.error(here)
        if both[0] is not None and both[1] is not None:
            gain = float(np.log(both[1][0] / both[0][0]))
    return penalty, Level(start.error * float(np.exp(-gain)), float(np.hypot(start.se, 0.5 * gain)))


def full(study: Study, bigger: Plan, n_table: int, first: Level, rank: int | None) -> Outcome:
    """The plan with all rows of the table in every generation, from its first model's error."""
    penalty = float(bigger.penalty[-1])
    found = rehearsed_growth(study, bigger, penalty, _WORK)
    return outcome(f"trained on all {n_table:,} rows", bigger, penalty, first, found, rank)
