"""Turn what a user has (a file, a frame, arrays) into the numeric `Table` a forecast starts from.

Every input is first split into columns of four kinds (number, boolean, date, text); one encoder
then makes numbers of them, with no knowledge of where they came from.
"""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss._check import choice, integer
from genloss.data.columns import Column, read_file, some, split
from genloss.errors import DataError

__all__ = ["Table", "example_table", "load_table"]

ROW_INDEX = frozenset({"", "Unnamed: 0", "__index_level_0__"})  # as R and pandas write them


@dataclass(frozen=True, eq=False)
class Table:
    """Finite numbers ready for a forecast, and the story of where they came from.

    Attributes
    ----------
    features, target : ndarray of shape (n_rows, dim) and (n_rows,)
        Finite float64, C-contiguous; no column is constant.
    feature_names, target_name : tuple of str and str
        An indicator of a category is called ``"cut=Ideal"``.
    source : str
        What a person would call it: a file name, "scikit-learn digits", "arrays".
    notes : tuple of str
        What was done on the way, one short sentence each.
    """

    features: npt.NDArray[np.float64]
    target: npt.NDArray[np.float64]
    feature_names: tuple[str, ...]
    target_name: str
    source: str
    notes: tuple[str, ...]


def load_table(
    data: Any, target: str | int | None = None, *, missing: str = "error", max_categories: int = 50
) -> Table:
    """Read a file, a frame or arrays into numeric features and a target.

    Booleans become 0/1, categories indicators (without the first in sorted order, so that they
    are not collinear with an intercept), dates days since 1970-01-01. Constant columns, row
    indices and text with too many distinct values are dropped. ``notes`` tells what was done.

    Parameters
    ----------
    data : path, frame, Bunch, array or pair (X, y)
        A .csv or .tsv (also .gz), .parquet, .npy or .npz file, or a folder of Parquet files; a
        pandas, polars or pyarrow frame; a scikit-learn Bunch; a 2-D array; two arrays, X flattened
        to one row per entry of y. In a CSV, empty cells, NA, NaN, null, none and ? are missing, and
        ISO dates are dates.
    target : str or int, optional
        Column name, or the column index of a 2-D array (the last if unset). Left unset when
        ``data`` brings its own target (a pair, a Bunch, an .npz file).
    missing : {"error", "drop", "mean"}
        Refuse missing values, drop their rows, or put in the column's mean (for categories and
        booleans: a category of its own). Unless "error", rows without a target are dropped.
    max_categories : int
        Text columns with more distinct values than this (ids, free text) are dropped.

    Returns
    -------
    Table
        Features (n_rows, dim) and target (n_rows,).

    Raises
    ------
    DataError
        If the data cannot be read or used; the message names the file or column and the cure.
    InvalidInputError
        If ``missing`` or ``max_categories`` is not allowed.
    MissingDependencyError
        If no installed package reads Parquet.

    Examples
    --------
    >>> table = load_table((np.array([[1.0, 7.0], [2.0, 7.0], [4.0, 7.0]]), [1.0, 2.0, 3.0]))
    >>> table.features.shape, table.feature_names, table.notes
    ((3, 1), ('x0',), ("dropped constant column 'x1'",))
    """
    choice("missing", missing, ("error", "drop", "mean"))
    integer("max_categories", max_categories, minimum=0)
    source, notes = "arrays", list[str]()
    if isinstance(data, str | os.PathLike):
        source = Path(data).name
        data, notes = read_file(Path(data).expanduser())
    elif not isinstance(data, np.ndarray | tuple):
        package = type(data).__module__.split(".")[0]
        source = "scikit-learn Bunch" if isinstance(data, dict) else f"{package} frame"
    columns, answer, found = split(data, target)
    features, values, done = _encode(columns, answer, missing, max_categories)
    matrix = np.ascontiguousarray(np.stack(list(features.values()), axis=1))
    story = (*notes, *found, *done)
    return Table(matrix, values, tuple(features), answer.name, source, story)


def example_table(name: str) -> Table:
    """Return one of the data sets inside scikit-learn, which needs no network.

    Parameters
    ----------
    name : {"digits", "diabetes"}
        Digits: 1,797 images of 8 x 8 pixels; diabetes: 442 patients, 10 measurements.

    Returns
    -------
    Table
        As from `load_table`.

    Raises
    ------
    InvalidInputError
        If ``name`` is another.
    """
    choice("name", name, ("digits", "diabetes"))
    bunch = getattr(importlib.import_module("sklearn.datasets"), f"load_{name}")()
    target = {"digits": "digit", "diabetes": "progression"}[name]
    return replace(load_table(bunch), source=f"scikit-learn {name}", target_name=target)


