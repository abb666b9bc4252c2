"""Forecasts: numbers and parts."""

from __future__ import annotations

import json

import numpy as np
import pytest
from matplotlib.axes import Axes
from sklearn.linear_model import Ridge

import genloss as gl
from genloss.outlook.forecast import default_rows
from genloss.tables.load import example_table


def gaussian_table(rows: int, dim: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((rows, dim))
    return X, X @ np.full(dim, 1 / np.sqrt(dim)) + 0.5 * rng.standard_normal(rows)


def true_error(dim: int, plan: gl.Plan) -> np.ndarray:
    """Error on real labels of the problem that `gaussian_table` draws from, by its theory."""
    problem = gl.Problem(np.append(np.ones(dim), 1e6), np.append(np.full(dim, dim**-0.5), 0.0))
    generations = [
        gl.Generation(
            [
                gl.Source(s.n_samples, s.labeler, s.noise, real_noise=0.5)
                for s in generation.sources
            ],
            penalty=generation.penalty,
        )
        for generation in plan
    ]
    return gl.predict(problem, gl.Plan(generations)).risk + 0.25


def some_digits(rows: int = 500) -> tuple[np.ndarray, np.ndarray]:
    table = example_table("digits")
    return table.features[:rows], table.target[:rows]


@pytest.fixture(scope="module")
def digits():
    return gl.forecast(*some_digits(), gl.Plan.replace(4, 60, penalty=0.1))


@pytest.fixture(scope="module")
def diabetes():
    return gl.forecast(example_table("diabetes"))


# ------------------------------------------------------------------------------------ right numbers


@pytest.mark.slow
@pytest.mark.parametrize("kernel", [None, "rbf", "polynomial"])
def test_forecast_meets_the_measured_chain_on_digits(kernel):
    outlook = gl.forecast(*some_digits(), gl.Plan.replace(4, 60, penalty=3e-2), kernel)
    assert np.median(np.abs(outlook.relative_error)) < 0.15
    growth = outlook.measured.risk / outlook.measured.risk[0]
    assert np.abs(np.log(outlook.growth / growth)).max() < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("real", [0.0, 0.3])
def test_forecast_of_gaussian_rows_is_the_theory_of_the_true_problem(real):
    plan = gl.Plan.mix(5, 100, real=real, penalty=0.05, noise=0.4)
    outlook = gl.forecast(*gaussian_table(3000, 20), plan, trials=10)
    true = true_error(20, plan)
    np.testing.assert_allclose(outlook.error, true, rtol=0.06)
    np.testing.assert_allclose(outlook.growth, true / true[0], rtol=0.04)
    np.testing.assert_allclose(outlook.predicted.risk, true, rtol=0.08)
    allowed = 0.05 * true + 4 * outlook.measured.stderr
    assert (np.abs(outlook.measured.risk - true) < allowed).all()
    assert outlook.noise == pytest.approx(0.5, rel=0.05)


@pytest.mark.parametrize("table", ["diabetes", pytest.param("collinear", marks=pytest.mark.slow)])
def test_a_chain_that_is_constant_is_forecast_constant(table):
    """Least squares on noiseless labels of the last model is the last model."""
    if table == "diabetes":
        X, y = example_table("diabetes").features, example_table("diabetes").target
    else:
        X, y = gaussian_table(300, 4)
        X = np.column_stack([X, X[:, 0] + 1e-3 * X[:, 1]])
    outlook = gl.forecast(X, y, gl.Plan.replace(8, 50), trials=2)
    np.testing.assert_allclose(outlook.growth, 1, atol=0.002)
    predicted = outlook.predicted.risk
    np.testing.assert_allclose(predicted / predicted[0], 1, atol=0.002)
    assert outlook.advice.doubles_at is None
    assert outlook.advice.real_rows == 0
    assert "nothing is lost" in " ".join(outlook.advice.sentences)


def literal_error(X, y, n, penalty, runs, seed):
    """Mean squared error of scikit-learn's ridge on n rows of a table."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(runs):
        order = rng.permutation(y.size)
        model = Ridge(alpha=n * penalty).fit(X[order[:n]], y[order[:n]])
        found.append(np.mean((model.predict(X[order[n:]]) - y[order[n:]]) ** 2))
    return np.mean(found)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_the_penalty_is_the_best_of_a_fine_literal_grid(seed):
    table = example_table("diabetes")
    X = (table.features - table.features.mean(axis=0)) / table.features.std(axis=0)
    found = gl.forecast(table, generations=2, n_samples=60, seed=seed, trials=2).plan.penalty[0]
    errors = [literal_error(X, table.target, 60, lam, 40, 9) for lam in np.geomspace(1e-3, 10, 17)]
    assert literal_error(X, table.target, 60, found, 40, 9) < 1.02 * min(errors)


@pytest.mark.slow
def test_seeds_agree_within_their_ranges():
    X, y = example_table("diabetes").features, example_table("diabetes").target
    found = [gl.forecast(X, y, generations=4, seed=seed, trials=2) for seed in range(3)]
    for one in found:
        for other in found:
            assert one.growth_low[-1] < other.growth[-1] < one.growth_high[-1]
            assert one.own.low[0] < other.error[0] < one.own.high[0]
            low, high = one.advice.best_first_penalty_range
            assert low / 2 < other.advice.best_first_penalty < high * 2
            few, most = one.advice.real_rows_range
            assert few <= other.advice.real_rows <= (most or 10**6)


@pytest.mark.slow
def test_the_measured_chain_does_not_enter_the_forecast(digits):
    again = gl.forecast(*some_digits(), gl.Plan.replace(4, 60, penalty=0.1), trials=7)
    np.testing.assert_array_equal(again.predicted.risk, digits.predicted.risk)
    np.testing.assert_array_equal(again.growth, digits.growth)
    assert not np.array_equal(again.measured.risk, digits.measured.risk)


@pytest.mark.slow
def test_errors_are_in_squared_units_of_the_target(digits):
    X, y = some_digits()
    larger = gl.forecast(X, 10 * y, plan=digits.plan)
    np.testing.assert_allclose(larger.error, 100 * digits.error, rtol=1e-6)
    np.testing.assert_allclose(larger.measured.risk, 100 * digits.measured.risk, rtol=1e-6)


@pytest.mark.slow
def test_penalties_chosen_anew_lose_nothing_on_noiseless_labels_of_a_linear_model(diabetes):
    assert diabetes.growth[-1] > 1.1
    assert diabetes.retuned.growth[-1] == pytest.approx(1.0, abs=0.03)
    assert "chosen anew" in " ".join(diabetes.advice.sentences)


# ----------------------------------------------------------------------------------- parts, in order


def test_parts_of_a_forecast(digits):
    assert isinstance(digits.predicted, gl.Curve)
    assert isinstance(digits.measured, gl.Curve)
    assert digits.measured.stderr.shape == digits.predicted.risk.shape == (4,)
    assert (digits.low < digits.predicted.risk).all()
    assert (digits.predicted.risk < digits.high).all()
    assert (digits.growth_low <= digits.growth).all()
    assert digits.growth[0] == digits.growth_low[0] == digits.growth_high[0] == 1
    assert digits.problem.gaussian is False
    rows = digits.rows
    assert rows["seen"] + rows["pool"] + rows["test"] <= rows["used"] == rows["table"] == 500
    assert digits.baseline == pytest.approx(some_digits()[1].var(), rel=0.01)
    assert digits.predicted.metric == "mean squared error on real labels"
    assert "predicted" in repr(digits)
    assert "<table>" in digits._repr_html_()
    assert list(digits.to_frame("polars").columns)[:2] == ["model", "predicted"]
    assert isinstance(digits.plot(), Axes)
    plain = json.loads(json.dumps(digits.to_dict(), allow_nan=False))
    assert plain["advice"]["sentences"] == list(digits.advice.sentences)
    assert plain["retuned"]["penalty"] == "cv"
    assert [p.name for p in digits.policies] == [
        "replace",
        "accumulate",
        "a fifth real",
        "real rows kept",
    ]
    np.testing.assert_array_equal(digits.policies[0].growth, digits.growth)
    assert digits.policies[1].growth[-1] < digits.growth[-1]
    assert digits.full.n_samples == 500
    assert digits.full.error[0] < digits.error[0]


def test_advice_is_said_in_every_unit(diabetes):
    found, base = diabetes.advice, diabetes.baseline
    assert found.said("mse") == found.sentences
    for unit, written in {
        "rmse": lambda error: np.sqrt(error),
        "share": lambda error: error / base,
        "r2": lambda error: 1 - error / base,
    }.items():
        said = " ".join(found.said(unit))
        best, own = (f"{written(error):.4g}" for error in (found.best_error, found.error))
        assert f"is then {best} instead of {own}" in said
        assert f"{found.error:.4g}" not in said
        growth = np.sqrt(diabetes.growth[-1]) if unit == "rmse" else diabetes.growth[-1]
        noun = "root error" if unit == "rmse" else "mean squared error"
        assert f"The {noun} changes by {growth - 1:+.0%} " in said


def test_defaults(diabetes):
    assert diabetes.plan.n_models == 10
    assert diabetes.plan.n_samples[0] == default_rows(442) == 55
    assert len(set(diabetes.plan.penalty)) == 1
    assert diabetes.notes[0].startswith("55 rows a model: an eighth of the table's")
    assert "n_samples" in diabetes.notes[0]
    assert diabetes.warnings == ()
    alpha = 55 * diabetes.plan.penalty[0]
    assert any(f"alpha={alpha:.3g}" in text for text in diabetes.advice.sentences)
    assert all(diabetes.advice.beats_mean)


@pytest.mark.slow
def test_penalties_are_kept_unless_tuning_is_asked_for():
    table, plan = gaussian_table(800, 10), gl.Plan.replace(2, 60, penalty=7.0)
    assert gl.forecast(*table, plan=plan, trials=2).plan.penalty[0] == 7.0
    tuned = gl.forecast(*table, plan=plan, tune_penalty=True, trials=2)
    # the best ridge of an isotropic problem is noise**2 * dim / (n_samples * signal)
    assert tuned.plan.penalty[0] == pytest.approx(0.25 * 10 / 60, rel=0.6)


@pytest.mark.parametrize("rows", [40, 100, 442, 1797, 10**6])
def test_default_rows_fit_any_table(rows):
    assert 1 <= default_rows(rows) <= min(1000, rows // 8)


def test_options_stand_for_a_plan(tmp_path):
    X, y = gaussian_table(160, 3)
    np.savetxt(
        tmp_path / "t.csv", np.column_stack([X, y]), delimiter=",", header="a,b,c,y", comments=""
    )
    plan = gl.Plan.mix(3, 20, real=0.2, penalty=0.1, noise=0.5)
    options = {"generations": 3, "n_samples": 20, "real": 0.2, "penalty": 0.1, "noise": 0.5}
    by_plan = gl.forecast(X, y, plan, trials=2)
    by_options = gl.forecast(tmp_path / "t.csv", target="y", trials=2, **options)
    np.testing.assert_allclose(by_options.error, by_plan.error, rtol=1e-9)
    assert by_options.plan == plan


@pytest.mark.slow
def test_cv_is_what_is_forecast_where_it_is_asked_for():
    X, y = gaussian_table(400, 8)
    outlook = gl.forecast(X, y, generations=3, n_samples=40, penalty="cv", noise=0.5, trials=2)
    assert outlook.penalty_rule == "cv"
    np.testing.assert_array_equal(outlook.growth, outlook.retuned.growth)
    assert np.isfinite(outlook.plan.penalty).all()
    assert np.median(np.abs(outlook.relative_error)) < 0.3


@pytest.mark.parametrize(
    "plan",
    [
        gl.Plan.accumulate(3, 60, design="fresh", penalty=0.1, noise=0.5),
        *(
            pytest.param(plan, marks=pytest.mark.slow)
            for plan in (
                gl.Plan.mix_labels(3, 60, real=0.5, design="same"),
                gl.Plan.same_design(3, 60, penalty=0.1, noise=0.5),
                gl.Plan.accumulate(3, 60, design="same"),
                gl.Plan.subsample(3, 60, design="fresh", penalty=0.1, noise=0.5),
                gl.Plan.replace(2, 60, penalty=0.1).then(
                    n_samples=60, labeler=0, penalty=0.1, noise=0.5
                ),
            )
        ),
    ],
)
def test_any_plan_of_plain_rows_is_forecast_with_advice(plan):
    outlook = gl.forecast(*gaussian_table(1000, 10), plan=plan, trials=3)
    assert np.median(np.abs(outlook.relative_error)) < 0.2
    measured = outlook.measured.risk / outlook.measured.risk[0]
    assert np.abs(np.log(outlook.growth / measured)).max() < 0.25
    advice = outlook.advice
    assert advice.best_error <= 1.005 * advice.error
    assert advice.best_penalty_range[0] <= advice.best_penalty <= advice.best_penalty_range[1]
    assert advice.sentences


@pytest.mark.slow
def test_advice_on_real_labels_holds_when_it_is_followed():
    table, plan = gaussian_table(2000, 50), gl.Plan.replace(6, 200, noise=0.5, penalty=0.05)
    needed = gl.forecast(*table, plan=plan, trials=2).advice.real_rows
    assert 0 < needed < 200
    true = true_error(50, gl.Plan.mix(6, 200, real=needed / 200, noise=0.5, penalty=0.05))
    assert true.max() / true[0] < 1.15
    fewer = true_error(50, gl.Plan.mix(6, 200, real=0.5 * needed / 200, noise=0.5, penalty=0.05))
    assert fewer.max() / fewer[0] > 1.1


@pytest.mark.slow
def test_doubling_is_where_the_theory_of_the_true_problem_has_it():
    plan = gl.Plan.replace(10, 100, noise=0.5)
    outlook = gl.forecast(*gaussian_table(1500, 50), plan, trials=2)
    errors = true_error(50, plan)
    at = int(np.argmax(errors > 2 * errors[0]))
    early, late = outlook.advice.doubles_at_range
    assert early <= at <= late
    assert outlook.advice.best_penalty > 0.01
    assert outlook.advice.best_error < outlook.advice.error
    assert outlook.advice.shares[0] == 0
    assert np.all(np.diff(outlook.advice.share_growth) <= 1e-12)


@pytest.mark.slow
def test_a_plan_on_nearly_all_rows_is_forecast_and_checked_on_fewer():
    X, y = gaussian_table(120, 5)
    outlook = gl.forecast(X, y, gl.Plan.replace(3, 120, penalty=0.05), trials=2)
    assert outlook.check_rows < 120
    assert any("the check ran with" in note for note in outlook.notes)
    assert [way.name for way in outlook.policies] == ["replace", "accumulate", "a fifth real"]
    assert not any("an eighth of" in note for note in outlook.notes)
    assert outlook.growth_low[-1] < 1.2
