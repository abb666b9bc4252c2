"""How the columns of a table become numbers, as far as its first block tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from genloss.errors import DataError
from genloss.tables.column import KINDS, ROW_INDEX, Codes, Column, How, brief


class Key(NamedTuple):
    """What one number of a row is: the value of a column, or an indicator of a category or gap."""

    position: int
    part: int
    level: str = ""


LONGEST_CATEGORY = 200
"""Characters beyond which text is prose and no category."""

Keys = tuple[Key, ...]
VALUE, LEVEL, GAP = range(3)


@dataclass(frozen=True)
class Policy:
    """What the user wants done.

    Attributes
    ----------
    missing : {"error", "drop", "mean"}
        What becomes of missing values.
    max_categories : int
        Distinct values beyond which a text column is left out.
    texts : {"drop", "encode"}
        Whether such a column is kept as codes instead.
    """

    missing: str = "error"
    max_categories: int = 50
    texts: str = "drop"


@dataclass(frozen=True)
class Layout:
    """How the columns of a block become numbers.

    Attributes
    ----------
    target, names, kinds, hows : str and tuples
        The columns; of text that was found to be numbers, also how it is read.
    stand_ins : tuple of float
        What missing numbers are set to until the column's mean is known.
    carried : mapping of int to str
        Positions of columns that are no features: "time", "group", "weights" or "text".
    policy : Policy
        What the user wants done.
    raw : bool
        Leave missing numbers NaN, without an indicator.
    """

    target: str
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    hows: tuple[How, ...]
    stand_ins: tuple[float, ...]
    carried: Mapping[int, str]
    policy: Policy
    target_how: How = None
    target_kind: str = "number"
    raw: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def weights(self) -> int | None:
        """Position of the column by which rows count, if there is one."""
        return next((place for place, role in self.carried.items() if role == "weights"), None)


PROSE = f"values of more than {LONGEST_CATEGORY} characters"


def lay_out(
    columns: Sequence[Column],
    target: Column,
    roles: Mapping[str, int],
    policy: Policy,
    *,
    whole: bool,
    empty: AbstractSet[str] = frozenset(),
    many: AbstractSet[str] = frozenset(),
) -> tuple[Layout, list[int], list[str]]:
    """Decide what is used, and how, from a first block; return a layout, places used and notes.

    Parameters
    ----------
    columns, target
        A block of rows.
    roles : mapping of str to int
        Places of the columns that are no features.
    policy : Policy
        What the user wants done.
    whole : bool
        Whether the block is the whole table.
    empty : set of str
        Columns that have no value anywhere.
    many : set of str
        Columns of text of which later blocks have too many categories.
    """
    if target.kind not in ("number", "boolean"):
        raise DataError(f"non-numeric target {target.name!r}: {_unfit(target)}")
    # blocks of columns without a value at first are later ones, of other rows
    known: Any = ~target.missing if whole and policy.missing != "error" else slice(None)
    carried = {place: role for role, place in roles.items()}
    chosen, notes, warnings = list[int](), list[str](), list[str]()
    for place, column in enumerate(columns):
        role = carried.get(place)
        _refuse_role(column, role)
        gone = policy.missing != "error" and (
            column.name in empty or (whole and bool(column.missing[known].all()))
        )
        reason = "" if role else _useless(column, gone)
        used = _levels(column, known)
        crowd = column.kind == "text" and not categorical(column, used, policy)
        crowd = not role and (crowd or column.name in many)
        if column.doubt and not role and not reason:
            warnings.append(f"column {column.name!r} was read as text: {column.doubt}")
        if crowd and policy.texts == "encode":
            carried[place] = "text"
            notes.append(f"kept text column {column.name!r} for an encoding by the target")
        elif crowd:
            reason = _crowded(column, used, whole, policy.max_categories)
        if reason:
            notes += [note] if (note := f"dropped {reason}") not in notes else []
        else:
            chosen.append(place)
            notes += [f"{column.name!r} is {_ROLE[role]}, no feature"] if role else []
    ours = [columns[place] for place in chosen]
    layout = Layout(
        target=target.name,
        names=tuple(column.name for column in ours),
        kinds=tuple(column.kind for column in ours),
        hows=tuple(column.how for column in ours),
        stand_ins=tuple(_mean_of(column, known) for column in ours),
        carried={i: carried[place] for i, place in enumerate(chosen) if place in carried},
        policy=policy,
        target_how=target.how,
        target_kind=target.kind,
        warnings=tuple(warnings),
    )
    return layout, chosen, notes


_ROLE = {
    "time": "the time by which rows are ordered",
    "group": "the group to which rows belong",
    "weights": "the weight of the rows",
}


def _unfit(column: Column) -> str:
    if column.doubt:
        return f"{column.doubt}; it must hold numbers or booleans"
    example = f" such as {column.first}" if column.first else ""
    return f"it was {column.kind}{example}; it must hold numbers or booleans"


def _refuse_role(column: Column, role: str | None) -> None:
    """Refuse times and weights that are not numbers."""
    if role in ("time", "weights") and column.kind not in ("number", "boolean", "date"):
        must = "numbers or dates" if role == "time" else "numbers"
        why = column.doubt or f"it was {column.kind}"
        raise DataError(f"{role} column {column.name!r}: {why}; it must hold {must}")
    if role == "group" and column.kind not in KINDS:
        raise DataError(
            f"group column {column.name!r} was {column.kind}; it must hold numbers or text"
        )


def _useless(column: Column, empty: bool) -> str:
    """Return why a column cannot be a feature, or nothing."""
    if column.name in ROW_INDEX:
        return f"row index column {column.name!r}"
    if column.kind not in KINDS:
        return f"column {column.name!r}, type {column.kind} is no number"
    return f"column {column.name!r}, all missing" if empty else ""


def _levels(column: Column, known: Any) -> Codes:
    """Places of the categories of text that turn up."""
    if column.kind != "text":
        return np.empty(0, dtype=np.intp)
    codes = column.values[known]
    return np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(column.levels)))


def is_prose(column: Column, used: Codes) -> bool:
    """Whether one of the words of text is too long for a category."""
    return any(len(column.levels[code]) > LONGEST_CATEGORY for code in used)


def categorical(column: Column, used: Codes, policy: Policy) -> bool:
    """Whether the words of text that turn up are few and short enough to be categories."""
    return used.size <= policy.max_categories and not is_prose(column, used)


def _crowded(column: Column, used: Codes, whole: bool, most: int) -> str:
    """What is said of a text column that holds no categories."""
    if used.size <= most and is_prose(column, used):
        return f"text column {column.name!r} ({PROSE}; texts='encode' keeps it)"
    number = f"{used.size:,}" if whole else f"more than {most}"
    example = brief(column.levels[used[0]]) if used.size else ""
    such = f" such as {example}" if example else ""
    return f"text column {column.name!r} ({number} distinct values{such}; texts='encode' keeps it)"


def _mean_of(column: Column, known: Any) -> float:
    """Mean of a column's finite values; zero if there is none.

    A stand-in far from the values would cost digits, as differences of large numbers do.
    """
    if column.kind not in ("number", "date"):
        return 0.0
    values = column.values[known]
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(values.mean()) if values.size else 0.0
        if not np.isfinite(mean):
            finite = values[np.isfinite(values)]
            mean = float(finite.mean()) if finite.size else 0.0
    return mean if np.isfinite(mean) else 0.0
