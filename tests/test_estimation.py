"""The estimated problem predicts what the true one does, where features are Gaussian."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl
from genloss.data.estimation import Standardiser, estimate, estimate_standardised

NOISE = 0.3


def draw(problem: gl.Problem, rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((rows, problem.dim)) * np.sqrt(problem.spectrum)
    return X, X @ problem.truth + NOISE * rng.standard_normal(rows)


def chain_error(problem: gl.Problem, noise: float, plan: gl.Plan) -> np.ndarray:
    generations = [
        gl.Generation.of(
            g.n_samples,
            labeler="previous" if t else "real",
            penalty=g.penalty,
            noise=0 if t else noise,
        )
        for t, g in enumerate(plan)
    ]
    return gl.predict(problem, gl.Plan(generations)).risk + noise**2


@pytest.mark.parametrize("dim", [30, 400])
@pytest.mark.parametrize("n", [100, 350])
@pytest.mark.parametrize("penalty", [1e-4, 1e-2, 0.3])
def test_estimated_problem_predicts_like_the_true_one(dim, n, penalty):
    problem = gl.Problem.power_law(dim, capacity=1.2, source=0.4)
    plan = gl.Plan.replace(6, n, penalty=penalty)
    ratios = []
    for seed in range(4):
        found = estimate_standardised(*draw(problem, 1000, seed), None)
        estimated = gl.Problem(found.spectrum, found.truth)
        ratios.append(chain_error(estimated, found.noise, plan) / chain_error(problem, NOISE, plan))
    assert np.abs(np.log(np.mean(ratios, axis=0))).max() < 0.06


def test_trace_and_rank_are_kept():
    problem = gl.Problem.power_law(30, capacity=1.2, source=0.4)
    X, y = draw(problem, 1000, 0)
    found = estimate_standardised(X, y, None)
    assert found.spectrum.size == 30
    assert found.spectrum.sum() == pytest.approx(X.var(axis=0).sum(), rel=0.01)


def test_noise_is_found_where_it_can_be_told_from_the_truth():
    problem = gl.Problem.isotropic(20)
    found = estimate_standardised(*draw(problem, 2000, 0), None)
    assert found.noise == pytest.approx(NOISE, rel=0.05)
    assert found.spectrum @ found.truth**2 == pytest.approx(1.0, rel=0.1)


def test_features_may_have_any_scale_and_the_target_any_offset():
    X, y = draw(gl.Problem.isotropic(10), 500, 0)
    plain = estimate(X, y)
    moved = estimate(X * np.geomspace(1e-3, 1e3, 10) + 5.0, 10 * y - 100.0)
    np.testing.assert_allclose(moved.spectrum, plain.spectrum, rtol=1e-6)
    assert moved.noise == pytest.approx(10 * plain.noise, rel=1e-3)


def test_kernel_problem_has_the_signal_of_the_target():
    X, y = draw(gl.Problem.isotropic(5), 600, 0)
    found = estimate(X, y, kernel="rbf")
    assert found.spectrum @ found.truth**2 + found.noise**2 == pytest.approx(y.var(), rel=0.15)


def test_standardiser_ignores_constant_columns():
    X = np.c_[np.arange(4.0), np.full(4, 7.0)]
    Z = Standardiser.of(X)(X)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(Z.std(axis=0), [1, 0])
