"""Tables larger than memory: Parquet, read once, block by block, on one machine or on many."""

from __future__ import annotations

import importlib.util
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss.data.columns import open_dataset, parquet_files, position
from genloss.data.estimation import Estimate, Standardiser
from genloss.data.moments import ROWS_PER_DIRECTION, Moments, estimate_from_moments
from genloss.data.tables import ROW_INDEX, Table, load_table
from genloss.errors import DataError, GenlossError, InvalidInputError, MissingDependencyError

if TYPE_CHECKING:
    from genloss.data.batches import Layout, Piece

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

MOST_CELLS = 16 * 10**6
"""Rows times columns up to which a table is read whole; that takes about 65 bytes per cell."""

MOST_COLUMNS = 5000
"""Columns up to which all second moments are held, 8 * columns**2 bytes."""

SAMPLE_BYTES = 2**27
PIECE_CELLS = 2**25
MOST_CATEGORIES = 50


class Mergeable(Protocol):
    """What blocks are reduced to."""

    def merged(self, other: Any) -> Self:
        """The same of the rows of both."""


Part = TypeVar("Part", bound=Mergeable)


@dataclass(frozen=True, eq=False)
class StreamedTable(Table):
    """A random sample of the rows of a large table, with what all its rows say.

    Attributes
    ----------
    n_rows : int
        Usable rows of the whole table.
    moments : Moments or None
        Of all rows, features and target as in the sample; None beyond `MOST_COLUMNS`.
    wide : pair of Standardiser and Estimate or None
        Instead of moments, scales of all rows and an estimate from all rows but the sample's.
    linear : bool
        Whether an estimate for linear models is wanted.
    """

    n_rows: int = 0
    moments: Moments | None = None
    wide: tuple[Standardiser, Estimate | None] | None = None
    linear: bool = True

    def apart_from(self, held_out: Rows) -> tuple[Standardiser, Estimate | None]:
        """What all rows say but the ``held_out`` ones of the sample.

        The estimate is None if it is not wanted, or if there are too few rows for it, see
        `estimate_from_moments`.
        """
        if self.wide is not None:
            return self.wide
        assert self.moments is not None
        part = Moments.of(self.features[held_out], self.target[held_out])
        moments = self.moments.without(part)
        return moments.standardiser(), estimate_from_moments(moments) if self.linear else None


