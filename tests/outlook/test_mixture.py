"""Theory of two normal clouds against a literal loop of its own, and what it leaves to measurement."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, ndtr

import genloss as gl
from genloss.outlook.measured.mixture import Fit, Mixture, chain, levelled


def literal(spectrum, mean, share, fits, runs, seed=0):
    """Errors of models with an intercept, trained on rows drawn from the clouds; standard errors; moved rows."""
    rng, scale = np.random.default_rng(seed), np.sqrt(spectrum)

    def draw(count):
        c = np.where(rng.random(count) < share, 1.0, -1.0)
        return c[:, None] * mean + rng.standard_normal((count, scale.size)) * scale, c

    def fitted(X, y, penalty, logistic):
        X = np.column_stack([X, np.ones(len(y))])
        ridge = 2 * penalty * np.diag([*np.ones(scale.size), 0.0])
        if not logistic:
            return np.linalg.solve(2 * X.T @ X / len(y) + ridge, 2 * X.T @ y / len(y))
        w = np.zeros(scale.size + 1)
        for _ in range(12):
            p = expit(-y * (X @ w))
            slope = ridge @ w - X.T @ (y * p) / len(y)
            w = w - np.linalg.solve((X.T * (p * (1 - p))) @ X / len(y) + ridge, slope)
        return w

    errors, moved = np.zeros((2, runs, len(fits)))
    test = draw(3000)[0]
    for run in range(runs):
        w = first = None
        for t, fit in enumerate(fits):
            X, y = draw(fit.real)
            if fit.made:
                more = draw(fit.made)[0]
                X, y = np.vstack([X, more]), np.append(y, np.sign(more @ w[:-1] + w[-1]))
            w = fitted(X, y, fit.penalty, fit.logistic)
            first = w if first is None else first
            sides = np.array([mean @ w[:-1] + w[-1], mean @ w[:-1] - w[-1]])
            wrong = ndtr(-sides / np.sqrt(np.sum(spectrum * w[:-1] ** 2)))
            errors[run, t] = share * wrong[0] + (1 - share) * wrong[1]
            said = [test @ each[:-1] + each[-1] > 0 for each in (w, first)]
            moved[run, t] = np.mean(said[0] != said[1])
    return errors.mean(axis=0), errors.std(axis=0, ddof=1) / np.sqrt(runs), moved.mean(axis=0)


@pytest.mark.slow
@pytest.mark.parametrize("logistic", [False, True])
@pytest.mark.parametrize(("real", "share"), [(0, 0.5), (80, 0.5), (0, 0.35), (80, 0.8)])
def test_errors_are_those_of_a_literal_loop(logistic, real, share):
    dim = 150
    spectrum = np.arange(1, dim + 1) ** -0.5
    spectrum /= spectrum.sum()
    mean = np.full(dim, 0.13 / np.sqrt(dim))
    penalty = 1e-3
    fits = [Fit(300, 0, penalty, logistic), *[Fit(real, 300 - real, penalty, logistic)] * 3]
    told = chain(Mixture(spectrum, mean, share), fits)
    found, se, moved = literal(spectrum, mean, share, fits, 24)
    assert (np.abs(told.error - found) < 0.03 * found + 4 * se).all()
    np.testing.assert_allclose(told.moved[1:], moved[1:], rtol=0.12)


def test_a_level_is_met_by_moving_the_centres():
    spectrum = np.array([1.0, 0.3, 0.1])
    mixture, first = Mixture(spectrum, np.array([0.5, 0.2, 0.3])), Fit(80, 0, 0.01, False)
    found = levelled(mixture, first, 0.2)
    assert chain(found, [first]).error[0] == pytest.approx(0.2, abs=1e-4)
    np.testing.assert_allclose(found.mean / mixture.mean, found.mean[0] / 0.5)


def clouds(rows, seed=0):
    rng = np.random.default_rng(seed)
    c = np.where(rng.random(rows) < 0.5, 1.0, -1.0)
    return c[:, None] * np.full(10, 0.35) + rng.standard_normal((rows, 10)), c > 0


@pytest.mark.slow
def test_theory_stands_beside_the_measurement_of_two_classes():
    X, y = clouds(1500)
    outlook = gl.forecast(X, y, generations=4, n_samples=60, trials=2)
    assert outlook.theory is not None
    np.testing.assert_allclose(outlook.theory.risk, outlook.error, atol=0.03)
    assert outlook.theory.risk[0] == outlook.error[0]
    assert "theory" in outlook.to_dict()["models"]
    kept = gl.Source(60, "previous", labels="hard", keep=gl.keep.Confident(0.5))
    first = gl.Generation([gl.Source(60, labels="hard")], 0.1)
    plan = gl.Plan([first, gl.Generation([kept], 0.1)])
    assert gl.forecast(X, y, plan, trials=2).theory is None


@pytest.mark.slow
def test_what_the_measurement_contradicts_is_not_said():
    """Rows of very unlike lengths are no clouds: their labels are lost sooner."""
    X, y = clouds(1500)
    X *= np.exp(np.random.default_rng(1).standard_normal((1500, 1)))
    outlook = gl.forecast(X, y, generations=4, n_samples=60, trials=2)
    assert outlook.theory is None
    assert not any("two normal clouds" in note for note in outlook.notes)


def test_centres_are_shrunk_by_what_their_scatter_adds():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((400, 40)), np.where(np.arange(400) % 2, 1.0, -1.0)
    assert np.sum(Mixture.of(X, y).mean ** 2) < 0.5 * 40 / 400
    X[:, 0] += 1.0 * y
    assert np.sum(Mixture.of(X, y).mean ** 2) == pytest.approx(1.0, abs=0.3)
