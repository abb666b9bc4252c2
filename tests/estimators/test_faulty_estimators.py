"""Estimators that fail, or say what is no number, are told by name wherever one is taken."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

import genloss as gl
from genloss.estimators import RetrainingLoop

PLAN = gl.Plan.replace(2, 20)


class Faulty(RegressorMixin, BaseEstimator):
    """Fits, or not, and says a given thing."""

    def __init__(self, says=None):
        self.says = says

    def fit(self, X, y, sample_weight=None):  # noqa: ARG002
        if self.says is None:
            raise ValueError("no luck\nat all")
        return self

    def predict(self, X):
        return {
            "nan": np.full(len(X), np.nan),
            "huge": np.full(len(X), 1e300),
            "few": np.zeros(3),
            "text": np.array(["a"] * len(X)),
        }[self.says]


FAULTS = {
    None: "fit of .* rows failed: no luck$",
    "nan": "predict was nan",
    "huge": "predict was 1e\\+?300",
    "few": r"predict had shape \(3,\) for",
    "text": "predict of .* rows failed: could not convert",
    "other": "predict of .* failed: 'other'",
}


def by_forecast(X, y, estimator):
    gl.forecast(X, y, PLAN, estimator=estimator, trials=2)


def by_loop(X, y, estimator):
    RetrainingLoop(estimator, PLAN, random_state=0).fit(X, y)


def by_weigh(X, y, estimator):
    gl.weigh((X, y), (X[:40] + 0.1, y[:40]), estimator=estimator)


@pytest.mark.parametrize("verb", [by_forecast, by_loop, by_weigh])
def test_a_faulty_estimator_is_told_by_name(verb):
    X = np.random.default_rng(0).normal(size=(60, 3))
    for says, words in FAULTS.items():
        with pytest.raises(gl.InvalidInputError, match=f"estimator was Faulty, whose {words}"):
            verb(X, X.sum(axis=1), Faulty(says))


@pytest.mark.parametrize("estimator", [5, Faulty])
def test_a_loop_refuses_what_is_no_estimator(estimator):
    X = np.random.default_rng(0).normal(size=(30, 3))
    with pytest.raises(gl.InvalidInputError, match="must be a scikit-learn estimator"):
        by_loop(X, X.sum(axis=1), estimator)


class Odd(ClassifierMixin, BaseEstimator):
    """Knows given classes, with given chances."""

    def __init__(self, classes=None, chance=0.5):
        self.classes, self.chance = classes, chance

    def fit(self, X, y):  # noqa: ARG002
        self.classes_ = self.classes
        return self

    def predict(self, X):
        return np.zeros(len(X))

    def predict_proba(self, X):
        return np.tile([1 - self.chance, self.chance], (len(X), 1))


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        (Odd([0, 7]), "whose classes had 7"),
        (Odd(None), "whose classes had None"),
        (Odd([0, 1], 5), "whose predict_proba was between -4 and 5"),
        (Odd([0, 1], np.nan), "whose predict_proba was nan"),
    ],
)
def test_classes_and_chances_that_cannot_be_are_told(odd, words):
    X = np.random.default_rng(0).normal(size=(60, 3))
    with pytest.raises(gl.InvalidInputError, match=f"estimator was Odd, {words}"):
        gl.forecast(X, X[:, 0] > 0, PLAN, estimator=odd, trials=2)
