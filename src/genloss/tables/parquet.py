"""Parquet: one file or a folder of them, whole or piece by piece."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from genloss.errors import DataError, MissingDependencyError
from genloss.tables.column import printable, refuse_repeated

BATCH_CELLS = 2**22
BATCH_ROWS = 2**17
BUFFER_BYTES = 2**25
PIECE_CELLS = 2**25


@dataclass(frozen=True)
class Piece:
    """Row groups that are read by one worker, and their number in the data set."""

    number: int
    fragments: tuple[Any, ...]


def parquet_files(path: Path) -> list[Path]:
    """Return the Parquet files that a path stands for: itself, or those in a folder, sorted."""
    if path.is_file():
        return [path] if path.suffix.lower() == ".parquet" else []
    found = (file for file in sorted(path.rglob("*.parquet")) if file.is_file())
    hidden = ("_", ".")  # as Spark and others mark what is no data
    return [f for f in found if not any(p.startswith(hidden) for p in f.relative_to(path).parts)]


def read_parquet(source: Path | IO[bytes], files: Sequence[Path]) -> Any:
    """Return a frame of whichever installed package reads Parquet."""
    folder = isinstance(source, Path) and source.is_dir()
    with suppress(ImportError):
        parquet = importlib.import_module("pyarrow.parquet")
        try:
            if isinstance(source, Path):
                dataset = open_dataset(source, files)
                refuse_repeated("data", dataset.schema.names)
                return dataset.to_table(fragment_scan_options=_buffered(len(dataset.schema.names)))
            return parquet.read_table(source, page_checksum_verification=True)
        except (OSError, ValueError, TypeError) as error:  # pyarrow's errors are these
            if isinstance(error, DataError):
                raise
            raise unreadable(source if isinstance(source, Path) else files[0], error) from error
    for package in () if folder else ("polars", "pandas"):
        with suppress(ImportError):
            return importlib.import_module(package).read_parquet(source)
    what = "a folder of Parquet" if folder else "Parquet"
    raise MissingDependencyError(
        f"{printable(files[0].parent if folder else files[0])}: "
        f'reading {what} needs pip install "genloss[data]"'
    )


def unreadable(path: object, error: Exception) -> DataError:
    """What is said of a damaged file."""
    first = str(error).partition("\n")[0]
    return DataError(f"{printable(path)} cannot be read as parquet: {first}")


def open_dataset(path: Path, files: Sequence[Path]) -> Any:
    """Return the Parquet files of a path as one data set; hive partitions become columns."""
    import pyarrow
    import pyarrow.dataset as ds
    import pyarrow.parquet

    base = str(path.resolve()) if path.is_dir() else None
    names = [str(file.resolve()) for file in files]  # a worker may be in another folder
    checked = ds.ParquetFragmentScanOptions(page_checksum_verification=True)
    opened = partial(
        ds.dataset,
        names,
        format=ds.ParquetFileFormat(default_fragment_scan_options=checked),
        partitioning="hive",
        partition_base_dir=base,
    )
    try:
        found = opened()
    except ValueError:
        for name in names:
            refuse_repeated("data", pyarrow.parquet.read_schema(name).names)
        raise
    schemas = [found.schema, *(fragment.physical_schema for fragment in found.get_fragments())]
    if all(schema.equals(schemas[0]) for schema in schemas):
        return found
    # the first file's schema would hide columns of others, and fail on a fraction after integers
    return opened(schema=pyarrow.unify_schemas(schemas, promote_options="permissive"))


def pieces(dataset: Any) -> Iterator[Piece]:
    """Row groups, put together to about `PIECE_CELLS`."""
    held, cells, number = list[Any](), 0, 0
    for fragment in dataset.get_fragments():
        for group in fragment.row_groups:
            held.append(fragment.subset(row_group_ids=[group.id]))
            cells += group.num_rows * len(dataset.schema.names)
            if cells >= PIECE_CELLS:
                yield Piece(number, tuple(held))
                held, cells, number = [], 0, number + 1
    if held:
        yield Piece(number, tuple(held))


def batches(piece: Piece, schema: Any, columns: Sequence[str]) -> Iterator[Any]:
    """Yield record batches of a piece in their order; a damaged file is named."""
    import pyarrow

    options = _buffered(len(columns))
    for fragment in piece.fragments:
        try:
            yield from fragment.to_batches(
                schema=schema,
                columns=columns,
                batch_size=max(min(BATCH_CELLS // len(columns), BATCH_ROWS), 1),
                batch_readahead=1,
                fragment_readahead=1,
                fragment_scan_options=options,
            )
        except (OSError, pyarrow.ArrowException) as error:
            raise unreadable(fragment.path, error) from error


def _buffered(n_columns: int) -> Any:
    """Read through small buffers: whole row groups would be held twice."""
    import pyarrow.dataset as ds

    return ds.ParquetFragmentScanOptions(
        use_buffered_stream=True,
        buffer_size=max(BUFFER_BYTES // max(n_columns, 1), 2**14),  # every column has one
        pre_buffer=False,
        page_checksum_verification=True,
    )


def without_values(dataset: Any, n_rows: int) -> set[str]:
    """Columns that are null in every row, as far as the files' statistics tell."""
    nulls: dict[str, int] = {}
    for fragment in dataset.get_fragments():
        metadata = fragment.metadata
        for group in range(metadata.num_row_groups):
            for place in range(metadata.num_columns):
                column = metadata.row_group(group).column(place)
                if column.is_stats_set and column.statistics.has_null_count:
                    count = column.statistics.null_count
                    nulls[column.path_in_schema] = nulls.get(column.path_in_schema, 0) + count
    return {name for name, count in nulls.items() if count == n_rows}
