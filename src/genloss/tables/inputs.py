"""Rows of a second table in the columns of one that was read before.

Every second table comes here: rows without labels, rows that a monitor watches, synthetic rows beside real ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from genloss._words import quoted
from genloss.errors import DataError
from genloss.tables.cells import Words, as_text, settle
from genloss.tables.column import Column, brief, counted, some
from genloss.tables.delimited import Dialect
from genloss.tables.files import read_file
from genloss.tables.memory import Columns, columns_of
from genloss.tables.table import Table

Array = npt.NDArray[np.float64]

_MOST_NAMED = 3  # categories that a note names
_GAP, _UNKNOWN = -1, -2
_BOOLEANS = ("False", "True")


@dataclass(frozen=True, eq=False)
class Alike:
    """A second table in the features of the first.

    Attributes
    ----------
    features : ndarray of shape (m, p)
        NaN where a value is missing.
    gaps : mapping of str to int
        Numbers of missing values, by column.
    strange : ndarray of bool of shape (m,)
        Rows of a category that the first table does not have: no number stands for it.
    unknown : tuple of str
        How many those are and of what, such as "of 'town' 'Paris'", one entry a column.
    used : frozenset of str
        Columns that became features.
    """

    features: Array
    gaps: Mapping[str, int]
    strange: npt.NDArray[np.bool_]
    unknown: tuple[tuple[int, str], ...]
    used: frozenset[str]

    def refuse_gaps(self, called: str, cure: str = "fill them") -> None:
        """Refuse missing values, by column."""
        if self.gaps:
            found = [f"{name!r} ({count:,})" for name, count in self.gaps.items()]
            more = f" and {len(found) - 6} more columns" if len(found) > 6 else ""
            raise DataError(f"{called} has missing values in {', '.join(found[:6])}{more}; {cure}")

    def left_out(self, rows: str, first: str) -> list[str]:
        """What is said of the strange rows, where they are left out."""
        return [
            f"left out {counted(number, rows)}: {first} has no {what}"
            for number, what in self.unknown
        ]


class Like(Protocol):
    """What is known of the first table."""

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of its features."""

    @property
    def categories(self) -> Mapping[str, tuple[str, ...]]:
        """Categories of the columns that became indicators."""


class Named(NamedTuple):
    """A table of which only the names of features are known, such as "cut=Ideal"."""

    feature_names: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, names: Sequence[str]) -> Named:
        """The categories that names of indicators tell."""
        levels: dict[str, tuple[str, ...]] = {}
        for column, sign, level in (name.partition("=") for name in names):
            if sign:
                levels[column] = (*levels.get(column, ()), level)
        return cls(tuple(names), levels)

    def completed(self, columns: Sequence[Column]) -> Named:
        """With the other category of columns that have two, of which one alone is an indicator."""
        known = dict(self.categories)
        for column in columns:
            own = known.get(column.name, ())
            other = tuple(level for level in column.levels if level not in own)
            if len(own) == len(other) == 1:
                known[column.name] = own + other
        return self._replace(categories=known)


def inputs_like(table: Table, data: Any, dialect: Dialect, called: str = "unlabelled") -> Alike:
    """Features of another file or frame, shape (m, p), encoded as those of the table.

    Parameters
    ----------
    table : Table
        What was read before.
    data : str, Path or frame
        A file that `load_table` reads, or a frame; a column of labels in it is not looked at.
    dialect : Dialect
        How text files are written.
    called : str
        How messages call it.

    Raises
    ------
    DataError
        If a feature of the table is missing there, or has missing values.
    """
    read, points = data, False
    if isinstance(data, str | Path):
        read, _, points = read_file(Path(data), dialect)
    columns = settle_like(table, columns_of("unlabelled", read), dialect, points=points)
    found = encode_like(table, columns, called, "the table")
    found.refuse_gaps(called)
    return found


def inputs_named(names: Sequence[str], path: str | Path, argument: str) -> Array:
    """Features of a file, shape (m, p), in the columns of a table of which only the names are known.

    Raises
    ------
    DataError
        If a feature is missing in the file, has missing values there, or a category of its own.
    """
    dialect, called = Dialect.of(None, None, None, None), f"{argument} {quoted(path)}"
    read, _, points = read_file(Path(path), dialect)
    table = Named.of(names)
    columns = settle_like(table, columns_of(argument, read), dialect, points=points)
    found = encode_like(table.completed(columns), columns, called, "the table")
    found.refuse_gaps(called)
    if found.unknown:
        raise DataError(
            f"{called} has {found.unknown[0][1]}, which the table has not; leave it out"
        )
    return found.features


