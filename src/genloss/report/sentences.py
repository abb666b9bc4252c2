"""Sentences on a console: wrapped between words, whatever signs they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from genloss._columns import Column
from genloss.report.table import print_table
from genloss.report.visible import visible

if TYPE_CHECKING:
    from rich.console import Console


def sentence(words: str, console: Console, *, style: str = "", mark: str = "") -> None:
    """Print words as they are: no markup in them is obeyed, no control character reaches the terminal."""
    line = Text()
    if mark:
        line.append(f"{mark} ", style="bold green")
    console.print(line.append(visible(words), style=style))


def dim(words: str, console: Console) -> None:
    """Print what may be skipped."""
    sentence(words, console, style="dim")


def warn(warnings: Iterable[str], console: Console) -> None:
    """Print what must not be skipped."""
    for words in warnings:
        console.print(Text("warning: ", style="yellow").append(visible(words), style="default"))


def tell(
    answer: Sequence[str],
    tables: Iterable[tuple[Sequence[Column], str]],
    console: Console,
    say: Callable[[str], str],
    *,
    notes: Sequence[str] = (),
    warnings: Sequence[str] = (),
) -> None:
    """Print the answer, tables over what their columns mean, and what else is to be said."""
    first, *more = map(say, answer)
    sentence(first, console, style="bold")
    console.print()
    for columns, legend in tables:
        print_table(columns, console)
        console.print()
        dim(legend, console)
        console.print()
    for words in more:
        sentence(words, console, mark=">")
    if notes:
        console.print()
    for note in notes:
        dim(f"note: {say(note)}", console)
    warn(map(say, warnings), console)
