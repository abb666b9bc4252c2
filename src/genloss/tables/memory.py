"""Columns of what is in memory: arrays, and frames of any library."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss.errors import DataError
from genloss.tables.cells import Words, as_text, codes_of, days
from genloss.tables.column import Array, Column

FILES = "a .csv, .tsv, .parquet, .npy or .npz file"
ALLOWED = f"{FILES}, a pandas, polars or pyarrow frame, a scikit-learn Bunch, a 2-D array or a pair (X, y)"

Columns = list[Column | Words]


def columns_of(argument: str, block: Any, names: Sequence[str] | None = None) -> Columns:
    """Split a frame, a series or an array (rows along the first axis) into columns."""
    if isinstance(block, list) and block and isinstance(block[0], Column | Words):
        return block
    if argument != "data" and isinstance(block, list | tuple):
        try:
            block = np.array(block)
        except ValueError:
            raise DataError(f"{argument} was ragged; its rows must be of one length") from None
    if not isinstance(block, np.ndarray):
        return _from_frame(argument, block, names)
    if _check.may_be_masked(block):
        plain, gaps = block.dtype.kind in "biuf", np.ma.getmaskarray(block)
        block = np.ma.getdata(block).astype(np.float64 if plain else object)
        block[gaps] = np.nan if plain else None
    block = np.asarray(block)  # rows of a matrix would stay two-dimensional
    least = 2 if argument in ("data", "X") else 1
    if block.size == 0 or block.ndim < least or (argument == "data" and block.ndim > least):
        raise DataError(f"{argument} had shape {block.shape}; it must be {least}-D and not empty")
    rows = block.reshape(len(block), -1)
    if names is None or len(names) != rows.shape[1]:
        names = [f"x{i}" for i in range(rows.shape[1])]
    return [_from_array(str(name), rows[:, i]) for i, name in enumerate(names)]


def _from_frame(argument: str, block: Any, names: Sequence[str] | None) -> Columns:
    """Find the kinds of the columns of a frame of any library, or of a series."""
    import narwhals.stable.v2 as nw

    try:
        frame = nw.from_native(block, eager_only=True, allow_series=True)
        if isinstance(frame, nw.Series):
            frame = frame.alias(frame.name or (names or ["x0"])[0]).to_frame()
        series = list(frame.iter_columns())
    except TypeError:
        what = f"{argument} was a {type(block).__module__}.{type(block).__name__}"
        raise DataError(f"{what}; data must be {ALLOWED}") from None
    except ValueError as error:
        raise DataError(f"{argument} cannot be used: {' '.join(str(error).split())}") from None
    if frame.implementation.is_pyarrow():
        from genloss.tables.arrow import undecided

        return [undecided(str(one.name), one.to_native()) for one in series]
    columns: Columns = []
    for one in series:
        name, dtype = str(one.name), one.dtype
        if dtype.is_numeric():
            values = one.cast(nw.Float64()).to_numpy()
            columns.append(Column(name, "number", np.asarray(values, dtype=np.float64)))
        elif dtype in (nw.Date, nw.Datetime):
            moments = one.dt.timestamp("us").cast(nw.Float64()).to_numpy() / 86_400e6
            columns.append(Column(name, "date", np.asarray(moments, dtype=np.float64)))
        else:
            categories = dtype in (nw.Categorical, nw.Enum)
            columns.append(_from_objects(name, one.to_list(), as_categories=categories))
    return columns


def _from_objects(
    name: str, values: Sequence[Any], *, as_categories: bool = False
) -> Column | Words:
    """Find the kind of a column of Python objects."""
    gaps = [not isinstance(v, str) and str(v) in ("None", "nan", "NaT", "<NA>") for v in values]
    known = [v for v, gap in zip(values, gaps, strict=True) if not gap]
    for kind, types in (("boolean", bool | np.bool_), ("number", Real | Decimal)):
        if not as_categories and all(isinstance(v, types) for v in known):
            return Column(name, kind, _filled(known, gaps))
    if not as_categories and all(isinstance(v, date) for v in known):
        return Column(name, "date", _filled([days(v) for v in known], gaps))
    strange = [type(v).__name__ for v in known if not isinstance(v, str | Real | date)]
    if strange and not as_categories:
        return Column(name, strange[0], np.zeros(len(values)))
    cells = (None if gap else str(v) for v, gap in zip(values, gaps, strict=True))
    words = Words(name, *codes_of(list(cells)))
    return as_text(words) if as_categories else words


def _filled(known: Sequence[Any], gaps: Sequence[bool]) -> Array:
    """The values that there are, and NaN for the others."""
    column = np.full(len(gaps), np.nan)
    column[~np.array(gaps, dtype=bool)] = [_float(value) for value in known]
    return column


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number of more than 308 digits
        return float("inf") if value > 0 else -float("inf")


def _from_array(name: str, values: npt.NDArray[Any]) -> Column | Words:
    """Find the kind of one column of an array."""
    kind = values.dtype.kind
    if kind in "biuf":
        return Column(name, "boolean" if kind == "b" else "number", values.astype(np.float64))
    if kind == "M":
        since = (values.astype("datetime64[us]") - np.datetime64(0, "us")) / np.timedelta64(1, "D")
        return Column(name, "date", np.asarray(since, dtype=np.float64))
    try:
        objects = values.tolist()
    except (SystemError, ValueError) as error:  # text with code points that do not exist
        raise DataError(f"column {name!r} cannot be read: {error}") from None
    return _from_objects(name, objects)
