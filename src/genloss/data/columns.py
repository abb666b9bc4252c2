"""Split what a user has (a file, a frame, arrays) into columns of four kinds.

The kinds are number, boolean, date and text; `genloss.data.tables` makes numbers of them.
"""

from __future__ import annotations

import csv
import difflib
import gzip
import importlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from itertools import chain, islice
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.errors import DataError, GenlossError, MissingDependencyError

_MISSING_CELLS = frozenset({"", "?", "na", "n/a", "#n/a", "nan", "nat", "null", "none", "<na>"})
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?")
_ARRAY_PAIRS = (("x", "y"), ("x_train", "y_train"), ("features", "target"), ("data", "target"))
_ALLOWED = (
    "a .csv, .tsv, .parquet, .npy or .npz file, a pandas, polars or pyarrow frame, "
    "a scikit-learn Bunch, a 2-D array or a pair (X, y)"
)


@dataclass(frozen=True)
class Column:
    """Float64 values (NaN = missing), or objects if text (None = missing).

    ``kind`` is "number", "boolean", "date" or "text", else the name of a type that is no number.
    """

    name: str
    kind: str
    values: npt.NDArray[Any]

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Where there is no value."""
        if self.kind == "text":
            return np.array([value is None for value in self.values], dtype=bool)
        return np.asarray(np.isnan(self.values), dtype=bool)

    @property
    def infinite(self) -> npt.NDArray[np.bool_]:
        """Where the value is infinite."""
        return np.asarray(self.kind != "text" and np.isinf(self.values), dtype=bool)


def read_file(path: Path) -> tuple[Any, list[str]]:
    """Return what the file holds (columns, a frame, an array or a pair (X, y)), and notes."""
    ending = (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower()
    readers = {".csv": _read_csv, ".tsv": _read_csv, ".parquet": _read_parquet}
    if path.is_dir() and (files := parquet_files(path)):
        return _read_folder(path, files), []
    if not path.is_file():
        what = "is a directory" if path.is_dir() else "does not exist"
        raise DataError(f"{path} {what}; data must be {_ALLOWED}")
    try:
        if ending in (".npy", ".npz"):
            return _read_arrays(path)
        if ending in readers:
            return readers[ending](path), []
    except GenlossError:
        raise
    except Exception as error:  # the errors of six parsers have no common base
        first = str(error).partition("\n")[0]
        raise DataError(f"{path} cannot be read as {ending[1:]}: {first}") from error
    raise DataError(f"{path} has an unknown ending; data must be {_ALLOWED}")


def _read_csv(path: Path) -> list[Column]:
    """Read with the standard library, so that the result does not depend on what is installed.

    52,397 x 281 cells take 5 s. Numbers are made block by block, so the text of a large file is
    never whole in memory; columns that turn out to be text are collected in a second pass.
    """
    rows = _csv_rows(path)
    names = [name.strip() for name in next(rows, [])]
    numbers: dict[int, list[npt.NDArray[np.float64]]] = {i: [] for i in range(len(names))}
    while block := list(islice(rows, 1000)):
        for i, cells in enumerate(zip(*block, strict=True)):
            try:
                if i in numbers:
                    numbers[i].append(_numbers(cells))
            except ValueError:
                del numbers[i]
    text: dict[int, list[str]] = {i: [] for i in range(len(names)) if i not in numbers}
    for row in islice(_csv_rows(path), 1, None) if text else ():
        for i, column in text.items():
            column.append(row[i])
    if not names or not (text or all(numbers.values())):
        raise DataError(f"{path} is empty; it must hold a header line and at least 2 rows")
    return [
        _from_cells(name, text[i])
        if i in text
        else Column(name, "number", np.concatenate(numbers[i]))
        for i, name in enumerate(names)
    ]


def _csv_rows(path: Path) -> Iterator[list[str]]:
    """Yield the header and the rows, all of one length; blank lines are skipped."""
    opener: Any = gzip.open if path.suffix.lower() == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", newline="") as lines:
        first = lines.readline()
        if "\0" in first:
            raise DataError(f"{path} is not text; data must be {_ALLOWED}")
        mark = max("\t,;" if ".tsv" in path.name.lower() else ",;\t", key=first.count)
        again = chain([first], lines)
        reader = csv.reader(again, delimiter=mark, skipinitialspace=True, strict=True)
        width = 0
        for row in filter(None, reader):
            width = width or len(row)
            if len(row) != width:
                raise DataError(
                    f"{path} line {reader.line_num} has {len(row)} fields; "
                    f"every line must have {width}, like the header"
                )
            yield row


def _numbers(cells: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return cells as floats, or raise ValueError."""
    if "_" in "".join(cells):  # Python reads the id "12_34" as 1234
        raise ValueError
    try:
        return np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        known = (np.nan if c.strip().lower() in _MISSING_CELLS else float(c) for c in cells)
        return np.fromiter(known, np.float64, len(cells))


