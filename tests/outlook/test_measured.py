"""Forecasts of classes and of any estimator: rules of labels, literal loops, intervals, refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.tree import DecisionTreeClassifier

import genloss as gl
from genloss import keep
from genloss.outlook.inputs import Pool
from genloss.outlook.measured.learners import RidgeClasses, left_out
from genloss.outlook.measured.world import ClassRows, chances_of, confidence, vectors
from genloss.outlook.ridge import Design
from genloss.report.measured import way_legend
from genloss.steps import resolve
from genloss.tables.target import with_note
from genloss.trials.loop import Rows


def mixture(rows, seed=0, classes=3, dim=6, apart=1.3):
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(9).standard_normal((classes, dim)) * apart / np.sqrt(2)
    codes = rng.integers(classes, size=rows)
    return centres[codes] + rng.standard_normal((rows, dim)), codes


def relabelled(models, n, labels="hard", **more):
    """Fresh rows labelled by the model before."""
    first = gl.Generation([gl.Source(n, "real", labels="hard")], **more)
    later = gl.Generation([gl.Source(n, "previous", labels=labels)], **more)
    return gl.Plan([first, *[later] * (models - 1)])


# --------------------------------------------------------------------------------- labels and fits


def test_ridge_of_classes_is_ridge_on_vectors_and_its_leave_one_out_is_literal():
    X, codes = mixture(40)
    labels = vectors(codes, 3)
    step = resolve(relabelled(1, 40))[0]
    model = RidgeClasses(np.array([0.2]), None)(step, Rows(X, labels, None), None)
    literal = Ridge(alpha=40 * 0.2).fit(X, labels)
    np.testing.assert_allclose(model(X), literal.predict(X), atol=1e-12)
    np.testing.assert_allclose(model(X).sum(axis=1), 1)
    missed = []
    for i in range(40):
        rest = np.arange(40) != i
        one = Ridge(alpha=40 * 0.2).fit(X[rest], labels[rest])
        missed.append(np.sum((one.predict(X[i : i + 1])[0] - labels[i]) ** 2))
    found = left_out(Design.of(X, None), labels, np.array([0.2]))
    assert found[0] == pytest.approx(np.mean(missed))


def test_rows_left_out_leave_the_penalty_of_the_rows_as_written():
    X, codes = mixture(40)
    labels = vectors(codes, 3)
    labels[:15] = np.nan
    step = resolve(relabelled(1, 40))[0]
    model = RidgeClasses(np.array([0.2]), None)(step, Rows(X, labels, None), None)
    literal = Ridge(alpha=40 * 0.2).fit(X[15:], labels[15:])
    np.testing.assert_allclose(model(X), literal.predict(X), atol=1e-12)


def test_weights_of_rows_are_those_of_the_fit():
    X, codes = mixture(40)
    weights = np.random.default_rng(3).uniform(0.5, 2, 40)
    weights /= weights.mean()
    step, labels = resolve(relabelled(1, 40))[0], vectors(codes, 3)
    rows = Rows(np.column_stack([X, weights]), labels, None)
    model = RidgeClasses(np.array([0.2]), None, weighted=True)(step, rows, None)
    literal = Ridge(alpha=40 * 0.2).fit(X, labels, sample_weight=weights)
    np.testing.assert_allclose(model(X), literal.predict(X), atol=1e-12)
    with pytest.raises(gl.InvalidInputError, match="sample_weight"):
        gl.forecast(X, codes, weights=weights, estimator=KNeighborsClassifier())


def said_by(said, labels, rule=None, chances=False):
    """Labels of rows of which model 0 says ``said``."""
    X, codes = mixture(len(said))
    pool = Pool(X, codes.astype(float), np.random.default_rng(0))
    world = ClassRows(
        pool,
        lambda n: X[:n],
        3,
        np.random.default_rng(1),
        np.random.default_rng(2),
        chances=chances,
    )
    source = gl.Source(len(said), "previous", labels=labels, keep=rule)
    plan = gl.Plan([gl.Generation([gl.Source(len(said), "real")]), gl.Generation([source])])
    block = resolve(plan)[1].blocks[0]
    return world.labels(block, X, {0: lambda _: said}, 0.0)


def test_rules_of_labels():
    said = np.random.default_rng(0).dirichlet([2, 1, 1], size=4000)
    hard = said_by(said, "hard")
    assert (hard.argmax(axis=1) == said.argmax(axis=1)).all()
    assert (hard.sum(axis=1) == 1).all()
    np.testing.assert_array_equal(said_by(said, "soft"), said)
    sampled = said_by(said, "sampled")
    assert set(np.unique(sampled)) == {0.0, 1.0}
    se = np.sqrt(np.mean(said * (1 - said), axis=0) / 4000)
    assert (np.abs(sampled.mean(axis=0) - said.mean(axis=0)) < 4 * se).all()
    scores = np.array([[1.2, -0.2, 0.0], [-1.0, -1.0, -1.0]])
    np.testing.assert_allclose(chances_of(scores), [[1, 0, 0], [1 / 3] * 3])


def test_confidence_is_the_lead_of_the_first_class():
    said = np.array([[0.7, 0.3, 0.0], [0.5, 0.4, 0.1], [0.0, 0.1, 0.9]])
    kept = said_by(said, "hard", keep.Confident(0.25))
    assert np.isnan(kept).all(axis=1).tolist() == [False, True, False]
    odds = said_by(said, "hard", keep.Confident(np.log(1.3)), chances=True)
    assert np.isnan(odds).all(axis=1).tolist() == [False, True, False]
    # with two classes it is |h| of a model of labels -1 and +1, or of a logistic model
    p = np.array([[0.9, 0.1]])
    assert confidence(p, chances=False) == pytest.approx(0.8)
    assert confidence(p, chances=True) == pytest.approx(np.log(9))


# ----------------------------------------------------------------------------------- right numbers


def literal(plan_labels, n, models, penalty, runs, seed=5):
    """Mean error of ridge on vectors, each trained on fresh rows as the one before says."""
    test, truth = mixture(4000, seed=77)
    centre, scale = test.mean(axis=0), test.std(axis=0)
    rng, errors = np.random.default_rng(seed), np.empty((runs, models))
    for run in range(runs):
        X, codes = mixture(n, seed=int(rng.integers(1 << 30)))
        labels = np.eye(3)[codes]
        for t in range(models):
            model = Ridge(alpha=n * penalty).fit((X - centre) / scale, labels)
            errors[run, t] = np.mean(model.predict((test - centre) / scale).argmax(axis=1) != truth)
            X, _ = mixture(n, seed=int(rng.integers(1 << 30)))
            said = model.predict((X - centre) / scale)
            labels = said if plan_labels == "soft" else np.eye(3)[said.argmax(axis=1)]
    return errors.mean(axis=0)


@pytest.mark.slow
@pytest.mark.parametrize("labels", ["hard", "soft"])
def test_errors_are_those_of_a_literal_loop_on_fresh_rows(labels):
    X, codes = mixture(1500)
    outlook = gl.forecast(X, codes, relabelled(4, 60, labels, penalty=0.05), classes=True, trials=2)
    true = literal(labels, 60, 4, 0.05, 25)
    assert (outlook.own.low - 0.01 < true).all()
    assert (true < outlook.own.high + 0.01).all()
    np.testing.assert_allclose(outlook.change, true - true[0], atol=0.03)
    assert outlook.own.change_low[-1] < outlook.change[-1] < outlook.own.change_high[-1]
    assert outlook.measured.risk == pytest.approx(true, abs=0.08)


@pytest.mark.slow
def test_intervals_hold_nine_times_of_ten():
    true, hits, changes = literal("hard", 40, 4, 0.05, 400), [], []
    for seed in range(60):
        X, codes = mixture(240, seed=1000 + seed)
        plan = relabelled(4, 40, penalty=0.05)
        own = gl.forecast(X, codes, plan, classes=True, trials=2, seed=seed).own
        hits.append((own.low <= true) & (true <= own.high))
        moved = true - true[0]
        changes.append((own.change_low <= moved) & (moved <= own.change_high))
    assert 0.83 <= np.mean(hits) <= 0.97
    assert 0.83 <= np.mean(np.array(changes)[:, 1:]) <= 0.97


def test_soft_labels_without_a_penalty_lose_nothing():
    X, codes = mixture(400)
    outlook = gl.forecast(X, codes, relabelled(4, 50, "soft"), classes=True, trials=2)
    assert np.ptp(outlook.error) == 0
    assert "nothing is lost" in outlook.advice.sentences[0]
    assert outlook.own.name == "soft labels"
    names = [way.name for way in outlook.ways]
    assert names == ["hard labels", "soft labels", "real rows kept", "30 % real rows"]


def test_real_rows_help_and_samples_hurt():
    X, codes = mixture(900, apart=1.0)
    outlook = gl.forecast(X, codes, relabelled(6, 40, "sampled"), classes=True, trials=2)
    ways = {way.name: way.error[-1] for way in outlook.ways}
    assert outlook.own.name == "this plan"
    assert outlook.error[-1] > ways["hard labels"] > ways["real rows kept"]


# ------------------------------------------------------------------------------------ what is asked


@pytest.mark.slow
def test_text_booleans_and_asked_numbers_are_classes():
    X, codes = mixture(300, classes=2)
    options = {"generations": 2, "n_samples": 40, "trials": 2}
    words = gl.forecast(X, np.array(["no", "yes"])[codes], **options)
    flags = gl.forecast(X, codes == 1, **options)
    numbers = gl.forecast(X, codes, classes=True, **options)
    assert [each.classes for each in (words, flags, numbers)] == [
        ("no", "yes"),
        ("False", "True"),
        ("0", "1"),
    ]
    for each in (flags, numbers):
        np.testing.assert_array_equal(each.error, words.error)
    table = gl.load_table((X, codes.astype(float)))
    assert "classes=True" in with_note(table, None).notes[-1]
    assert with_note(table, False) is table
    told = json.loads(json.dumps(words.to_dict()))
    assert set(told["models"]) >= {"predicted", "measured", "low", "high", "growth"}
    assert f"{100 * words.error[1]:.1f} (" in words._repr_html_()


@pytest.mark.slow
def test_chances_are_scored_where_they_exist():
    X, codes = mixture(120, classes=2)
    options = {"generations": 2, "n_samples": 20, "trials": 2, "classes": True}
    ridge = gl.forecast(X, codes, **options)
    assert ridge.own.overconfidence is None
    X = (X - X.mean(axis=0)) / X.std(axis=0)  # as logistic plans do
    found = gl.forecast(X, codes, estimator=LogisticRegression(C=0.1), **options)
    plan = relabelled(1, 20, loss="logistic", penalty=1 / (2 * 20 * 0.1))
    same = gl.forecast(X, codes, plan, classes=True, trials=2)
    for each in (found, same):
        assert {"log_loss", "confidence"} <= set(each.own.scores)
        assert each.own.overconfidence is not None
        assert np.all(each.own.scores["log_loss"] < np.log(2))
    assert found.error[0] == pytest.approx(same.error[0], abs=0.01)


@pytest.mark.slow
def test_model_0_is_the_same_in_every_way_that_has_as_many_rows():
    X, codes = mixture(60, classes=2)
    stump = DecisionTreeClassifier(max_depth=1)
    found = gl.forecast(
        X, codes, estimator=stump, generations=2, n_samples=10, trials=2, classes=True
    )
    assert len(found.ways) == 4
    assert {way.error[0] for way in found.ways} == {found.error[0]}
    assert len({way.error[1] for way in found.ways}) > 1
    kept = next(way for way in found.ways if way.name == "real rows kept")
    asked = gl.forecast(X, codes, kept.plan, estimator=stump, trials=2, classes=True).own
    for ends in ("low", "high", "change_low", "change_high"):  # as many runs as the plan asked for
        np.testing.assert_array_equal(getattr(asked, ends), getattr(kept, ends))


def test_rows_that_a_way_had_to_do_with_are_said_alike_and_what_unlabelled_rows_were_for():
    X, codes = mixture(100)
    more = mixture(30, seed=3)[0]
    options = {"generations": 2, "n_samples": 50, "trials": 2, "classes": True}
    found = gl.forecast(X, codes, unlabelled=more, **options)
    legend = way_legend(found)
    assert "first model's 45 rows with real labels stay in every fit, beside 45 new ones" in legend
    (note,) = [note for note in found.notes if "rows only" in note]
    assert note.startswith(
        "real rows kept: model 0 is trained with 45 rows only, later ones with 90,"
    )
    assert any(note.startswith("unlabelled was used: ") and " 30," in note for note in found.notes)
    assert not any("unlabelled" in note for note in gl.forecast(X, codes, **options).notes)


@pytest.mark.slow
def test_an_estimator_that_is_ridge_forecasts_as_ridge():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((800, 4))
    y = X @ np.array([1.0, 0.5, 0, 0]) + 0.7 * rng.standard_normal(800)
    plan = gl.Plan.replace(4, 40, noise=0.5)
    found = gl.forecast(X, y, plan, estimator=LinearRegression(), trials=2)
    other = gl.forecast(X, y, plan, trials=2)
    np.testing.assert_allclose(found.error, other.error, rtol=0.12)
    np.testing.assert_allclose(found.growth, other.growth, rtol=0.1)
    assert (found.growth_low < other.growth_high)[1:].all()
    assert (other.growth_low < found.growth_high)[1:].all()
    assert found.metric == "mean squared error on real labels"


@pytest.mark.slow
def test_seeds_repeat_and_estimators_stay_as_they_are():
    X, codes = mixture(200)
    model = KNeighborsClassifier(3)
    options = {"generations": 3, "n_samples": 20, "trials": 2, "seed": 4}
    one, two = (gl.forecast(X, codes, estimator=model, **options).to_dict() for _ in range(2))
    assert one == two
    assert not hasattr(model, "classes_")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"estimator": KNeighborsRegressor(), "classes": True}, "no classifier"),
        ({"estimator": KNeighborsClassifier(), "classes": False}, "no regressor"),
        ({"estimator": KNeighborsClassifier}, "must be a scikit-learn estimator"),
        ({"estimator": "forrest"}, "must be one of"),
        ({"estimator": "sklearn.none:X"}, "No module"),
        ({"estimator": "sklearn.svm:Nobody"}, "has no class"),
        ({"estimator": "logistic"}, "classes=True"),
        ({"estimator": KNeighborsRegressor(), "penalty": 1.0}, "penalty was given beside"),
        ({"classes": True, "log": True}, "log was True"),
        ({"classes": True, "noise": 0.5}, "labels='sampled'"),
        ({"classes": 1}, "classes was 1"),
        (
            {"classes": True, "plan": gl.Plan([gl.Generation([gl.Source(20, labels="hard")], loss="hinge")])},
            "squared and logistic",
        ),
        (
            {"estimator": KNeighborsClassifier(), "plan": relabelled(2, 20, "soft")},
            "sample_weight",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_name(given, words):
    X, codes = mixture(200)
    with pytest.raises(gl.InvalidInputError, match=words):
        gl.forecast(X, codes.astype(float), **given)


def test_targets_that_are_no_classes_are_refused():
    X, _ = mixture(200)
    with pytest.raises(gl.DataError, match="200 classes"):
        gl.forecast(X, [f"name {i}" for i in range(200)])
    with pytest.raises(gl.DataError, match="is constant"):
        gl.forecast(X, ["a"] * 200)


def test_a_single_class_is_told_by_name():
    X = np.random.default_rng(0).normal(size=(50, 2))
    with pytest.raises(gl.DataError, match=r"target 'y' is constant \('cat'\)"):
        gl.forecast(X, np.full(50, "cat"))
