"""A budget on one screen: what to buy, what it saves, other amounts of money."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from genloss._columns import Column
from genloss._words import change, number
from genloss.budgeting.result import WORTH_IT
from genloss.report.curve import numeric
from genloss.report.sentences import tell

if TYPE_CHECKING:
    from rich.console import Console

    from genloss.budgeting.result import Budget


def print_budget(found: Budget, console: Console, *, say: Callable[[str], str] = str) -> None:
    """Print what to buy, why, and what more or less money would do.

    Parameters
    ----------
    found : Budget
        The answer of `genloss.budget`.
    console : rich.console.Console
        Where to.
    say : callable
        Spells arguments of the package as the caller does.
    """
    tables = [(money_columns(found), money_legend(found))]
    tell(found.sentences, tables, console, say, notes=found.notes, warnings=found.warnings)


def money_columns(found: Budget) -> list[Column]:
    """What is advised for other amounts of money, and its error over that of real rows alone."""
    money, real, synthetic, error, ratio = zip(*found.rows(), strict=True)
    return [
        Column("money", [number(each, 3) for each in money]),
        Column("real", [f"{each:,.0f}" for each in real]),
        Column("synthetic", [f"{each:,.0f}" for each in synthetic]),
        *numeric({"error": np.array(error)}),
        Column("against\nreal alone", [change(each, 1.0) for each in ratio]),
    ]


def money_legend(found: Budget) -> str:
    """What the columns mean."""
    return (
        "What is advised for other amounts of money: the best mix by the law, or real rows alone where it would save "
        f"less than {WORTH_IT:.0%}. Error: mean squared, on new rows, predicted. A row costs "
        f"{number(found.prices.real)}, one that a model labels {number(found.prices.synthetic)}."
    )
