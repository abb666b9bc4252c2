"""Very many columns: sketches in place of moments."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl
from genloss.estimate.moments import Moments, estimate_from_moments
from genloss.estimate.sketch import (
    Columns,
    Sketch,
    basis,
    estimate_from_sketch,
    leading,
    random_test,
)
from genloss.tables.streaming import large_table

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
from streams import SEED, linear_table, read, write


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
