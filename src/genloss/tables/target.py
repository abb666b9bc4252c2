"""Whether a target holds classes or numbers, and which classes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from genloss._words import number
from genloss.errors import DataError, InvalidInputError
from genloss.tables.column import counted
from genloss.tables.table import Table

MOST_CLASSES = 100
_LOOK = 10_000
FEW = 5
"""Rows of a class below which its share of the error is hardly known."""


def with_note(table: Table, classes: bool | None) -> Table:
    """A table whose target is taken as a number, with a word where it may be classes."""
    values = set(np.unique(table.target[:_LOOK]).tolist())
    if classes is not None or values != {0.0, 1.0}:
        return table
    told = f"target {table.target_name!r} holds 0 and 1 and is taken as a number"
    return replace(table, notes=(*table.notes, f"{told}; classes=True makes them classes"))


def classified(table: Table) -> tuple[Table, tuple[str, ...]]:
    """The table with places of classes as target, and the names of these.

    Parameters
    ----------
    table : Table
        As read: ``levels`` are there where the target was text or booleans.

    Raises
    ------
    DataError
        If there are too many classes, or one only.
    InvalidInputError
        If texts are to be encoded by the target.
    """
    values, codes, counts = np.unique(table.target, return_inverse=True, return_counts=True)
    if table.levels:
        names = tuple(table.levels[int(value)] for value in values)
    else:
        names = tuple(number(float(value), 12) for value in values)
    if len(names) < 2:
        raise DataError(f"target {table.target_name!r} has one class, {names[0]!r}; two are needed")
    if len(names) > MOST_CLASSES:
        raise DataError(
            f"target {table.target_name!r} has {len(names):,} classes in {codes.size:,} rows; at most "
            f"{MOST_CLASSES} are allowed: of numbers, leave classes out"
        )
    if table.texts:
        raise InvalidInputError("texts was 'encode' with classes; an encoding needs a number")
    warnings = table.warnings
    if counts.min() < FEW:
        rare = names[int(np.argmin(counts))]
        told = f"class {rare!r} has {counted(int(counts.min()), 'row')} of {codes.size:,}"
        warnings = (*warnings, f"{told}: what becomes of it is hardly known")
    return replace(table, target=codes.astype(np.float64), warnings=warnings), names
