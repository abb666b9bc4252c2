"""A phase diagram as an answer and a table of some of its points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genloss._columns import Column
from genloss._words import number
from genloss.report.curve import shown_models
from genloss.report.sentences import dim, sentence
from genloss.report.table import print_table

if TYPE_CHECKING:
    from rich.console import Console

    from genloss.sweeps.diagram import Phases

MOST = 8  # columns and rows that are printed


def print_phases(found: Phases, console: Console) -> None:
    """Print how much of the map is stable, and some of its values."""
    good, unknown = np.isfinite(found.values), found.unknown
    known = good.size - int(unknown.sum())
    answer = f"{number(100 * good.sum() / known, 3)}% of {known:,} points are stable"
    if found.radius is not None and len(border := found.border):
        low, high = border.min(axis=0), border.max(axis=0)
        answer += (
            f"; the border runs from {found.x_name} {number(low[0], 3)} to {number(high[0], 3)} and from "
            f"{found.y_name} {number(low[1], 3)} to {number(high[1], 3)}"
        )
    sentence(f"{answer}.", console, style="bold")
    if found.reasons is not None:
        why = found.reasons[unknown][0]
        sentence(f"{unknown.sum():,} points more are not known: {why}.", console)
    console.print()
    across, up = shown_models(found.x.size, MOST), shown_models(found.y.size, MOST)
    columns = [Column(f"{found.y_name}\n\\ {found.x_name}", [number(found.y[k], 3) for k in up])]
    columns += [
        Column(number(found.x[j], 4), [_said(found, k, j) for k in up], rank=1 + place)
        for place, j in enumerate(across)
    ]
    print_table(columns, console)
    console.print()
    from genloss.sweeps.diagram import TITLES

    said = f"{TITLES[found.value][0].upper()}{TITLES[found.value][1:]}."
    if found.solved is not None and found.tolerance is not None:
        said += (
            f" {found.solved.sum():,} points were solved, the others are filled between them, to about "
            f"{number(100 * found.tolerance, 3)}%."
        )
    dim(said, console)


def _said(found: Phases, row: int, column: int) -> str:
    value = float(found.values[row, column])
    if found.unknown[row, column]:
        return "unknown"
    if not np.isfinite(value):
        return "unstable"
    return found.policies[int(value)] if found.policies else number(value, 3)
