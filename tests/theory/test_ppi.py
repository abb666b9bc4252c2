"""Prediction-powered inference: recursion, fixed points, and a loop that minimises what the page says."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl

MANY = 10**8  # unlabelled rows: their covariance is known


def recursion(d, n, weight, risk):
    """Error after one more fit, in high dimension (`budgets.md` 4)."""
    lam = weight / (1 - weight)
    kappa = lam
    for _ in range(300):
        kappa = lam + kappa * (d / n) / (1 + kappa)
    S = 1 / (1 + kappa)
    spread = (1 + lam) ** 2 * (d / n) * S**2 / (1 - (d / n) * S**2)
    return (1 - (1 + lam) * S) ** 2 * risk + spread * ((kappa * S) ** 2 * risk + 1)


@pytest.mark.parametrize("weight", [0.2, 0.477, 0.9])
def test_a_chain_follows_its_recursion(weight):
    problem, plan = (
        gl.Problem.isotropic(60),
        gl.Plan.ppi(4, MANY, n_real=180, weight=weight, noise=1),
    )
    risk = gl.predict(problem, plan).risk
    told = [recursion(60, 180, weight, before) for before in risk[:-1]]
    np.testing.assert_allclose(risk[1:], told, rtol=1e-5)


@pytest.mark.parametrize(("share", "least"), [(0.1, 0.1), (1 / 3, 0.3331), (0.6, 0.5977)])
def test_the_best_weight_removes_what_least_squares_adds_and_no_more(share, least):
    problem, n = gl.Problem.isotropic(60), round(60 / share)
    tried = [
        gl.limit(problem, gl.Plan.ppi(2, MANY, n_real=n, weight=w, noise=1)).risk
        for w in np.linspace(0.3, 0.6, 13)
    ]
    assert min(tried) == pytest.approx(least, rel=2e-3)
    plain = gl.limit(problem, gl.Plan.ppi(2, MANY, n_real=n, noise=1)).risk
    assert plain == pytest.approx(60 / (n - 60), rel=1e-4)  # that of the real rows alone


def literal(d, n, N, weight, penalty, sigma, generations, trials, seed):
    """Errors (trials, generations), by the normal equations of the objective as it is written."""
    rng, scale = np.random.default_rng(seed), np.linspace(0.3, 1.7, d)
    truth, found = np.ones(d), np.empty((trials, generations))
    for trial in range(trials):
        before = np.zeros(d)
        for t in range(generations):
            X = rng.standard_normal((n, d)) * np.sqrt(scale)
            y = X @ truth + sigma * rng.standard_normal(n)
            left, right = X.T @ X / n, X.T @ y / n
            if t:
                U = rng.standard_normal((N, d)) * np.sqrt(scale)
                left = weight * U.T @ U / N + (1 - weight) * left
                said = U.T @ (U @ before) / N - X.T @ (X @ before) / n
                right = right + weight * said
            before = np.linalg.solve(left + penalty * np.eye(d), right)
            found[trial, t] = scale @ (before - truth) ** 2
    return gl.Problem(scale, truth), found


@pytest.mark.slow
@pytest.mark.parametrize(("weight", "penalty"), [(0.6, 0.0), (1.0, 0.0), (1.0, 0.2)])
def test_theory_and_simulation_follow_a_literal_loop(weight, penalty):
    problem, found = literal(100, 250, 900, weight, penalty, 0.7, 3, 60, 5)
    plan = gl.Plan.ppi(3, 900, n_real=250, weight=weight, penalty=penalty, noise=0.7)
    mean, error = found.mean(axis=0), found.std(axis=0, ddof=1) / np.sqrt(len(found))
    theory = gl.predict(problem, plan).risk
    assert (np.abs(theory - mean) < 0.03 * mean + 4 * error).all()
    runs = gl.simulate(problem, plan, trials=60, seed=1)
    assert (np.abs(runs.risk - mean) < 4 * np.hypot(error, runs.stderr)).all()


def test_few_unlabelled_rows_make_it_worse_than_the_real_rows_alone():
    problem = gl.Problem.isotropic(60)
    alone, powered = (
        gl.limit(problem, gl.Plan.ppi(2, 600, n_real=180, weight=w, noise=1)).risk for w in (0, 1)
    )
    assert powered > 1.5 * alone


def test_weight_zero_is_the_real_rows_alone():
    plan = gl.Plan.ppi(3, 500, n_real=90, weight=[1, 0, 0], noise=0.5, penalty=0.1)
    assert plan == gl.Plan([gl.Generation([gl.Source(90, noise=0.5)], 0.1)] * 3)
