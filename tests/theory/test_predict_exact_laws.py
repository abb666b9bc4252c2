"""Exact laws at finite size, and where means are infinite."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plans_of_theory import final, one, with_covariance

import genloss as gl


@given(st.integers(1, 40), st.integers(2, 60), st.integers(1, 12), st.floats(0, 3))
@settings(max_examples=25, deadline=None)
def test_least_squares_chains_grow_by_d_over_n_minus_d_minus_1(d, extra, count, capacity):
    n = d + extra
    problem = gl.Problem.power_law(d, capacity=capacity, source=0.3)
    curve = gl.predict(problem, gl.Plan.replace(count, n, noise=0.7))
    expected = 0.49 * d / (n - d - 1) * np.arange(1, count + 1)
    np.testing.assert_allclose(curve.risk, expected, rtol=1e-11)
    np.testing.assert_allclose(curve.bias, 0, atol=1e-14)
    assert curve.exact.all()
    assert curve.method == "exact theory"


@pytest.mark.parametrize(("d", "n"), [(60, 40), (50, 10), (100, 98)])
def test_noiseless_interpolation_converges_exponentially_to_the_null_predictor(d, n):
    signal, t = 2.5, np.arange(1, 11)
    curve = gl.predict(gl.Problem.isotropic(d, signal=signal), gl.Plan.replace(10, n))
    np.testing.assert_allclose(curve.risk, signal * (1 - (n / d) ** t), rtol=1e-12)
    np.testing.assert_allclose(curve.bias, signal * (1 - (n / d) ** t) ** 2, rtol=1e-12)
    assert curve.exact.all()


def test_noisy_interpolation_on_fresh_inputs_saturates():
    d, n, noise, t = 60, 40, 0.3, np.arange(1, 13)
    eta = n / d
    gain = noise**2 * n / (d - n - 1)
    curve = gl.predict(gl.Problem.isotropic(d), gl.Plan.replace(12, n, noise=noise))
    expected = (1 - eta**t) + gain * (1 - eta**t) / (1 - eta)
    np.testing.assert_allclose(curve.risk, expected, rtol=1e-12)


def test_interpolation_with_varying_sizes_multiplies_their_ratios():
    d, rows, noises = 50, np.array([40, 10, 30]), np.array([0.2, 0.5, 1.0])
    plan = gl.Plan.replace(3, rows, noise=noises)
    kept = np.prod(rows / d)
    later = np.array([rows[1] * rows[2] / d**2, rows[2] / d, 1.0])
    expected = (1 - kept) + np.sum(noises**2 * rows / (d - rows - 1) * later)
    assert final(gl.Problem.isotropic(d), plan) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("n", [30, 90])
def test_one_design_has_constant_bias_and_linear_noise(n):
    d, noise = 50, 0.4
    curve = gl.predict(gl.Problem.isotropic(d), gl.Plan.same_design(8, n, noise=noise))
    eta = min(n / d, 1.0)
    step = noise**2 * (n / (d - n - 1) if n < d else d / (n - d - 1))
    expected = (1 - eta) + step * np.arange(1, 9)
    np.testing.assert_allclose(curve.risk, expected, rtol=1e-12)
    np.testing.assert_allclose(curve.bias, (1 - eta) ** 2, atol=1e-13)
    assert curve.exact.all()


@given(st.integers(3, 40), st.integers(3, 40), st.data())
@settings(max_examples=25, deadline=None)
def test_stacked_least_squares_in_one_dimension_is_a_beta_average(n0, n, data):
    # w1 - w* = (1 - B) (w0 - w*) + noise with B ~ Beta(r / 2, (n - r) / 2)
    real = data.draw(st.integers(1, n - 1))
    rest = n - real
    plan = gl.Plan(
        [
            gl.Generation.of(n0, labeler="real", noise=0.8),
            gl.Generation([gl.Source(real, noise=0.3), gl.Source(rest, "previous", noise=0.3)]),
        ]
    )
    kept = rest * (rest + 2) / (n * (n + 2))
    expected = kept * 0.64 / (n0 - 2) + 0.09 / (n - 2)
    curve = gl.predict(gl.Problem([2.0], [3.0]), plan)
    assert curve.risk[-1] == pytest.approx(expected, rel=1e-10)
    assert curve.exact.all()


@pytest.mark.parametrize("n", [60, 200])
def test_stacked_least_squares_tends_to_the_general_formula_of_2_4(n):
    # the two routes share no code; they agree to the order 1 / (n - d) that one of them neglects
    d = n // 2
    problem = gl.Problem.power_law(d, capacity=0.5, source=0.5)
    exact = gl.predict(problem, gl.Plan.mix(5, n, real=0.3, noise=0.5)).risk
    own = tuple(problem.spectrum)
    general = gl.predict(problem, with_covariance(gl.Plan.mix(5, n, real=0.3, noise=0.5), own)).risk
    np.testing.assert_allclose(exact, general, rtol=4 / (n - d))


def difference(plan, one, other):
    """Add a model that is the truth plus ``one`` minus ``other``."""
    return plan.then(n_samples=10**12, labeler={"real": 1.0, one: 1.0, other: -1.0})


def test_a_noiseless_interpolation_of_a_noisy_model_loses_its_share_of_both():
    # w1 - w0 = (P - 1) w0, and E P = (n / d) 1
    d, n, noise = 40, 15, 0.7
    plan = gl.Plan.replace(2, [90, n], noise=[noise, 0.0])
    expected = (1 - n / d) * (1 + noise**2 * d / (90 - d - 1))
    assert final(gl.Problem.isotropic(d), difference(plan, 1, 0)) == pytest.approx(
        expected, rel=1e-8
    )


def test_ridge_on_infinite_rows_of_a_noisy_model_shrinks_what_it_copies():
    s, lam, noise, n = np.array([3.0, 1.0, 0.2]), 0.4, 0.5, 12
    problem = gl.Problem(s, [1.0, -1.0, 2.0])
    plan = gl.Plan.replace(2, [n, 10**12], penalty=[0.0, lam], noise=[noise, 0.0])
    second_moment = problem.truth**2 + noise**2 / (s * (n - 3 - 1))
    expected = s @ ((lam / (s + lam)) ** 2 * second_moment)
    assert final(problem, difference(plan, 1, 0)) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    "plan",
    [
        gl.Plan.replace(4, [20, 30, 25, 40], noise=[0.5, 1, 0.7, 0.2]),
        gl.Plan.same_design(4, 20, noise=[0.5, 1, 0.7, 0.2]),
        gl.Plan.accumulate(4, 20, design="same", noise=[0.5, 1, 0.7, 0.2]),
        gl.Plan.accumulate(4, [20, 5, 25, 40], design="fresh", noise=[0.5, 1, 0.7, 0.2]),
    ],
    ids=["fresh", "same", "pooled same", "pooled fresh"],
)
def test_least_squares_models_wander_by_uncorrelated_steps(plan):
    problem = gl.Problem.power_law(6, capacity=1.0, source=0.5)
    risk = gl.predict(problem, plan).risk
    for model, other in ((1, 0), (3, 0), (3, 1)):
        apart = final(problem, difference(plan, model, other))
        assert apart == pytest.approx(risk[model] - risk[other], rel=1e-8)


NOISY = {
    "replace": lambda n, noise: gl.Plan.replace(2, n, noise=noise),
    "same": lambda n, noise: gl.Plan.same_design(2, n, noise=noise),
    "labels": lambda n, noise: gl.Plan.mix_labels(2, n, real=0.4, noise=noise),
    "stack": lambda n, noise: gl.Plan.mix(2, n, real=0.4, noise=noise),
    "same rows": lambda n, noise: gl.Plan.accumulate(2, n, design="same", noise=noise),
    "weights": lambda n, noise: one(
        gl.Source(n // 2, noise=noise), gl.Source(n - n // 2, noise=noise, weight=2.0)
    ),
}


@pytest.mark.parametrize("offset", [-1, 0, 1])
@pytest.mark.parametrize("kind", NOISY)
@pytest.mark.parametrize("capacity", [0.0, 1.2])
def test_the_mean_risk_is_infinite_around_interpolation_with_noise(kind, offset, capacity):
    problem = gl.Problem.power_law(60, capacity=capacity, source=0.5)
    curve = gl.predict(problem, NOISY[kind](60 + offset, 0.5))
    assert np.isinf(curve.risk).all()
    assert any("infinite" in warning for warning in curve.warnings)


@pytest.mark.parametrize(
    ("kind", "offset"),
    # one row short, model 0 is not the truth, and stacked labels contradict each other like noise
    [(kind, offset) for kind in NOISY for offset in (-1, 0, 1) if (kind, offset) != ("stack", -1)],
)
@pytest.mark.parametrize("capacity", [0.0, 1.2])
def test_the_mean_risk_is_finite_around_interpolation_without_noise(kind, offset, capacity):
    problem = gl.Problem.power_law(60, capacity=capacity, source=0.5)
    curve = gl.predict(problem, NOISY[kind](60 + offset, 0.0))
    assert np.isfinite(curve.risk).all()
    assert not any("infinite" in warning for warning in curve.warnings)
    if offset >= 0:
        np.testing.assert_allclose(curve.risk, 0, atol=1e-9)


@pytest.mark.parametrize("penalty", [0.0, 0.1])
@pytest.mark.parametrize("n_samples", [40, 90])
@pytest.mark.parametrize(
    "sources",
    [
        [(1.0, "previous", 1.0)],
        [(0.5, "real", 1.0), (0.5, "previous", 1.0)],
        [(0.5, "real", 1.0), (0.5, "previous", 2.0)],
        [(1.0, {"real": 0.5, "previous": 0.5}, 1.0)],
    ],
    ids=["replaced", "stacked", "weighted", "mixed"],
)
def test_a_labeler_of_infinite_risk_hands_it_on(sources, n_samples, penalty):
    rows = [
        gl.Source(round(part * n_samples), labeler, 0.5, weight=weight)
        for part, labeler, weight in sources
    ]
    plan = gl.Plan.replace(1, 60, noise=0.5).then(gl.Generation(rows, penalty))
    curve = gl.predict(gl.Problem.power_law(60, capacity=1.0, source=0.5), plan)
    assert np.isinf(curve.risk).all()


@pytest.mark.parametrize("offset", [-3, -2, 2, 3])
def test_two_rows_away_from_interpolation_the_mean_exists(offset):
    curve = gl.predict(gl.Problem.isotropic(60), gl.Plan.replace(2, 60 + offset, noise=0.5))
    assert np.isfinite(curve.risk).all()
    assert any("spread without bound" in warning for warning in curve.warnings)
