"""`weigh` of classes: left-out chances against refits, what is said, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

import genloss as gl
from genloss.equivalents import NotSolvedError
from genloss.weighing import logistic
from genloss.weighing.logistic import Labelled, Logistic, chances, contrasts


def rows(rng, count, names=("no", "yes")):
    """Classes by the largest of noisy scores."""
    X = rng.normal(size=(count, 5))
    scores = np.column_stack([np.zeros(count), *(2 * X[:, k] for k in range(len(names) - 1))])
    return X, np.array(names)[np.argmax(scores + rng.gumbel(size=scores.shape), axis=1)]


@pytest.mark.parametrize("n_classes", [2, 3])
def test_fits_are_those_of_scikit_learn_and_so_are_chances_left_out(rng, n_classes):
    X, y = rows(rng, 150, names=tuple("abc"[:n_classes]))
    codes = np.unique(y, return_inverse=True)[1]
    Y = np.eye(n_classes)[codes]
    every = Labelled.of(X[:50], Y[:50]).plus(0.3, Labelled.of(X[50:], Y[50:]))
    fit = Logistic.fit(every, 0.02)
    model = LogisticRegression(C=1 / (2 * 80 * 0.02), tol=1e-10, max_iter=1000)
    base = contrasts(n_classes).T
    said = model.fit(X, codes, every.counts).predict_proba(X)
    assert chances(fit.scores(every.X) @ base) == pytest.approx(said, abs=1e-6)
    left, exact = (
        chances(fit.left_out(every.only(np.arange(150) < 50), steps=steps) @ base)
        for steps in (1, 9)
    )
    for i in range(5):
        rest = np.arange(150) != i
        refit = model.fit(X[rest], codes[rest], every.counts[rest]).predict_proba(X[i : i + 1])[0]
        assert np.abs(left[i] - refit).max() < 0.1 * np.abs(said[i] - refit).max() + 1e-4
        assert exact[i] == pytest.approx(refit, abs=1e-5)


def test_a_fit_that_is_not_found_is_told(rng, monkeypatch):
    monkeypatch.setattr(logistic, "_STEPS", 1)
    X, y = rows(rng, 50, names=("a", "b"))
    with pytest.raises(NotSolvedError, match="not found in 1 steps"):
        Logistic.fit(Labelled.of(X, np.eye(2)[(y == "a").astype(int)]), 1e-6)


def cost(found, real, made, test, weight):
    """Log loss of scikit-learn's model on new rows, at a weight and the penalty found there."""
    counts = np.append(np.ones(len(real[1])), np.full(len(made[1]), weight))
    penalty = found.penalties[np.argmin(np.abs(found.weights - weight))]
    mean, scale = real[0].mean(axis=0), real[0].std(axis=0)
    model = LogisticRegression(C=1 / (2 * counts.sum() * penalty), max_iter=500)
    X, y = (np.concatenate(both) for both in zip(real, made, strict=True))
    model.fit((X - mean) / scale, y, counts)
    said = model.predict_proba((test[0] - mean) / scale)
    return -np.mean(np.log(said[np.arange(len(said)), np.searchsorted(model.classes_, test[1])]))


@pytest.mark.slow
@pytest.mark.parametrize("names", [("no", "yes"), ("a", "b", "c")])
@pytest.mark.parametrize("wrong", [0.0, 0.4])
def test_the_weight_is_neither_timid_nor_bold(names, wrong):
    """Good rows want much of it and rows of which two in five are wrong want little: literal fits say so."""
    rng = np.random.default_rng(1)
    real, made, test = (rows(rng, count, names=names) for count in (40, 600, 2000))
    codes = np.searchsorted(names, made[1])
    others = (codes + rng.integers(1, len(names), 600)) % len(names)
    made = made[0], np.array(names)[np.where(rng.random(600) < wrong, others, codes)]
    found = gl.weigh(real, made, made_from="elsewhere")
    none, chosen, full = (
        cost(found, real, made, test, weight) for weight in (0.0, found.weight, 1.0)
    )
    assert (full < 0.9 * none) if wrong == 0 else (full > 1.1 * none)
    assert chosen < 1.02 * min(none, full)
    assert found.classes == names
    assert found.metric.startswith("log loss")
    assert np.all((found.wrong >= 0) & (found.wrong <= 1))


