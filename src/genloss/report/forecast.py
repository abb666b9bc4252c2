"""A forecast on one screen: the answer, the models, the ways to train, what to do, what to mind."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from genloss._columns import Column
from genloss._words import change, number
from genloss.outlook.units import UNITS, Unit, r2_digits
from genloss.report.curve import labels_column, numeric, shown_models
from genloss.report.numbers import counted
from genloss.report.sentences import dim, sentence, tell

if TYPE_CHECKING:
    from rich.console import Console

    from genloss.outlook.result import Forecast, Outcome

Array = npt.NDArray[np.float64]


def print_forecast(
    outlook: Forecast, console: Console, *, unit: str = "mse", say: Callable[[str], str] = str
) -> None:
    """Print a forecast, its check, and what to do about it.

    Parameters
    ----------
    outlook : Forecast
        The answer of `genloss.forecast`.
    console : rich.console.Console
        Where to.
    unit : {"mse", "rmse", "share", "r2"}, default "mse"
        What errors are written as; changes are of the root error with "rmse", of the mean squared
        error otherwise.
    say : callable
        Spells arguments of the package as the caller does.
    """
    model = "linear ridge" if outlook.kernel is None else f"{outlook.kernel.name} kernel ridge"
    sentence(
        f"{outlook.source}, predicting {outlook.target!r} by {model} regression: "
        f"{counted(outlook.plan.n_models, 'model')} in turn.",
        console,
    )
    dim(repr(outlook.plan), console)
    console.print()
    tables = (
        (model_columns(outlook, unit), model_legend(outlook, unit)),
        (way_columns(outlook, unit), WAYS_LEGEND),
    )
    found = outlook.advice.said(unit)
    tell(found, tables, console, say, notes=outlook.notes, warnings=outlook.warnings)


def model_columns(outlook: Forecast, unit: str = "mse") -> list[Column]:
    """The models: error and change with their intervals, and the check beside them."""
    own, measured = outlook.own, outlook.measured
    assert measured.stderr is not None
    shown, kind = shown_models(outlook.plan.n_models), UNITS[unit]
    written = _writer(unit, outlook.baseline)
    low, high = _ends(written, own.low, own.high)
    errors = {
        kind.heading: written(own.error),
        "low": low,
        "high": high,
        "check:\nforecast": written(outlook.predicted.risk),
        "check:\nmeasured": written(measured.risk),
        "s.e.": kind.stderr(measured.risk, measured.stderr, outlook.baseline),
    }
    smallest = float(np.min(own.error)) / max(outlook.baseline, 1e-300)
    error, low_end, high_end, forecast, found, spread = numeric(
        {name: values[shown] for name, values in errors.items()},
        ranks={"low": 2, "high": 2, "check:\nforecast": 1, "s.e.": 4},
        digits={"low": 3, "high": 3, "s.e.": 2} | _exact(unit, errors, smallest),
    )
    columns = [
        Column("model", [str(t) for t in shown]),
        labels_column("labels", outlook.plan, shown, rank=5),
        error,
        low_end,
        high_end,
        *_growth(own, shown, kind),
        forecast,
        found,
        spread,
    ]
    if outlook.original is not None:
        name = "on the scale\nbefore log"
        columns += numeric({name: outlook.original.error[shown]}, ranks={name: 1})
    return columns


def _exact(unit: str, names: Iterable[str], share: float) -> dict[str, int]:
    """More digits for columns of R2, where the smallest share of the mean's error asks for them."""
    digits = r2_digits(share, 4)
    return dict.fromkeys(set(names) - {"s.e."}, digits) if unit == "r2" and digits > 4 else {}


def _growth(own: Outcome, shown: list[int], unit: Unit) -> list[Column]:
    """Change since model 0 with its interval."""

    def cells(values: Array) -> list[str]:
        grown = unit.grown(values)
        return ["" if t == 0 else change(float(grown[t]), 1.0) for t in shown]

    return [
        Column(_change(unit), cells(own.growth)),
        Column("change\nlow", cells(own.growth_low), rank=3),
        Column("change\nhigh", cells(own.growth_high), rank=3),
    ]


def _change(unit: Unit) -> str:
    """The heading of changes: where the errors beside them are none that grow, it says of what."""
    return "change\n(MSE)" if unit.name == "r2" else "change"


