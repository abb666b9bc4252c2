"""Record batches of a Parquet data set as numbers, without knowing what later batches hold.

What `genloss.data.tables` decides by looking at a whole column is put off to the end: every category
gets an indicator when it first turns up (before that it was zero), and a missing value gets a fixed
stand-in and an indicator of its own. Dropping a category or filling by the mean is then a linear map
of the rows, and so of their moments.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from genloss.errors import DataError

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Tally = Counter[tuple[str, str]]

BATCH_CELLS = 2**22
BATCH_ROWS = 2**17
BUFFER_BYTES = 2**25


class Key(NamedTuple):
    """What one number of a row is: the value of a column, or an indicator of a category or gap."""

    position: int
    part: int
    level: str = ""


VALUE, LEVEL, GAP = range(3)


@dataclass(frozen=True)
class Layout:
    """How the columns of a batch become numbers.

    Attributes
    ----------
    schema : pyarrow.Schema
        Of the whole data set.
    target : str
        Column with the labels.
    names, kinds : tuple of str
        Feature columns, each "number", "boolean", "date" or "text".
    stand_ins : tuple of float
        What missing numbers are set to until the column's mean is known.
    missing : {"error", "drop", "mean"}
        As in `load_table`.
    max_categories : int
        Text columns with more distinct values are left out.
    raw : bool
        Leave missing numbers NaN, without an indicator.
    """

    schema: Any
    target: str
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    stand_ins: tuple[float, ...]
    missing: str
    max_categories: int
    raw: bool = False


@dataclass(frozen=True)
class Piece:
    """Row groups that are read by one worker, and their number in the data set."""

    number: int
    fragments: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Block:
    """Numbers of one batch.

    Attributes
    ----------
    keys : tuple of Key
        What the columns of ``rows`` are, without the target.
    rows : ndarray of shape (n, len(keys) + 1)
        The target is last.
    kept : ndarray of bool, shape (n_batch,)
        Which rows of the batch these are.
    tally : Counter
        Numbers of missing and infinite values by column, and of rows left out.
    crowded : frozenset of int
        Positions of text columns with too many categories.
    """

    keys: tuple[Key, ...]
    rows: Array
    kept: Mask
    tally: Tally
    crowded: frozenset[int]


def read(piece: Piece, layout: Layout) -> Iterator[Block]:
    """Yield the rows of a piece, batch by batch, in their order."""
    columns = [*layout.names, layout.target]
    buffer = max(BUFFER_BYTES // len(columns), 2**14)  # every column of a row group has one
    options = ds.ParquetFragmentScanOptions(
        use_buffered_stream=True, buffer_size=buffer, pre_buffer=False
    )
    for fragment in piece.fragments:
        batches = fragment.to_batches(
            schema=layout.schema,
            columns=columns,
            batch_size=max(min(BATCH_CELLS // len(columns), BATCH_ROWS), 1),
            batch_readahead=1,
            fragment_readahead=1,
            fragment_scan_options=options,
        )
        for batch in _readable(batches, fragment.path):
            yield encode(batch, layout)


def _readable(batches: Iterator[Any], path: str) -> Iterator[Any]:
    """Batches of a file; what Arrow says of one that is damaged is said with its name."""
    try:
        yield from batches
    except (OSError, pa.ArrowException) as error:
        first = str(error).partition("\n")[0]
        raise DataError(f"{path} cannot be read as parquet: {first}") from error


def first_look(pieces: Sequence[Piece], layout: Layout) -> tuple[Array, set[int]]:
    """Means of the columns in the first batch in which they have values, and crowded columns.

    One batch of a piece is looked at, and nearly always one piece. The means are stand-ins: far from
    the values, they would cost digits, as differences of large numbers do.
    """
    wanted = {i for i, kind in enumerate(layout.kinds) if kind in ("number", "date")}
    means, crowded = np.zeros(len(layout.names)), set[int]()
    for piece in pieces:
        block = next(read(piece, layout), None)
        if block is None:
            continue
        crowded |= block.crowded
        for key, values in zip(block.keys, block.rows.T, strict=False):
            known = values[~np.isnan(values)]
            if key.position in wanted and known.size:
                means[key.position] = known.mean()
                wanted.remove(key.position)
        if not wanted:
            break
    return means, crowded


def kind_of(dtype: Any) -> str:
    """Return the kind of a column of this Arrow type; the type's name if it is no number."""
    if pa.types.is_dictionary(dtype):
        return "text"
    kinds = (
        ("boolean", (pa.types.is_boolean,)),
        ("number", (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)),
        ("number", (pa.types.is_null,)),
        ("date", (pa.types.is_date, pa.types.is_timestamp)),
        ("text", (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)),
    )
    return next((kind for kind, tests in kinds if any(t(dtype) for t in tests)), str(dtype))


