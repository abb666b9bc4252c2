"""Single fits against scikit-learn and against stable solvers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from genloss.trials.engines import literal


def rows(n, d, seed=0, scales=None):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) * (1.0 if scales is None else scales)
    return X, rng.standard_normal(n), rng.uniform(0.2, 3, n)


@pytest.mark.parametrize(("n", "d"), [(40, 10), (10, 40), (20, 20), (1, 5), (5, 1), (1, 1)])
@pytest.mark.parametrize("penalty", [1e-6, 0.1, 50.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_penalised_fit_is_scikit_learn_s_ridge(n, d, penalty, weighted):
    X, y, weights = rows(n, d)
    weights = weights if weighted else None
    ridge = Ridge(alpha=n * penalty, fit_intercept=False).fit(X, y, sample_weight=weights)
    np.testing.assert_allclose(
        literal.fit(X, y, weights, penalty=penalty), ridge.coef_, rtol=1e-6, atol=1e-9
    )


@pytest.mark.parametrize(("n", "d"), [(40, 10), (10, 40), (30, 20), (20, 30), (1, 5), (5, 1)])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_fit_without_penalty_is_the_minimum_norm_least_squares_solution(n, d, weighted):
    X, y, weights = rows(n, d)
    root = np.sqrt(weights if weighted else np.ones(n))
    expected = np.linalg.lstsq(X * root[:, None], y * root, rcond=None)[0]
    found = literal.fit(X, y, weights if weighted else None)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-11)


def test_least_squares_does_not_depend_on_the_units_of_its_columns():
    scales = np.geomspace(1e-7, 1e5, 12)
    X, y, _ = rows(60, 12)
    np.testing.assert_allclose(literal.fit(X * scales, y) * scales, literal.fit(X, y), rtol=1e-8)


@pytest.mark.parametrize("n", [60, 8])
@pytest.mark.parametrize("penalty", [0.0, 1e-7, 1e-2])
def test_columns_of_different_scale_are_fitted_as_a_stable_solver_does(n, penalty):
    X, y, _ = rows(n, 12, scales=np.geomspace(1e-3, 1e2, 12))
    stacked = np.concatenate([X, np.sqrt(n * penalty) * np.eye(12)])
    expected = np.linalg.lstsq(stacked, np.concatenate([y, np.zeros(12)]), rcond=1e-14)[0]
    found = literal.fit(X, y, penalty=penalty)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-8 * np.abs(expected).max())


@pytest.mark.parametrize(("n", "d", "copies"), [(10, 30, 2), (5, 30, 4), (10, 30, 4), (7, 12, 3)])
def test_repeated_rows_are_fitted_by_the_minimum_norm_solution_too(n, d, copies):
    for seed in range(30):
        X, y, _ = rows(n, d, seed)
        X, y = np.tile(X, (copies, 1)), np.tile(y, copies) + np.linspace(0, 1, n * copies)
        expected = np.linalg.pinv(X, rcond=1e-10) @ y
        np.testing.assert_allclose(literal.fit(X, y), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("n", "d"), [(30, 8), (5, 8)])
def test_directions_that_do_not_vary_get_no_coefficient(n, d):
    X, y, _ = rows(n, d, scales=np.r_[np.ones(d - 2), 0.0, 0.0])
    expected = np.r_[np.linalg.lstsq(X[:, :-2], y, rcond=None)[0], 0, 0]
    np.testing.assert_allclose(literal.fit(X, y), expected, rtol=1e-8, atol=1e-11)


def test_a_common_weight_divides_the_penalty():
    X, y, _ = rows(30, 8)
    np.testing.assert_allclose(
        literal.fit(X, y, np.full(30, 4.0), penalty=0.2),
        literal.fit(X, y, penalty=0.05),
        rtol=1e-10,
    )


def test_an_integer_weight_is_a_repeated_row():
    X, y, _ = rows(20, 5)
    weights = np.arange(20) % 3 + 1.0
    repeats = weights.astype(int)
    many, labels = np.repeat(X, repeats, axis=0), np.repeat(y, repeats)
    np.testing.assert_allclose(
        literal.fit(X, y, weights, penalty=0.3),
        literal.fit(many, labels, penalty=0.3 * 20 / repeats.sum()),
        rtol=1e-10,
    )