def model_legend(outlook: Forecast, unit: str = "mse") -> str:
    """What the columns of the models mean, and how they came about."""
    rows, trials = outlook.rows, outlook.measured.trials or 0
    first, last = outlook.own.error[0], outlook.own.error[-1]
    root = _writer("rmse", outlook.baseline)
    mean = float(_writer(unit, outlook.baseline)(np.array(outlook.baseline)))
    words = [
        f"Error: {UNITS[unit].words}, on real labels of rows nobody trained on; always answering the mean "
        f"has {number(mean)}. Expected from {counted(rows['used'], 'row')}; low, high: 90 % intervals. "
        f"Change: of the {'mean squared error' if unit == 'mse' else UNITS[unit].of_change} since model 0.",
    ]
    if np.isfinite(outlook.own.error).all() and outlook.baseline > 0:
        words.append(
            f"From model 0 to model {outlook.plan.n_models - 1} the root of the error goes from "
            f"{number(float(root(first)), 3)} to {number(float(root(last)), 3)} in units of the target, R2 from "
            f"{_r2(float(first) / outlook.baseline)} to {_r2(float(last) / outlook.baseline)}."
        )
    own_rows = int(outlook.plan.n_samples.max())
    fewer = (
        f" with {counted(outlook.check_rows, 'row')} a model instead of {own_rows:,}"
        if outlook.check_rows < own_rows
        else ""
    )
    words.append(
        f"Check{fewer}: forecast from {counted(rows['seen'], 'row')}, measured by "
        f"{counted(trials, 'literal run')} on {counted(rows['pool'] + rows['test'], 'other')} "
        f"(s.e.: its standard error){_off(outlook.relative_error, UNITS[unit])}."
    )
    return "\n".join(words)


def _r2(share: float) -> str:
    """R2 of a share of the mean's error, with the digits that tell it from one."""
    return number(1 - share, r2_digits(share, 2))


def _off(difference: Array, unit: Unit) -> str:
    told = np.abs(unit.off(difference[np.isfinite(difference)]))
    what = f"its {unit.of_change} " if unit.name in ("share", "r2") else ""
    return f"; {what}off by {_percent(float(np.median(told)))} in the median" if told.size else ""


def _percent(share: float) -> str:
    return f"{share:.1%}" if share < 10 else f"a factor of {number(1 + share, 3)}"


def way_columns(outlook: Forecast, unit: str = "mse") -> list[Column]:
    """The plan, the same with the penalty chosen anew, other policies, and the whole table."""
    written, kind = _writer(unit, outlook.baseline), UNITS[unit]
    last = outlook.plan.n_models - 1
    ways = [("this plan", outlook.own), ("penalty anew", outlook.retuned)]
    if outlook.penalty_rule == "cv":
        ways = [("this plan", outlook.own)]
    for policy in outlook.policies:
        same = np.array_equal(policy.error, outlook.own.error)
        if same and np.isfinite(policy.error).all():
            ways[0] = (f"this plan ({policy.name})", outlook.own)
        else:
            ways.append((policy.name, policy))
    ways.append((f"all {counted(outlook.full.n_samples, 'row')}", outlook.full))
    return [
        Column("way to train", [name for name, _ in ways], left=True, wraps=True),
        Column("rows", [str(way.n_samples) for _, way in ways], rank=3),
        Column("penalty", [_penalty(way.penalty) for _, way in ways], rank=2),
        *numeric(
            {
                f"{kind.heading} of\nmodel 0": written(np.array([w.error[0] for _, w in ways])),
                f"{kind.heading} of\nmodel {last}": written(
                    np.array([w.error[-1] for _, w in ways])
                ),
            },
            ranks={f"{kind.heading} of\nmodel 0": 1},
        ),
        *(
            Column(
                heading,
                [change(float(kind.grown(ends[-1])), 1.0) for ends in values],
                rank=rank,
            )
            for heading, rank, values in (
                (_change(kind), 0, [w.growth for _, w in ways]),
                ("low", 0, [w.growth_low for _, w in ways]),
                ("high", 0, [w.growth_high for _, w in ways]),
            )
        ),
    ]


WAYS_LEGEND = (
    "Errors of every way from the same rows; change with its 90 % interval (low, high). "
    "Penalty cv: chosen anew for every model, by leave-one-out."
)


def _penalty(value: float) -> str:
    return "cv" if math.isnan(value) else number(value, 2)


def _writer(unit: str, baseline: float) -> Callable[[Array], Array]:
    """Mean squared errors in a unit."""
    return partial(UNITS[unit].written, baseline=baseline)


def _ends(written: Callable[[Array], Array], low: Array, high: Array) -> tuple[Array, Array]:
    one, two = written(low), written(high)
    return np.minimum(one, two), np.maximum(one, two)
