"""How values are shown: short, numbers with a few digits, and nothing a terminal would act on."""

from __future__ import annotations

import math
import reprlib
from decimal import Decimal
from pathlib import PurePath
from typing import Any

import numpy as np

MOST = 80  # characters of one value
_LONGEST_PATH = 200

SMALLEST, LARGEST = 1e-3, 1e6
"""Magnitudes within which numbers are written without a power of ten."""


class _Short(reprlib.Repr):
    """Python's notation of any value, cut, whatever it is."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = MOST
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = self.maxfrozenset = 8
        self.maxlevel = 4

    def repr_int(self, x: int, level: int) -> str:  # noqa: ARG002
        """Digits, or how many there are."""
        digits = int(x.bit_length() * 0.30103) + 1
        return repr(x) if digits < 40 else f"a whole number of about {digits} digits"

    def repr_ndarray(self, x: np.ndarray[Any, Any], level: int) -> str:
        """Entries of a small array, the shape of a large one."""
        if x.size <= self.maxlist:
            return self.repr_instance(x, level)
        return f"an array of shape {x.shape}"

    repr_matrix = repr_MaskedArray = repr_ndarray

    def repr_instance(self, x: Any, level: int) -> str:  # noqa: ARG002
        """What the object calls itself, if it can, on one line."""
        try:
            text = " ".join(repr(x).split())
        except Exception:  # noqa: BLE001 -- a message must not fail because of what it is about
            text = f"a {type(x).__name__}"
        return text if len(text) <= MOST else text[: MOST - 3] + "..."


_SHORT = _Short()


def shown(value: Any) -> str:
    """A value in Python's notation, cut where it is long.

    Examples
    --------
    >>> shown("a" * 1000)[-5:], shown(10**400), shown([[0] * 99] * 99)[:10]
    ("aaaa'", 'a whole number of about 401 digits', '[[0, 0, 0,')
    """
    return printable(_SHORT.repr(value.item() if isinstance(value, np.generic) else value))


def quoted(path: Any) -> str:
    """A path or address in quotes, cut in the middle where it is longer than paths are.

    Examples
    --------
    >>> quoted("plan.toml"), len(quoted("a" * 5000))
    ("'plan.toml'", 205)
    """
    text = str(path) if isinstance(path, str | PurePath) else shown(path)
    if len(text) > _LONGEST_PATH:
        half = _LONGEST_PATH // 2
        text = f"{text[:half]}...{text[-half:]}"
    return printable(repr(text)) if isinstance(path, str | PurePath) else text


def printable(text: str) -> str:
    """Text with every control character but the line feed written out."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


def number(value: float | Decimal, digits: int = 4) -> str:
    """One number in a sentence or a cell, rounded to ``digits`` significant digits.

    Examples
    --------
    >>> number(30770.2), number(0.00012345), number(-2.5e-300), number(1.0)
    ('30770', '1.234e-4', '-2.5e-300', '1')
    >>> number(float("inf")), number(float("nan"))
    ('infinite', 'unknown')
    """
    if math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if SMALLEST <= abs(float(f"{mantissa}e{exponent}")) < LARGEST:
        digits = max(digits, int(exponent) + 1)
        return np.format_float_positional(
            float(value), precision=digits, unique=False, fractional=False, trim="-"
        )
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}e{int(exponent)}"


def change(after: float, before: float) -> str:
    """How much larger an error is than another: a percentage, or a factor where it is large.

    Examples
    --------
    >>> change(1.52, 1.0), change(0.99, 1.0), change(1.0, 1.0), change(30.0, 2.0)
    ('+52%', '-1%', '+0%', 'x 15')
    >>> change(float("inf"), 2.0), change(float("inf"), float("inf")), change(0.0, 0.0)
    ('infinite', 'unknown', '+0%')
    """
    if after == before and math.isfinite(after):
        return "+0%"
    if math.isnan(after) or math.isnan(before) or math.isinf(before) or before == 0:
        return "infinite" if before == 0 and after > 0 else "unknown"
    if math.isinf(after):
        return "infinite"
    if (decades := math.log10(after) - math.log10(before) if after else 0) > 300:
        return f"x 1e{decades:.0f}"
    factor = after / before
    if factor < 10:
        percent = f"{factor - 1:+.0%}"
        return "+0%" if percent == "-0%" else percent
    return f"x {number(factor, 3)}"
