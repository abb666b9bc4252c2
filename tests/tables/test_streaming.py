"""Streams of rows are read as tables in memory are."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import genloss as gl
from genloss.estimate.moments import Moments
from genloss.tables.load import load_table
from genloss.tables.streaming import large_table

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
from streams import SEED, assert_same, linear_table, read, write


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genloss.tables.parquet.BATCH_ROWS", 3)
    monkeypatch.setattr("genloss.tables.parquet.PIECE_CELLS", 20)


# ------------------------------------------------------------------- reading: load_table as oracle

DAY = datetime.date(2020, 1, 1)
rows_of_cells = st.lists(
    st.fixed_dictionaries(
        {
            "number": st.one_of(st.none(), st.integers(-3, 3).map(float)),
            "new": st.one_of(st.none(), st.booleans()),
            "word": st.one_of(st.none(), st.sampled_from(["p", "q", "r", "", "s"])),
            "day": st.one_of(st.none(), st.integers(0, 9).map(lambda n: DAY.replace(day=n + 1))),
            "whole": st.integers(0, 4),
            "y": st.one_of(st.integers(0, 99), st.integers(0, 99), st.none()),
        }
    ),
    min_size=4,
    max_size=30,
)
TYPES = {
    "number": pa.float64(),
    "new": pa.bool_(),
    "word": pa.string(),
    "day": pa.date32(),
    "whole": pa.int64(),
    "y": pa.float32(),
}


def said(way: Any, *arguments: Any, **options: Any) -> Any:
    """What a way of reading gives, or the beginning of what it says is wrong."""
    try:
        return way(*arguments, **options)
    except gl.DataError as error:
        return str(error)[:20]


@pytest.mark.slow
@pytest.mark.parametrize("missing", ["error", "drop", "mean"])
@pytest.mark.parametrize("dictionary", [False, True])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12)
@given(rows=rows_of_cells)
def test_a_stream_is_encoded_like_a_table(tmp_path, small_blocks, missing, dictionary, rows):
    columns = {name: pa.array([row[name] for row in rows], dtype) for name, dtype in TYPES.items()}
    if dictionary:
        columns["word"] = columns["word"].dictionary_encode()
    path = write(tmp_path / "t.parquet", columns)
    if missing == "drop":  # that a column has values only without a target shows after the pass
        assume(all(any(r[n] not in (None, "") and r["y"] is not None for r in rows) for n in TYPES))
    whole, stream = (said(way, path, "y", missing=missing) for way in (load_table, read))
    if isinstance(whole, str) or isinstance(stream, str):
        assert stream == whole
        return
    assert stream.feature_names == whole.feature_names
    # a mean that was filled in may differ in its last digit, and so which rows are alike
    ours, theirs = (sorted(n for n in t.notes if "cop" not in n) for t in (stream, whole))
    assert ours == theirs
    assert stream.n_rows == len(whole.target)
    # a column may have no value where one looks first; days since 1970 then lose digits
    assert_same(stream.moments, Moments.of(whole.features, whole.target), 1e-7)
    # a sample that may have all rows has all rows
    table = np.column_stack([whole.features, whole.target])
    sample = np.column_stack([stream.features, stream.target])
    order, other = (np.lexsort(matrix.round(6).T) for matrix in (table, sample))
    np.testing.assert_allclose(sample[other], table[order], rtol=1e-12, atol=1e-12)


def test_types_that_arrow_has(tmp_path):
    import decimal

    n = 60
    rng = np.random.default_rng(0)
    stamps = [datetime.datetime(2020, 1, 1, i % 24, tzinfo=datetime.UTC) for i in range(n)]
    columns = {
        "price": pa.array([decimal.Decimal(i % 7) / 4 for i in range(n)], pa.decimal128(8, 2)),
        "at": pa.array(stamps, pa.timestamp("ns", tz="Europe/Oslo")),
        "small": pa.array(rng.integers(0, 9, n), pa.uint8()),
        "half": pa.array(rng.standard_normal(n).astype(np.float16)),
        "kind": pa.array(rng.choice(["a", "b"], n)).cast(pa.large_string()),
        "list": pa.array([[1.0]] * n),
        "none": pa.nulls(n),
        "id": pa.array([f"id{i}" for i in range(n)]),
        "__index_level_0__": pa.array(np.arange(n)),
        "flat": pa.array(np.full(n, 0.1)),
        "y": pa.array(rng.standard_normal(n)),
    }
    path = write(tmp_path / "t.parquet", columns, group=100)
    stream, whole = read(path, missing="mean"), load_table(path, "y", missing="mean")
    assert stream.feature_names == whole.feature_names == ("price", "at", "small", "half", "kind=b")
    assert_same(stream.moments, Moments.of(whole.features, whole.target))
    for name in ("list", "none", "id", "__index_level_0__", "flat"):
        assert any(repr(name) in note and "dropped" in note for note in stream.notes)


@pytest.mark.usefixtures("small_blocks")
def test_text_found_late_to_have_too_many_values_is_dropped(tmp_path):
    n = 300
    words = ["a", "b"] * 100 + [f"w{i}" for i in range(100)]
    x = np.arange(n) % 11
    path = write(tmp_path / "t.parquet", {"word": words, "x": x, "y": x + np.arange(n) % 2})
    stream = read(path)
    assert stream.feature_names == load_table(path, "y").feature_names == ("x",)
    assert "dropped text column 'word' (more than 50 distinct values)" in stream.notes
    np.testing.assert_array_equal(np.sort(stream.features[:, 0]), np.sort(x))


def test_a_folder_with_partitions(tmp_path):
    import pyarrow.dataset as ds

    rng = np.random.default_rng(0)
    x, part = rng.standard_normal(200), np.arange(200) % 3
    table = pa.table({"x": x, "part": part, "y": x + part + rng.standard_normal(200)})
    ds.write_dataset(
        table,
        tmp_path / "folder",
        format="parquet",
        partitioning=ds.partitioning(pa.schema([("part", pa.int64())]), flavor="hive"),
    )
    (tmp_path / "folder" / "_marker.parquet").write_text("no data")
    stream, whole = read(tmp_path / "folder"), load_table(tmp_path / "folder", "y")
    assert stream.feature_names == whole.feature_names == ("x", "part")
    assert stream.source == whole.source == "folder"
    assert_same(stream.moments, Moments.of(whole.features, whole.target))
    assert_same(whole_moments := stream.moments, Moments.of(np.c_[x, part], table["y"].to_numpy()))
    assert whole_moments.count == 200


@pytest.mark.slow
def test_the_sample_is_uniform_and_does_not_depend_on_blocks(tmp_path, monkeypatch):
    n, k, counts = 200, 40, np.zeros(200)
    path = write(tmp_path / "t.parquet", {"x": np.arange(n), "y": np.arange(n) % 5}, group=n)
    large = large_table(path, "y", stream=True)
    for seed in range(300):
        chosen = large.read(k, np.random.SeedSequence(seed)).features[:, 0]
        assert len(set(chosen)) == k
        counts[chosen.astype(int)] += 1
    # each count is binomial; the sum of squared z is chi-squared with 199 degrees of freedom
    z = (counts - 300 * k / n) / np.sqrt(300 * k / n * (1 - k / n))
    assert abs(np.sum(z**2) * (n - 1) / n - (n - 1)) < 4 * np.sqrt(2 * (n - 1))
    before = large.read(k, SEED).features
    monkeypatch.setattr("genloss.tables.parquet.BATCH_ROWS", 13)
    np.testing.assert_array_equal(large.read(k, SEED).features, before)


@pytest.mark.slow
def test_engines_give_the_same_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr("genloss.tables.parquet.PIECE_CELLS", 1000)
    path = write(tmp_path / "t.parquet", linear_table(2000, 4), group=100)
    here = read(path, rows=300)
    for cluster in ("threads", "processes"):
        there = read(path, rows=300, cluster=cluster)
        np.testing.assert_array_equal(there.moments.scatter, here.moments.scatter)
        np.testing.assert_array_equal(there.features, here.features)


@pytest.mark.slow
def test_pieces_are_read_by_a_dask_cluster(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("genloss.tables.parquet.PIECE_CELLS", 1000)
    path = write(tmp_path / "t.parquet", linear_table(2000, 4), group=100)
    here = read(path, rows=300)
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as it:
        there = read(path, rows=300, cluster=it.scheduler_address)
    np.testing.assert_array_equal(there.moments.scatter, here.moments.scatter)
    np.testing.assert_array_equal(there.features, here.features)
