"""A block of results as the bytes of one Parquet file: a row for every point, route and model.

Any reader of Parquet opens it. What it belongs to is in its metadata, with a SHA-256 of all its
bytes, so that a file that was changed, cut, or put in another's place is noticed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.sweeps.points import NUMBERS, TEXTS, Answers, Part

KEY = b"genloss"
BLANK = b"sha256:" + b"0" * 64
SEAL = re.compile(rb"sha256:[0-9a-f]{64}")
PER_POINT = ("n_models", "seed")


def encode(
    answers: Answers,
    part: Part,
    routes: tuple[str, ...],
    labels: Mapping[str, tuple[int, npt.NDArray[Any]]],
    about: Mapping[str, Any],
) -> bytes:
    """Return the bytes of a block.

    Parameters
    ----------
    answers : Answers
        Its results.
    part : Part
        Its points.
    routes : tuple of str
        What answered.
    labels : dict of str to pair of int and ndarray
        Of every coordinate, its axis, and what stands for the values on all of that axis.
    about : mapping
        What the block belongs to, as plain data.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    given = answers.columns
    mask = rows(given["n_models"], *given["risk"].shape[1:])
    point, route, model = np.nonzero(mask)
    places = np.unravel_index(np.arange(len(mask)), part.sides)
    columns: dict[str, Any] = {"point": part.numbers().ravel()[point]}
    for name, (axis, values) in labels.items():
        here = values[part.first[axis] + places[axis]]
        columns[name] = _texts(here, point) if here.dtype == object else here[point]
    columns["route"] = _texts(np.array(routes, dtype=object), route)
    columns["model"] = model
    for name in (*NUMBERS, *TEXTS, "trials", *PER_POINT):
        if name in NUMBERS and name in given:
            columns[name] = given[name][mask]
        elif name in TEXTS:
            columns[name] = _texts(given[name].ravel(), point * len(routes) + route)
        elif name == "trials" and name in given:
            columns[name] = given[name][point, route]
        elif name in given:
            columns[name] = given[name][point]
    # one number says it for all points, as a rule
    counts = np.unique(given["n_models"]) if np.ptp(given["n_models"]) == 0 else given["n_models"]
    about = {
        **about,
        "n_models": counts.tolist(),
        "version": answers.version,
        "seconds": answers.seconds,
    }
    table, sink = pa.table(columns), pa.BufferOutputStream()
    with pq.ParquetWriter(sink, table.schema, compression="zstd", store_schema=False) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({KEY: json.dumps(about).encode() + BLANK})
    content = bytearray(sink.getvalue())
    at = content.rindex(BLANK)
    content[at : at + len(BLANK)] = _seal(bytes(content))
    return bytes(content)


def read_about(content: bytes) -> dict[str, Any] | None:
    """Return what a block belongs to, None if its bytes are not those that were written."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = list(SEAL.finditer(content))
    if not found:
        return None
    start, stop = found[-1].span()
    if _seal(content[:start] + BLANK + content[stop:]) != content[start:stop]:
        return None
    metadata = pq.read_metadata(pa.BufferReader(content)).metadata[KEY]
    return dict(json.loads(metadata[: -len(BLANK)]))


def rows(n_models: npt.NDArray[np.int64], n_routes: int, most: int) -> npt.NDArray[np.bool_]:
    """Return which models there are, of shape (n_points, n_routes, most); each is a row."""
    there = np.arange(most) < n_models[:, None, None]
    return np.broadcast_to(there, (len(n_models), n_routes, most))


def decode(content: bytes, n_points: int, n_routes: int, most: int) -> dict[str, npt.NDArray[Any]]:
    """Return the columns that `Answers` has, from the bytes of a sound block of ``n_points``."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(pa.BufferReader(content), read_dictionary=list(TEXTS))
    about = json.loads(file.metadata.metadata[KEY][: -len(BLANK)])
    n_models = np.broadcast_to(np.array(about["n_models"], dtype=np.int64), n_points)
    mask = rows(n_models, n_routes, most)
    first = np.flatnonzero(np.nonzero(mask)[2] == 0).reshape(n_points, n_routes)
    wanted = {*NUMBERS, *TEXTS, "trials", "seed"}.intersection(file.schema_arrow.names)
    table = file.read(sorted(wanted), use_threads=False).combine_chunks()
    columns: dict[str, npt.NDArray[Any]] = {"n_models": n_models}
    for name in table.column_names:
        column = table.column(name).chunk(0)
        if name in NUMBERS:
            columns[name] = np.full(mask.shape, np.nan)
            columns[name][mask] = column.to_numpy()
        elif name in TEXTS:
            texts = np.array(column.dictionary.to_pylist(), dtype=np.dtypes.StringDType())
            columns[name] = texts[column.indices.to_numpy()[first]]
        else:
            columns[name] = column.to_numpy()[first if name == "trials" else first[:, 0]]
    return columns


def _texts(values: npt.NDArray[Any], codes: npt.NDArray[np.intp]) -> Any:
    """Return few texts, taken many times."""
    import pyarrow as pa

    return (
        pa.array(values, type=pa.string())
        .dictionary_encode()
        .take(pa.array(codes))
        .cast(pa.string())
    )


def _seal(blank: bytes) -> bytes:
    return b"sha256:" + hashlib.sha256(blank).hexdigest().encode()
