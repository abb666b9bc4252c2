"""Numbers in prose: few digits, no powers of ten, never a number that is not finite."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from typing import Any

from genloss._columns import Column, markdown


class Numerals(string.Formatter):
    """How a text writes the numbers that it names in braces.

    ``{x:2}`` has two significant digits, ``{x:.2}`` two decimals, ``{x:2%}`` is a share in percent,
    ``{x:=2}`` what ``print(round(x, 2))`` shows; anything else is Python's own.

    Examples
    --------
    >>> Numerals().format("{x:2} {x:.3} {x:1%} {x:=1} {n:,}", x=0.2508, n=1000)
    '0.25 0.251 30 % 0.3 1,000'
    """

    def format_field(self, value: Any, format_spec: str) -> str:
        """One number as its text asks for it."""
        digits = format_spec.strip("=.%")
        if not digits.lstrip("-").isdigit():
            return str(format(value, format_spec))
        if format_spec == digits:
            return number(value, int(digits))
        if format_spec == f"{digits}%":
            return percent(value, int(digits))
        return (fixed if format_spec == f".{digits}" else printed)(value, int(digits))


def number(value: float, digits: int = 2) -> str:
    """``value`` with so many significant digits, as people write it.

    Parameters
    ----------
    value : float
        Any finite number.
    digits : int, default 2
        Significant digits; digits before the point are never cut to zeros.

    Examples
    --------
    >>> number(0.25084), number(1234.5), number(0.00012)
    ('0.25', '1,200', '0.00012')
    """
    value = _finite(value)
    rounded = float(f"{value:.{digits - 1}e}")
    size = math.floor(math.log10(abs(rounded))) if rounded else 0
    return _minus(f"{rounded:,.{max(digits - 1 - size, 0)}f}")


def fixed(value: float, decimals: int = 2) -> str:
    """``value`` with so many decimals, for the columns of a table.

    Examples
    --------
    >>> fixed(0.5), fixed(12.345, 1)
    ('0.50', '12.3')
    """
    return _minus(f"{_finite(value):,.{decimals}f}")


def percent(share: float, digits: int = 2) -> str:
    """A share in percent.

    Examples
    --------
    >>> percent(0.123), percent(0.031, 1)
    ('12 %', '3 %')
    """
    return f"{number(100 * share, digits)} %"


def printed(value: float, decimals: int) -> str:
    """What ``print(round(value, decimals))`` shows, for the comment beside it.

    Examples
    --------
    >>> printed(0.5, 3), printed(2.0, 2)
    ('0.5', '2.0')
    """
    return str(round(_finite(value), decimals))


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table, the first column to the left and the others to the right.

    Examples
    --------
    >>> print(table(("copies", "error"), [("1", "0.25")]))
    | copies | error |
    |:---|---:|
    | 1 | 0.25 |
    """
    cells = zip(*rows, strict=True)
    return markdown(
        [
            Column(head, column, left=not place)
            for place, (head, column) in enumerate(zip(header, cells, strict=True))
        ]
    )


def _minus(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")


def _finite(value: float) -> float:
    value = float(value)
    if not math.isfinite(value):
        raise ValueError(f"{value} is no number to print")
    return value
