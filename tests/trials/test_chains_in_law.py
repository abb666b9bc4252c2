"""What chains of fits do whatever the numbers are."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl
from genloss.steps import resolve
from genloss.trials.engines import literal

SMALL = gl.Problem.power_law(6, capacity=1.0, source=0.5)


# --- same and pooled designs ------------------------------------------------------------------


def risks_of(problem, plan, count=20, seed=0):
    return literal.run(problem, resolve(plan), np.random.default_rng(seed), count)[0]


@pytest.mark.parametrize("n", [3, 12])
def test_noiseless_labels_on_the_same_inputs_give_the_same_least_squares_fit(n):
    risks = risks_of(SMALL, gl.Plan.same_design(4, n))
    np.testing.assert_allclose(risks, risks[:, :1] * np.ones(4), atol=1e-10)
    if n < 6:
        assert (risks > 1e-3).all()


def test_fresh_inputs_forget_more_each_time():
    risks = risks_of(gl.Problem.isotropic(20), gl.Plan.replace(4, 10), count=200).mean(axis=0)
    assert (np.diff(risks) > 0.05).all()


@pytest.mark.parametrize("design", ["fresh", "same"])
def test_a_constant_absolute_penalty_on_pooled_rows_freezes_a_noiseless_model(design):
    penalties = 0.4 / np.arange(1, 6)
    risks = risks_of(SMALL, gl.Plan.accumulate(5, 10, design=design, penalty=penalties))
    np.testing.assert_allclose(risks, risks[:, :1] * np.ones(5), rtol=1e-8)
    assert (risks > 1e-2).all()


def test_a_constant_penalty_per_pooled_row_forgets_like_a_power():
    # theory.md 2.6: the mean of model G is prod_g (1 - a / g), a = lam / (s + lam)
    problem, lam, count = gl.Problem([2.0, 0.5], [1.0, 2.0]), 0.3, 8
    plan = gl.Plan.accumulate(count, 4000, design="fresh", penalty=lam)
    a = lam / (problem.spectrum + lam)
    kept = np.cumprod(1 - a / np.arange(1, count + 1)[:, None], axis=0)
    expected = (problem.truth * (1 - kept)) ** 2 @ problem.spectrum
    np.testing.assert_allclose(risks_of(problem, plan, 30).mean(axis=0), expected, rtol=0.02)


@pytest.mark.slow
def test_pooling_takes_in_rows_of_generations_that_were_not_pooled():
    # 30 + 30 + 30 rows at the end, noise of the first two does not telescope away
    problem, plan = gl.Problem.isotropic(5), gl.Plan.replace(2, 30, noise=1.0)
    late = plan.then(n_samples=30, noise=1.0, pooled=True)
    rng, by_hand = np.random.default_rng(8), []
    for _ in range(3000):
        xs, ys, w = [], [], problem.truth
        for _ in range(2):
            xs.append(rng.standard_normal((30, 5)))
            ys.append(xs[-1] @ w + rng.standard_normal(30))
            w = np.linalg.lstsq(xs[-1], ys[-1], rcond=None)[0]
        xs.append(rng.standard_normal((30, 5)))
        ys.append(xs[-1] @ w + rng.standard_normal(30))
        w = np.linalg.lstsq(np.concatenate(xs), np.concatenate(ys), rcond=None)[0]
        by_hand.append(np.sum((w - problem.truth) ** 2))
    curve = gl.simulate(problem, late, trials=3000, seed=9)
    stderr = np.hypot(np.std(by_hand) / np.sqrt(3000), curve.stderr[-1])
    assert abs(curve.risk[-1] - np.mean(by_hand)) < 4 * stderr
    assert stderr < 0.02 * curve.risk[-1]


@pytest.mark.slow
def test_ridge_on_the_same_inputs_keeps_them():
    problem, lam = SMALL, 0.2
    rng, by_hand = np.random.default_rng(10), []
    for _ in range(2000):
        x = rng.standard_normal((12, 6)) * np.sqrt(problem.spectrum)
        w, run = problem.truth, []
        for _ in range(3):
            y = x @ w + 0.4 * rng.standard_normal(12)
            w = np.linalg.solve(x.T @ x + 12 * lam * np.eye(6), x.T @ y)
            run.append(problem.spectrum @ (w - problem.truth) ** 2)
        by_hand.append(run)
    by_hand = np.array(by_hand)
    curve = gl.simulate(problem, gl.Plan.same_design(3, 12, penalty=lam, noise=0.4), trials=2000)
    stderr = np.hypot(by_hand.std(axis=0) / np.sqrt(2000), curve.stderr)
    assert (np.abs(curve.risk - by_hand.mean(axis=0)) < 4 * stderr).all()
    assert (stderr < 0.03 * curve.risk).all()


@pytest.mark.slow
def test_a_reused_design_pools_as_copies_of_its_rows():
    # with k copies of one design the pooled fit averages the k label vectors
    problem, count = gl.Problem.isotropic(4), 4000
    curve = gl.simulate(
        problem, gl.Plan.accumulate(3, 15, design="same", noise=1.0), trials=count, seed=2
    )
    expected = 4 / (15 - 4 - 1) * np.cumsum(1 / np.arange(1, 4) ** 2)
    assert (np.abs(curve.risk - expected) < 4 * curve.stderr).all()
