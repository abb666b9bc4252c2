"""Columns of Arrow, from a file, a stream or memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from genloss.tables.cells import Words, as_numbers, as_text, codes_of
from genloss.tables.column import Array, Codes, Column, How

_PER_DAY = {"s": 86_400.0, "ms": 86_400e3, "us": 86_400e6, "ns": 86_400e6}


def kind_of(dtype: Any) -> str:
    """Return the kind of a column of this Arrow type; the type's name if it is no number."""
    if pa.types.is_dictionary(dtype):
        return kind_of(dtype.value_type)
    kinds = (
        ("boolean", (pa.types.is_boolean,)),
        ("number", (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)),
        ("number", (pa.types.is_null,)),
        ("date", (pa.types.is_date, pa.types.is_timestamp)),
        ("text", (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)),
    )
    return next((kind for kind, tests in kinds if any(t(dtype) for t in tests)), _short(dtype))


def _short(dtype: Any) -> str:
    return str(dtype).partition("<")[0].partition("[")[0]


def undecided(name: str, array: Any) -> Column | Words:
    """Return a column of which this is the first block; text may turn out to be numbers."""
    kind = kind_of(array.type)
    if kind != "text":
        return column(name, array, kind, None)
    codes, words = _words(array)
    categories = Words(name, codes, words)
    # a dictionary says that its author meant categories
    return as_text(categories) if pa.types.is_dictionary(array.type) else categories


def column(name: str, array: Any, kind: str, how: How, most: int | None = None) -> Column:
    """Return a column whose kind is known; "crowded" if it has more than ``most`` categories."""
    if kind == "text" or how is not None:
        codes, words = _words(array, most)
        if words is None:
            return Column(name, "crowded", codes)
        return (
            as_text(Words(name, codes, words))
            if how is None
            else as_numbers(Words(name, codes, words), how)
        )
    if kind not in ("number", "boolean", "date"):
        return Column(name, kind, np.zeros(len(array)))
    return Column(name, kind, _numbers(array, kind))


def _numbers(array: Any, kind: str) -> Array:
    """Return an array that is no text as float64, missing values as NaN."""
    if isinstance(array, pa.ChunkedArray):
        parts = [_numbers(chunk, kind) for chunk in array.chunks]
        return np.concatenate(parts) if parts else np.empty(0)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if kind == "date":
        return _days(array)
    if kind == "boolean":
        array = pc.cast(array, pa.uint8())
    if pa.types.is_decimal(array.type) or pa.types.is_null(array.type):
        array = pc.cast(array, pa.float64())
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=np.float64)


def _days(array: Any) -> Array:
    """Days since 1970-01-01, from the integers by which Arrow counts days, seconds or less."""
    gaps = np.asarray(array.is_null().to_numpy(zero_copy_only=False), dtype=bool)
    if pa.types.is_date32(array.type):
        whole, per_day = pc.cast(array, pa.int32()), 1.0
    else:
        unit = "ms" if pa.types.is_date64(array.type) else array.type.unit
        whole, per_day = pc.cast(array, pa.int64()), _PER_DAY[unit]
    counts = pc.fill_null(whole, 0).to_numpy(zero_copy_only=False)
    if not pa.types.is_date(array.type) and array.type.unit == "ns":
        counts = counts // 1000  # as everywhere else, to the microsecond
    return np.where(gaps, np.nan, counts.astype(np.float64) / per_day)


def _words(array: Any, most: int | None = None) -> tuple[Codes, Any]:
    """Codes (-1 where missing) and words of text; no words if there are more than ``most``."""
    if not pa.types.is_dictionary(array.type):
        array = pc.cast(array, pa.large_string()).dictionary_encode()
    if isinstance(array, pa.ChunkedArray):
        # the chunks' dictionaries made one; to_numpy of an empty one has no chunk
        array = array.unify_dictionaries().combine_chunks()
        if isinstance(array, pa.ChunkedArray):
            array = array.chunk(0) if array.num_chunks else pa.array([], array.type)
    # codes may be unsigned, which do not hold -1
    codes = pc.fill_null(pc.cast(array.indices, pa.int64()), -1)
    places: Codes = codes.to_numpy(zero_copy_only=False).astype(np.intp)
    used = np.unique(places[places >= 0])
    if most is not None and used.size > most:
        return places, None
    dictionary = array.dictionary
    if kind_of(dictionary.type) == "text":
        dictionary = pc.cast(dictionary, pa.large_string())
    # a dictionary may hold null among its values, and one value twice
    found, words = codes_of(dictionary.take(pa.array(used)).to_pylist())
    lookup = np.full(len(dictionary) + 1, -1, dtype=np.intp)
    lookup[used] = found
    return lookup[places], words