def _encode(
    columns: list[Column], target: Column, missing: str, max_categories: int
) -> tuple[dict[str, npt.NDArray[np.float64]], npt.NDArray[np.float64], list[str]]:
    """Make numbers of the columns: features by name, the target, and notes."""
    notes = []
    n_rows = len(target.values)
    if any(len(column.values) != n_rows for column in columns):
        rows = len(columns[0].values)
        raise DataError(f"y had {n_rows} entries; X has {rows} rows and they must agree")
    if target.kind not in ("number", "boolean"):
        example = next((f" such as {v!r}" for v in target.values if isinstance(v, str)), "")
        held = f"it was {target.kind}{example}; it must hold numbers or booleans"
        raise DataError(f"non-numeric target {target.name!r}: {held}")
    everything = [target, *columns]
    _refuse(everything, "infinite", "replace them by finite numbers")
    if missing != "error" and target.missing.any():
        notes.append(f"dropped {counted(target.missing.sum(), 'row')} with a missing target")
        target, *columns = _take(everything, ~target.missing)
    reasons = [_useless(column, missing, max_categories) for column in columns]
    notes += [f"dropped {reason}" for reason in reasons if reason]
    columns = [column for column, reason in zip(columns, reasons, strict=True) if not reason]
    if missing == "error":
        cure = "fill them, or pass missing='drop' or missing='mean'"
        _refuse([target, *columns], "missing", cure)
    gaps = np.any([column.missing for column in [target, *columns]], axis=0)
    if missing == "drop" and gaps.any():
        notes.append(f"dropped {counted(gaps.sum(), 'row')} with a missing value")
        target, *columns = _take([target, *columns], ~gaps)
    if len(target.values) < 2:
        left = counted(len(target.values), "usable row")
        raise DataError(f"data has {left}; at least 2 are needed")
    if target.values.min() == target.values.max():
        raise DataError(f"target {target.name!r} is constant ({target.values[0]:g}); it must vary")
    encoded: dict[str, npt.NDArray[np.float64]] = {}
    for column in columns:
        numbers, note = _numeric(column)
        if repeated := encoded.keys() & numbers.keys():
            raise DataError(f"X has duplicate column names {some(sorted(repeated))}; rename them")
        encoded |= numbers
        notes += note
    constant = [name for name, values in encoded.items() if values.min() == values.max()]
    if constant:
        notes.append(constant_note(constant))
    for name in constant:
        del encoded[name]
    if not encoded:
        why = "; ".join(notes) or "there was none"
        raise DataError(f"no usable feature column is left ({why}); add one that varies")
    return encoded, target.values, notes


def _useless(column: Column, missing: str, max_categories: int) -> str:
    """Return why a column cannot be a feature, or nothing."""
    if column.name in ROW_INDEX:
        return f"row index column {column.name!r}"
    if column.kind not in ("number", "boolean", "date", "text"):
        return f"column {column.name!r}, type {column.kind} is no number"
    if missing != "error" and column.missing.all():
        return f"column {column.name!r}, all missing"
    if column.kind != "text":
        return ""
    distinct = set(column.values) - {None}
    if len(distinct) <= max_categories:
        return ""
    example = min(distinct)[:30]
    return f"text column {column.name!r} ({len(distinct)} distinct values such as {example!r})"


def _numeric(column: Column) -> tuple[dict[str, npt.NDArray[np.float64]], list[str]]:
    """Return a column as one or more named columns of numbers, and notes."""
    name, values, gaps = column.name, column.values, column.missing
    if column.kind == "boolean" and gaps.any():
        words = [None if np.isnan(value) else str(value == 1) for value in values]
        values = np.array(words, dtype=object)
    elif column.kind != "text":
        notes = [f"converted {name!r} to days since 1970-01-01"] if column.kind == "date" else []
        if gaps.any():
            notes.append(f"filled {counted(gaps.sum(), 'missing value')} of {name!r} by the mean")
            values = np.where(gaps, values[~gaps].mean(), values)
        return {name: values}, notes
    levels = sorted(set(values) - {None})
    if len(levels) == 1 and not gaps.any():
        return {name: np.zeros(len(values))}, []
    numbers = {f"{name}={level}": (values == level).astype(np.float64) for level in levels[1:]}
    if gaps.any():
        numbers[f"{name} is missing"] = gaps.astype(np.float64)
    categories = "1 category" if len(levels) == 1 else f"{len(levels)} categories"
    extra = " and missing" if gaps.any() else ""
    return numbers, [f"encoded {name!r} ({categories}{extra}) as indicators"]


def _refuse(columns: list[Column], flaw: str, cure: str) -> None:
    """Raise if any column has values that are "missing" or "infinite", naming it and how many."""
    refuse_flaws([(c.name, int(getattr(c, flaw).sum())) for c in columns], flaw, cure)


def refuse_flaws(counts: list[tuple[str, int]], flaw: str, cure: str) -> None:
    """Raise if any column has a number of "missing" or "infinite" values, naming it and how many."""
    found = [f"{name!r} ({count:,})" for name, count in counts if count]
    if found:
        more = f" and {len(found) - 6} more columns" if len(found) > 6 else ""
        raise DataError(f"{flaw} values in {', '.join(found[:6])}{more}; {cure}")


def _take(columns: list[Column], keep: npt.NDArray[np.bool_]) -> list[Column]:
    return [replace(column, values=column.values[keep]) for column in columns]


def constant_note(names: list[str]) -> str:
    """What is said of columns that do not vary."""
    return f"dropped constant {'columns' if len(names) > 1 else 'column'} {some(names)}"


def counted(number: int, what: str) -> str:
    """A number of things, in words."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
