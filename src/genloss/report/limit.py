"""What a plan leads to if its end goes on for ever, as an answer and a table."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from genloss._columns import Column
from genloss._words import number
from genloss.report.sentences import dim, sentence, warn
from genloss.report.table import print_table

if TYPE_CHECKING:
    from rich.console import Console

    from genloss.plan import Plan
    from genloss.problem import Problem
    from genloss.theory.forever.limit import Limit


def print_limit(
    found: Limit,
    problem: Problem,
    plan: Plan,
    console: Console,
    *,
    say: Callable[[str], str] = str,
) -> None:
    """Print where the error goes; ``say`` spells arguments as the caller does."""
    for words in found.sentences():
        sentence(f"{words[0].upper()}{words[1:]}.", console, style="bold")
    console.print()
    turn = "generation" if found.block == 1 else f"{found.block} generations"
    rows = {
        "risk": number(found.risk),
        "bias": number(found.bias),
        "variance": number(found.variance),
        f"factor per {turn}, in the end": number(found.radius),
        "repetitions to half of the way": _known(found.half_life),
    }
    if found.error is not None and found.stable:
        rows["class error"] = number(found.error)
    if not found.stable:
        rows["least penalty that is stable"] = _known(found.cure)
        rows["least share of real rows"] = _known(found.cure_real)
    print_table(
        [Column("for ever", list(rows), left=True, wraps=True), Column("", list(rows.values()))],
        console,
    )
    console.print()
    dim(f"The last {turn} repeated for ever ({found.method}).", console)
    dim(repr(problem), console)
    dim(repr(plan), console)
    warn(map(say, found.warnings), console)


def _known(value: float | None) -> str:
    return "none" if value is None else "not known" if math.isnan(value) else number(value, 3)
