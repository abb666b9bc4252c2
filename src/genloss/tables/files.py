"""Files: what a path holds, as columns, an array or a pair (X, y)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from genloss.errors import DataError, GenlossError
from genloss.tables.column import printable, some
from genloss.tables.delimited import Dialect, read_delimited
from genloss.tables.memory import FILES
from genloss.tables.parquet import parquet_files, read_parquet

_ARRAY_PAIRS = (("x", "y"), ("x_train", "y_train"), ("features", "target"), ("data", "target"))
_BEGINNINGS = ((b"PAR1", "parquet"), (b"\x93NUMPY", "npy"), (b"PK", "npz"))


def read_file(path: Path, dialect: Dialect) -> tuple[Any, list[str], bool]:
    """Return what a file holds, notes, and whether numbers in its text have decimal points."""
    name = printable(path)
    if path.is_dir() and (files := parquet_files(path)):
        dialect.refuse_for(f"{name} is a folder of Parquet files")
        return read_parquet(path, files), [], False
    if path.is_dir() or not path.exists():
        what = "is a directory" if path.is_dir() else "does not exist"
        raise DataError(f"{name} {what}; data must be {FILES}")
    ending = (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower()[1:]
    try:
        with _opened(path) as file:
            if path.is_file():
                known = ending
            else:  # a pipe or a device, whose name says nothing
                head = file.read(6)
                known = next((kind for mark, kind in _BEGINNINGS if head.startswith(mark)), "csv")
                file.seek(0)
            ending = known
            if known in ("csv", "tsv"):
                columns, points = read_delimited(file, name, dialect, tabs=known == "tsv")
                return columns, [], points
            if known in ("parquet", "npy", "npz"):
                dialect.refuse_for(f"{name} is a .{known} file")
            if known == "parquet":
                return read_parquet(path if path.is_file() else file, [path]), [], False
            if known in ("npy", "npz"):
                return *_read_arrays(file, name), False
    except GenlossError:
        raise
    except MemoryError:
        raise DataError(f"{name} does not fit into memory; a .parquet file is streamed") from None
    except Exception as error:  # the errors of six parsers have no common base
        first = str(error).partition("\n")[0] or type(error).__name__
        raise DataError(f"{name} cannot be read as {ending}: {first}") from error
    raise DataError(f"{name} has an unknown ending; data must be {FILES}")


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """A file that can be read twice: what comes through a pipe is held in memory."""
    with path.open("rb") as file:
        if path.is_file():
            yield file
        else:
            yield io.BytesIO(file.read())


def _read_arrays(file: IO[bytes], name: str) -> tuple[Any, list[str]]:
    """Return the array of an .npy file, or the pair (X, y) of an .npz file, and notes."""
    loaded: Any = np.load(file, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return loaded, []
    names = {key.lower(): key for key in loaded.files}
    for pair in _ARRAY_PAIRS:
        if names.keys() >= set(pair):
            rest = sorted(names.keys() - set(pair))
            notes = [f"used {pair[0]!r} and {pair[1]!r}, not {some(rest)}"] if rest else []
            return tuple(loaded[names[key]] for key in pair), notes
    raise DataError(f"{name} holds {some(loaded.files) or 'nothing'}; it must hold arrays X and y")
