"""`Monitor` of classes, and of any estimator."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeClassifier

import genloss as gl
from genloss.watching.target import Classes


@pytest.fixture
def rows(rng):
    return rng.normal(size=(150, 3)), rng.normal(size=(60, 3))


def started(tmp_path, rows, y, **more):
    monitor = gl.Monitor(tmp_path / "runs.db")
    monitor.start(rows[0], y, rows[1], n_samples=100, rounds=3, rehearsals=6, **more)
    return monitor


def test_classes_are_watched_by_their_chances(tmp_path, rows, rng):
    X, watched = rows
    y = np.where(X.sum(axis=1) + rng.normal(size=150) > 0, "yes", "no")
    known = np.where(watched.sum(axis=1) > 0, "yes", "no").astype(object)
    known[::2] = None
    monitor = started(tmp_path, rows, y, model=LogisticRegression().fit(X, y), labels=known)
    assert (monitor.classes, monitor.n_watched) == (("no", "yes"), 60)
    first = LogisticRegression().fit(X, y).predict_proba(watched)
    other = LogisticRegression().fit(X[:40], y[:40]).predict_proba(watched)
    monitor.append(first)
    monitor.append(other[:, 1])
    found = monitor.read()
    assert found.drift == pytest.approx([0, np.mean(np.sum((other - first) ** 2, axis=1))])
    right = np.eye(2)[(known[1::2] == "yes").astype(int)]
    costs = [np.sum((said[1::2] - right) ** 2, axis=1).mean() for said in (first, other)]
    assert found.judged_by == "labels"
    assert found.rise == pytest.approx([0, costs[1] - costs[0]])
    assert "Brier score" in " ".join(found.sentences)
    with pytest.raises(gl.InvalidInputError, match="sum to 1"):
        monitor.append(2 * other)
    with pytest.raises(gl.InvalidInputError, match=r"shape \(60, 2\)"):
        monitor.append(np.ones((60, 3)) / 3)


def test_labels_that_models_make_are_what_they_are_said_to_be(rng):
    said = np.tile([0.2, 0.5, 0.3], (4000, 1))
    classes = Classes(("a", "b", "c"), "sampled")
    drawn = classes.made(said, rng)
    assert np.abs(drawn.mean(axis=0) - said[0]).max() < 4 * 0.5 / np.sqrt(4000)
    assert set(np.unique(drawn)) == {0.0, 1.0}
    assert Classes(classes.levels).made(said, rng)[:, 1].all()
    assert Classes(classes.levels, "soft").made(said, rng) is said


def test_an_estimator_is_rehearsed_the_same_each_time_and_rings_where_it_should(
    tmp_path, rows, rng
):
    y = (rows[0][:, 0] + rng.normal(size=150) > 0).astype(int)
    tree = DecisionTreeClassifier(max_depth=3, max_features=1)  # no random state of its own
    monitor = started(tmp_path, rows, y, estimator=tree, pseudo_labels="sampled", real=0.2)
    assert monitor.classes == ("0", "1")
    started(tmp_path, rows, y, estimator=tree, pseudo_labels="sampled", real=0.2)
    for turn in range(2):
        monitor.append(np.full(60, turn * 0.98 + 0.01))
    assert monitor.read().alarm


def test_what_cannot_be_is_refused_before_it_is_rehearsed(tmp_path, rows):
    y = np.where(rows[0][:, 0] > 0, "yes", "no")
    for words, labels, more in (
        ("noise was 1 with classes", y, {"noise": 1.0}),
        ("pseudo_labels was 'firm'", y, {"pseudo_labels": "firm"}),
        ("classes=True makes them", rows[0][:, 0], {"pseudo_labels": "hard"}),
        ("one class, 'no'", np.full(150, "no"), {}),
        ("penalty was given beside", y, {"penalty": 1.0}),
        ("the classes are no, yes", y, {"labels": ["maybe"] * 60}),
        (
            "model knows a class 'False'",
            y,
            {"model": LogisticRegression().fit(rows[0], y == "yes")},
        ),
        ("59 entries; 60 rows", y, {"labels": ["no"] * 59}),
        ("scikit-learn estimator", rows[0][:, 0], {"estimator": KNeighborsRegressor}),
    ):
        with pytest.raises(gl.InvalidInputError, match=words):
            started(tmp_path, rows, labels, **more)
    assert not (tmp_path / "runs.db").exists()


def test_the_command_watches_classes(tmp_path, genloss, rng, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, count in (("real", 80), ("rows", 30)):
        X = rng.normal(size=(count, 2))
        lines = [f"{a},{b},{'up' if a + b > 0 else 'down'}" for a, b in X]
        (tmp_path / f"{name}.csv").write_text("\n".join(["a,b,way", *lines]) + "\n")
    (tmp_path / "labels.csv").write_text("\n".join(["way", *["up", '""'] * 15]) + "\n")
    begin = "monitor r.db --start real.csv --target way --watched rows.csv --n-samples 40 --labels labels.csv"
    code, _, errors = genloss(*begin.split(), "--rehearsals", "6", "--estimator", "tree")
    assert (code, errors) == (0, "")
    (tmp_path / "one.csv").write_text("\n".join(["up", *["1"] * 30]) + "\n")
    (tmp_path / "two.csv").write_text("\n".join(["down,up", *["0.5,0.5"] * 30]) + "\n")
    for name in ("one", "two"):
        code, out, errors = genloss("monitor", "r.db", "--append", f"{name}.csv", "--json")
        assert (code in (0, 1), errors) == (True, "")
    found = json.loads(out)
    assert found["rounds"] == [1, 2]
    assert found["judged_by"] == "labels"
    assert found["rise"][1] - found["rise"][0] == pytest.approx(0.5)  # 15 rows that are all "up"
