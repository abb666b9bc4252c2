"""Tables larger than memory: Parquet, read once, block by block, on one machine or on many."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss.errors import DataError, InvalidInputError, MissingDependencyError
from genloss.estimate.moments import ROWS_PER_DIRECTION, Moments, estimate_from_moments
from genloss.estimate.rows import Estimate
from genloss.estimate.standardise import Standardiser
from genloss.tables.cells import SecondThoughtError, Words, as_text, is_missing, settle
from genloss.tables.column import Column, printable, refuse_repeated
from genloss.tables.delimited import Dialect
from genloss.tables.layout import Layout, Policy, lay_out
from genloss.tables.load import load_table, policy_of, roles_of
from genloss.tables.parquet import (
    Piece,
    batches,
    open_dataset,
    parquet_files,
    pieces,
    unreadable,
    without_values,
)
from genloss.tables.reduce import reduce_pieces
from genloss.tables.remarks import remarks
from genloss.tables.roles import position
from genloss.tables.table import Table
from genloss.workers import check_cluster

MOST_CELLS = 16 * 10**6
"""Rows times columns up to which a table is read whole; that takes some 25 to 35 bytes per cell."""

SAMPLE_BYTES = 2**27


@dataclass(frozen=True, eq=False)
class StreamedTable(Table):
    """A random sample of the rows of a large table, with what all its rows say.

    Attributes
    ----------
    n_rows : int
        Usable rows of the whole table.
    moments : Moments or None
        Of all rows, features and target as in the sample; None beyond `one_pass.MOST_COLUMNS`.
    wide : pair of Standardiser and Estimate or None
        Instead of moments, scales of all rows and an estimate from all rows but the sample's.
    linear : bool
        Whether an estimate for linear models is wanted.
    """

    n_rows: int = 0
    moments: Moments | None = None
    wide: tuple[Standardiser, Estimate | None] | None = None
    linear: bool = True

    def apart_from(self, held_out: npt.NDArray[np.intp]) -> tuple[Standardiser, Estimate | None]:
        """What all rows say but the ``held_out`` ones of the sample.

        The estimate is None if it is not wanted, or if there are too few rows for it, see
        `estimate_from_moments`.
        """
        if self.wide is not None:
            return self.wide
        assert self.moments is not None
        weights = None if self.weights is None else self.weights[held_out]
        part = Moments.of(self.features[held_out], self.target[held_out], weights)
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
    policy : Policy
        What becomes of missing values and text, as in `load_table`.
    cluster : str or None
        Where pieces of the table are read, as in `genloss.sweeps.sweep`; None: in this process.
    dataset : pyarrow.dataset.Dataset
        The opened data set.
    n_rows : int
        Its rows.
    dialect : Dialect
        How numbers are written in columns of text.
    roles : mapping of str to str
        Names of the columns for "time", "group" and "weights".
    """

    path: Path
    target: str
    policy: Policy
    cluster: str | None
    dataset: Any
    n_rows: int
    dialect: Dialect = field(default_factory=Dialect)
    roles: Mapping[str, str] = field(default_factory=dict)

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
        from genloss.tables import one_pass, sketching

        n_sampled = min(_check.integer("n_sampled", n_sampled, minimum=1), self.most_sampled)
        if not self.n_rows:
            raise DataError("data has 0 usable rows; at least 2 are needed")
        parts, known = tuple(pieces(self.dataset)), dict[str, str]()
        scan = partial(reduce_pieces, pieces=parts, cluster=self.cluster)
        while True:
            layout, notes, warnings = self._layout(parts, known)
            given = layout, self.dataset.schema, notes, scan, n_sampled, seed
            try:
                if len(layout.names) > one_pass.MOST_COLUMNS:
                    found = sketching.read_wide(*given, linear=linear)
                else:
                    found = one_pass.read_once(*given)
                break
            except SecondThoughtError as thought:
                if thought.column == self.target:
                    raise DataError(
                        f"non-numeric target {self.target!r}: its first rows hold numbers, later "
                        "ones words; it must hold numbers or booleans"
                    ) from None
                known[thought.column] = thought.found
        table = StreamedTable(
            target_name=self.target,
            source=printable(self.path.name),
            warnings=(*warnings, *layout.warnings),
            linear=linear,
            **found,
        )
        return replace(table, notes=(*table.notes, *remarks(table, layout, table.n_rows)))

    def _layout(
        self, parts: Sequence[Piece], known: Mapping[str, str]
    ) -> tuple[Layout, list[str], list[str]]:
        """How columns become numbers, as far as types, statistics and the first rows tell.

        One batch of a piece is looked at, and nearly always one piece: more only for columns that
        have no value there. What passes before this one found is ``known``: by column "words", where
        first rows hold numbers, or "many" categories.
        """
        from genloss.tables.arrow import undecided
        from genloss.tables.one_pass import MOST_COLUMNS

        seen: dict[str, Column | Words] = {}
        lacking = list(self.columns)
        for part in parts:
            batch = next(
                (b for b in batches(part, self.dataset.schema, lacking) if b.num_rows), None
            )
            if batch is None:
                continue
            for name in lacking:
                seen[name] = undecided(name, batch.column(name))
            lacking = [name for name in lacking if _silent(seen[name])]
            if not lacking:
                break
        if not seen:
            raise DataError("data has 0 usable rows; at least 2 are needed")
        for name in known:
            if isinstance(column := seen[name], Words) and known[name] == "words":
                doubt = "its first rows hold numbers, later ones words"
                seen[name] = as_text(column, doubt)
        settled, read, warnings = settle([seen[name] for name in self.columns], self.dialect.style)
        place = self.columns.index(self.target)
        target, columns = settled[place], settled[:place] + settled[place + 1 :]
        names = [column.name for column in columns]
        empty = (
            without_values(self.dataset, self.n_rows) if self.policy.missing != "error" else set()
        )
        roles = {role: names.index(name) for role, name in self.roles.items()}
        many = {name for name, found in known.items() if found == "many"}
        layout, _, notes = lay_out(
            columns, target, roles, self.policy, whole=False, empty=empty, many=many
        )
        wide = len(layout.names) > MOST_COLUMNS
        return replace(layout, raw=wide), [*read, *notes], warnings


