"""The learner for any convex loss, against scikit-learn and against what a minimum is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from genloss import losses
from genloss.equivalents import NotSolvedError
from genloss.errors import InvalidInputError
from genloss.trials import convex
from genloss.trials.convex import minimise

EVERY = [losses.Squared(), losses.Logistic(), losses.SquaredHinge(), losses.Hinge()]
EVERY += [losses.Huber(0.5), losses.Absolute()]


def rows(n, d, seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) * np.arange(1, d + 1) ** -0.5
    return X, np.where(X @ np.ones(d) + rng.standard_normal(n) > 0, 1.0, -1.0)


@pytest.mark.parametrize("loss", EVERY, ids=str)
@settings(max_examples=8, deadline=None)
@given(
    n=st.integers(5, 80), d=st.integers(2, 60), ridge=st.floats(0.01, 10), seed=st.integers(0, 999)
)
def test_nothing_near_a_minimum_is_lower(loss, n, d, ridge, seed):
    X, y = rows(n, d, seed)
    weights = np.random.default_rng(seed).uniform(0.5, 2, n)

    def total(w):
        return weights @ loss.value(y, X @ w) + ridge / 2 * (w @ w)

    w = minimise(X, y, weights, loss, ridge)
    least = total(w)
    for scale in (1e-1, 1e-2, 1e-3):
        for step in np.random.default_rng(0).standard_normal((4, d)):
            assert total(w + scale * step) >= least - 1e-7 * (1 + least)


@pytest.mark.parametrize("shape", [(400, 150), (60, 130)])
def test_logistic_and_hinge_are_those_of_scikit_learn(shape):
    X, y = rows(*shape, seed=1)
    w = minimise(X, y, np.ones(len(y)), losses.Logistic(), 0.5)
    theirs = LogisticRegression(C=2.0, fit_intercept=False, tol=1e-10, max_iter=10**5).fit(X, y)
    assert w == pytest.approx(theirs.coef_[0], abs=1e-4)
    w = minimise(X, y, np.ones(len(y)), losses.SquaredHinge(), 0.5)
    theirs = LinearSVC(C=2.0, fit_intercept=False, tol=1e-10, max_iter=10**5).fit(X, y)
    assert w == pytest.approx(theirs.coef_[0], abs=1e-4)


def test_where_there_is_no_minimum_it_is_told():
    X, _ = rows(60, 20, seed=0)
    y = np.sign(X @ np.ones(20))
    with pytest.raises(InvalidInputError, match="separates its classes"):
        minimise(X, y, np.ones(60), losses.Logistic(), 0.0)
    with pytest.raises(InvalidInputError, match="fewer rows than directions"):
        minimise(X[:10], y[:10], np.ones(10), losses.Logistic(), 0.0)


@pytest.mark.parametrize("delta", [0.5, 0.02])
def test_rows_that_are_all_straight_at_first_are_fitted_all_the_same(delta):
    X, y = rows(200, 30, 0)
    loss = losses.Huber(delta)
    w = minimise(X, y, np.ones(200), loss, 0.0)
    pull = loss.slope(y, X @ w)
    assert np.abs(X.T @ pull).max() < 1e-6 * np.abs(X).T.max(axis=0) @ np.abs(pull)


@pytest.mark.parametrize("loss", [losses.Logistic(), losses.Absolute()])
def test_a_minimum_that_is_not_reached_is_told(loss, monkeypatch):
    X, y = rows(60, 20, seed=0)
    monkeypatch.setattr(convex, "_MOST", 1)
    with pytest.raises(NotSolvedError, match="not found in 1 steps: give it a larger penalty"):
        minimise(X, y, np.ones(60), loss, 0.1)


@pytest.mark.parametrize("loss", EVERY, ids=str)
def test_rows_without_noise_are_a_minimum_that_is_reached(loss):
    """Also where losses are too small to fall by a share of themselves."""
    X, _ = rows(60, 20, seed=0)
    y = X @ np.ones(20)
    if "numbers" in loss.labels:
        assert minimise(X, y, np.ones(60), loss, 0.0) == pytest.approx(np.ones(20), abs=1e-6)
    else:
        assert np.isfinite(minimise(X, np.sign(y), np.ones(60), loss, 1e-7)).all()


@pytest.mark.parametrize("size", [1.0, 50.0])
def test_absolute_errors_of_labels_far_from_zero_are_least_without_a_penalty(size):
    rng = np.random.default_rng(4)
    X, y = rng.standard_normal((40, 5)), size * np.sign(rng.standard_normal(40))
    w = minimise(X, y, np.ones(40), losses.Absolute(), 0.0)
    least = linprog(
        np.r_[np.zeros(5), np.ones(40)],
        A_ub=np.block([[X, -np.eye(40)], [-X, -np.eye(40)]]),
        b_ub=np.r_[y, -y],
        bounds=[(None, None)] * 5 + [(0, None)] * 40,
    )
    assert np.abs(y - X @ w).sum() < 1.001 * least.fun
