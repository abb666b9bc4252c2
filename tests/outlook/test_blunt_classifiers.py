"""Classifiers that say no chances; errors of classes within what they can be; unlabelled frames by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

import genloss as gl
from genloss import keep
from genloss.weighing.held import weight_key


def classes(count, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, 4))
    return X, np.where(X[:, 0] + rng.normal(size=count) > 0, "yes", "no")


def relabelled(labels="hard", **more):
    first = gl.Generation([gl.Source(40, "real", labels="hard")])
    return gl.Plan([first, gl.Generation([gl.Source(40, "previous", labels=labels, **more)])])


@pytest.mark.parametrize(
    ("estimator", "called"),
    [
        (LinearSVC(), "LinearSVC"),
        (RidgeClassifier(), "RidgeClassifier"),
        (SVC(), "SVC"),
        (make_pipeline(StandardScaler(), LinearSVC()), "LinearSVC"),
        (GridSearchCV(LinearSVC(), {"C": [0.1, 1.0]}), "LinearSVC"),
        (GridSearchCV(make_pipeline(StandardScaler(), LinearSVC()), {}), "LinearSVC"),
    ],
)
@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (relabelled("soft"), "labels of model 1"),
        (relabelled("sampled"), "labels of model 1"),
        (relabelled(keep=keep.Confident(0.5)), "keep of model 1"),
    ],
)
def test_what_needs_chances_is_refused_of_a_classifier_without(estimator, called, plan, told):
    with pytest.raises(gl.InvalidInputError, match=f"{told} .* estimator {called}, .*CalibratedC"):
        gl.forecast(*classes(120), plan, estimator=estimator)


@pytest.mark.slow
def test_a_classifier_without_chances_is_measured_by_what_it_says():
    found = gl.forecast(*classes(150), relabelled(), estimator=LinearSVC(), trials=2)
    assert [way.name for way in found.ways if "soft" in way.name] == []
    judged = relabelled(keep=keep.Agrees("real"))
    assert gl.forecast(*classes(150), judged, estimator=LinearSVC(), trials=2).error.size == 2


def test_weights_go_through_pipelines_and_searches():
    inner = make_pipeline(StandardScaler(), LogisticRegression())
    search = GridSearchCV(inner, {"logisticregression__C": [0.1, 1.0]}, cv=2)
    assert weight_key(search) == "logisticregression__sample_weight"
    X, y = classes(60)
    search.fit(X, y, **{weight_key(search): np.ones(60)})


def test_errors_of_classes_and_their_intervals_are_shares():
    """A classifier that is always wrong has no error above one, and none of its ends has."""
    X, y = classes(150)
    wrong = DummyClassifier(strategy="constant", constant=0)
    y = np.where(np.arange(150) < 145, "yes", "no")
    found = gl.forecast(X, y, relabelled(), estimator=wrong, trials=2)
    assert found.error.max() > 0.9
    for way in (found.own, *found.ways):
        assert np.all((way.low >= 0) & (way.high <= 1))
        assert np.all((way.change_low >= -1) & (way.change_high <= 1))
    assert np.all((found.low >= 0) & (found.high <= 1))


def test_a_frame_of_unlabelled_rows_is_read_like_the_table_and_lacks_columns_by_name():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"size": rng.normal(size=120), "kind": rng.choice(list("ab"), 120)})
    frame["price"] = frame["size"] + (frame["kind"] == "b") + rng.normal(size=120)
    plan = gl.Plan.replace(2, 40, penalty=0.1)
    more = frame[["kind", "size"]]
    found = gl.forecast(frame, "price", plan, unlabelled=more, trials=2)
    assert np.isfinite(found.error).all()
    with pytest.raises(gl.DataError, match="unlabelled lacks 'kind', which the table has"):
        gl.forecast(frame, "price", plan, unlabelled=frame[["size"]])
