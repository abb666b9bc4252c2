"""`RetrainingLoop`: any estimator through any plan, held against loops written out here."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

import genloss as gl
from genloss.estimators import RetrainingLoop

FEW = gl.Plan.replace(2, 60)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:the plan needs more rows")
@parametrize_with_checks(
    [
        RetrainingLoop(Ridge(), FEW, cv=2, random_state=0),
        RetrainingLoop(LogisticRegression(), FEW, cv=2, random_state=0),
    ]
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.slow
def test_noiseless_least_squares_loses_nothing_and_noise_adds_up(rng):
    """Without label noise a refit returns its teacher; with noise the excess error is linear."""
    n, dim, noise = 2500, 10, 2.0
    X = rng.normal(size=(n, dim))
    y = X.sum(axis=1)
    for sd in (0.0, noise):
        plan = gl.Plan.replace(5, 400, noise=sd)
        loops = (RetrainingLoop(LinearRegression(), plan, random_state=seed) for seed in range(5))
        risk = np.mean([loop.fit(X, y).curve_.risk for loop in loops], axis=0)
        # model 0 has exact real labels: dim + 1 coordinates are refitted t times, in 25 chains
        expected = sd**2 * (dim + 1) / (400 - dim - 2) * np.arange(5)
        assert risk == pytest.approx(expected, rel=4 * np.sqrt(2 / (25 * (dim + 1))), abs=1e-12)


@pytest.mark.slow
def test_a_growth_is_that_of_literal_chains(rng):
    """Mean growth over tables of this loop and of one written out here agree."""

    def table(n):
        X = rng.normal(size=(n, 3))
        return X, np.sin(2 * X[:, 0]) + X[:, 1] + 0.3 * rng.normal(size=n)

    ours, theirs = [], []
    for trial in range(12):
        model = KNeighborsRegressor(5)
        loop = RetrainingLoop(model, gl.Plan.replace(4, 100), random_state=trial)
        ours.append(loop.fit(*table(600)).curve_.risk)
        X_test, y_test = table(2000)
        chain = KNeighborsRegressor(5).fit(*table(100))
        errors = [np.mean((chain.predict(X_test) - y_test) ** 2)]
        for _ in range(3):
            X = table(100)[0]
            chain = KNeighborsRegressor(5).fit(X, chain.predict(X))
            errors.append(np.mean((chain.predict(X_test) - y_test) ** 2))
        theirs.append(errors)
    mean, other = np.mean(ours, axis=0), np.mean(theirs, axis=0)
    spread = np.sqrt((np.var(ours, axis=0) + np.var(theirs, axis=0)) / 11)
    assert (np.abs(mean - other) < 4 * spread).all()
    assert mean[-1] > 1.3 * mean[0]


def test_classes_of_any_name_lose_accuracy_from_model_to_model(rng):
    X = rng.normal(size=(400, 2))
    names = np.array(["no", "yes"])[(X[:, 0] + 0.5 * rng.normal(size=400) > 0).astype(int)]
    found = RetrainingLoop(LogisticRegression(), gl.Plan.replace(3, 100), random_state=1).fit(
        X, names
    )
    assert found.curve_.metric == "share of wrong classes"
    assert set(found.predict(X)) == {"no", "yes"}
    assert found.score(X, names) > 0.7
    with pytest.raises(gl.InvalidInputError, match="classes that models say have no noise"):
        RetrainingLoop(LogisticRegression(), gl.Plan.replace(2, 50, noise=0.5)).fit(X, names)


@pytest.mark.slow
def test_the_loop_is_the_forecasts_own(rng):
    """Soft labels, and rows that are kept: what `genloss.forecast` measures, in one chain a fold."""
    X, codes = rng.normal(size=(600, 3)), rng.integers(2, size=600)
    X[:, 0] += 1.5 * codes
    real, kept = gl.Source(100, labels="hard"), gl.keep.Confident(1.0)
    for source in (
        gl.Source(100, "previous", labels="soft"),
        gl.Source(100, "previous", keep=kept),
    ):
        plan = gl.Plan([gl.Generation([real]), gl.Generation([source])])
        found = RetrainingLoop(LogisticRegression(), plan, random_state=0).fit(X, codes).curve_
        told = gl.forecast(X, codes, plan, estimator=LogisticRegression(), trials=2)
        assert np.abs(found.risk - told.error).max() < 4 * np.max(found.stderr)
    soft = gl.Source(100, "previous", labels="soft")
    blunt = RetrainingLoop(LinearSVC(), gl.Plan([gl.Generation([real]), gl.Generation([soft])]))
    with pytest.raises(gl.InvalidInputError, match="gives no chances"):
        blunt.fit(X, codes)


def test_a_chain_that_loses_a_class_goes_on(rng):
    X, y = rng.normal(size=(60, 2)), np.array([*["a"] * 58, "b", "b"])
    found = RetrainingLoop(
        DecisionTreeClassifier(max_depth=1, min_samples_leaf=5), gl.Plan.replace(3, 20), cv=2
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert set(found.fit(X, y).predict(X)) == {"a"}
    assert len(found.estimators_) == 3


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (gl.Source(50, "previous", labels="soft"), "of numbers a forecast knows linear"),
        (gl.Source(50, "previous", keep=gl.keep.Confident(0.5)), "keep of model 1"),
    ],
)
def test_what_an_estimator_cannot_do_is_refused(rng, source, words):
    plan = gl.Plan([gl.Generation((gl.Source(50),), 0.0), gl.Generation((source,), 0.0)])
    with pytest.raises(gl.InvalidInputError, match=words):
        RetrainingLoop(Ridge(), plan).fit(rng.normal(size=(150, 2)), rng.normal(size=150))


def test_weights_go_to_the_last_step_of_a_pipeline_and_are_refused_elsewhere(rng):
    X = rng.normal(size=(200, 2))
    y = X.sum(axis=1)
    sources = (gl.Source(30, "real"), gl.Source(30, "previous", weight=0.5))
    plan = gl.Plan([gl.Generation((gl.Source(60, "real"),), 0.0), gl.Generation(sources, 0.0)])
    pipeline = make_pipeline(StandardScaler(), Ridge())
    assert RetrainingLoop(pipeline, plan, random_state=0).fit(X, y).curve_.n_models == 2
    with pytest.raises(gl.InvalidInputError, match="no sample_weight"):
        RetrainingLoop(KNeighborsRegressor(), plan).fit(X, y)


def test_rows_recur_with_a_warning_and_one_seed_gives_one_curve(rng):
    X, y = rng.normal(size=(60, 2)), rng.normal(size=60)
    tree = DecisionTreeRegressor(max_depth=2, splitter="random")
    loop = RetrainingLoop(tree, gl.Plan.replace(3, 20, noise=0.1), random_state=4)
    with pytest.warns(UserWarning, match="more rows than there are"):
        first = loop.fit(X, y).curve_
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert loop.fit(X, y).curve_ == first
    assert "more than once" in first.warnings[0]


def test_a_constant_model_stays_what_it_is(rng):
    X, y = rng.normal(size=(300, 1)), rng.normal(size=300)
    found = RetrainingLoop(DummyRegressor(), gl.Plan.replace(3, 80), random_state=0).fit(X, y)
    assert found.growth_ == pytest.approx(1.0)
    assert (found.growth_low_ <= 1).all()
    assert (found.growth_high_ >= 1).all()


def test_callbacks_are_told_of_every_fold(rng):
    pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9 has none")

    class Told:
        def __init__(self):
            self.names = []

        def setup(self, estimator, context):  # noqa: ARG002
            self.names.append("setup")

        def teardown(self, estimator, context):  # noqa: ARG002
            self.names.append("teardown")

        def on_fit_task_begin(self, estimator, context):  # noqa: ARG002
            self.names.append(context.task_name)

        def on_fit_task_end(self, estimator, context):  # noqa: ARG002
            return False

    told = Told()
    loop = RetrainingLoop(Ridge(), gl.Plan.replace(2, 20), cv=3, random_state=0)
    loop.set_callbacks(told).fit(rng.normal(size=(90, 2)), rng.normal(size=90))
    assert told.names == ["setup", "fit", *["fold"] * 3, "all rows", "teardown"]
