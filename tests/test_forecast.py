from __future__ import annotations

import json

import numpy as np
import pytest
from genloss.data.correction import REHEARSALS, Theory, at_most
from genloss.data.forecast import default_rows
from matplotlib.axes import Axes

import genloss as gl
from genloss.data.tables import example_table


@pytest.fixture(scope="module")
def digits():
    return gl.forecast(example_table("digits"), plan=gl.Plan.replace(6, 120, penalty=0.1))


def gaussian_table(rows: int, dim: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((rows, dim))
    return X, X @ np.full(dim, 1 / np.sqrt(dim)) + 0.5 * rng.standard_normal(rows)


@pytest.mark.parametrize(
    ("kernel", "penalty"),
    [(None, 1e-1), ("rbf", 1e-4), ("rbf", 1e-1), ("polynomial", 1e-4), ("polynomial", 1e-1)],
)
def test_forecast_meets_the_measured_chain_on_digits(kernel, penalty):
    plan = gl.Plan.replace(6, 150, penalty=penalty)
    outlook = gl.forecast(example_table("digits"), plan=plan, kernel=kernel, trials=8)
    assert np.median(np.abs(outlook.relative_error)) < 0.15
    inside = (outlook.measured.risk > outlook.low) & (outlook.measured.risk < outlook.high)
    assert inside.mean() >= 0.5


@pytest.mark.parametrize("real", [0.0, 0.3])
def test_forecast_of_gaussian_rows_is_the_theory_of_the_true_problem(real):
    table = gaussian_table(6000, 20)
    plan = gl.Plan.mix(5, 100, real=real, penalty=0.05, noise=0.4)
    outlook = gl.forecast(*table, plan=plan, trials=40)
    true = Theory.of(gl.Problem.isotropic(20), 0.5).error(plan)
    np.testing.assert_allclose(outlook.predicted.risk, true, rtol=0.08)
    allowed = 0.04 * true + 4 * outlook.measured.stderr
    assert (np.abs(outlook.measured.risk - true) < allowed).all()
    assert outlook.noise == pytest.approx(0.5, rel=0.05)


def test_the_measured_chain_does_not_enter_the_forecast(digits):
    again = gl.forecast(
        example_table("digits"), plan=gl.Plan.replace(6, 120, penalty=0.1), trials=9
    )
    np.testing.assert_array_equal(again.predicted.risk, digits.predicted.risk)
    assert not np.array_equal(again.measured.risk, digits.measured.risk)


def test_errors_are_in_squared_units_of_the_target(digits):
    table = example_table("digits")
    larger = gl.forecast((table.features, 10 * table.target), plan=digits.plan)
    np.testing.assert_allclose(larger.predicted.risk, 100 * digits.predicted.risk, rtol=1e-3)
    np.testing.assert_allclose(larger.measured.risk, 100 * digits.measured.risk, rtol=1e-6)


def test_parts_of_a_forecast(digits):
    assert isinstance(digits.predicted, gl.Curve)
    assert isinstance(digits.measured, gl.Curve)
    assert digits.measured.stderr.shape == digits.predicted.risk.shape == (6,)
    assert (digits.low < digits.predicted.risk).all()
    assert (digits.predicted.risk < digits.high).all()
    assert digits.problem.gaussian is False
    assert sum(digits.rows.values()) <= 1797
    assert digits.baseline == pytest.approx(example_table("digits").target.var(), rel=0.05)
    assert digits.predicted.metric == "mean squared error on real labels"
    assert "predicted" in repr(digits)
    assert list(digits.to_frame("polars").columns)[:2] == ["model", "predicted"]
    assert isinstance(digits.plot(), Axes)
    assert json.loads(json.dumps(digits.to_dict()))["advice"]["sentences"]


def test_advice_says_what_the_theory_says():
    table = gaussian_table(6000, 50)
    plan = gl.Plan.replace(10, 100, noise=0.5)
    outlook = gl.forecast(*table, plan=plan)
    theory = Theory.of(gl.Problem.isotropic(50), 0.5)
    errors = theory.error(plan)
    assert abs(outlook.advice.doubles_at - int(np.argmax(errors > 2 * errors[0]))) <= 1
    assert outlook.advice.best_penalty > 0.01
    assert outlook.advice.best_error < outlook.advice.error
    assert outlook.advice.real_rows is None or outlook.advice.real_rows > 50
    assert len(outlook.advice.sentences(plan)) == 3


def test_no_real_labels_are_needed_where_nothing_is_lost():
    outlook = gl.forecast(*gaussian_table(4000, 5), plan=gl.Plan.replace(4, 400))
    assert outlook.advice.real_rows == 0
    assert outlook.advice.doubles_at is None


def test_default_plan_is_tuned_for_the_first_model():
    outlook = gl.forecast(*gaussian_table(1600, 60))
    assert outlook.plan.n_models == 10
    assert outlook.plan.n_samples[0] == default_rows(1600) == 200
    assert len(set(outlook.plan.penalty)) == 1
    # the best ridge of an isotropic problem is noise**2 * dim / (n_samples * signal)
    assert outlook.plan.penalty[0] == pytest.approx(0.25 * 60 / 200, rel=0.5)


def test_penalties_are_kept_unless_tuning_is_asked_for():
    table, plan = gaussian_table(1600, 10), gl.Plan.replace(2, 100, penalty=7.0)
    assert gl.forecast(*table, plan=plan).plan.penalty[0] == 7.0
    assert gl.forecast(*table, plan=plan, tune_penalty=True).plan.penalty[0] < 1.0


@pytest.mark.parametrize("rows", [40, 100, 442, 1797, 10**6])
def test_default_rows_fit_any_table(rows):
    assert 1 <= default_rows(rows) <= min(1000, rows // 8)


def test_tables_by_name_frame_and_file(tmp_path):
    pandas = pytest.importorskip("pandas")
    X, y = gaussian_table(300, 3)
    frame = pandas.DataFrame(X, columns=["a", "b", "c"]).assign(y=y)
    frame.to_csv(tmp_path / "table.csv", index=False)
    plan = gl.Plan.replace(2, 30, penalty=0.1)
    by_array = gl.forecast(X, y, plan)
    for data in (frame, tmp_path / "table.csv"):
        outlook = gl.forecast(data, "y", plan)
        np.testing.assert_allclose(outlook.predicted.risk, by_array.predicted.risk, rtol=1e-6)


def test_nystrom_takes_over_for_many_rows(monkeypatch):
    monkeypatch.setattr("genloss.data.forecast._EXACT_KERNEL", 150)
    monkeypatch.setattr("genloss.data.forecast._LANDMARKS", 300)
    plan = gl.Plan.replace(3, 200, penalty=1e-2)
    fast = gl.forecast(example_table("digits"), plan=plan, kernel="rbf")
    monkeypatch.undo()
    exact = gl.forecast(example_table("digits"), plan=plan, kernel="rbf")
    np.testing.assert_allclose(fast.measured.risk, exact.measured.risk, rtol=0.1)
    np.testing.assert_allclose(fast.predicted.risk, exact.predicted.risk, rtol=0.15)


def test_at_most_cuts_in_proportion():
    plan = gl.Plan.mix(2, [100, 50], real=0.5)
    cut = at_most(plan, 20)
    assert cut.n_samples.tolist() == [20, 10]
    assert at_most(plan, 100) is plan
    assert REHEARSALS[0] >= 2


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"plan": gl.Plan.replace(2, 5000)}, gl.DataError, "needs 5000 rows in one generation"),
        ({"plan": 3}, gl.InvalidInputError, "plan was int; it must be a Plan"),
        ({"kernel": "rbff"}, gl.InvalidInputError, "kernel was 'rbff'"),
        ({"seed": -1}, gl.InvalidInputError, "seed was -1"),
        ({"trials": 1}, gl.InvalidInputError, "trials was 1"),
        (
            {"plan": gl.Plan([gl.Generation([gl.Source(9, weight=2.0)])])},
            gl.InvalidInputError,
            "weight or covariance of its own",
        ),
        (
            {"plan": gl.Plan([gl.Generation([gl.Source(9, real_noise=2.0)])])},
            gl.InvalidInputError,
            "real_noise of a source of model 0 was 2.0",
        ),
        (
            {"plan": gl.Plan.accumulate(13, 20, design="fresh", penalty=0.1)},
            gl.NoTheoryError,
            "genloss.simulate",
        ),
    ],
)
def test_bad_calls_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        gl.forecast(*gaussian_table(400, 3), **arguments)