def _silent(column: Column | Words) -> bool:
    """Whether a block of a column has no value."""
    if isinstance(column, Words):
        return all(is_missing(word) for word in column.words)
    return column.kind in ("number", "boolean", "date", "text") and bool(column.missing.all())


def open_table(
    X: Any,
    y: Any,
    missing: str,
    stream: bool | None,
    cluster: str | None,
    *,
    texts: str = "drop",
    classes: bool = False,
    **options: Any,
) -> Table | LargeTable:
    """The table that the arguments of `forecast` stand for; options are those of `load_table`."""
    given = {name: value for name, value in options.items() if value is not None}
    given |= {} if texts == "drop" else {"texts": texts}
    if isinstance(X, Table | LargeTable):
        if y is not None:
            raise InvalidInputError("y was given beside a Table, which has a target; leave it out")
        if stream is not None or cluster is not None:
            raise InvalidInputError("stream and cluster are of no use for a Table; leave them out")
        if given:
            raise InvalidInputError(
                f"{next(iter(given))} is of no use for a Table, which has been read; "
                "pass it to load_table"
            )
        return X
    if y is None or isinstance(y, str):
        large = large_table(X, y, missing=missing, stream=stream, cluster=cluster, **given)
        return large or load_table(X, y, missing=missing, classes=classes, **given)
    if stream or cluster is not None:
        raise InvalidInputError("stream and cluster need a path and the name of its target column")
    return load_table((X, y), missing=missing, classes=classes, **given)


def large_table(
    data: Any,
    target: str | None = None,
    *,
    missing: str = "error",
    stream: bool | None = None,
    cluster: str | None = None,
    max_categories: int = 50,
    encoding: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    sep: str | None = None,
    time: Any = None,
    group: Any = None,
    weights: Any = None,
    texts: str = "drop",
) -> LargeTable | None:
    """A Parquet data set that is to be streamed, or None for what `load_table` can read whole.

    Parameters
    ----------
    data : path or anything else
        Only Parquet files, and folders of them, are streamed.
    target : str, optional
        Column with the labels.
    missing : {"error", "drop", "mean"}
        As in `load_table`, like the options that are not named here.
    stream : bool, optional
        Whether to stream; default: from 16 million cells (rows times columns) on.
    cluster : str, optional
        Where pieces of the table are read, as in `genloss.sweeps.sweep`: "processes", or the address
        of a Dask scheduler whose workers see the same path. Implies ``stream``.
    time, group, weights : str, optional
        Names of columns.

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
    policy = policy_of(missing, texts, max_categories)
    dialect = Dialect.of(encoding, decimal, thousands, sep)
    if stream is not None and not isinstance(stream, bool):
        raise InvalidInputError(f"stream was {stream!r}; it must be True, False or None")
    if cluster is not None:
        check_cluster(cluster)
        if stream is False:
            raise InvalidInputError(
                f"cluster was {cluster!r} with stream=False; only streams use it"
            )
    forced = bool(stream or cluster is not None)
    path = None
    if isinstance(data, str | os.PathLike):
        path = _check.reachable("data", Path(data).expanduser())
    files = parquet_files(path) if path is not None else []
    if stream is False or not (files or forced):
        return None
    if path is None or not files:
        what = f"data was {type(data).__name__}" if path is None else f"{printable(path)} is none"
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
        if isinstance(error, DataError):
            raise
        raise unreadable(path, error) from error
    names = list(dataset.schema.names)
    if not forced and n_rows * len(names) <= MOST_CELLS:
        return None
    dialect.refuse_for("Parquet is streamed")
    refuse_repeated("data", names)
    place = position(target, names)
    chosen = roles_of(time, group, weights)
    rest = names[:place] + names[place + 1 :]
    roles = {
        role: rest[position(_name(role, c), rest, argument=role)] for role, c in chosen.items()
    }
    return LargeTable(path, names[place], policy, cluster, dataset, n_rows, dialect, roles)


def _name(role: str, chosen: Any) -> str:
    if not isinstance(chosen, str):
        raise InvalidInputError(
            f"{role} was {type(chosen).__name__}; of a stream it must be a name"
        )
    return chosen


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
