"""A forecast by measurement on one screen: ways to train side by side, the check, what to mind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from genloss._columns import Column
from genloss._words import change, number
from genloss.report.curve import shown_models
from genloss.report.numbers import counted
from genloss.report.sentences import dim, sentence, tell

if TYPE_CHECKING:
    from rich.console import Console

    from genloss.outlook.measured.result import MeasuredForecast, Way

Array = npt.NDArray[np.float64]


def print_measured(
    outlook: MeasuredForecast, console: Console, *, say: Callable[[str], str] = str
) -> None:
    """Print errors of every way to train, the check, and what they come to.

    Parameters
    ----------
    outlook : MeasuredForecast
        The answer of `genloss.forecast` for classes or an estimator.
    console : rich.console.Console
        Where to.
    say : callable
        Spells arguments of the package as the caller does.
    """
    what = f"{len(outlook.classes)} classes" if outlook.classes else "a number"
    sentence(
        f"{outlook.source}, predicting {outlook.target!r} ({what}) by {outlook.model}: "
        f"{counted(outlook.plan.n_models, 'model')} in turn.",
        console,
    )
    dim(repr(outlook.plan), console)
    console.print()
    tables = (
        (way_columns(outlook), way_legend(outlook)),
        (check_columns(outlook), check_legend(outlook)),
    )
    found = outlook.advice.sentences
    tell(found, tables, console, say, notes=outlook.notes, warnings=outlook.warnings)


def way_columns(outlook: MeasuredForecast) -> list[Column]:
    """One column a way to train, errors with their intervals."""
    shown = shown_models(outlook.plan.n_models)
    own = [outlook.own, *(way for way in outlook.ways if way is not outlook.own)]
    return [
        Column("model", [str(t) for t in shown]),
        *(
            Column(_heading(outlook, way), [_cell(outlook, way, t) for t in shown], rank=rank)
            for rank, way in enumerate(own)
        ),
    ]


def _heading(outlook: MeasuredForecast, way: Way) -> str:
    return f"{way.name}\n{'error, %' if outlook.classes else 'squared error'}"


def _cell(outlook: MeasuredForecast, way: Way, t: int) -> str:
    """An error and its interval."""
    values = way.error[t], way.low[t], way.high[t]
    error, low, high = (
        f"{100 * v:.1f}" if outlook.classes else number(float(v), 3) for v in values
    )
    return f"{error} ({low}-{high})"


def way_legend(outlook: MeasuredForecast) -> str:
    """What the columns mean."""
    simple = "the commonest class" if outlook.classes else "the mean"
    base = f"{100 * outlook.baseline:.1f} %" if outlook.classes else number(outlook.baseline)
    score = "Share of wrong classes" if outlook.classes else "Mean squared error"
    meaning = {
        "hard labels": "each model is trained on the classes that the one before says",
        "soft labels": "on its scores or chances of all classes",
        "labels of the last model": "each model is trained on what the one before says",
        "real rows kept": "".join(
            _kept(way) for way in outlook.ways if way.name == "real rows kept"
        ),
    }
    words = [
        f"{name[0].upper()}{name[1:]}: {meaning[name]}"
        for way in outlook.ways
        if (name := way.name) in meaning
    ]
    words += [
        f"{way.name}: so many of the {way.n_samples:,} rows of every generation have new real labels"
        for way in outlook.ways
        if way.name.endswith("% real rows")
    ]
    told = "".join(f" {each}." for each in words)
    return (
        f"{score} on real labels of rows nobody trained on, with 90 % intervals in brackets; always "
        f"answering {simple} has {base}.{told}"
    )


def _kept(way: Way) -> str:
    """How many rows the models really had: there may be fewer than planned."""
    first = int(way.plan.n_samples[0])
    return (
        f"the first model's {first:,} rows with real labels stay in every fit, beside "
        f"{way.n_samples - first:,} new ones"
    )


def check_columns(outlook: MeasuredForecast) -> list[Column]:
    """Change since model 0, the check beside it, and what chances are worth."""
    own, measured, models = outlook.own, outlook.measured, outlook.plan.n_models
    shown = shown_models(models)
    assert measured.stderr is not None
    if outlook.classes:
        unit = "\npoints"
        changes = [
            [f"{100 * v + 0.0:+.1f}".replace("-0.0", "+0.0") for v in ends]
            for ends in (own.change, own.change_low, own.change_high)
        ]
    else:
        unit = ""
        growths = own.growth, own.growth_low, own.growth_high
        changes = [[change(float(v), 1.0) for v in ends] for ends in growths]
    columns = [Column("model", [str(t) for t in shown])]
    if models > 1:
        columns += [
            Column(f"{heading}{unit}", ["" if t == 0 else cells[t] for t in shown], rank=rank)
            for heading, cells, rank in zip(
                ("change", "low", "high"), changes, (0, 3, 3), strict=True
            )
        ]
    if outlook.theory is not None:
        columns.append(Column("theory", _numbers(outlook, outlook.theory.risk, shown), rank=2))
    columns += [
        Column("check:\nforecast", _numbers(outlook, outlook.predicted.risk, shown), rank=1),
        Column("check:\nmeasured", _numbers(outlook, measured.risk, shown)),
        Column("s.e.", _numbers(outlook, measured.stderr, shown, digits=2), rank=4),
    ]
    if "log_loss" in own.scores:
        surplus = own.overconfidence
        assert surplus is not None
        columns += [
            Column(
                "log loss", [number(float(own.scores["log_loss"][t]), 3) for t in shown], rank=2
            ),
            Column(
                "sure by\n%", [f"{100 * own.scores['confidence'][t]:.1f}" for t in shown], rank=2
            ),
            Column("too sure\npoints", [f"{100 * surplus[t]:+.1f}" for t in shown], rank=2),
        ]
    return columns


def _numbers(
    outlook: MeasuredForecast, values: Array, shown: list[int], digits: int = 3
) -> list[str]:
    if outlook.classes:
        return [f"{100 * values[t]:.1f}" for t in shown]
    return [number(float(values[t]), digits) for t in shown]


def check_legend(outlook: MeasuredForecast) -> str:
    """How the numbers came about."""
    rows, trials = outlook.rows, outlook.measured.trials or 0
    fewer = ""
    if outlook.check_rows < outlook.plan.n_samples.max():
        fewer = (
            f" with {counted(outlook.check_rows, 'row')} a model instead of "
            f"{int(outlook.plan.n_samples.max()):,}"
        )
    words = [f"{outlook.own.name[0].upper()}{outlook.own.name[1:]}"]
    unit = (
        "in per cent; change since model 0 in points" if outlook.classes else "change since model 0"
    )
    words = [
        f"{words[0]}, {unit}. Check{fewer}: measured on {counted(rows['seen'], 'row')} as forecast, and "
        f"by {counted(trials, 'literal run')} on {counted(rows['pool'] + rows['test'], 'other')} (s.e.: "
        "standard error)."
    ]
    if outlook.theory is not None:
        words.append(
            "Theory: of two normal clouds of one shape and as many rows, from model 0's error on, with "
            "the measured disagreement."
            if outlook.classes
            else "Theory: of ridge on a Gaussian problem estimated from the table, from model 0's error on."
        )
    if "log_loss" in outlook.own.scores:
        words.append(
            "Sure by: mean chance of the class that is said; too sure: that less the share of right "
            "answers."
        )
    return " ".join(words)
