"""Rows without labels, from a file of their own, in the columns of a table that was read before."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from genloss._words import quoted
from genloss.errors import DataError
from genloss.tables.cells import settle
from genloss.tables.column import Column, some
from genloss.tables.delimited import Dialect
from genloss.tables.files import read_file
from genloss.tables.memory import columns_of
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
    settled, _, _ = settle(columns, dialect.style, points=points)
    there = {column.name: column for column in settled}
    found = {name: feature(name, there) for name in table.feature_names}
    if lacking := [name for name, values in found.items() if values is None]:
        raise DataError(f"unlabelled {quoted(path)} lacks {some(lacking)}, which the table has")
    features = np.column_stack([values for values in found.values() if values is not None])
    if gaps := [
        name for name, values in zip(found, features.T, strict=True) if np.isnan(values).any()
    ]:
        raise DataError(f"unlabelled {quoted(path)} has missing values in {some(gaps)}; fill them")
    return features


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
