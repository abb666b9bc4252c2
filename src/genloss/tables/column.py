"""A column of one block of rows, and words for people about names and numbers of things."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from genloss.errors import DataError
from genloss.tables.numerals import Style

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
How = Style | Literal["date", "boolean"] | None

KINDS = ("number", "boolean", "date", "text")


@dataclass(frozen=True, eq=False)
class Column:
    """Values of one column, whole or of one block.

    Attributes
    ----------
    name : str
        As the user calls it.
    kind : str
        "number", "boolean", "date", "text"; "crowded" for text that is not looked at because it has
        too many categories; else the name of a type that is no number.
    values : ndarray of shape (n_rows,)
        Float64 with NaN for missing values; of text, places in ``levels`` with -1.
    levels : tuple of str
        Categories of text, sorted.
    how : Style, "date", "boolean" or None
        How words were read as numbers; None if they were none.
    doubt : str
        Why text may have been meant as numbers.
    first : str
        The first word of text, and its place.
    """

    name: str
    kind: str
    values: npt.NDArray[Any]
    levels: tuple[str, ...] = ()
    how: How = None
    doubt: str = ""
    first: str = ""

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Where there is no value."""
        if self.kind == "text":
            return np.asarray(self.values < 0, dtype=bool)
        return np.asarray(np.isnan(self.values), dtype=bool)


ROW_INDEX = frozenset({"", "Unnamed: 0", "__index_level_0__"})
"""What R and pandas call the column with the numbers of the rows."""


def some(names: Sequence[str], limit: int = 6) -> str:
    """The first names, quoted, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(repr, names[:limit])) + more


def counted(number: int, what: str) -> str:
    """A number of things, in words."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def brief(word: str) -> str:
    """A word in quotes, cut if it is long, with control characters escaped."""
    return repr(word if len(word) <= 30 else word[:30] + "...")


def printable(text: object) -> str:
    """A name or path as it may be shown in a terminal: control characters escaped, cut if long."""
    word = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))
    return word if len(word) <= 300 else f"{word[:300]}..."


def refuse_repeated(argument: str, names: Sequence[str]) -> None:
    """Refuse columns of one name; those that only number the rows are dropped in any case."""
    repeated = [n for n, count in Counter(names).items() if count > 1 and n not in ROW_INDEX]
    if repeated:
        raise DataError(f"{argument} has duplicate column names {some(repeated)}; rename them")
