"""A monitor's reading on one screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from genloss import _html
from genloss._columns import Column
from genloss._words import number
from genloss.report.curve import numeric
from genloss.report.sentences import tell

if TYPE_CHECKING:
    from rich.console import Console

    from genloss.watching.reading import Reading


def print_reading(found: Reading, console: Console, *, say: Callable[[str], str] = str) -> None:
    """Print what a monitor reads.

    Parameters
    ----------
    found : Reading
        The answer of `genloss.Monitor`.
    console : rich.console.Console
        Where to.
    say : callable
        Spells arguments of the package as the caller does.
    """
    tables = [(reading_columns(found), reading_legend(found))] if found.rounds.size else []
    tell(found.sentences, tables, console, say)


def reading_legend(found: Reading) -> str:
    """What the columns mean."""
    return (
        f"Rise: of the {found.metric} since round 0, by {found.judged_by}. Straightness: drift over the sum of "
        f"changes. Evidence: the alarm rings at {1 / found.alpha:.0f}."
    )


def reading_columns(found: Reading) -> list[Column]:
    """One row a round, the first ones and the last."""
    shown = _html.shown(len(found.rounds))
    numbers = numeric(
        {
            "rise": found.rise[shown],
            "low": found.rise_low[shown],
            "high": found.rise_high[shown],
            "drift": found.drift[shown],
        },
        ranks={"low": 2, "high": 2, "drift": 1},
        digits={"low": 3, "high": 3},
    )
    return [
        Column("round", [str(found.rounds[t]) for t in shown]),
        *numbers,
        Column("straightness", [number(float(found.straightness[t]), 2) for t in shown], rank=3),
        Column("evidence", [number(float(found.e_value[t]), 3) for t in shown]),
    ]
