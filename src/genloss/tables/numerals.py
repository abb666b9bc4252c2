"""Numbers as people write them: 1,009 or 1.009,5 or 1'234, 12 %, $5, (1.5) and 1.2D+03."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

from genloss.errors import InvalidInputError

_SPACES = "\u00a0\u202f\u2009"  # no-break, narrow no-break, thin
_GROUPING = "'\u2019" + _SPACES  # group digits in every style
_MINUS = "-+\u2212"
_MONEY = "$\u20ac\u00a3\u00a5\u20b9"
_ALLOWED_GROUPING = ",. _" + _GROUPING

_GAP = rf"[\s{_SPACES}]*"
_WRITTEN = re.compile(
    rf"(?P<open>\()?{_GAP}(?P<sign>[{_MINUS}])?{_GAP}(?P<before>[{_MONEY}])?{_GAP}"
    rf"(?P<late>[{_MINUS}])?(?P<digits>[\d.,_ {_GROUPING}]*\d[.,]?)"
    rf"(?:[eEdD](?P<power>[{_MINUS}]?\d{{1,3}}))?{_GAP}(?P<after>[{_MONEY}%])?{_GAP}(?P<close>\))?",
    re.ASCII,
)


@dataclass(frozen=True)
class Style:
    """Decimal mark, and the signs that may group digits by three (besides quotes and thin spaces)."""

    decimal: str
    thousands: str

    @classmethod
    def of(cls, decimal: str | None, thousands: str | None) -> Style | None:
        """Return the style that two options ask for; None where both are unset."""
        if decimal not in (None, ".", ","):
            raise InvalidInputError(f"decimal was {decimal!r}; it must be '.' or ','")
        if thousands is not None and (
            len(str(thousands)) != 1 or str(thousands) not in _ALLOWED_GROUPING
        ):
            raise InvalidInputError(
                f"thousands was {thousands!r}; it must be ',', '.', \"'\", '_' or a space"
            )
        if decimal is None and thousands is None:
            return None
        if decimal is None:
            decimal = "," if thousands == "." else "."
        if decimal == thousands:
            raise InvalidInputError(
                f"decimal and thousands were both {decimal!r}; they must be two different signs"
            )
        return cls(decimal, thousands or (POINT if decimal == "." else COMMA).thousands)


POINT, COMMA = Style(".", ","), Style(",", ".")


class Number(NamedTuple):
    """A value, and what it is counted in: "" or "%" or a currency's sign."""

    value: float
    unit: str


@cache
def _digits(style: Style) -> re.Pattern[str]:
    group, mark = re.escape(style.thousands + _GROUPING), re.escape(style.decimal)
    grouped = rf"\d{{1,3}}(?P<by>[{group}])\d{{3}}(?:(?P=by)\d{{3}})*"
    return re.compile(rf"(?:{grouped}|\d+)(?:{mark}\d*)?|{mark}\d+", re.ASCII)


def number(word: str, style: Style) -> Number | None:
    """Return what a word says in a style, None if it is no number in it."""
    found = _WRITTEN.fullmatch(word)
    if found is None:
        return _plain(word) if style.decimal == "." else None
    signs = [sign for sign in found.group("sign", "late") if sign]
    units = [unit for unit in found.group("before", "after") if unit]
    brackets = bool(found["open"]) + bool(found["close"])
    matched = _digits(style).fullmatch(found["digits"])
    if matched is None or len(units) > 1 or len(signs) > 1 or brackets == 1 or (brackets and signs):
        return None
    digits = re.sub(rf"[^\d{re.escape(style.decimal)}]", "", found["digits"])
    power = (found["power"] or "0").replace("\u2212", "-")
    value = float(digits.replace(style.decimal, ".") + "e" + power)
    negative = brackets or (signs and signs[0] != "+")
    return Number(-value if negative else value, units[0] if units else "")


def _plain(word: str) -> Number | None:
    """What Python reads as a number, such as inf; but 12_34 is an id."""
    try:
        return None if "_" in word else Number(float(word), "")
    except ValueError:
        return None


def agree(units: set[str]) -> bool:
    """Whether values may stand in one column: per cents among themselves, one currency or none."""
    return len(units) <= 1 or ("%" not in units and len(units - {""}) == 1)


def grouped(words: list[str], sign: str) -> Literal["groups", "decimals", "unclear"]:
    """What a sign does in words that could be read with it either way.

    Digits without it decide: four or more in a row are never grouped by it, and where other words
    have no more than three digits, fractions of exactly three digits would be a strange coincidence.
    """
    bare = [re.sub(r"\D", "", word) for word in words if sign not in word]
    if any(len(digits) > 3 for digits in bare):
        return "decimals"
    return "groups" if bare else "unclear"
