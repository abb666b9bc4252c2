"""Sentences on a console: wrapped between words, whatever signs they hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.text import Text

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