@dataclass(frozen=True, eq=False)
class LargeTable:
    """A Parquet data set of which only the metadata has been read.

    Attributes
    ----------
    path : pathlib.Path
        A file, or a folder of files (hive partitions become columns).
    target : str
        Column with the labels.
    missing : {"error", "drop", "mean"}
        As in `load_table`.
    cluster : str or None
        Where pieces of the table are read, as in `genloss.sweeps.sweep`; None: in this process.
    dataset : pyarrow.dataset.Dataset
        The opened data set.
    n_rows : int
        Its rows.
    """

    path: Path
    target: str
    missing: str
    cluster: str | None
    dataset: Any
    n_rows: int

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns."""
        return tuple(self.dataset.schema.names)

    @property
    def most_sampled(self) -> int:
        """How many rows a sample may have."""
        return min(self.n_rows, SAMPLE_BYTES // (8 * len(self.columns)))

    def read(
        self, n_sampled: int, seed: np.random.SeedSequence, *, linear: bool = True
    ) -> StreamedTable:
        """Read all rows; return a random sample of them and what all of them say.

        Parameters
        ----------
        n_sampled : int
            Rows of the sample; at most `most_sampled` are drawn.
        seed : numpy.random.SeedSequence
            What the sample depends on, besides the data.
        linear : bool
            Whether an estimate for linear models is wanted.

        Raises
        ------
        DataError
            If the table cannot be used; the messages are those of `load_table`.
        """
        from genloss.data.full_pass import read_once
        from genloss.data.wide_passes import read_wide

        n_sampled = _check.integer("n_sampled", n_sampled, minimum=1)
        pieces = tuple(self._pieces())
        layout, notes = self._layout(pieces)
        scan = partial(reduce_pieces, pieces=pieces, cluster=self.cluster)
        n_sampled = min(n_sampled, self.most_sampled)
        if len(layout.names) > MOST_COLUMNS:
            table = read_wide(layout, notes, scan, n_sampled, seed, linear=linear)
        else:
            table = read_once(layout, notes, scan, n_sampled, seed)
        return replace(table, source=self.path.name, linear=linear)

    def _pieces(self) -> Iterator[Piece]:
        """Row groups, put together to about `PIECE_CELLS`."""
        from genloss.data.batches import Piece

        held, cells, number = list[Any](), 0, 0
        for fragment in self.dataset.get_fragments():
            for group in fragment.row_groups:
                held.append(fragment.subset(row_group_ids=[group.id]))
                cells += group.num_rows * len(self.columns)
                if cells >= PIECE_CELLS:
                    yield Piece(number, tuple(held))
                    held, cells, number = [], 0, number + 1
        if held:
            yield Piece(number, tuple(held))

    def _layout(self, pieces: Sequence[Piece]) -> tuple[Layout, list[str]]:
        """How columns become numbers, as far as types, statistics and the first rows tell."""
        from genloss.data.batches import Layout, first_look, kind_of

        schema = self.dataset.schema
        kinds = {name: kind_of(schema.field(name).type) for name in self.columns}
        if kinds[self.target] not in ("number", "boolean"):
            held = f"it was {kinds[self.target]}; it must hold numbers or booleans"
            raise DataError(f"non-numeric target {self.target!r}: {held}")
        empty = self._without_values() if self.missing != "error" else set()
        notes, names = list[str](), list[str]()
        for name in (name for name in self.columns if name != self.target):
            if name in ROW_INDEX:
                notes.append(f"dropped row index column {name!r}")
            elif kinds[name] not in ("number", "boolean", "date", "text"):
                notes.append(f"dropped column {name!r}, type {kinds[name]} is no number")
            elif name in empty:
                notes.append(f"dropped column {name!r}, all missing")
            else:
                names.append(name)
        first = Layout(
            schema=schema,
            target=self.target,
            names=tuple(names),
            kinds=tuple(kinds[name] for name in names),
            stand_ins=(0.0,) * len(names),
            missing="mean",
            max_categories=MOST_CATEGORIES,
            raw=True,
        )
        if not self.n_rows:
            raise DataError("data has 0 usable rows; at least 2 are needed")
        means, crowded = first_look(pieces, first)
        notes += [crowded_note(names[place]) for place in sorted(crowded)]
        rest = zip(names, first.kinds, means, strict=True)
        chosen = [column for place, column in enumerate(rest) if place not in crowded]
        columns = tuple(zip(*chosen, strict=True)) or ((), (), ())
        wide = len(chosen) > MOST_COLUMNS
        return replace(
            first,
            names=columns[0],
            kinds=columns[1],
            stand_ins=columns[2],
            missing=self.missing,
            raw=wide,
        ), notes

    def _without_values(self) -> set[str]:
        """Columns that are null in every row, as far as the files' statistics tell."""
        nulls: Counter[str] = Counter()
        for fragment in self.dataset.get_fragments():
            metadata = fragment.metadata
            for group in range(metadata.num_row_groups):
                for place in range(metadata.num_columns):
                    column = metadata.row_group(group).column(place)
                    if column.is_stats_set and column.statistics.has_null_count:
                        nulls[column.path_in_schema] += column.statistics.null_count
        return {name for name, count in nulls.items() if count == self.n_rows}


def open_table(
    X: Any, y: Any, missing: str, stream: bool | None, cluster: str | None
) -> Table | LargeTable:
    """The table that the arguments of `forecast` stand for."""
    if isinstance(X, Table | LargeTable):
        if y is not None:
            raise InvalidInputError("y was given beside a Table, which has a target; leave it out")
        if stream is not None or cluster is not None:
            raise InvalidInputError("stream and cluster are of no use for a Table; leave them out")
        return X
    if y is None or isinstance(y, str):
        large = large_table(X, y, missing=missing, stream=stream, cluster=cluster)
        return large or load_table(X, y, missing=missing)
    if stream or cluster is not None:
        raise InvalidInputError("stream and cluster need a path and the name of its target column")
    return load_table((X, y), missing=missing)


