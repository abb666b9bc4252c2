"""Tables that fit any width without cutting a number: columns leave, or the table is stacked."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from genloss._columns import Column

if TYPE_CHECKING:
    from rich.console import Console

GAP = "  "
NARROWEST = 12  # width below which text is not wrapped further


def width_of(column: Column) -> int:
    """Width without any wrapping."""
    return max(
        cell_len(line) for cell in (column.heading, *column.cells) for line in cell.split("\n")
    )


def narrowest(column: Column) -> int:
    """Width it cannot do without."""
    if not column.wraps:
        return width_of(column)
    words = [word for cell in (column.heading, *column.cells) for word in cell.split()]
    return min(width_of(column), max([NARROWEST, *map(cell_len, words)]))


def print_table(columns: Sequence[Column], console: Console) -> None:
    """Print columns side by side, those that do not fit left out by rank, else below each other.

    Of those left out the ones are named that say something which is not the same in all rows.
    """
    shown = fitting(columns, console.width)
    if shown:
        for line in _laid_out(shown, console.width):
            _print(line, console)
        left_out = [_flat(c.heading) for c in columns if c not in shown and c.missed]
        if left_out:
            words = f"Left out at this width: {', '.join(left_out)}".rstrip(".") + "."
            console.print(Text(words, style="dim"))
        return
    widest = max(cell_len(_flat(column.heading)) for column in columns)
    for row in range(len(columns[0].cells)):
        if row:
            console.print()
        for column in columns:
            heading = _flat(column.heading).ljust(widest)
            line = Text(f"{heading}{GAP}", style="bold") + Text(
                column.cells[row].strip(), column.style
            )
            _print(line, console)


def fitting(columns: Sequence[Column], width: int) -> list[Column]:
    """The columns that fit into ``width``; none if even those that stay are too wide together."""
    shown = list(columns)
    while shown and sum(map(narrowest, shown)) + len(GAP) * (len(shown) - 1) > width:
        last = max(shown, key=lambda column: column.rank)
        if last.rank == 0:
            return []
        shown.remove(last)
    return shown


def _laid_out(columns: Sequence[Column], width: int) -> list[Text]:
    room = width - len(GAP) * (len(columns) - 1) - sum(map(narrowest, columns))
    set_out = []
    for column in columns:
        extra = min(room, width_of(column) - narrowest(column))
        room -= extra
        set_out.append(replace(column, cells=[_wrap(c, column, extra) for c in column.cells]))
    widths = [width_of(column) for column in set_out]
    lines = _row([column.heading for column in set_out], set_out, widths, "bold", at_bottom=True)
    lines.append(Text(GAP.join("─" * each for each in widths), style="dim"))
    for cells in zip(*(column.cells for column in set_out), strict=True):
        lines += _row(cells, set_out, widths)
    return lines


def _wrap(cell: str, column: Column, extra: int) -> str:
    if not column.wraps:
        return cell
    return textwrap.fill(
        cell, narrowest(column) + extra, break_long_words=False, break_on_hyphens=False
    )


def _row(
    cells: Sequence[str],
    columns: Sequence[Column],
    widths: Sequence[int],
    style: str | None = None,
    *,
    at_bottom: bool = False,
) -> list[Text]:
    """Lines of one row; a cell of fewer lines than others stands at the top or at the bottom."""
    parts = [cell.split("\n") for cell in cells]
    height = max(map(len, parts))
    blank = [[""] * (height - len(part)) for part in parts]
    full = [b + p if at_bottom else p + b for p, b in zip(parts, blank, strict=True)]
    lines = []
    for h in range(height):
        line = Text()
        for i, (column, width) in enumerate(zip(columns, widths, strict=True)):
            space = " " * (width - cell_len(full[i][h]))
            text = full[i][h] + space if column.left else space + full[i][h]
            line.append(GAP if i else "").append(text, column.style if style is None else style)
        line.rstrip()
        lines.append(line)
    return lines


def _flat(heading: str) -> str:
    return " ".join(heading.split())


def _print(line: Text, console: Console) -> None:
    console.print(line, soft_wrap=True)