def numbers(column: Any) -> Array:
    """Return a column that is no text as float64, missing values as NaN."""
    kind = kind_of(column.type)
    if kind == "date":
        stamps = pc.cast(
            column, pa.timestamp("us", tz=getattr(column.type, "tz", None)), safe=False
        )
        days = pc.cast(stamps, pa.int64()).to_numpy(zero_copy_only=False)
        return np.asarray(days, dtype=np.float64) / 86_400e6
    if pa.types.is_decimal(column.type) or pa.types.is_null(column.type) or kind == "boolean":
        column = pc.cast(column, pa.uint8()) if kind == "boolean" else column
        column = pc.cast(column, pa.float64())
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)


def categories(column: Any, most: int) -> tuple[npt.NDArray[np.intp], list[str]] | None:
    """Return the codes (-1 where missing) and levels of a text column, None if there are many."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    codes = pc.fill_null(column.indices, -1).to_numpy(zero_copy_only=False).astype(np.intp)
    used = np.unique(codes[codes >= 0])
    if used.size > most:
        return None
    # a dictionary may hold null among its values, and one value twice
    found = column.dictionary.take(pa.array(used)).to_pylist()
    words = [None if value is None else str(value) for value in found]
    levels = sorted({word for word in words if word is not None})
    places = np.full(len(column.dictionary) + 1, -1)
    places[used] = [-1 if word is None else levels.index(word) for word in words]
    return places[codes], levels


def encode(batch: Any, layout: Layout) -> Block:
    """Return the numbers of one batch."""
    tally = Tally()
    n = batch.num_rows
    kept = np.ones(n, dtype=bool)
    target = numbers(batch.column(layout.target))
    target, gap = _checked(target, layout.target, tally)
    if gap is not None:
        flaw = ("missing", layout.target) if layout.missing == "error" else ("target", "")
        tally[flaw] += int(gap.sum())
        target, kept = np.where(gap, 0.0, target), ~gap
    columns: list[tuple[Key, Array]] = []
    gaps: dict[int, Mask] = {}
    crowded = set()
    for position, (name, kind) in enumerate(zip(layout.names, layout.kinds, strict=True)):
        column = batch.column(name)
        if kind == "text":
            found = categories(column, layout.max_categories)
            if found is None:
                crowded.add(position)
                continue
            codes, levels = found
            if (codes < 0).any():
                gaps[position] = codes < 0
            columns += [
                (Key(position, LEVEL, level), (codes == code).astype(np.float64))
                for code, level in enumerate(levels)
            ]
            continue
        values, missing = _checked(numbers(column), name, tally)
        if missing is not None:
            gaps[position] = missing
            if not layout.raw:
                values = np.where(missing, layout.stand_ins[position], values)
        columns.append((Key(position, VALUE), values))
    if layout.missing == "drop" and gaps:
        whole = ~np.any(list(gaps.values()), axis=0)
        tally["dropped", ""] += int((kept & ~whole).sum())
        kept &= whole
    for position, where in gaps.items():
        tally["missing", layout.names[position]] += int((where & kept).sum())
        if layout.missing == "mean" and not layout.raw:
            columns.append((Key(position, GAP), where.astype(np.float64)))
    columns.sort(key=lambda pair: pair[0])
    matrix = np.empty((len(columns) + 1, n))
    for row, (_, values) in enumerate(columns):
        matrix[row] = values
    matrix[-1] = target
    rows = matrix.T if kept.all() else matrix.T[kept]
    tally["rows", ""] += len(rows)
    return Block(tuple(key for key, _ in columns), rows, kept, tally, frozenset(crowded))


def _checked(values: Array, name: str, tally: Tally) -> tuple[Array, Mask | None]:
    """Count infinite values and make them zero; return where values are missing, if any are."""
    with np.errstate(all="ignore"):
        if np.isfinite(values.sum()):
            return values, None
    infinite, missing = np.isinf(values), np.isnan(values)
    if infinite.any():
        tally["infinite", name] += int(infinite.sum())
        values = np.where(infinite, 0.0, values)
    return values, missing if missing.any() else None