def test_wrong_classes_get_no_weight():
    rng = np.random.default_rng(1)
    real, more = rows(rng, 40), rows(rng, 600)
    turned = more[0], np.where(more[1] == "no", "yes", "no")
    bad = gl.weigh(real, turned, made_from="elsewhere")
    assert bad.weight == 0
    assert not bad.advice.augment
    assert bad.difference.label_z > 1
    assert bad.shift_factor < 0.2 < gl.weigh(real, more).shift_factor


def test_classes_are_said_like_numbers(rng):
    found = gl.weigh(rows(rng, 50), rows(rng, 100), seed=1)
    assert found.alternative is not None
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["classes"] == ["no", "yes"]
    assert plain["metric"] == found.metric
    assert plain["wrong"] == found.wrong.tolist()
    frame = found.to_frame("pandas")
    assert list(frame.columns)[-1] == "wrong"
    assert found.plot().get_ylabel() == found.metric
    assert "get a wrong class" in found.advice.sentences[1]
    assert "wrong" in repr(found)
    assert "wrong" in found._repr_html_()


@pytest.mark.slow
def test_labels_by_a_model_of_these_rows_lose_the_row_as_well(rng):
    X, y = rows(rng, 60)
    more = rng.normal(size=(300, 5))
    own = LogisticRegression().fit(X, y).predict(more)
    naive = gl.weigh((X, y), (more, own), made_from="elsewhere")
    told = gl.weigh((X, y), (more, own), made_from="these rows")
    assert naive.advice.gain_shown  # a gain that is none
    assert not told.advice.gain_shown


@pytest.mark.slow
def test_any_classifier_with_chances_or_without(rng):
    real, made = rows(rng, 60), rows(rng, 200)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    found = gl.weigh(real, made, estimator=pipeline, made_from="elsewhere")
    assert found.metric.startswith("log loss")
    assert found.model == "LogisticRegression"
    assert gl.weigh(real, made, estimator="tree").model == "DecisionTreeClassifier"
    blunt = gl.weigh(real, made, estimator=LinearSVC(), made_from="elsewhere")
    assert blunt.metric.startswith("share of wrong classes")
    assert np.array_equal(blunt.error, blunt.wrong)
    numbers = (real[0], (real[1] == "yes") * 1.0), (made[0], (made[1] == "yes") * 1.0)
    assert gl.weigh(*numbers, classes=True).classes == ("0", "1")
    plain = gl.weigh(*numbers)
    assert plain.classes == ()
    assert any("classes=True" in note for note in plain.notes)
    with pytest.raises(gl.InvalidInputError, match="it must be a scikit-learn classifier"):
        gl.weigh(real, made, estimator="sklearn.linear_model:Ridge")


def test_classes_that_real_lacks_are_left_out_and_a_large_model_is_refused(rng):
    X, y = rows(rng, 200, names=("a", "b", "c"))
    kept = y[:60] != "c"
    found = gl.weigh((X[:60][kept], y[:60][kept]), (X[60:], y[60:]))
    assert any("left out" in note and "class 'c'" in note for note in found.notes)
    wide = rng.normal(size=(1300, 1001)), np.tile(["a", "b"], 650)
    with pytest.raises(gl.InvalidInputError, match="give an estimator"):
        gl.weigh((wide[0][:40], wide[1][:40]), wide)


@pytest.mark.slow
def test_the_command_weighs_classes(genloss, tmp_path, monkeypatch, rng):
    monkeypatch.chdir(tmp_path)
    for name, count in (("real.csv", 60), ("made.csv", 200)):
        X, y = rows(rng, count)
        lines = [",".join([*(f"{v:.4f}" for v in x), label]) for x, label in zip(X, y, strict=True)]
        (tmp_path / name).write_text("a,b,c,d,e,folder\n" + "\n".join(lines) + "\n")
    arguments = "weigh", "real.csv", "made.csv", "--target", "folder", "--made-from", "elsewhere"
    code, out, errors = genloss(*arguments, "--report", "weight.md")
    assert (code, errors) == (0, "")
    assert "wrong" in out
    assert "LogisticRegression(C=" in (tmp_path / "weight.md").read_text()
    code, out, _ = genloss(*arguments, "--estimator", "tree", "--json")
    assert json.loads(out)["model"] == "DecisionTreeClassifier"
