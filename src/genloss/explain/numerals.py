"""Numbers in prose: few digits, no powers of ten, never a number that is not finite."""

from __future__ import annotations

import math
from collections.abc import Sequence


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
    marks = (":---", *["---:"] * (len(header) - 1))
    lines = [f"| {' | '.join(cells)} |" for cells in (header, *rows)]
    return "\n".join([lines[0], f"|{'|'.join(marks)}|", *lines[1:]])


def _minus(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")


def _finite(value: float) -> float:
    value = float(value)
    if not math.isfinite(value):
        raise ValueError(f"{value} is no number to print")
    return value
