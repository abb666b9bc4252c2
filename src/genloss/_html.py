"""Small tables for notebooks: escaped, without scripts or styles of their own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

MOST_ROWS = 12


def number(value: float) -> str:
    """Four digits; a word where there is no number.

    Examples
    --------
    >>> number(0.123456), number(float("inf")), number(float("nan"))
    ('0.1235', 'infinite', 'not known')
    """
    if math.isnan(value):
        return "not known"
    return f"{value:.4g}" if math.isfinite(value) else "infinite"


def shown(count: int, most: int = MOST_ROWS) -> list[int]:
    """Numbers of the rows that are shown: the first ones and the last.

    Examples
    --------
    >>> shown(3), shown(100, most=4)
    ([0, 1, 2], [0, 1, 2, 99])
    """
    return list(range(count)) if count <= most else [*range(most - 1), count - 1]


def table(
    title: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[str | int | float]],
    notes: Sequence[str] = (),
) -> str:
    """A caption, one line per row, and sentences below; numbers are written by `number`.

    Examples
    --------
    >>> table("a < b", ["model", "risk"], [[0, 0.25]])[:36]
    '<table><caption>a &lt; b</caption><t'
    """
    head = _row("th", headings)
    body = "".join(
        _row("td", [number(cell) if isinstance(cell, float) else str(cell) for cell in row])
        for row in rows
    )
    below = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return (
        f"<table><caption>{escape(title)}</caption><thead>{head}</thead>"
        f"<tbody>{body}</tbody></table>{below}"
    )


def _row(tag: str, cells: Iterable[str]) -> str:
    inside = "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells)
    return f"<tr>{inside}</tr>"