def test_plans_that_only_the_pencil_knows_are_forecast():
    X, y = gaussian_table(900, 40)
    for plan in (
        gl.Plan.accumulate(3, 60, design="fresh", penalty=0.1),
        gl.Plan.same_design(3, 60, penalty=0.1, noise=0.5),
    ):
        outlook = gl.forecast(X, y, plan)
        assert (outlook.relative_error < 0.25).all()
        assert "not known" in " ".join(outlook.advice.sentences(plan))
        assert outlook.advice.horizon == 3
        assert not outlook.advice.best_penalty_known


def test_a_table_has_its_own_target():
    with pytest.raises(gl.InvalidInputError, match="y was given beside a Table"):
        gl.forecast(example_table("diabetes"), "progression")


def test_a_table_may_be_too_short():
    with pytest.raises(gl.DataError, match="has 20 rows; a forecast needs at least 40"):
        gl.forecast(*gaussian_table(20, 3))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_must_be_finite(bad):
    X, y = gaussian_table(100, 3)
    X[3, 1] = bad
    with pytest.raises(gl.DataError, match="x1"):
        gl.forecast(X, y)


def test_from_data_and_from_kernel_estimate_a_problem():
    X, y = gaussian_table(500, 4)
    linear, kernel = gl.Problem.from_data(X, y), gl.Problem.from_kernel("rbf", X, y)
    assert linear.dim == 4
    assert linear.signal == pytest.approx(1.0, rel=0.2)
    assert kernel.dim > 50
    with pytest.raises(gl.InvalidInputError, match="y had 3 entries; X has 500 rows"):
        gl.Problem.from_data(X, y[:3])