def large_table(
    data: Any,
    target: str | None = None,
    *,
    missing: str = "error",
    stream: bool | None = None,
    cluster: str | None = None,
) -> LargeTable | None:
    """A Parquet data set that is to be streamed, or None for what `load_table` can read whole.

    Parameters
    ----------
    data : path or anything else
        Only Parquet files, and folders of them, are streamed.
    target : str, optional
        Column with the labels.
    missing : {"error", "drop", "mean"}
        As in `load_table`.
    stream : bool, optional
        Whether to stream; default: from 16 million cells (rows times columns) on.
    cluster : str, optional
        Where pieces of the table are read, as in `genloss.sweeps.sweep`: "processes", or the address
        of a Dask scheduler whose workers see the same path. Implies ``stream``.

    Raises
    ------
    DataError
        If a stream is asked for that is no Parquet, or there is no such column.
    MissingDependencyError
        If a stream is asked for and pyarrow is not installed.

    Examples
    --------
    >>> large_table([[1.0, 2.0], [3.0, 4.0]]) is None
    True
    """
    from genloss.workers import check_cluster

    _check.choice("missing", missing, ("error", "drop", "mean"))
    if stream is not None and not isinstance(stream, bool):
        raise InvalidInputError(f"stream was {stream!r}; it must be True, False or None")
    if cluster is not None:
        check_cluster(cluster)
        if stream is False:
            raise InvalidInputError(
                f"cluster was {cluster!r} with stream=False; only streams use it"
            )
    forced = stream or cluster is not None
    path = Path(data).expanduser() if isinstance(data, str | os.PathLike) else None
    files = parquet_files(path) if path is not None else []
    if stream is False or not (files or forced):
        return None
    if path is None or not files:
        what = f"data was {type(data).__name__}" if path is None else f"{path} is none"
        raise DataError(f"{what}; only a .parquet file or a folder of them can be streamed")
    if importlib.util.find_spec("pyarrow") is None:
        if forced:
            raise MissingDependencyError('streaming needs pyarrow; pip install "genloss[data]"')
        return None
    try:
        dataset = open_dataset(path, files)
        n_rows = sum(fragment.metadata.num_rows for fragment in dataset.get_fragments())
    except (OSError, ValueError, TypeError) as error:  # pyarrow's errors are these
        if not forced:
            return None  # load_table says what is wrong
        first = str(error).partition("\n")[0]
        raise DataError(f"{path} cannot be read as parquet: {first}") from error
    names = list(dataset.schema.names)
    if not forced and n_rows * len(names) <= MOST_CELLS:
        return None
    target = names[position(target, names, False)]
    return LargeTable(path, target, missing, cluster, dataset, n_rows)


def stream_note(table: Table, estimate: Estimate | None) -> tuple[str, ...]:
    """What a stream was used for, in one sentence; nothing for a table that was read whole."""
    if not isinstance(table, StreamedTable):
        return ()
    sample = f"{table.target.size:,} of {table.n_rows:,} rows, drawn at random"
    if not table.linear:
        return (f"streamed: a kernel's forecast uses {sample}",)
    if estimate is None:
        least = f"{ROWS_PER_DIRECTION} rows per column"
        return (f"streamed: with fewer than {least}, the estimate too is from {sample}",)
    return (f"streamed: the estimate is from all rows, rehearsal and check use {sample}",)


def reduce_pieces(
    work: Callable[[Piece], Part], *, pieces: Sequence[Piece], cluster: str | None
) -> Part:
    """Do ``work`` for every piece, wherever, and merge the results in the order of the table."""
    from genloss.workers import WorkersLost, mapped

    try:
        parts = mapped(work, pieces, cluster)
        merged = next(parts)
        for part in parts:
            merged = merged.merged(part)
    except WorkersLost as error:
        raise GenlossError(
            f"workers were lost while they read the table ({error}); fewer workers need less "
            "memory, and without cluster one pass needs the least"
        ) from error
    return merged


def crowded_note(name: str) -> str:
    """What is said of a text column with too many categories."""
    return f"dropped text column {name!r} (more than {MOST_CATEGORIES} distinct values)"
