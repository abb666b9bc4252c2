"""What a forecast says of the rows it was given."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import genloss as gl

CASES = Path(__file__).parents[1] / "cases"


def gaussian_table(rows: int, dim: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((rows, dim))
    return X, X @ np.full(dim, 1 / np.sqrt(dim)) + 0.5 * rng.standard_normal(rows)


# ------------------------------------------------------------------------------------- what is said


@pytest.mark.slow
def test_least_squares_on_as_many_rows_as_columns_has_no_mean_error():
    outlook = gl.forecast(
        CASES / "as_many_rows_as_columns.csv",
        "y",
        n_samples=7,
        penalty=0,
        generations=2,
        trials=2,
    )
    assert np.isinf(outlook.error).all()
    assert np.isinf(outlook.predicted.risk).all()
    said = " ".join(outlook.advice.sentences)
    assert "real label" not in said
    assert "LinearRegression" not in said
    assert not np.isnan(outlook.growth).any()
    assert any("n_samples is 7" in text and "6 columns" in text for text in outlook.warnings)
    assert 0.02 < outlook.advice.best_penalty < 5
    assert 0.4 < outlook.advice.best_error < 1.1
    assert 0.4 < outlook.advice.best_error_first < 1.1  # no infinite error lifts it
    text = json.dumps(outlook.to_dict(), allow_nan=False)
    assert json.loads(text)["models"]["predicted"] == ["Infinity", "Infinity"]
    assert "null" not in json.dumps(outlook.to_dict()["models"])


@pytest.mark.slow
def test_collinear_columns_are_no_reason_to_shrink():
    outlook = gl.forecast(CASES / "twin_gauges.csv", "y", generations=3, trials=2)
    assert outlook.error[0] == pytest.approx(0.4, abs=0.08)
    assert outlook.predicted.risk[0] == pytest.approx(0.4, abs=0.1)


@pytest.mark.slow
def test_rare_targets_are_forecast():
    outlook = gl.forecast(CASES / "rare_events.csv", "failed", generations=2, trials=2)
    assert outlook.error[0] == pytest.approx(0.032, abs=0.012)
    assert np.isfinite(outlook.noise)


def test_inside_the_noise_no_doubling_is_claimed():
    X, y = gaussian_table(400, 4)
    outlook = gl.forecast(X, y, gl.Plan.replace(3, 50, penalty=0.02), trials=2)
    assert outlook.growth_low[-1] <= 1
    said = " ".join(outlook.advice.sentences)
    assert "cannot be told from" in said
    assert not any(words in said for words in ("it will have doubled", "may double", "has doubled"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dim", "kernel", "lossless"), [(3, None, True), (60, None, False), (3, "rbf", False)]
)
def test_that_noiseless_labels_lose_nothing_is_said_where_it_is_so(dim, kernel, lossless):
    X, y = gaussian_table(300, dim)
    outlook = gl.forecast(X, y, gl.Plan.replace(5, 40, penalty=0.3), kernel, trials=2)
    assert outlook.growth_low[-1] > 1
    assert ("lose nothing" in " ".join(outlook.advice.sentences)) == lossless


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1e-100, 1e9, 1e100])
def test_units_of_the_target_change_units_alone(scale):
    X, y = gaussian_table(150, 3)
    plan = gl.Plan.replace(3, 30)
    one, other = (gl.forecast(X, y * unit, plan, trials=2) for unit in (1.0, scale))
    np.testing.assert_allclose(other.error, scale**2 * one.error, rtol=1e-6)
    np.testing.assert_allclose(other.growth_high, one.growth_high, rtol=1e-6)
    assert other.advice.clearly_beats_mean == one.advice.clearly_beats_mean
    assert "e+" not in " ".join(other.advice.sentences)


@pytest.mark.slow
def test_worse_than_the_mean_is_said_first_and_alone():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((200, 30)), rng.standard_normal(200)
    outlook = gl.forecast(X, y, gl.Plan.replace(3, 40), trials=2)
    assert not outlook.advice.beats_mean[0]
    [said] = outlook.advice.sentences
    assert said.startswith("This model does not beat the mean")
    assert "this model does not beat the mean" in outlook.warnings


def test_disagreement_of_forecast_and_measurement_is_said():
    """Rows sorted by a regime: the future is not as the past was, so that no rehearsal knows it."""
    from dataclasses import replace

    from genloss.outlook.advise import agrees
    from genloss.outlook.check import Check

    plan = gl.Plan.replace(3, 20)
    runs = np.outer(1 + 0.01 * np.arange(4), [1.0, 1.5, 2.4])
    check = Check(
        plan=plan,
        predicted=np.ones(3),
        low=np.full(3, 0.9),
        high=np.full(3, 1.1),
        log_growth=np.log([1.0, 1.02, 1.05]),
        growth_se=np.array([0, 0.05, 0.05]),
        runs=runs,
        sizes={},
        fresh=60,
    )
    assert not agrees(check)
    assert agrees(replace(check, log_growth=np.log([1.0, 1.5, 2.1])))
    assert agrees(replace(check, growth_se=np.full(3, 0.6)))


@pytest.mark.slow
@pytest.mark.parametrize("what", ["copy", "groups"])
def test_the_whole_table_has_its_own_error_where_rows_belong_together(what):
    X, y = gaussian_table(300, 20)
    plan = gl.Plan.replace(2, 40)
    apart = gl.forecast(X, y, plan, trials=2)
    if what == "copy":
        together = gl.forecast(np.r_[X, X[:1]], np.r_[y, y[:1]], plan, trials=2)
    else:
        together = gl.forecast(X, y, plan, trials=2, group=np.arange(300) // 2)
    assert together.full.error[0] == pytest.approx(apart.full.error[0], rel=0.07)
    assert together.full.error[0] < 0.8 * together.error[0]
    assert 0.3 < together.full.penalty / apart.full.penalty < 3


@pytest.mark.slow
def test_copies_stay_on_one_side_and_are_noted():
    X, y = gaussian_table(150, 3)
    rng = np.random.default_rng(1)
    y = rng.standard_normal(150)  # nothing to learn but the copies
    outlook = gl.forecast(
        np.tile(X, (4, 1)), np.tile(y, 4), gl.Plan.replace(2, 60, penalty=1e-4), "rbf", trials=2
    )
    assert outlook.error[0] > 0.9 * y.var()
    assert any("450 rows are copies" in note for note in outlook.notes)
    assert any("one side of every split" in note for note in outlook.notes)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_few_rows_to_train_on_are_drawn_often_enough(seed):
    # 12 rows of 10 columns: single runs differ by more than their mean
    rng = np.random.default_rng(3)
    X = rng.standard_normal((200, 10))
    y = X.sum(axis=1) + rng.standard_normal(200)
    Z, errors = (X - X.mean(axis=0)) / X.std(axis=0), []
    for _ in range(1500):
        rows = rng.permutation(200)
        train, test = rows[:12], rows[12:]
        centre, mean = Z[train].mean(axis=0), y[train].mean()
        A = Z[train] - centre
        w = np.linalg.solve(A.T @ A + 12 * 0.02 * np.eye(10), A.T @ (y[train] - mean))
        errors.append(np.mean((y[test] - mean - (Z[test] - centre) @ w) ** 2))
    own = gl.forecast(X, y, gl.Plan.replace(2, 12, penalty=0.02), trials=2, seed=seed).own
    assert own.error[0] == pytest.approx(np.mean(errors), rel=0.12)
    assert own.low[0] < np.mean(errors) < own.high[0]


def titanic_like(rng):
    """Cabin class as indicators, two flags and a flag for target: rows of few kinds."""
    crew = rng.random(1500) < 0.4
    flags = rng.random((1500, 2)) < np.where(crew, 0.05, 0.5)[:, None]
    y = rng.random(1500) < 0.2 + 0.5 * flags[:, 0]
    return np.column_stack([crew, ~crew, flags]).astype(float), y.astype(float)


def rare_flags(rng):
    X = (rng.random((1000, 4)) < 0.01).astype(float)
    return X, X @ [1.0, 2, 3, 4]


@pytest.mark.slow
@pytest.mark.parametrize("make", [titanic_like, rare_flags])
def test_rows_of_few_values_that_meet_are_no_copies(make):
    X, y = make(np.random.default_rng(0))
    outlook = gl.forecast(X, y, generations=2, penalty=0.02, trials=2)
    assert not any("repeat others" in note for note in outlook.notes)
    n, dim = int(outlook.plan.n_samples[0]), X.shape[1]
    rng = np.random.default_rng(1)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    errors = []
    for _ in range(400):
        rows = rng.permutation(y.size)
        train, test = rows[:n], rows[n:]
        centred = Z[train] - Z[train].mean(axis=0)
        w = np.linalg.solve(
            centred.T @ centred + n * 0.02 * np.eye(dim), centred.T @ (y[train] - y[train].mean())
        )
        said = y[train].mean() + (Z[test] - Z[train].mean(axis=0)) @ w
        errors.append(np.mean((said - y[test]) ** 2))
    own = outlook.own
    assert own.low[0] < np.mean(errors) < own.high[0]


@pytest.mark.slow
@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_rounding_does_not_grow(offset):
    X = np.random.default_rng(0).normal(size=(160, 4))
    outlook = gl.forecast(X, X @ np.ones(4) + offset, trials=2)
    assert outlook.growth == pytest.approx(1)
    assert outlook.measured.risk == pytest.approx(outlook.measured.risk[0])
    assert outlook.error[0] < 1e-10
    assert outlook.advice.real_rows == 0


def test_near_determined_targets_are_noted():
    X, _ = gaussian_table(300, 5)
    y = X.sum(axis=1) + 0.02 * np.random.default_rng(0).standard_normal(300)
    outlook = gl.forecast(X, y, gl.Plan.replace(2, 40), trials=2)
    assert any("nearly determined" in note for note in outlook.notes)
    exact = gl.forecast(X, X.sum(axis=1), gl.Plan.replace(2, 40), trials=2)
    assert np.isfinite(exact.error).all()
    assert any("determine the target" in text for text in exact.warnings)


@pytest.mark.slow
def test_order_is_noted():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 3)).cumsum(axis=0)
    y = X[:, 0] + rng.standard_normal(300).cumsum()
    outlook = gl.forecast(X, y, gl.Plan.replace(2, 30, penalty=0.01), trials=2)
    assert any("neighbouring rows" in note for note in outlook.notes)


@pytest.mark.slow
def test_time_trains_on_the_past():
    """Rows drift: a model of the past misses the future, which shuffled folds do not show."""
    rng = np.random.default_rng(0)
    when = rng.permutation(400)
    X = rng.standard_normal((400, 3))
    y = X[:, 0] + 0.02 * when + 0.1 * rng.standard_normal(400)
    plan = gl.Plan.replace(2, 40, penalty=0.01)
    shuffled, dated = (
        gl.forecast(X, y, plan, trials=2, time=time).error[0] for time in (None, when)
    )
    assert dated > 1.3 * shuffled


@pytest.mark.slow
def test_groups_stay_together():
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(60), 5)
    marks = rng.standard_normal((60, 8))
    X = marks[person] + 0.01 * rng.standard_normal((300, 8))
    y = rng.standard_normal(60)[person]
    plan = gl.Plan.replace(2, 60, penalty=1e-3)
    apart, together = (
        gl.forecast(X, y, plan, "rbf", trials=2, group=group).error[0] for group in (None, person)
    )
    assert together > 2 * apart


@pytest.mark.slow
def test_weights_count_in_errors():
    X, y = gaussian_table(300, 3)
    y[:150] += 4 * np.random.default_rng(1).standard_normal(150)
    weights = np.r_[np.zeros(150), np.linspace(0.9, 1.1, 150)]
    plan = gl.Plan.replace(2, 60, penalty=0.01)
    weighted = gl.forecast(X, y, plan, trials=2, weights=weights)
    assert weighted.error[0] < 0.5 * gl.forecast(X, y, plan, trials=2).error[0]
    assert any("weights count" in note for note in weighted.notes)


@pytest.mark.slow
def test_logarithms_and_back():
    X, y = gaussian_table(300, 3)
    plan = gl.Plan.replace(2, 60, penalty=0.01)
    outlook = gl.forecast(X, np.exp(y), plan, trials=2, log=True)
    np.testing.assert_allclose(outlook.error, gl.forecast(X, y, plan, trials=2).error, rtol=1e-9)
    assert outlook.target == "log(y)"
    assert 0 < outlook.original.error[0] < np.exp(y).var()
    with pytest.raises(gl.DataError, match="a logarithm needs positive values"):
        gl.forecast(X, y, plan, log=True)


@pytest.mark.slow
def test_unlabelled_rows_are_trained_on():
    X, y = gaussian_table(200, 5)
    plan = gl.Plan.replace(3, 60, penalty=0.1)
    far = 20 + np.random.default_rng(1).standard_normal((500, 5)) * 1e-3
    # inputs that hardly vary teach later models a constant
    outlook = gl.forecast(X, y, plan, trials=2, unlabelled=far)
    assert outlook.growth[-1] > gl.forecast(X, y, plan, trials=2).growth[-1] + 0.3
    with pytest.raises(gl.InvalidInputError, match="unlabelled had shape"):
        gl.forecast(X, y, plan, unlabelled=far[:, :2])