def _from_cells(name: str, cells: Sequence[str]) -> Column:
    """Find the kind of a column in which everything is written as text."""
    try:
        return Column(name, "number", _numbers(cells))
    except ValueError:
        values = [None if (c := cell.strip()).lower() in _MISSING_CELLS else c for cell in cells]
    known = {value for value in values if value is not None}
    if {value.lower() for value in known} <= {"true", "false"}:
        return _from_objects(name, [v and v.lower() == "true" for v in values])
    if all(_ISO_DATE.fullmatch(value) for value in known):
        with suppress(ValueError):  # such as month 13: text after all
            return _from_objects(name, [v and datetime.fromisoformat(v) for v in values])
    return _from_objects(name, values)


def _from_objects(name: str, values: Sequence[Any], *, as_text: bool = False) -> Column:
    """Find the kind of a column of Python objects; a number written as text stays text."""
    gaps = [not isinstance(v, str) and str(v) in ("None", "nan", "NaT", "<NA>") for v in values]
    known = [v for v, gap in zip(values, gaps, strict=True) if not gap]
    kept = (None if gap else str(v) if as_text else v for v, gap in zip(values, gaps, strict=True))
    column = np.fromiter(kept, dtype=object, count=len(values))
    for kind, types in (("boolean", bool | np.bool_), ("number", Real | Decimal)):
        if not as_text and all(isinstance(v, types) for v in known):
            return Column(name, kind, column.astype(np.float64))
    if as_text or all(isinstance(v, str) for v in known):
        return Column(name, "text", column)
    if all(isinstance(v, date) for v in known):
        return Column(name, "date", _days(column.astype("datetime64[us]")))
    strange = [type(v).__name__ for v in known if not isinstance(v, str | Real | date)]
    if strange:
        return Column(name, strange[0], np.zeros(len(values)))
    return _from_objects(name, values, as_text=True)


def _from_array(name: str, values: npt.NDArray[Any]) -> Column:
    """Find the kind of one column of an array."""
    kind = values.dtype.kind
    if kind in "biuf":
        return Column(name, "boolean" if kind == "b" else "number", values.astype(np.float64))
    if kind == "M":
        return Column(name, "date", _days(values))
    if kind in "UT":
        return _from_cells(name, values.tolist())
    return _from_objects(name, values.tolist())


def _days(stamps: npt.NDArray[np.datetime64]) -> npt.NDArray[np.float64]:
    """Days since 1970-01-01; NaT becomes NaN."""
    days = (stamps.astype("datetime64[us]") - np.datetime64(0, "us")) / np.timedelta64(1, "D")
    return np.asarray(days, dtype=np.float64)


def _read_parquet(path: Path) -> Any:
    """Return a frame of whichever installed package reads Parquet."""
    for package, reader in (
        ("pyarrow.parquet", "read_table"),
        ("polars", "read_parquet"),
        ("pandas", "read_parquet"),
    ):
        with suppress(ImportError):
            return getattr(importlib.import_module(package), reader)(path)
    raise MissingDependencyError(f'{path}: reading Parquet needs pip install "genloss[data]"')


def parquet_files(path: Path) -> list[Path]:
    """Return the Parquet files that a path stands for: itself, or those in a folder, sorted."""
    if path.is_file():
        return [path] if path.suffix.lower() == ".parquet" else []
    found = (file for file in sorted(path.rglob("*.parquet")) if file.is_file())
    hidden = ("_", ".")  # as Spark and others mark what is no data
    return [f for f in found if not any(p.startswith(hidden) for p in f.relative_to(path).parts)]


def open_dataset(path: Path, files: Sequence[Path]) -> Any:
    """Return the Parquet files of a path as one data set; hive partitions become columns."""
    import pyarrow.dataset

    base = str(path.resolve()) if path.is_dir() else None
    names = [str(file.resolve()) for file in files]  # a worker may be in another folder
    opened = partial(
        pyarrow.dataset.dataset,
        names,
        format="parquet",
        partitioning="hive",
        partition_base_dir=base,
    )
    found = opened()
    schemas = [found.schema, *(fragment.physical_schema for fragment in found.get_fragments())]
    if all(schema.equals(schemas[0]) for schema in schemas):
        return found
    # the first file's schema would hide columns of others, and fail on a fraction after integers
    return opened(schema=pyarrow.unify_schemas(schemas, promote_options="permissive"))


def _read_folder(path: Path, files: Sequence[Path]) -> Any:
    try:
        return open_dataset(path, files).to_table()
    except ImportError:
        raise MissingDependencyError(
            f'{path}: reading a folder of Parquet needs pip install "genloss[data]"'
        ) from None
    except (OSError, ValueError, TypeError) as error:  # pyarrow's errors are these
        first = str(error).partition("\n")[0]
        raise DataError(f"{path} cannot be read as parquet: {first}") from error


