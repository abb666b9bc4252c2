"""A weight on one screen: the answer, the error against the weight, what a row is worth, what to mind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from genloss._columns import Column
from genloss._words import change, number
from genloss.report.curve import numeric
from genloss.report.numbers import counted
from genloss.report.sentences import sentence, tell

if TYPE_CHECKING:
    from rich.console import Console

    from genloss.weighing.result import Weighed


def print_weighed(found: Weighed, console: Console, *, say: Callable[[str], str] = str) -> None:
    """Print a weight, the weights that may be right, and what to do.

    Parameters
    ----------
    found : Weighed
        The answer of `genloss.weigh`.
    console : rich.console.Console
        Where to.
    say : callable
        Spells arguments of the package as the caller does.
    """
    sentence(
        f"{found.sources[0]} and {found.sources[1]}, predicting {found.target!r} by {found.model}: "
        f"{counted(found.n_real, 'real row')}, {counted(found.n_synthetic, 'synthetic row')}"
        f"{f', {len(found.classes)} classes' if found.classes else ''}.",
        console,
    )
    console.print()
    tables, answer = [(weight_columns(found), weight_legend(found))], found.advice.sentences
    tell(answer, tables, console, say, notes=found.notes, warnings=found.warnings)


def weight_legend(found: Weighed) -> str:
    """What the columns mean."""
    return (
        f"Error: {'mean squared' if not found.classes else found.metric.partition(' on ')[0]}, on every real row "
        f"under a fit that has not seen it ({found.judged_by}). "
        "s.e.: standard error of the difference from the least. Plausible: within 1.5 of them."
    )


def weight_columns(found: Weighed) -> list[Column]:
    """Error against weight, every second weight and the one chosen."""
    low, high = found.plausible
    shown = [k for k in range(found.weights.size) if k % 2 == 0 or k in (1, found.best)]
    alone = float(found.error[0])
    marks = []
    for k in shown:
        inside = low <= found.weights[k] <= high
        marks.append("chosen" if k == found.best else "yes" if inside else "")
    error, spread = numeric(
        {"error": found.error[shown], "s.e.": found.stderr[shown]},
        ranks={"s.e.": 1},
        digits={"s.e.": 2},
    )
    penalties = [number(float(each), 2) for each in found.penalties[shown]]
    wrong = [] if found.wrong is None else [f"{100 * each:.1f} %" for each in found.wrong[shown]]
    known = bool(np.isfinite(found.penalties).all())
    return [
        Column("weight", [number(float(each), 2) for each in found.weights[shown]]),
        error,
        spread,
        Column("against\nreal alone", [change(float(e), alone) for e in found.error[shown]]),
        *([Column("wrong\nclasses", wrong)] if wrong else []),
        *([Column("penalty", penalties, rank=2)] if known else []),
        Column("plausible", marks, left=True),
    ]
