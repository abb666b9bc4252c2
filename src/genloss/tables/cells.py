"""What cells of text are: missing, numbers, booleans, dates or text.

A column of cells is its distinct words and a code per row, so that every word is read once. How a
column is to be read is decided from all its words (and, for commas that group or divide digits, from
its neighbours); how words are then read is a small function of each of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import numpy as np

from genloss.errors import DataError
from genloss.tables.column import Array, Codes, Column, How, brief
from genloss.tables.numerals import COMMA, POINT, Number, Style, agree, grouped, number

_NONE = (
    "|?|na|n/a|#n/a|#n/a n/a|#na|nan|-nan|nan%|nat|null|(null)|none|<na>|nil|\\n|n.a.|n.a"
    "|1.#ind|-1.#ind|1.#qnan|-1.#qnan|#value!|#div/0!|#ref!|#name?|#num!|#null!"
)
_PERHAPS = "-|--|---|.|..|...|\N{EN DASH}|\N{EM DASH}|missing|unknown|tbd|tba|not available"

MISSING = frozenset(_NONE.split("|"))
"""Words (in small letters) that are no value in any column."""

VAGUE = frozenset(_PERHAPS.split("|"))
"""Words that are no value among numbers, dates and booleans, and a category among categories."""

_DATE = re.compile(
    r"\d{4}-\d\d(-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?\s?(Z|[+-]\d\d(:?\d\d)?)?)?)?", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOOK = 500  # words after which a column without any number is taken to be text


class SecondThoughtError(DataError):
    """Later blocks of a column of text do not fit what was decided from the first."""

    def __init__(self, column: str, found: str) -> None:
        super().__init__(column, found)
        self.column, self.found = column, found


@dataclass(frozen=True, eq=False)
class Words:
    """A column of text whose kind has not been decided.

    Attributes
    ----------
    name : str
        Of the column.
    codes : ndarray of int, shape (n_rows,)
        Places of the rows' words in ``words``; -1 where there is none.
    words : sequence of str
        As they are written; none twice.
    place : callable
        What a person would call the place of a row, such as "line 7".
    """

    name: str
    codes: Codes
    words: Sequence[str]
    place: Callable[[int], str] = field(default=lambda row: f"row {row}")


def is_missing(word: str) -> bool:
    """Whether a word stands for no value in any column."""
    return word.strip().lower() in MISSING


def days(moment: date) -> float:
    """Days since 1970-01-01; a moment without a zone is taken to be in UTC."""
    if not isinstance(moment, datetime):
        return float((moment - _EPOCH.date()).days)
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return (aware - _EPOCH) // timedelta(microseconds=1) / 86_400e6


def _date(word: str) -> float | None:
    """Days of an ISO date, time or month."""
    if not _DATE.fullmatch(word):
        return None
    try:
        return days(datetime.fromisoformat(word + "-01" if len(word) == 7 else word))
    except ValueError:  # such as month 13
        return None


def _boolean(word: str) -> float | None:
    return {"true": 1.0, "false": 0.0}.get(word.lower())


def value(word: str, how: How) -> float | None:
    """Return what one word says if its column is read in this way, NaN if it is missing."""
    word = word.strip()
    if word.lower() in MISSING or word.lower() in VAGUE:
        return np.nan
    if isinstance(how, Style):
        found = number(word, how)
        return None if found is None else found.value
    return (_date if how == "date" else _boolean)(word)


def as_numbers(column: Words, how: How) -> Column:
    """Read a column as its first block was read."""
    values = [value(word, how) for word in column.words]
    if None in values:
        raise SecondThoughtError(column.name, "words")
    kind = "number" if isinstance(how, Style) else str(how)
    lookup = np.array([*values, np.nan], dtype=np.float64)
    return Column(column.name, kind, lookup[column.codes], how=how)


def as_text(column: Words, doubt: str = "") -> Column:
    """Read a column as categories, sorted."""
    words = [None if is_missing(word) else word.strip() for word in column.words]
    levels = tuple(sorted({word for word in words if word is not None}))
    codes = {level: code for code, level in enumerate(levels)}
    lookup = np.array([*(-1 if word is None else codes[word] for word in words), -1], dtype=np.intp)
    where = lookup[column.codes]
    known = np.flatnonzero(where >= 0)
    first = (
        f"{brief(levels[where[known[0]]])} ({column.place(int(known[0]))})" if known.size else ""
    )
    return Column(column.name, "text", where, levels, doubt=doubt, first=first)


@dataclass(frozen=True, eq=False)
class _Reading:
    """Words of a column that say something, and what they are in either style of numbers."""

    column: Words
    words: list[str]
    styles: dict[Style, list[Number | None]]

    @classmethod
    def of(cls, column: Words, styles: Sequence[Style]) -> _Reading:
        stripped = (word.strip() for word in column.words)
        words = [w for w in stripped if w.lower() not in MISSING and w.lower() not in VAGUE]
        few = [number(word, style) for word in words[:_LOOK] for style in styles]
        if words and not any(few):
            return cls(column, words, {})
        return cls(column, words, {s: [number(word, s) for word in words] for s in styles})

    @property
    def possible(self) -> list[Style]:
        """Styles in which all words are numbers; one if they say the same in both."""
        found = [
            style
            for style, numbers in self.styles.items()
            if None not in numbers and agree({n.unit for n in numbers if n is not None})
        ]
        alike = len(found) == 2 and self.styles[found[0]] == self.styles[found[1]]
        return found[:1] if alike else found

    @property
    def how(self) -> How:
        """How a column that holds no numbers is to be read: "boolean", "date" or None for text."""
        if self.words and all(_boolean(word) is not None for word in self.words):
            return "boolean"
        if self.words and all(_date(word) is not None for word in self.words):
            return "date"
        return None

    def doubt(self) -> str:
        """Why a column of text may have been meant as numbers, or nothing."""
        both = self.possible
        if both:
            odd = next(
                w
                for w, *said in zip(self.words, *self.styles.values(), strict=True)
                if said[0] != said[1]
            )
            sign = "," if "," in odd else "."
            return (
                f"its values look like numbers, but {self._at(odd)} has a {sign!r} that may divide "
                f"or group digits: pass decimal={sign!r} or thousands={sign!r}"
            )
        best = min(self.styles, key=lambda style: self.styles[style].count(None), default=None)
        if best is None:
            return ""
        said = self.styles[best]
        if None not in said:
            units = sorted({n.unit or "no unit" for n in said if n is not None})
            return f"its values look like numbers in different units ({', '.join(units)})"
        good = {word for word, n in zip(self.words, said, strict=True) if n is not None}
        codes, counts = np.unique(self.column.codes[self.column.codes >= 0], return_counts=True)
        held = [(self.column.words[c].strip(), int(n)) for c, n in zip(codes, counts, strict=True)]
        numbers = sum(n for word, n in held if word in good)
        known = sum(n for word, n in held if word in good or word in set(self.words))
        if 2 * numbers < known:
            return ""
        strange = next(word for word in self.words if word not in good)
        return (
            f"{numbers:,} of its {known:,} values are numbers, but not {self._at(strange)}: "
            "mend that cell, or empty it if it is missing"
        )

    def _at(self, word: str) -> str:
        """A word and the place where it first stands."""
        code = [w.strip() for w in self.column.words].index(word)
        row = int(np.flatnonzero(self.column.codes == code)[0])
        return f"{brief(word)} ({self.column.place(row)})"


def settle(
    columns: Sequence[Column | Words], style: Style | None = None, *, points: bool = False
) -> tuple[list[Column], list[str], list[str]]:
    """Decide the kinds of columns of text; return all columns, notes and warnings.

    Parameters
    ----------
    columns : sequence
        Columns of one table.
    style : Style, optional
        How numbers are written, if it is known.
    points : bool
        Whether other columns of the same file have decimal points.
    """
    readings = {
        place: _Reading.of(column, [style] if style else [POINT, COMMA])
        for place, column in enumerate(columns)
        if isinstance(column, Words)
    }
    proven = {r.possible[0] for r in readings.values() if len(r.possible) == 1 and _marked(r)}
    if points:
        proven.add(POINT)
    settled, read, warnings = list[Column](), list[str](), list[str]()
    for place, column in enumerate(columns):
        if isinstance(column, Column):
            settled.append(column)
            continue
        reading = readings[place]
        chosen = _choose(reading, proven)
        if chosen is not None:
            settled.append(as_numbers(column, chosen))
            read += _example(reading, chosen)
        elif reading.how:
            settled.append(as_numbers(column, reading.how))
        else:
            settled.append(as_text(column, reading.doubt()))
    if POINT in proven and COMMA in proven:
        warnings.append(
            "numbers are written with decimal points in some columns and decimal commas in others; "
            "pass decimal='.' or decimal=',' if one of them groups digits"
        )
    more = f" and {len(read) - 6} more" if len(read) > 6 else ""
    return settled, [f"read as numbers: {', '.join(read[:6])}{more}"] if read else [], warnings


def _marked(reading: _Reading) -> bool:
    """Whether a column shows which sign divides digits: it does not read alike in both styles."""
    numbers = list(reading.styles.values())
    return len(numbers) == 2 and numbers[0] != numbers[1]


def _choose(reading: _Reading, proven: set[Style]) -> Style | None:
    """The style in which a column is read as numbers, if there is one beyond doubt."""
    possible = reading.possible
    if not reading.words:
        return POINT  # nothing but missing values
    if len(possible) < 2:
        return possible[0] if possible else None
    if len(proven) == 1:
        return next(iter(proven))
    sign = "," if any("," in word for word in reading.words) else "."
    verdict = grouped(reading.words, sign)
    if verdict == "unclear":
        return None
    return next(s for s in possible if (s.decimal == sign) == (verdict == "decimals"))


def _example(reading: _Reading, style: Style) -> list[str]:
    """What is said of a column whose numbers are not written as Python would."""
    for word, found in zip(reading.words, reading.styles.get(style, ()), strict=False):
        try:
            float(word)
        except ValueError:
            said = f"{found.value:g}" if found else ""
            return [f"{reading.column.name!r} ({brief(word)} is {said})"]
    return []


def codes_of(cells: Sequence[str | None]) -> tuple[Codes, list[str]]:
    """Distinct words of cells in the order they turn up, and a code per cell."""
    known: dict[str, int] = {}
    codes = [-1 if cell is None else known.setdefault(cell, len(known)) for cell in cells]
    return np.array(codes, dtype=np.intp), list(known)


def numbers(cells: Sequence[str]) -> Array:
    """Return cells as floats, or raise ValueError: the quick way for columns of plain numbers."""
    if "_" in "".join(cells):  # Python reads the id "12_34" as 1234
        raise ValueError
    try:
        return np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        known = (
            np.nan if (c := cell.strip().lower()) in MISSING or c in VAGUE else float(cell)
            for cell in cells
        )
        return np.fromiter(known, np.float64, len(cells))


__all__ = ["SecondThoughtError", "Words", "as_numbers", "as_text", "codes_of", "days", "settle"]
