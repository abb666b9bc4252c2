"""Rows without labels, from a file or a frame, in the columns of a table that was read before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss._words import quoted
from genloss.errors import DataError
from genloss.tables.cells import settle
from genloss.tables.column import Column, some
from genloss.tables.delimited import Dialect
from genloss.tables.files import read_file
from genloss.tables.memory import Columns, columns_of
from genloss.tables.table import Table

Array = npt.NDArray[np.float64]


def inputs_like(table: Table, path: str | Path, dialect: Dialect) -> Array:
    """Features of another file, shape (m, p), encoded as those of the table.

    Parameters
    ----------
    table : Table
        What was read before.
    path : str or Path
        A file that `load_table` reads; a column of labels in it is not looked at.
    dialect : Dialect
        How text files are written.

    Raises
    ------
    DataError
        If a feature of the table is missing in the file, or has missing values there.
    """
    read, _, points = read_file(Path(path), dialect)
    columns = read if isinstance(read, list) else columns_of("unlabelled", read)
    return _alike(
        table.feature_names, columns, dialect, f"unlabelled {quoted(path)}", points=points
    )


def inputs_named(names: Sequence[str], path: str | Path, argument: str) -> Array:
    """Features of a file, shape (m, p), in the columns of a table of which only the names are known.

    Raises
    ------
    DataError
        If a feature is missing in the file, or has missing values there.
    """
    dialect = Dialect.of(None, None, None, None)
    read, _, points = read_file(Path(path), dialect)
    columns = read if isinstance(read, list) else columns_of(argument, read)
    return _alike(names, columns, dialect, f"{argument} {quoted(path)}", points=points)


def frame_like(table: Table, frame: Any) -> Array:
    """Features of a frame, shape (m, p), encoded as those of the table, whose errors are told by column.

    Raises
    ------
    DataError
        If a feature of the table is missing in the frame, or has missing values there.
    """
    columns, dialect = columns_of("unlabelled", frame), Dialect.of(None, None, None, None)
    return _alike(table.feature_names, columns, dialect, "unlabelled", points=False)


def _alike(
    names: Sequence[str], columns: Columns, dialect: Dialect, called: str, *, points: bool
) -> Array:
    settled, _, _ = settle(columns, dialect.style, points=points)
    there = {column.name: column for column in settled}
    found = {name: feature(name, there) for name in names}
    if lacking := [name for name, values in found.items() if values is None]:
        bases = list(dict.fromkeys(name if name in there else base(name) for name in lacking))
        raise DataError(f"{called} lacks {some(bases)}, which the table has")
    features = np.column_stack([values for values in found.values() if values is not None])
    if gaps := [
        name for name, values in zip(found, features.T, strict=True) if np.isnan(values).any()
    ]:
        raise DataError(f"{called} has missing values in {some(gaps)}; fill them")
    return features


def base(name: str) -> str:
    """The column behind a feature such as "cut=Ideal"."""
    return name.partition("=")[0].removesuffix(" is missing")


def feature(name: str, there: Mapping[str, Column]) -> Array | None:
    """A column, or the indicator of one of its categories."""
    if (column := there.get(name)) is not None and column.kind in ("number", "boolean", "date"):
        return np.asarray(column.values, dtype=np.float64)
    for column in there.values():
        if name == f"{column.name} is missing":
            return column.missing.astype(np.float64)
        if name.startswith(f"{column.name}="):
            level = name.removeprefix(f"{column.name}=")
            if column.kind == "boolean":
                return np.asarray(column.values == (level == "True"), dtype=np.float64)
            if column.kind == "text":
                codes = [code for code, each in enumerate(column.levels) if each == level]
                return np.isin(column.values, codes).astype(np.float64)
    return None
