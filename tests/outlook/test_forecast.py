from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from sklearn.linear_model import Ridge

import genloss as gl
from genloss.outlook.forecast import default_rows
from genloss.tables.load import example_table

CASES = Path(__file__).parents[1] / "cases"


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
        gl.Plan.mix_labels(3, 60, real=0.5, design="same"),
        *(
            pytest.param(plan, marks=pytest.mark.slow)
            for plan in (
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


@pytest.mark.parametrize("make", [titanic_like, pytest.param(rare_flags, marks=pytest.mark.slow)])
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
def test_near_determined_targets_are_noted():
    X, _ = gaussian_table(300, 5)
    y = X.sum(axis=1) + 0.02 * np.random.default_rng(0).standard_normal(300)
    outlook = gl.forecast(X, y, gl.Plan.replace(2, 40), trials=2)
    assert any("nearly determined" in note for note in outlook.notes)
    exact = gl.forecast(X, X.sum(axis=1), gl.Plan.replace(2, 40), trials=2)
    assert np.isfinite(exact.error).all()
    assert any("determine the target" in text for text in exact.warnings)


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


# --------------------------------------------------------------------------------------- bad calls


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"plan": gl.Plan.replace(2, 5000)}, gl.DataError, "needs 5000 rows in one generation"),
        ({"plan": 3}, gl.InvalidInputError, "plan was int; it must be a Plan"),
        ({"kernel": "rbff"}, gl.InvalidInputError, "kernel was 'rbff'"),
        ({"seed": -1}, gl.InvalidInputError, "seed was -1"),
        ({"trials": 1}, gl.InvalidInputError, "trials was 1"),
        ({"penalty": "auto"}, gl.InvalidInputError, "penalty was 'auto'"),
        ({"penalty": -1}, gl.InvalidInputError, "penalty was -1"),
        (
            {"plan": gl.Plan.replace(2, 9), "noise": 1.0},
            gl.InvalidInputError,
            "noise was given beside a plan",
        ),
        ({"time": [1, 2]}, gl.DataError, "time"),
        ({"target": "y"}, gl.InvalidInputError, "target was 'y' beside y"),
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
    ],
)
def test_bad_calls_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        gl.forecast(*gaussian_table(400, 3), **arguments)


def test_a_matrix_needs_its_labels():
    with pytest.raises(gl.InvalidInputError, match="y was not given with a matrix X"):
        gl.forecast(gaussian_table(60, 3)[0])


def test_a_table_has_its_own_target():
    with pytest.raises(gl.InvalidInputError, match="y was given beside a Table"):
        gl.forecast(example_table("diabetes"), "progression")


@pytest.mark.slow
def test_a_table_may_be_too_short():
    with pytest.raises(gl.DataError, match="has 20 usable rows; a forecast needs at least 40"):
        gl.forecast(*gaussian_table(20, 3))
    assert gl.forecast(*gaussian_table(40, 3), trials=2).plan.n_samples[0] == 5


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_must_be_finite(bad):
    X, y = gaussian_table(100, 3)
    X[3, 1] = bad
    with pytest.raises(gl.DataError, match="x1"):
        gl.forecast(X, y)


def test_what_does_not_vary_cannot_be_forecast():
    _, y = gaussian_table(60, 3)
    with pytest.raises(gl.DataError, match="feature"):
        gl.Problem.from_kernel("rbf", np.ones((60, 2)), y)
    with pytest.raises(gl.DataError, match="rows"):
        gl.Problem.from_data([[1.0], [2.0]], [1.0, 2.0])


@pytest.mark.slow
def test_nystrom_takes_over_for_many_rows(monkeypatch):
    monkeypatch.setattr("genloss.outlook.prepare.EXACT_KERNEL", 50)
    monkeypatch.setattr("genloss.outlook.prepare.LANDMARKS", 150)
    plan = gl.Plan.replace(2, 60, penalty=1e-2)
    fast = gl.forecast(*some_digits(400), plan, "rbf", trials=2)
    monkeypatch.undo()
    exact = gl.forecast(*some_digits(400), plan, "rbf", trials=2)
    np.testing.assert_allclose(fast.error, exact.error, rtol=0.15)


def test_from_data_and_from_kernel_estimate_a_problem():
    X, y = gaussian_table(500, 4)
    linear, kernel = gl.Problem.from_data(X, y), gl.Problem.from_kernel("rbf", X, y)
    assert linear.dim == 4
    assert linear.signal == pytest.approx(1.0, rel=0.2)
    assert kernel.dim > 50
    with pytest.raises(gl.InvalidInputError, match="y had 3 entries; X has 500 rows"):
        gl.Problem.from_data(X, y[:3])