def settle_like(table: Like, columns: Columns, dialect: Dialect, *, points: bool) -> list[Column]:
    """Kinds of the second table's columns: where the first has categories, all words are such."""
    words = {name for name, levels in table.categories.items() if not {*levels} <= {*_BOOLEANS}}
    known = [as_text(c) if isinstance(c, Words) and c.name in words else c for c in columns]
    return settle(known, dialect.style, points=points)[0]


def encode_like(table: Like, columns: Sequence[Column], called: str, first: str) -> Alike:
    """Encode the columns of a second table as those of the first, which messages call ``first``.

    Raises
    ------
    DataError
        If a column is lacking, or holds values of another kind.
    """
    there = {column.name: column for column in columns}
    categories = {
        f"{name}{end}": (name, place)
        for name, levels in table.categories.items()
        for end, place in [
            *((f"={level}", place) for place, level in enumerate(levels)),
            (" is missing", _GAP),
        ]
    }
    codes: dict[str, npt.NDArray[np.intp] | None] = {}
    found: dict[str, Array | None] = {}
    for name in table.feature_names:
        of, place = categories.get(name, (name, 0))
        if name not in categories:
            found[name] = _numbers(there.get(name))
        else:
            if of not in codes:
                codes[of] = _places(there.get(of), table.categories[of])
            told = codes[of]
            found[name] = None if told is None else (told == place).astype(np.float64)
    if lacking := [name for name, values in found.items() if values is None]:
        bases = list(dict.fromkeys(categories.get(name, (name, 0))[0] for name in lacking))
        if other := [name for name in bases if name in there]:
            raise DataError(
                f"{called} has other kinds of values in {some(other)} than {first}; write them alike"
            )
        raise DataError(f"{called} lacks {some(bases)}, which {first} has; add what is missing")
    features = np.column_stack([values for values in found.values() if values is not None])
    strange, unknown = np.zeros(len(features), dtype=bool), []
    for of, told in codes.items():
        assert told is not None
        if f"{of} is missing" not in found:
            own = [at for at, n in enumerate(found) if categories.get(n, ("", 0))[0] == of]
            features[np.ix_(told == _GAP, own)] = np.nan
        if (rows := told == _UNKNOWN).any():
            column = there[of]
            names = column.levels or _BOOLEANS
            new = [names[int(code)] for code in np.unique(column.values[rows])]
            unknown.append((int(rows.sum()), f"{of!r} of {named(new)}"))
            strange |= rows
    sources = [categories.get(name, (name, 0))[0] for name in found]
    gaps: dict[str, int] = {}
    for of, values in zip(sources, features.T, strict=True):
        if number := int(np.isnan(values).sum()):
            gaps[of] = number
    return Alike(features, gaps, strange, tuple(unknown), frozenset(sources))


def _places(column: Column | None, levels: tuple[str, ...]) -> npt.NDArray[np.intp] | None:
    """Places of a column's values among the categories (m,); None where it holds no words."""
    if column is None:
        return None
    if column.kind == "text":
        names, missing, values = column.levels, column.missing, column.values
    elif column.kind == "boolean" or (column.kind == "number" and column.missing.all()):
        names, missing = _BOOLEANS, column.missing
        values = np.where(missing, 0, column.values).astype(np.intp)
    else:
        return None
    place = {level: at for at, level in enumerate(levels)}
    lookup = np.array([*(place.get(name, _UNKNOWN) for name in names), _GAP], dtype=np.intp)
    return lookup[np.where(missing, len(names), values)]


def _numbers(column: Column | None) -> Array | None:
    """The values of a column of numbers; None where it holds none."""
    if column is None or column.kind not in ("number", "boolean", "date"):
        return None
    return np.asarray(column.values, dtype=np.float64)


def columns_behind(table: Table) -> list[Column]:
    """The columns of a table that was read: categories from their indicators."""
    own = dict(zip(table.feature_names, table.features.T, strict=True))
    found = []
    for name, levels in table.categories.items():
        codes = np.zeros(len(table.features), dtype=np.intp)
        for place, end in [*enumerate(f"={level}" for level in levels), (_GAP, " is missing")]:
            codes[own.pop(f"{name}{end}", np.zeros(codes.size)) > 0] = place
        found.append(Column(name, "text", codes, levels))
    return [*(Column(name, "number", values) for name, values in own.items()), *found]


def named_like(table: Table, data: Any) -> bool:
    """Whether a frame has columns of the table's; an array's have no names."""
    if not hasattr(data, "columns"):
        return False
    return bool({*table.feature_names, *table.categories} & set(map(str, data.columns)))


def named(names: Sequence[str]) -> str:
    """The first categories, and how many more there are."""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(map(brief, names[:_MOST_NAMED])) + more
