"""Forecasts of rows that count unequally."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl
from genloss.outlook.measured.task import Task
from genloss.outlook.measured.work import Measurement
from genloss.outlook.prepare import prepare
from genloss.outlook.rehearse import run
from genloss.outlook.theory import with_row_weights
from genloss.tables.load import load_table
from genloss.tables.streaming import large_table

SEEDS = np.random.SeedSequence(0).spawn(2)
PLAN = gl.Plan.replace(2, 40, penalty=0.01)


def rows(n: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 3))
    return X, X @ [1.0, 0.5, 0.2] + 0.5 * rng.standard_normal(n), rng.lognormal(0, 0.5, n)


@pytest.mark.slow
def test_only_ratios_matter_and_weight_zero_is_no_row():
    X, y, weights = rows()
    weights[::10] = 0
    plan, there = gl.Plan.replace(1, 40, penalty=0.01), weights > 0
    found = gl.forecast(X, y, plan, trials=2, weights=weights)
    again = gl.forecast(X[there], y[there], plan, trials=2, weights=1e6 * weights[there])
    np.testing.assert_allclose(again.error, found.error, rtol=1e-6)
    np.testing.assert_allclose(again.measured.risk, found.measured.risk, rtol=1e-6)
    assert again.noise == pytest.approx(found.noise, rel=1e-4)
    assert "left out 20 rows of weight 0" in found.notes
    assert any("180 rows are worth" in note for note in found.notes)


@pytest.mark.parametrize("kernel", [None, gl.Kernel("rbf", gamma=0.3)])
def test_rows_that_hardly_count_do_not_enter_fits(kernel):
    """Half of the labels are wrong, and weigh a millionth: models do not learn from them."""
    X, y, _ = rows()
    wrong = np.arange(200) % 2 == 0
    weights = np.where(wrong, 1e-6, 1.0)
    chain = gl.Plan.replace(2, 100, penalty=0.01)
    penalty, seed = np.full((2, 1), 0.01), np.random.SeedSequence(0)
    test = rows(100, 1)[0]
    said = [
        run(chain, (X, labels), test, penalty, kernel, "boot", seed, weights=weights)
        for labels in (y, np.where(wrong, y + 50, y))
    ]
    np.testing.assert_allclose(said[1], said[0], atol=1e-2)
    plain = run(chain, (X, np.where(wrong, y + 50, y)), test, penalty, kernel, "boot", seed)
    assert np.abs(plain[0] - said[0][0]).min() > 5


def test_equal_weights_are_no_weights():
    X, y, weights = rows()
    for given, kept in ((np.full(200, 3.0), False), (weights, True)):
        table = load_table((X, y), weights=given)
        for sample in (
            prepare(table, None, 40, np.random.SeedSequence(0), log=False).sample,
            Measurement.of(Task(False), table, tuple(SEEDS), None, log=False).study.sample,
        ):
            assert (sample.weights is not None) == kept


@pytest.mark.slow
@pytest.mark.parametrize("kernel", [None, "rbf"])
def test_equal_weights_change_no_forecast(kernel):
    """The same numbers, draw by draw: an added column of ones would shift those of a copula."""
    X, y, _ = rows(80)
    plan = gl.Plan.replace(2, 15, noise=0.3)
    plain = gl.forecast(X, y, plan, kernel, trials=2)
    equal = gl.forecast(X, y, plan, kernel, trials=2, weights=np.full(80, 3.0))
    for name in ("error", "growth", "growth_low", "growth_high"):
        np.testing.assert_allclose(getattr(equal.own, name), getattr(plain.own, name), rtol=1e-9)
    np.testing.assert_allclose(equal.measured.risk, plain.measured.risk, rtol=1e-9)
    np.testing.assert_allclose(equal.predicted.risk, plain.predicted.risk, rtol=1e-9)
    assert "the weights of these rows are equal, and change nothing" in equal.notes


def test_theory_of_weighted_rows_is_that_of_literal_fits():
    """Against fits of Gaussian rows with weights drawn from the same ones."""
    rng, dim, n, lam = np.random.default_rng(0), 100, 240, 0.05
    problem = gl.Problem(np.ones(dim), np.full(dim, 0.1), gaussian=False)
    weights = np.sort(rng.lognormal(0, 0.7, 2000))
    weights /= weights.mean()
    plan = gl.Plan.replace(2, n, penalty=lam, noise=0.6)
    theory = gl.predict(problem, with_row_weights(plan, weights)).risk
    assert with_row_weights(plan, weights).n_samples[0] == n
    risks = []
    for _ in range(120):
        model, found = problem.truth, []
        for _ in range(2):
            X, w = rng.standard_normal((n, dim)), rng.choice(weights, n)
            y = X @ model + 0.6 * rng.standard_normal(n)
            model = np.linalg.solve((X.T * w) @ X + w.sum() * lam * np.eye(dim), X.T @ (w * y))
            found.append(np.sum((model - problem.truth) ** 2))
        risks.append(found)
    mean, se = np.mean(risks, axis=0), np.std(risks, axis=0) / np.sqrt(len(risks))
    assert (np.abs(mean / theory - 1) < 0.03 + 4 * se / theory).all()
    assert theory[0] > 1.1 * gl.predict(problem, plan).risk[0]


def test_streams_weigh_as_whole_tables_do(tmp_path, monkeypatch):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    X, y, weights = rows(400)
    weights[::7] = 0
    X[::9, 2] = np.nan
    columns = {"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "w": weights, "y": y}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet", row_group_size=90)
    options = {"weights": "w", "missing": "mean"}
    whole = load_table(tmp_path / "t.parquet", "y", **options)
    filled = whole.features[~np.isin(whole.features[:, 2], X[:, 2]), 2]
    known = (weights > 0) & ~np.isnan(X[:, 2])
    np.testing.assert_allclose(filled, np.average(X[known, 2], weights=weights[known]))
    stream = large_table(tmp_path / "t.parquet", "y", stream=True, **options)
    table = stream.read(300, np.random.SeedSequence(0))
    share = whole.weights / whole.weights.sum()
    everything = np.column_stack([whole.features, whole.target])
    np.testing.assert_allclose(table.moments.mean, share @ everything)
    assert table.n_rows == whole.target.size
    assert not table.warnings
    monkeypatch.setattr("genloss.tables.one_pass.MOST_COLUMNS", 1)
    monkeypatch.setattr("genloss.tables.sketching.MOST_COLUMNS", 9)
    wide = stream.read(100, np.random.SeedSequence(0))
    _, found = wide.apart_from(np.empty(0, dtype=np.intp))
    np.testing.assert_allclose(wide.wide[0].mean, table.moments.mean[:-1])
    np.testing.assert_allclose(wide.wide[0].scale, table.moments.deviation[:-1])
    _, exact = table.apart_from(np.empty(0, dtype=np.intp))
    assert found.noise == pytest.approx(exact.noise, rel=0.1)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"unlabelled": np.ones((5, 3))}, "unlabelled was given beside weights"),
        ({"texts": "encode"}, "texts was 'encode' beside weights"),
    ],
)
def test_what_knows_no_weights_is_refused(more, message):
    X, y, weights = rows()
    with pytest.raises(gl.InvalidInputError, match=message):
        gl.forecast(X, y, PLAN, weights=weights, **more)