def _read_arrays(path: Path) -> tuple[Any, list[str]]:
    """Return the array of an .npy file, or the pair (X, y) of an .npz file, and notes."""
    with path.open("rb") as file:  # np.load itself leaves a broken .npz open
        loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded, []
        names = {name.lower(): name for name in loaded.files}
        for pair in _ARRAY_PAIRS:
            if names.keys() >= set(pair):
                rest = sorted(names.keys() - set(pair))
                notes = [f"used {pair[0]!r} and {pair[1]!r}, not {some(rest)}"] if rest else []
                return tuple(loaded[names[name]] for name in pair), notes
    raise DataError(f"{path} holds {some(list(names)) or 'nothing'}; it must hold arrays X and y")


def split(data: Any, target: str | int | None) -> tuple[list[Column], Column, list[str]]:
    """Return the feature columns, the target column and notes."""
    names, answer_name = None, "y"
    if isinstance(data, dict) and data.keys() >= {"data", "target"}:
        names, answer_name = data.get("feature_names"), "target"
        data = data["data"], data["target"]
    if isinstance(data, tuple) and len(data) == 2:
        if target is not None:
            raise DataError(f"target was {target!r}; leave it unset, the data bring their own")
        features, answers = _columns("X", data[0], names), _columns("y", data[1], [answer_name])
        if len(answers) != 1:
            raise DataError(f"y had {len(answers)} columns; it must have one")
        shape = " x ".join(map(str, np.shape(data[0])[1:]))
        notes = [f"flattened {shape} arrays to one row each"] if "x" in shape else []
        return features, answers[0], notes
    columns = _columns("data", data)
    place = position(target, [c.name for c in columns], isinstance(data, np.ndarray))
    return columns[:place] + columns[place + 1 :], columns[place], []


def position(target: str | int | None, names: list[str], by_index: bool) -> int:
    """Return which of the columns is the target."""
    if by_index:
        try:
            return range(len(names))[-1 if target is None else int(target)]
        except (TypeError, ValueError, IndexError):
            cure = f"it must be a column index from {-len(names)} to {len(names) - 1}"
            raise DataError(f"target was {target!r}; {cure}") from None
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise DataError(f"data has duplicate column names {some(repeated)}; rename them")
    if str(target) in names:
        return names.index(str(target))
    lower = {name.lower(): name for name in names}
    near = difflib.get_close_matches(str(target).lower(), lower, n=1)
    if near and target is not None:
        raise DataError(f"target was {target!r}; did you mean the column {lower[near[0]]!r}?")
    raise DataError(f"target was {target!r}; it must be one of the columns {some(names, 20)}")


def _columns(argument: str, block: Any, names: Sequence[str] | None = None) -> list[Column]:
    """Split a frame, a series or an array (rows along the first axis) into columns."""
    if isinstance(block, list) and block and isinstance(block[0], Column):
        return block
    if argument != "data" and isinstance(block, list | tuple):
        try:
            block = np.array(block)
        except ValueError:
            raise DataError(f"{argument} was ragged; its rows must be of one length") from None
    if not isinstance(block, np.ndarray):
        return _from_frame(argument, block, names)
    if isinstance(block, np.ma.MaskedArray):
        block = np.ma.filled(block.astype(np.float64), np.nan)
    least = 1 if argument == "y" else 2
    if block.size == 0 or block.ndim < least or (argument == "data" and block.ndim > least):
        raise DataError(f"{argument} had shape {block.shape}; it must be {least}-D and not empty")
    rows = block.reshape(len(block), -1)
    if names is None or len(names) != rows.shape[1]:
        names = [f"x{i}" for i in range(rows.shape[1])]
    return [_from_array(str(name), rows[:, i]) for i, name in enumerate(names)]


def _from_frame(argument: str, block: Any, names: Sequence[str] | None) -> list[Column]:
    """Find the kinds of the columns of a frame of any library, or of a series."""
    import narwhals.stable.v2 as nw

    try:
        frame = nw.from_native(block, eager_only=True, allow_series=True)
        if isinstance(frame, nw.Series):
            frame = frame.alias(frame.name or (names or ["x0"])[0]).to_frame()
        series = list(frame.iter_columns())
    except TypeError:
        what = f"{argument} was a {type(block).__module__}.{type(block).__name__}"
        raise DataError(f"{what}; data must be {_ALLOWED}") from None
    except ValueError as error:
        raise DataError(f"{argument} cannot be used: {' '.join(str(error).split())}") from None
    columns = []
    for one in series:
        name, dtype = str(one.name), one.dtype
        if dtype.is_numeric():
            values = one.cast(nw.Float64()).to_numpy()
            columns.append(Column(name, "number", np.asarray(values, dtype=np.float64)))
        elif dtype in (nw.Date, nw.Datetime):
            days = one.dt.timestamp("us").cast(nw.Float64()).to_numpy() / 86_400e6
            columns.append(Column(name, "date", np.asarray(days, dtype=np.float64)))
        else:
            categories = dtype in (nw.Categorical, nw.Enum)
            columns.append(_from_objects(name, one.to_list(), as_text=categories))
    return columns


def some(names: Sequence[str], limit: int = 6) -> str:
    """The first names, quoted, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(repr, names[:limit])) + more
