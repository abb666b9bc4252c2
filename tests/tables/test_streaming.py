"""A table read block by block says what it says when it is read whole, in much less memory."""

from __future__ import annotations

import datetime
import json
import pickle
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

import genloss as gl
from genloss.estimate.moments import ROWS_PER_DIRECTION, Moments, estimate_from_moments
from genloss.estimate.sketch import (
    Columns,
    Sketch,
    basis,
    estimate_from_sketch,
    leading,
    random_test,
)
from genloss.tables import parquet
from genloss.tables.load import load_table
from genloss.tables.streaming import MOST_CELLS, StreamedTable, large_table

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
SEED = np.random.SeedSequence(7)
PLAN = gl.Plan.replace(4, 100, penalty=0.05)


def write(path: Path, columns: dict[str, Any], group: int = 7) -> Path:
    pq.write_table(pa.table(columns), path, row_group_size=group)
    return path


def read(path: Path, target: str = "y", rows: int = 10**6, **options: Any) -> StreamedTable:
    large = large_table(path, target, stream=True, **options)
    assert large is not None
    return large.read(rows, SEED)


def linear_table(rows: int, dim: int, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((rows, dim)) @ rng.standard_normal((dim, dim)) + rng.normal(size=dim)
    y = X @ np.linspace(1, 0, dim) / dim + 0.5 * rng.standard_normal(rows)
    return {f"x{i}": column for i, column in enumerate(X.T)} | {"y": y}


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genloss.tables.parquet.BATCH_ROWS", 3)
    monkeypatch.setattr("genloss.tables.parquet.PIECE_CELLS", 20)


def assert_same(found: Moments, expected: Moments, tolerance: float = 1e-10) -> None:
    """Equal up to a share of the columns' standard deviations."""
    assert found.count == expected.count
    if not expected.count:
        return
    spread = np.sqrt(np.diagonal(expected.scatter) / expected.count)
    gap = (found.origin - expected.origin) + (found.shift - expected.shift)
    assert (np.abs(gap) <= tolerance * spread).all()
    allowed = tolerance * expected.count * np.outer(spread, spread)
    assert (np.abs(found.scatter - expected.scatter) <= allowed).all()


# ---------------------------------------------------------------------------------------- moments


@given(
    sizes=st.lists(st.integers(0, 40), min_size=2, max_size=6),
    dim=st.integers(1, 4),
    seed=st.integers(0, 10**6),
    centre=st.sampled_from([0.0, -3.0, 1e8]),
)
@example(sizes=[1, 1], dim=1, seed=0, centre=1e8)
def test_merging_is_associative_and_equals_one_block(sizes, dim, seed, centre):
    rng = np.random.default_rng(seed)
    rows = centre + rng.standard_normal((sum(sizes), dim + 1))
    blocks = np.split(rows, np.cumsum(sizes)[:-1])
    parts = [Moments.of(block[:, :-1], block[:, -1]) for block in blocks]
    left, right = parts[0], parts[-1]
    for part in parts[1:]:
        left = left.merged(part)
    for part in parts[-2::-1]:
        right = part.merged(right)
    assert_same(left, Moments.of_rows(rows))
    assert_same(right, left)


def test_moments_of_badly_scaled_columns_are_those_of_exact_arithmetic():
    from fractions import Fraction

    rows = 1e8 + np.random.default_rng(0).standard_normal((200, 2))
    merged = Moments.of_rows(rows[:90]).merged(Moments.of_rows(rows[90:]))
    exact = [[Fraction(value) for value in row] for row in rows.tolist()]
    mean = [sum(column) / 200 for column in zip(*exact, strict=True)]
    product = sum((a - mean[0]) * (b - mean[1]) for a, b in exact)
    square = sum((a - mean[0]) ** 2 for a, _ in exact)
    assert merged.xx[0, 0] == pytest.approx(float(square), rel=1e-10)
    assert merged.xy[0] == pytest.approx(float(product), abs=1e-10 * float(square))


def test_rows_can_be_taken_out_again():
    rows = np.random.default_rng(0).standard_normal((300, 4)) * [1, 1e3, 1e-3, 1] + 1e6
    assert_same(
        Moments.of_rows(rows).without(Moments.of_rows(rows[:120])), Moments.of_rows(rows[120:])
    )


def true_problem(covariance: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spectrum and energies of standardised features."""
    scale = np.sqrt(np.diagonal(covariance))
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    truth = vectors.T @ (weights * scale)
    return values[::-1], (values * truth**2)[::-1]


def test_estimate_from_moments_recovers_a_known_problem():
    rng, n, dim, noise = np.random.default_rng(3), 200_000, 12, 0.7
    mixing = rng.standard_normal((dim, dim)) * np.geomspace(1, 0.1, dim)[:, None]
    weights = rng.standard_normal(dim)
    X = rng.standard_normal((n, dim)) @ mixing
    y = X @ weights + noise * rng.standard_normal(n)
    found = estimate_from_moments(Moments.of(X + 1e5, y - 1e6))
    spectrum, energy = true_problem(mixing.T @ mixing, weights)
    assert (np.abs(found.spectrum / spectrum - 1) < 4 * np.sqrt(2 / n)).all()
    assert abs(found.noise / noise - 1) < 4 / np.sqrt(2 * n)
    signal = float(np.sum(found.spectrum * found.truth**2))
    # the sample's signal varies by 2 signal**2 / n, its fit by 4 signal noise**2 / n
    stderr = np.sqrt((2 * energy.sum() ** 2 + 4 * energy.sum() * noise**2) / n)
    assert abs(signal - energy.sum()) < 4 * stderr


@pytest.mark.slow
def test_noise_has_the_correction_for_degrees_of_freedom():
    found = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((ROWS_PER_DIRECTION * 4, 4))
        y = X.sum(axis=1) + rng.standard_normal(len(X))
        found.append(estimate_from_moments(Moments.of(X, y)).noise ** 2)
    stderr = np.std(found, ddof=1) / np.sqrt(len(found))
    assert abs(np.mean(found) - 1) < 4 * stderr
    assert stderr < 0.01


def test_few_rows_per_column_give_no_estimate_and_collinear_columns_count_once():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((ROWS_PER_DIRECTION * 6, 6))
    y = X.sum(axis=1) + rng.standard_normal(len(X))
    assert estimate_from_moments(Moments.of(X[:-1], y[:-1])) is None
    twice = estimate_from_moments(Moments.of(np.hstack([X, X, np.ones((len(X), 1))]), y))
    assert twice.spectrum.size == 6
    assert twice.spectrum.sum() == pytest.approx(12, rel=0.02)


def test_what_does_not_vary_has_no_estimate():
    X = np.random.default_rng(0).standard_normal((500, 2))
    with pytest.raises(gl.DataError, match="target does not vary"):
        estimate_from_moments(Moments.of(X, np.full(500, 0.1)))
    with pytest.raises(gl.DataError, match="no feature varies"):
        estimate_from_moments(Moments.of(np.full((500, 2), 0.1), X[:, 0]))


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


# ------------------------------------------------------------------------------- very many columns


def power_law_rows(n: int, dim: int, exponent: float, seed: int = 0) -> np.ndarray:
    """Rows whose covariance has a power law spectrum along cosines, so that features correlate."""
    from scipy.fft import idct

    rng = np.random.default_rng(seed)
    scales = np.arange(1, dim + 1) ** (-exponent / 2)
    return np.asarray(idct(rng.standard_normal((n, dim)) * scales, norm="ortho", axis=1))


def sketched(X: np.ndarray, y: np.ndarray) -> tuple[Sketch, np.ndarray]:
    """Two passes over blocks of rows."""
    test = random_test(X.shape[1], SEED)
    blocks = np.array_split(np.arange(len(X)), 3)
    for last in (False, True):
        parts = [Sketch.of(X[block], y[block], test) for block in blocks]
        found = parts[0].merged(parts[1]).merged(parts[2])
        if not last:
            test = basis(found.centred(test)[0])
    return found, test


@pytest.mark.slow
def test_range_finder_has_the_top_eigenvalues_of_a_power_law():
    X = power_law_rows(700, 6000, 1.2) + 0.3
    exact = np.linalg.eigvalsh(gram_of(X))[::-1]
    found, test = sketched(X, X[:, 0])
    values, vectors = leading(found.centred(test)[0], test)
    np.testing.assert_allclose(values[:50], exact[:50], rtol=0.01)
    assert (values <= exact[: values.size] * (1 + 1e-9)).all()
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(values.size), atol=1e-9)
    assert found.centred(test)[3] == pytest.approx(exact.sum())


def gram_of(X: np.ndarray) -> np.ndarray:
    centred = X - X.mean(axis=0)
    return centred @ centred.T / len(X)


@pytest.mark.slow
def test_sketch_keeps_trace_and_variance_and_finds_noise():
    n, dim, noise = 40_000, 400, 0.5
    X = power_law_rows(n, dim, 1.5)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    rng = np.random.default_rng(1)
    direction = power_law_rows(1, dim, 2.0, seed=5)[0]
    clean = X @ direction
    y = clean / clean.std() + noise * rng.standard_normal(n)
    sketch, test = sketched(X, y)
    found = estimate_from_sketch(sketch, test, rank=100)
    exact = estimate_from_moments(Moments.of(X, y))
    assert found.spectrum.size == dim
    assert found.spectrum.sum() == pytest.approx(dim)
    np.testing.assert_allclose(found.spectrum[:50], exact.spectrum[:50], rtol=3e-3)
    np.testing.assert_allclose(found.spectrum[:100], exact.spectrum[:100], rtol=0.02)
    energy = float(np.sum(found.spectrum * found.truth**2))
    assert energy + found.noise**2 == pytest.approx(y.var(), rel=0.01)
    assert found.noise == pytest.approx(noise, rel=0.02)


def test_statistics_of_columns_with_gaps():
    rng = np.random.default_rng(0)
    rows = 1e8 + rng.standard_normal((200, 3))
    rows[rng.random(rows.shape) < 0.3] = np.nan
    rows[:90, 1] = np.nan
    parts = [Columns.of(rows[i : i + 45]) for i in range(0, 200, 45)]
    found = parts[0]
    for part in parts[1:]:
        found = found.merged(part)
    np.testing.assert_allclose(found.mean, np.nanmean(rows, axis=0), rtol=1e-15)
    filled = np.where(np.isnan(rows), np.nanmean(rows, axis=0), rows)
    np.testing.assert_allclose(found.deviation(200), filled.std(axis=0), rtol=1e-7)


@pytest.mark.parametrize("missing", ["drop", "mean"])
def test_wide_tables_are_read_in_three_passes(tmp_path, monkeypatch, missing):
    """With the limit lowered, both ways of reading one table agree."""
    columns = linear_table(4000, 12)
    columns["x3"][::50] = np.nan
    columns["flat"] = np.ones(4000)
    path = write(tmp_path / "t.parquet", columns, group=500)
    narrow = read(path, rows=400, missing=missing)
    monkeypatch.setattr("genloss.tables.one_pass.MOST_COLUMNS", 10)
    wide = read(path, rows=400, missing=missing)
    assert wide.moments is None
    assert wide.feature_names == narrow.feature_names
    np.testing.assert_allclose(wide.features, narrow.features, rtol=1e-9)
    every = np.arange(400)  # the sketch leaves out the sample
    (scales, found), (_, exact) = wide.apart_from(every), narrow.apart_from(every)
    np.testing.assert_allclose(scales.mean, narrow.moments.mean[:-1], rtol=1e-9)
    np.testing.assert_allclose(scales.scale, narrow.moments.deviation[:-1], rtol=1e-9)
    np.testing.assert_allclose(found.spectrum, exact.spectrum, rtol=0.02)
    assert found.noise == pytest.approx(exact.noise, rel=1e-3)
    large = large_table(path, "y", stream=True, missing=missing)
    assert large.read(400, SEED, linear=False).wide[1] is None


@pytest.mark.slow
def test_more_than_five_thousand_columns(tmp_path, monkeypatch):
    """A file that is really wide, with fewer rows than an estimate would be made from."""
    n, dim = 1500, 5200
    X = power_law_rows(n, dim, 1.5).astype("f4")
    lead = power_law_rows(1, dim, 4.0, seed=5)[0]
    clean = X @ lead
    y = clean / clean.std() + 0.5 * np.random.default_rng(1).standard_normal(n)
    table = {f"x{i}": column for i, column in enumerate(X.T)} | {"y": y}
    path = write(tmp_path / "wide.parquet", table, group=500)
    assert (
        large_table(path, "y", stream=True).read(100, SEED).wide[1] is None
    )  # 50 rows a column are missing
    monkeypatch.setattr("genloss.tables.sketching.ROWS_PER_DIRECTION", 0.1)
    wide = large_table(path, "y", stream=True).read(100, SEED)
    assert wide.features.shape == (100, dim)
    scales, found = wide.apart_from(np.arange(100))
    places = {row.tobytes(): i for i, row in enumerate(X)}
    seen = [places[row.astype("f4").tobytes()] for row in wide.features]
    rest = np.delete(np.arange(n), seen)
    assert rest.size == n - 100
    exact = np.linalg.eigvalsh(gram_of(scales(X[rest].astype(np.float64))))[::-1]
    np.testing.assert_allclose(found.spectrum[:20], exact[:20], rtol=0.01)
    assert found.spectrum.sum() == pytest.approx(exact.sum(), rel=1e-6)


def test_wide_tables_need_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr("genloss.tables.one_pass.MOST_COLUMNS", 1)
    monkeypatch.setattr("genloss.tables.sketching.MOST_COLUMNS", 1)
    path = write(tmp_path / "t.parquet", {"x": [1.0, 2.0], "w": ["a", "b"], "y": [0.0, 1.0]})
    with pytest.raises(gl.DataError, match="text column 'w' in a table of more than 1 columns"):
        read(path)
    with pytest.raises(gl.DataError, match="missing values in 'x' \\(1\\)"):
        read(write(path, {"x": [1.0, None, 2.0], "z": [1.0, 2.0, 1.0], "y": [0.0, 1.0, 3.0]}))


# ---------------------------------------------------------------------------------------- forecasts


@pytest.mark.slow
def test_forecast_of_a_stream_agrees_with_that_in_memory(tmp_path):
    path = write(tmp_path / "t.parquet", linear_table(6000, 15), group=1000)
    whole = gl.forecast(path, "y", PLAN, trials=8)
    stream = gl.forecast(path, "y", PLAN, trials=8, stream=True)
    assert stream.noise == pytest.approx(whole.noise, rel=0.03)
    assert stream.problem.dim == whole.problem.dim == 15
    np.testing.assert_allclose(stream.predicted.risk, whole.predicted.risk, rtol=0.06)
    stderr = np.hypot(stream.measured.stderr, whole.measured.stderr)
    # both are scored on rows of their own, 1,200 of them
    sampling = 3 * np.sqrt(2 / 1200) * whole.measured.risk
    assert (np.abs(stream.measured.risk - whole.measured.risk) < 4 * stderr + sampling).all()
    assert [note for note in stream.notes if note.startswith("streamed:")] == [
        "streamed: the estimate is from all rows, "
        "rehearsal and check use 6,000 of 6,000 rows, drawn at random"
    ]
    assert not any(note.startswith("streamed:") for note in whole.notes)


def test_the_estimate_of_a_stream_is_that_of_the_rows_not_held_out(tmp_path):
    path = write(tmp_path / "t.parquet", linear_table(3000, 5), group=500)
    table = read(path, rows=1000)
    order, column = np.lexsort(table.features.T), pq.read_table(path).to_pandas()
    held_out = order[:400]
    standardise, found = table.apart_from(held_out)
    rest = column[~column["x0"].isin(table.features[held_out, 0])].to_numpy()
    assert len(rest) == 2600
    X = standardise(rest[:, :-1])
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(X.std(axis=0), 1, rtol=1e-9)
    squares = np.linalg.lstsq(np.column_stack([X, np.ones(2600)]), rest[:, -1], rcond=None)[1]
    assert found.noise**2 == pytest.approx(squares[0] / (2600 - 6), rel=1e-9)
    again = estimate_from_moments(Moments.of(X, rest[:, -1]))
    np.testing.assert_allclose(found.spectrum, again.spectrum, rtol=1e-9)
    np.testing.assert_allclose(np.abs(found.truth), np.abs(again.truth), rtol=1e-6)
    np.testing.assert_allclose(found.spectrum, np.linalg.eigvalsh(X.T @ X / 2600)[::-1], rtol=0.01)


@pytest.mark.slow
def test_a_kernel_uses_the_sample_and_says_so(tmp_path):
    path = write(tmp_path / "t.parquet", linear_table(1500, 4), group=500)
    outlook = gl.forecast(path, "y", PLAN, kernel="rbf", stream=True, trials=2)
    assert any("a kernel's forecast uses 1,500 of 1,500 rows" in note for note in outlook.notes)
    linear = gl.forecast(path, "y", PLAN, kernel="linear", stream=True, trials=2)
    assert any("the estimate is from all rows" in note for note in linear.notes)


@pytest.mark.slow
def test_few_rows_per_column_leave_the_estimate_to_the_sample(tmp_path):
    path = write(tmp_path / "t.parquet", linear_table(600, 30), group=500)
    outlook = gl.forecast(path, "y", PLAN, stream=True, trials=2)
    assert any("fewer than 50 rows per column" in note for note in outlook.notes)


@pytest.mark.slow
def test_seeds_and_plans_decide_the_sample(tmp_path, monkeypatch):
    monkeypatch.setattr("genloss.outlook.forecast.MOST_USED", 800)
    monkeypatch.setattr("genloss.outlook.prepare.MOST_USED", 800)
    monkeypatch.setattr("genloss.outlook.forecast.MOST_TEST", 200)
    path = write(tmp_path / "t.parquet", linear_table(6000, 4), group=500)
    forecast = partial(gl.forecast, path, "y", PLAN, stream=True, trials=2)
    one, again, other = forecast(seed=1), forecast(seed=1), forecast(seed=2)
    np.testing.assert_array_equal(one.measured.risk, again.measured.risk)
    assert (one.measured.risk != other.measured.risk).all()
    assert one.rows["used"] == 800
    assert one.rows["test"] == 160
    # the estimate is from all rows, whichever are sampled
    assert one.noise == pytest.approx(other.noise, rel=1e-9)


def test_large_tables_stream_by_themselves(tmp_path, monkeypatch):
    path = write(tmp_path / "t.parquet", linear_table(300, 4))
    assert large_table(path, "y") is None
    monkeypatch.setattr("genloss.tables.streaming.MOST_CELLS", 300 * 5 - 1)
    assert large_table(path, "y").n_rows == 300
    assert large_table(path, "y", stream=False) is None
    outlook = gl.forecast(path, "y", gl.Plan.replace(2, 20, penalty=0.1), trials=2)
    assert any(note.startswith("streamed:") for note in outlook.notes)
    assert MOST_CELLS == 16 * 10**6


def test_command_line(genloss, tmp_path):
    path = write(tmp_path / "t.parquet", linear_table(900, 4))
    options = ["--target", "y", "--generations", "3", "--trials", "2", "--json"]
    code, out, errors = genloss("forecast", str(path), *options, "--stream")
    assert (code, errors) == (0, "")
    found = json.loads(out)
    assert any(note.startswith("streamed:") for note in found["notes"])
    assert len(found["models"]["predicted"]) == 3


def test_a_large_table_can_be_sent_away(tmp_path):
    large = large_table(write(tmp_path / "t.parquet", linear_table(300, 4)), "y", stream=True)
    pieces = pickle.loads(pickle.dumps(tuple(parquet.pieces(large.dataset))))
    assert sum(f.to_table().num_rows for piece in pieces for f in piece.fragments) == 300


# ------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({"x": [1.0, 2.0], "yy": [1.0, 2.0]}, {}, "did you mean the column 'yy'"),
        ({"x": [1.0, 2.0], "y": ["a", "b"]}, {}, "non-numeric target 'y'"),
        ({"x": [1.0, np.inf], "y": [1.0, 2.0]}, {}, "infinite values in 'x' \\(1\\)"),
        ({"x": [1.0, np.nan], "y": [1.0, 2.0]}, {}, "missing values in 'x' \\(1\\)"),
        ({"x": [1.0, 2.0], "y": [1.0, None]}, {}, "missing values in 'y' \\(1\\)"),
        ({"x": [1.0, 2.0, 3.0], "y": [2.0, 2.0, 2.0]}, {}, "target 'y' is constant"),
        ({"x": [1.0, 1.0, 1.0], "y": [1.0, 2.0, 4.0]}, {}, "no usable feature column is left"),
        (
            {"x": pa.nulls(3, pa.float64()), "y": [1.0, 2.0, 4.0]},
            {"missing": "mean"},
            "no usable feature.*'x', all missing",
        ),
        (
            {"x": [np.nan, np.nan], "z": [1.0, 2.0], "y": [1.0, 2.0]},
            {"missing": "drop"},
            "0 usable rows.*dropped 2 rows with a missing value",
        ),
        ({"x": pa.array([], pa.float64()), "y": pa.array([], pa.float64())}, {}, "0 usable rows"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, columns, options, message):
    with pytest.raises(gl.DataError, match=message):
        read(write(tmp_path / "t.parquet", columns), **options)


def test_what_cannot_be_streamed_is_refused(tmp_path):
    path = write(tmp_path / "t.parquet", linear_table(100, 2))
    (tmp_path / "t.csv").write_text("x,y\n1,2\n")
    (tmp_path / "broken.parquet").write_text("PAR1")
    (tmp_path / "empty").mkdir()
    for data in (tmp_path / "t.csv", tmp_path / "empty", tmp_path / "none.parquet", [[1.0, 2.0]]):
        with pytest.raises(gl.DataError, match="can be streamed"):
            large_table(data, "y", stream=True)
        assert large_table(data, "y") is None
    with pytest.raises(gl.DataError, match="cannot be read as parquet"):
        large_table(tmp_path / "broken.parquet", "y", stream=True)
    with pytest.raises(gl.DataError, match="cannot be read as parquet"):
        gl.forecast(tmp_path / "broken.parquet", "y")
    with pytest.raises(gl.InvalidInputError, match="stream was 'yes'"):
        large_table(path, "y", stream="yes")
    with pytest.raises(gl.InvalidInputError, match="cluster was 'threads' with stream=False"):
        large_table(path, "y", stream=False, cluster="threads")
    with pytest.raises(gl.InvalidInputError, match="cluster was 'nowhere'"):
        large_table(path, "y", cluster="nowhere")
    with pytest.raises(gl.InvalidInputError, match="cluster was 3"):
        large_table(path, "y", cluster=3)
    for rows in (0, -1, np.nan, 2.5):
        with pytest.raises(gl.InvalidInputError, match="n_sampled was"):
            read(path, rows=rows)
    with pytest.raises(gl.DataError, match="at least 40"):
        gl.forecast(write(path, linear_table(30, 2)), "y", stream=True)
    with pytest.raises(gl.InvalidInputError, match="of no use for a Table"):
        gl.forecast(load_table(path, "y"), stream=True)
    with pytest.raises(gl.InvalidInputError, match="need a path"):
        gl.forecast([[1.0], [2.0]], [1.0, 2.0], stream=True)


def folder_of(path: Path, *tables: dict[str, Any]) -> Path:
    path.mkdir()
    for number, columns in enumerate(tables):
        write(path / f"{number}.parquet", columns)
    return path


def test_files_of_a_folder_may_differ_in_type_and_columns(tmp_path):
    x, y = np.arange(50.0), np.arange(50) % 7
    whole_numbers = folder_of(
        tmp_path / "whole", {"x": x.astype(int), "y": y}, {"x": x + 0.5, "y": y}
    )
    for table in (read(whole_numbers), load_table(whole_numbers, "y")):
        np.testing.assert_array_equal(np.sort(table.features[:, 0]), np.arange(100) / 2)
    later = folder_of(tmp_path / "later", {"x": x, "y": y}, {"x": x, "z": x % 3, "y": y})
    for way in (read, load_table):  # a column that the first file lacks is not left out in silence
        with pytest.raises(gl.DataError, match=r"missing values in 'z' \(50\)"):
            way(later, "y")
        assert way(later, "y", missing="mean").feature_names == ("x", "z")
    mixed = folder_of(tmp_path / "mixed", {"x": x, "y": y}, {"x": ["a"] * 50, "y": y})
    with pytest.raises(gl.DataError, match="mixed cannot be read.*Field x has incompatible types"):
        large_table(mixed, "y", stream=True)
    with pytest.raises(gl.DataError, match="mixed cannot be read.*Field x has incompatible types"):
        gl.forecast(mixed, "y")


@pytest.mark.parametrize("cluster", [None, pytest.param("processes", marks=pytest.mark.slow)])
def test_a_damaged_file_is_named(tmp_path, cluster):
    table = {name: pa.array(values) for name, values in linear_table(5000, 2).items()}
    folder = folder_of(tmp_path / "folder", table, table)
    damaged = folder / "1.parquet"
    data = bytearray(damaged.read_bytes())
    for place in range(len(data) // 4, len(data) // 2):
        data[place] ^= 0x5A
    damaged.write_bytes(data)
    with pytest.raises(gl.DataError, match=r"folder/1\.parquet cannot be read as parquet"):
        read(folder, cluster=cluster)


@pytest.mark.parametrize("most_columns", [5000, 1])
@pytest.mark.parametrize("unit", [1e200, 1e-200])
def test_values_whose_squares_overflow_are_named(tmp_path, monkeypatch, most_columns, unit):
    monkeypatch.setattr("genloss.tables.one_pass.MOST_COLUMNS", most_columns)
    x = np.random.default_rng(0).standard_normal(100)
    path = write(tmp_path / "t.parquet", {"x": x, "huge": unit * x, "y": x})
    with pytest.raises(gl.DataError, match="values of 'huge' are so large, or so near each other"):
        read(path)


def test_lost_workers_are_reported(tmp_path):
    from genloss.tables.reduce import reduce_pieces
    from genloss.workers import WorkersLost

    def dies(piece):
        raise WorkersLost("killed by the memory")

    with pytest.raises(gl.GenlossError, match="workers were lost while they read the table"):
        reduce_pieces(dies, pieces=[1, 2], cluster="serial")


def test_streaming_needs_pyarrow(tmp_path, monkeypatch):
    path = write(tmp_path / "t.parquet", linear_table(100, 2))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert large_table(path, "y") is None
    with pytest.raises(gl.MissingDependencyError, match=r"genloss\[data\]"):
        large_table(path, "y", stream=True)


# ------------------------------------------------------------------------------------------- scale


NOISE, DIM = 0.5, 11


def write_large(path: Path, n: int) -> tuple[np.ndarray, np.ndarray]:
    """A table of n rows, written block by block; returns its covariance and weights."""
    rng = np.random.default_rng(0)
    mixing = (np.geomspace(1, 0.1, DIM)[:, None] * rng.standard_normal((DIM, DIM))).astype("f4")
    weights = rng.standard_normal(DIM).astype("f4")
    names = [*(f"x{i}" for i in range(DIM)), "y"]
    schema = pa.schema([(name, pa.float32()) for name in names])
    with pq.ParquetWriter(path, schema, use_dictionary=False, compression="none") as writer:
        for _ in range(n // 500_000):
            X = rng.standard_normal((500_000, DIM), dtype="f4") @ mixing
            y = X @ weights + np.float32(NOISE) * rng.standard_normal(len(X), dtype="f4")
            writer.write_table(pa.table([*X.T, y], schema=schema))
    return mixing.T.astype(np.float64) @ mixing.astype(np.float64), weights.astype(np.float64)


def in_a_process(code: str, path: Path) -> tuple[Any, int]:
    """What ``code`` leaves in ``found``, and the most memory its process had, in bytes."""
    # getrusage would count the peak of this process too, whose memory a child shares until exec
    script = (
        f"import json, sys, genloss as gl\npath = sys.argv[1]\n{code}\n"
        "said = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "print(json.dumps([found, 1024 * int(said['VmHWM'].split()[0])]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found, peak = json.loads(done.stdout)
    return found, peak


FORECAST = (
    "outlook = gl.forecast(path, 'y', gl.Plan.replace(10, 1000, penalty=0.01))\n"
    "found = [outlook.noise, outlook.problem.spectrum.tolist(), outlook.notes,"
    " outlook.predicted.risk.tolist(), outlook.measured.risk.tolist()]"
)
WHOLE = "from genloss.tables.load import load_table\nfound = load_table(path, 'y').target.size\n"


def check_large(path: Path, n: int, covariance: np.ndarray, weights: np.ndarray, most: int) -> None:
    """The forecast finds what made the table, in less than ``most`` bytes."""
    (noise, spectrum, notes, predicted, measured), peak = in_a_process(FORECAST, path)
    assert peak < most
    assert any(f"30,000 of {n:,} rows" in note for note in notes)
    assert abs(noise / NOISE - 1) < 4 / np.sqrt(2 * n)
    expected, _ = true_problem(covariance, weights)
    assert (np.abs(np.array(spectrum) / expected - 1) < 4 * np.sqrt(2 / n)).all()
    np.testing.assert_allclose(predicted, measured, rtol=0.1)


@pytest.mark.slow
def test_memory_is_bounded_where_the_whole_table_exceeds_the_bound(tmp_path):
    path, n, most = tmp_path / "large.parquet", 6_000_000, 2**29
    truth = write_large(path, n)
    check_large(path, n, *truth, most)
    rows, peak = in_a_process(WHOLE, path)
    assert rows == n
    assert peak > 2 * most


@pytest.mark.slow
def test_a_stream_finds_the_problem_that_made_the_table(tmp_path):
    """The same theory by another way: from the covariance and weights that the rows came from."""
    path, n = tmp_path / "large.parquet", 500_000
    covariance, weights = write_large(path, n)
    plan = gl.Plan.replace(5, 200, penalty=0.05)
    outlook = gl.forecast(path, "y", plan, stream=True, trials=2)
    spectrum, energy = true_problem(covariance, weights)
    problem = gl.Problem(np.append(spectrum, 1e6), np.append(np.sqrt(energy / spectrum), 0.0))
    noisy = gl.Plan.mix_labels(5, 200, real=0.0, penalty=0.05, real_noise=NOISE)
    expected = gl.predict(problem, noisy).risk + NOISE**2
    found = gl.Problem(
        np.append(outlook.problem.spectrum, 1e6), np.append(outlook.problem.truth, 0.0)
    )
    noisy = gl.Plan.mix_labels(5, 200, real=0.0, penalty=0.05, real_noise=outlook.noise)
    theory = gl.predict(found, noisy).risk + outlook.noise**2
    # errors are of the size of signal and noise, known up to a share sqrt(2 / n) of themselves
    np.testing.assert_allclose(theory, expected, rtol=4 * np.sqrt(2 / n))
    np.testing.assert_allclose(outlook.predicted.risk, expected, rtol=0.05)
    assert ((outlook.low < expected) & (expected < outlook.high)).all()
