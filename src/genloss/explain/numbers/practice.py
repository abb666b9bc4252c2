"""A forecast for images of digits, and tuned chains on a known problem."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from genloss.explain.numerals import fixed, table
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.theory.predict import predict
from genloss.tuning.tune import real_rows_needed, tune

if TYPE_CHECKING:
    from genloss.outlook.forecast import Forecast

GENERATIONS = 10
ROWS = 200
DIM = 200
CAPACITY = 1.5
SOURCE = 0.5
NOISE = 0.3
MODEL_ROWS = 100
TOLERANCE = 0.1


def outlook() -> Forecast:
    """Forecast for scikit-learn's digits, read as numbers."""
    return _outlook(GENERATIONS, ROWS)


@cache
def _outlook(generations: int, rows: int) -> Forecast:
    from genloss.outlook.forecast import Forecast, forecast
    from genloss.tables.load import example_table

    digits = example_table("digits")
    plan = Plan.replace(generations, rows)
    found = forecast(digits.features, digits.target, plan, tune_penalty=True)
    assert isinstance(found, Forecast)
    return found


def problem() -> Problem:
    """A problem whose truth is known, for questions of principle."""
    return Problem.power_law(DIM, capacity=CAPACITY, source=SOURCE)


def plan() -> Plan:
    """A chain on it without penalties."""
    return Plan.replace(GENERATIONS, MODEL_ROWS, noise=NOISE)


def tuned(over: str) -> float:
    """Error of the last model with the best penalties of a kind."""
    return _tuned(problem(), plan(), over)


@cache
def _tuned(what: Problem, chain: Plan, over: str) -> float:
    return tune(what, chain, over=over).value


def newcomer() -> dict[str, Any]:
    """The forecast beside the measured chain, and what to do."""
    found = outlook()
    predicted, measured = found.predicted.risk, found.measured.risk
    shown = (0, GENERATIONS // 2, GENERATIONS - 1)
    rows = [(f"model {k}", fixed(predicted[k], 1), fixed(measured[k], 1)) for k in shown]
    return {
        "found": found,
        "errors": table(("", "forecast", "measured"), rows),
        "lost": (predicted[-1] - predicted[0]) / (found.baseline - predicted[0]),
        "retuned": found.retuned.error[-1],
        "real_rows": _real_rows(found),
    }


def engineer() -> dict[str, Any]:
    """What the snippets print."""
    found = outlook()
    return {
        "found": found,
        "predicted": found.predicted.risk[[0, -1]],
        "measured": found.measured.risk[[0, -1]],
        "penalty": found.plan.penalty[0],
        "ends": found.retuned.error[[0, -1]].round(2),
        "typical": _typical(found),
        "seen": found.rows["seen"],
        "tuned": _each_tuned(),
        "needed": _needed(),
        "without": predict(problem(), plan()).risk[-1],
    }


def theorist() -> dict[str, Any]:
    """How far forecasts are off, and what a schedule looks like."""
    found, schedule = outlook(), tune(problem(), plan(), over="schedule").plan.penalty
    return {
        "found": found,
        "typical": _typical(found),
        "ratio": schedule[-1] / schedule[1],
        "last_model": GENERATIONS - 1,
        "tuned": _each_tuned(),
    }


def _typical(found: Forecast) -> float:
    """Median distance of forecast and measurement."""
    return float(np.median(np.abs(found.relative_error)))


def _each_tuned() -> dict[str, float]:
    return {over: tuned(over) for over in ("last_penalty", "penalty", "schedule")}


def _real_rows(found: Forecast) -> str:
    """Answer to how many real labels are needed, in words."""
    wanted = found.advice.real_rows
    low, high = found.advice.real_rows_range
    if wanted is None or wanted >= ROWS:
        return "only real labels throughout"
    between = f"between {low or 0} and {ROWS if high is None else high}"
    return f"about {wanted} real labels out of {ROWS} ({between})"


def _needed() -> int | None:
    """Real rows per generation with one tuned penalty."""
    return real_rows_needed(
        tune(problem(), plan()).plan,
        lambda candidate: predict(problem(), candidate).risk + NOISE**2,
        tolerance=TOLERANCE,
    )
