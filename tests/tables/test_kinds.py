"""Every type that Arrow has is read alike: whole, as a stream and from frames in memory."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import genloss as gl
from genloss.tables.load import load_table
from genloss.tables.streaming import large_table

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
CASES = Path(__file__).parents[1] / "cases"
N = 40
SEED = np.random.SeedSequence(3)
STAMPS = [datetime.datetime(2020, 1, 1, i % 24, 30, tzinfo=datetime.UTC) for i in range(N)]
DATES = [datetime.date(9999, 12, 31) if i % 5 else datetime.date(1, 1, 2) for i in range(N)]
WORDS = [None if i % 9 == 4 else "abc"[i % 3] for i in range(N)]
DAYS = [(date - datetime.date(1970, 1, 1)).days for date in DATES]
BIG = [2**60 + 2**40 * i for i in range(N)]


def stamps(unit: str, zone: str | None = "UTC") -> Any:
    moments = [m if zone else m.replace(tzinfo=None) for m in STAMPS]
    return pa.array(moments, pa.timestamp(unit, tz=zone))


KINDS: dict[str, tuple[Any, Any]] = {
    "int64": (pa.array(BIG), BIG),
    "uint64": (pa.array([2**63 + value for value in BIG], pa.uint64()), [2**63 + b for b in BIG]),
    "int64 gaps": (pa.array([None if i == 3 else b for i, b in enumerate(BIG)]), None),
    "uint8": (pa.array(range(N), pa.uint8()), range(N)),
    "half": (pa.array(np.arange(N, dtype=np.float16)), range(N)),
    "decimal": (pa.array([decimal.Decimal(i) / 4 for i in range(N)]), np.arange(N) / 4),
    "bool": (pa.array([i % 3 == 0 for i in range(N)]), [i % 3 == 0 for i in range(N)]),
    "bool gaps": (pa.array([None if i == 7 else i % 3 == 0 for i in range(N)]), None),
    "date32": (pa.array(DATES, pa.date32()), DAYS),
    "date64": (pa.array(DATES, pa.date64()), DAYS),
    "seconds": (stamps("s"), None),
    "milliseconds": (stamps("ms", None), None),
    "microseconds": (stamps("us", "Europe/Oslo"), None),
    "nanoseconds": (stamps("ns", None), None),
    "string": (pa.array(WORDS), None),
    "large string": (pa.array(WORDS, pa.large_string()), None),
    "string view": (pa.array(WORDS, pa.string_view()), None),
    "dictionary": (pa.array(WORDS).dictionary_encode(), None),
    "unsigned codes": (
        pa.DictionaryArray.from_arrays(
            pa.array([i % 3 for i in range(N)], pa.uint8()), list("zxy")
        ),
        None,
    ),
    "numbers by code": (pa.array([i % 4 / 2 for i in range(N)]).dictionary_encode(), None),
    "numbers as text": (pa.array([str(i / 4) if i else "-" for i in range(N)]), None),
    "dates as text": (pa.array([f"2024-01-{i % 28 + 1:02d}" for i in range(N)]), None),
    "months as text": (pa.array([f"2024-{i % 12 + 1:02d}" for i in range(N)]), None),
    "booleans as text": (pa.array(["true" if i % 3 else "False" for i in range(N)]), None),
    "per cents": (pa.array([f"{i} %" for i in range(N)]), range(N)),
}


def rows(table: gl.Table) -> np.ndarray:
    found = np.column_stack([table.features, table.target])
    return found[np.lexsort(found.T)]


@pytest.mark.parametrize("kind", KINDS)
def test_whole_streamed_and_from_a_frame(tmp_path, kind):
    array, values = KINDS[kind]
    rng = np.random.default_rng(0)
    y = rng.standard_normal(N)
    table = pa.table({"x": array, "y": y})
    path = tmp_path / "t.parquet"
    pq.write_table(table, path, row_group_size=N // 3)
    stream = large_table(path, "y", stream=True, missing="mean").read(N, SEED)
    polars = pytest.importorskip("polars").from_arrow(table)
    ways = [load_table(data, "y", missing="mean") for data in (path, table, polars)]
    if not pa.types.is_string_view(array.type):
        ways.append(load_table(table.to_pandas(), "y", missing="mean"))
    for other in ways:
        if kind == "numbers by code" and other is ways[-1]:
            continue  # pandas makes categories of them, and means it
        assert other.feature_names == stream.feature_names
        assert other.notes == stream.notes
        np.testing.assert_allclose(rows(other), rows(stream), rtol=1e-14)
    if values is not None:
        np.testing.assert_allclose(
            ways[0].features[:, 0], np.array([float(v) for v in values]), rtol=1e-15
        )


@pytest.mark.parametrize("name", ["ids_64bit", "valid_until_9999", "string_view"])
def test_cases_from_the_field(name):
    path = CASES / f"{name}.parquet"
    whole, stream = load_table(path, "y"), large_table(path, "y", stream=True).read(100, SEED)
    assert stream.feature_names == whole.feature_names
    assert len(whole.feature_names) == (4 if name == "string_view" else 3)
    np.testing.assert_array_equal(rows(whole), rows(stream))


def test_columns_of_one_name_are_refused():
    path = CASES / "same_name_twice.parquet"
    for way in (load_table, lambda *a: large_table(*a, stream=True), gl.forecast):
        with pytest.raises(gl.DataError, match="data has duplicate column names 'a'; rename them"):
            way(path, "y")


def test_partitions_of_dates(tmp_path):
    for day in (2, 5):
        folder = tmp_path / "table" / f"d=2024-01-{day:02d}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"x": [1.0, 2.0, day], "y": [1.0, 3.0, day]}), folder / "t.parquet")
    whole = load_table(tmp_path / "table", "y")
    stream = large_table(tmp_path / "table", "y", stream=True).read(9, SEED)
    for table in (whole, stream):
        assert table.feature_names == ("x", "d")
        assert sorted(set(table.features[:, 1])) == [19724, 19727]


def test_numbers_that_turn_to_words_in_a_later_block_are_text_with_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr("genloss.tables.parquet.BATCH_ROWS", 7)
    words = [*(str(i % 5) for i in range(30)), "B"]
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"x": words, "y": np.arange(31) % 7}), path)
    stream, whole = large_table(path, "y", stream=True).read(99, SEED), load_table(path, "y")
    assert stream.feature_names == whole.feature_names == ("x=1", "x=2", "x=3", "x=4", "x=B")
    assert (
        "'x' was read as text: its first rows hold numbers, later ones words" in stream.warnings[0]
    )
    assert "30 of its 31 values are numbers, but not 'B' (row 30)" in whole.warnings[0]
    pq.write_table(pa.table({"y": words, "x": np.arange(31) % 7}), path)
    with pytest.raises(gl.DataError, match="non-numeric target 'y': its first rows hold numbers"):
        large_table(path, "y", stream=True).read(99, SEED)


def test_damaged_pages_are_noticed_where_they_have_checksums(tmp_path):
    path = tmp_path / "t.parquet"
    x = np.random.default_rng(0).standard_normal(5000)
    options = {"compression": "none", "use_dictionary": False, "write_page_checksum": True}
    pq.write_table(pa.table({"x": x, "y": x[::-1]}), path, **options)
    data = bytearray(path.read_bytes())
    data[20_000] ^= 0x01
    path.write_bytes(data)
    for way in (load_table, lambda *a: large_table(*a, stream=True).read(9, SEED)):
        with pytest.raises(gl.DataError, match=r"t\.parquet cannot be read as parquet: .*CRC"):
            way(path, "y")


def test_a_small_spread_on_a_large_mean_is_kept(tmp_path):
    rng = np.random.default_rng(0)
    x = 1e13 + rng.standard_normal(200)
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"x": x, "flat": np.full(200, 1e13 + 0.5), "y": x - 1e13}), path)
    for table in (load_table(path, "y"), large_table(path, "y", stream=True).read(200, SEED)):
        assert table.feature_names == ("x",)
        np.testing.assert_array_equal(np.sort(table.features[:, 0]), np.sort(x))