@pytest.mark.parametrize(
    "plan", [None, gl.Plan.replace(4, 60), gl.Plan.replace(4, 60, penalty=0.1)]
)
def test_a_target_that_features_determine_is_forecast_and_said(plan):
    X, _ = gaussian_table(500, 10)
    outlook = gl.forecast(X, X.sum(axis=1), plan)
    assert np.isfinite(outlook.predicted.risk).all()
    assert np.isfinite(outlook.advice.best_error)
    if plan is None or plan.penalty[0] == 0:
        assert any("determine the target" in text for text in outlook.predicted.warnings)


@pytest.mark.parametrize(
    "plan",
    [
        gl.Plan.same_design(4, 60),
        gl.Plan.accumulate(4, 60, design="fresh"),
        gl.Plan.mix_labels(4, 60, real=0.5, design="same"),
        gl.Plan.mix_labels(4, 60, real=0.5, penalty=0.1),
    ],
)
def test_any_plan_with_a_theory_is_forecast(plan):
    outlook = gl.forecast(*gaussian_table(2000, 10), plan=plan)
    assert np.median(np.abs(outlook.relative_error)) < 0.15
    assert outlook.advice.sentences(plan)


def test_advice_on_real_labels_holds_when_it_is_followed():
    table, plan = gaussian_table(6000, 50), gl.Plan.replace(6, 200, noise=0.5, penalty=0.05)
    needed = gl.forecast(*table, plan=plan).advice.real_rows
    assert 0 < needed < 200
    followed = gl.Plan.mix(6, 200, real=needed / 200, noise=0.5, penalty=0.05)
    outlook = gl.forecast(*table, plan=followed)
    assert outlook.advice.real_rows == 0
    assert (outlook.predicted.risk <= 1.1 * outlook.predicted.risk[0]).all()


def test_what_does_not_vary_cannot_be_forecast():
    X, y = gaussian_table(60, 3)
    with pytest.raises(gl.DataError, match="target"):
        gl.forecast(X, np.r_[1.0, np.zeros(59)], seed=1)
    with pytest.raises(gl.DataError, match="feature"):
        gl.Problem.from_kernel("rbf", np.ones((60, 2)), y)
    with pytest.raises(gl.DataError, match="rows"):
        gl.Problem.from_data([[1.0], [2.0]], [1.0, 2.0])
