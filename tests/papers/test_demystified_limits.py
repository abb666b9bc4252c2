"""Formulas of the founding paper against one another, where one tends to the other."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from settings_of_demystified import (
    FLAT,
    LEAST_SQUARES,
    OVERPARAMETRISED,
    OVERPARAMETRISED_RIDGE,
    PARTS,
    RIDGE,
    alter,
    asymptotic,
    errors_of,
    fit,
    flat,
    last_generators,
    mean_and_error,
    power,
    spiked,
)

import genloss as gl
from genloss.papers.demystified import (
    Setting,
    best_penalty_infinite_rows,
    extra_bias,
    least_squares,
    master_recursion,
    minimum_norm,
    noise_ceiling,
    overparametrised,
    rho,
    ridge,
    ridge_infinite_rows,
    ridge_isotropic,
)


@pytest.mark.parametrize("name", LEAST_SQUARES)
def test_ridge_tends_to_least_squares(name):
    setting = LEAST_SQUARES[name]
    limit = least_squares(setting)
    smallest = setting.problem.spectrum.min()
    distances = []
    for penalty in (1e-3 * smallest, 1e-5 * smallest):
        theory = ridge(alter(setting, penalty=penalty))
        assert theory.inherited == pytest.approx(limit.inherited, rel=20 * penalty / smallest)
        # the variance tends to the limit with T - d: the equivalent knows no -1
        asymptotic_variance = least_squares(setting, limit=True).variance
        assert theory.variance == pytest.approx(asymptotic_variance, rel=20 * penalty / smallest)
        distances.append(theory.bias)
    assert distances[1] < 1e-3 * distances[0]
    assert ridge(alter(setting, penalty=0.0)).risk == pytest.approx(limit.risk, rel=1e-12)


@given(
    st.integers(2, 60),
    st.integers(1, 200),
    st.floats(-4, 2),
    st.floats(-2, 2),
    st.floats(0, 3),
    st.integers(0, 4),
)
@settings(max_examples=30)
def test_the_elementary_isotropic_form_is_ridge(dim, rows, log_penalty, log_unit, signal, count):
    unit = 10.0**log_unit
    setting = Setting(
        problem=flat(dim, eigenvalue=unit, signal=signal),
        n_samples=rows,
        penalty=unit * 10.0**log_penalty,
        noise=0.4,
        generations=count,
        generator_samples=dim + 7,
        generator_noise=0.3,
    )
    general, elementary = ridge(setting), ridge_isotropic(setting)
    for part in PARTS:
        assert getattr(elementary, part) == pytest.approx(getattr(general, part), rel=1e-8), part


@pytest.mark.parametrize("name", ["isotropic", "isotropic, same design"])
@pytest.mark.parametrize("penalty", [0.0, 0.01, 2.0, 50.0])
def test_ridge_tends_to_unlimited_rows(name, penalty):
    setting = alter(RIDGE[name], penalty=penalty)
    limit = ridge_infinite_rows(setting)
    assert limit.variance == 0
    for rows in (10**6, 10**8):
        far = ridge(alter(setting, n_samples=rows))
        assert far.bias == pytest.approx(limit.bias, rel=500 / rows, abs=1e-15)
        assert far.inherited == pytest.approx(limit.inherited, rel=500 / rows)
        assert far.variance < 200 / rows
    in_another_place = alter(setting, n_samples=1, noise=7.0)
    assert ridge_infinite_rows(in_another_place).risk == pytest.approx(limit.risk, rel=1e-15)


@pytest.mark.parametrize("count", [1, 4, 30])
@pytest.mark.parametrize("eigenvalue", [0.2, 1.0, 3.0])
def test_best_penalty_with_unlimited_rows_is_the_minimum(count, eigenvalue):
    setting = Setting(
        problem=flat(40, eigenvalue=eigenvalue, signal=1.7),
        n_samples=1,
        generations=count,
        generator_samples=90,
        generator_noise=0.5,
    )
    penalty, risk = best_penalty_infinite_rows(setting)

    def risk_at(log_penalty):
        return ridge_infinite_rows(alter(setting, penalty=math.exp(log_penalty))).risk

    found = minimize_scalar(risk_at, bounds=(-9, 9), method="bounded", options={"xatol": 1e-9})
    assert penalty == pytest.approx(math.exp(found.x), rel=1e-4)
    assert risk == pytest.approx(found.fun, rel=1e-10)
    assert risk == pytest.approx(ridge_infinite_rows(alter(setting, penalty=penalty)).risk)
    assert risk < 1.7
    twice = alter(setting, generations=2 * count, generator_samples=90, generator_noise=0.5)
    doubled, _ = best_penalty_infinite_rows(twice)
    assert doubled == pytest.approx(2 * penalty, rel=1e-12)


@pytest.mark.parametrize("scale", [1, 10, 100])
def test_the_limit_leaves_out_one_row(scale):
    setting = Setting(
        problem=gl.Problem.isotropic(12 * scale),
        n_samples=40 * scale,
        noise=0.7,
        generations=2,
        generator_samples=(30 * scale, 50 * scale),
        generator_noise=(0.5, 0.6),
    )
    limit = least_squares(setting, limit=True)
    assert limit.variance == pytest.approx(0.49 * 0.3 / 0.7, rel=1e-12)
    assert limit.inherited == pytest.approx(0.25 * 0.4 / 0.6 + 0.36 * 0.24 / 0.76, rel=1e-12)
    assert not limit.exact
    exact = least_squares(setting)
    assert exact.variance / limit.variance == pytest.approx(28 * scale / (28 * scale - 1))
    assert exact.risk > limit.risk


@pytest.mark.parametrize("rows", [3, 30, 57])
@pytest.mark.parametrize("count", [1, 2, 5, 10])
def test_noiseless_interpolation_forgets_exponentially(rows, count):
    problem = flat(60, eigenvalue=2.0, signal=1.7)
    setting = Setting(problem=problem, n_samples=200, generations=count, generator_samples=rows)
    share = rows / 60
    assert overparametrised(setting).risk == pytest.approx(1.7 * (1 - share**count), rel=1e-12)
    again = alter(setting, design="same")
    assert overparametrised(again).risk == pytest.approx(1.7 * (1 - share), rel=1e-12)


@pytest.mark.parametrize(("n_samples", "penalty"), [(200, 0.0), (20, 0.0), (90, 0.8)])
def test_many_interpolating_generators_reach_the_ceiling(n_samples, penalty):
    setting = Setting(
        problem=flat(60, eigenvalue=2.0, signal=1.7),
        n_samples=n_samples,
        penalty=penalty,
        noise=0.4,
        generations=400,
        generator_samples=40,
        generator_noise=0.3,
    )
    end = overparametrised(setting)
    assert end.bias == pytest.approx(1.7, rel=1e-12)  # the null predictor
    assert end.inherited == pytest.approx(noise_ceiling(setting), rel=1e-12)
    one = alter(setting, generations=1, generator_samples=40, generator_noise=0.3)
    assert noise_ceiling(one) == pytest.approx(noise_ceiling(setting), rel=1e-12)
    assert overparametrised(one).inherited == pytest.approx(end.inherited / 3, rel=1e-12)


@pytest.mark.parametrize("name", OVERPARAMETRISED | OVERPARAMETRISED_RIDGE)
def test_the_recursion_tends_to_the_exact_interpolation(name):
    """Both agree on bias; in the noise the equivalent has d - T where d - T - 1 is exact."""
    setting = (OVERPARAMETRISED | OVERPARAMETRISED_RIDGE)[name]
    recursion, closed = master_recursion(setting), overparametrised(setting)
    assert recursion.bias == pytest.approx(closed.bias, rel=1e-9)
    gap = max(1 / (setting.dim - rows - 1) for rows in setting.sizes)
    assert recursion.inherited == pytest.approx(closed.inherited, rel=1.01 * gap)


def test_the_recursion_contains_minimum_norm():
    big = Setting(
        problem=flat(6000, eigenvalue=0.4, signal=0.5),
        n_samples=2500,
        noise=0.3,
        generations=2,
        generator_samples=(9000, 12000),
        generator_noise=(0.6, 0.9),
    )
    for part in PARTS:
        value = getattr(master_recursion(big), part)
        assert value == pytest.approx(getattr(minimum_norm(big), part), rel=2e-3), part


def test_rho_is_the_slope_in_the_number_of_generators():
    one = asymptotic(generations=1, generator_samples=200, generator_noise=0.3)
    slope = 0.3**2 * rho(one)
    for count in (0, 1, 2, 7):
        setting = asymptotic(generations=count, generator_samples=200, generator_noise=0.3)
        start = ridge(alter(one, generator_noise=0.0)).risk
        assert ridge(setting).risk == pytest.approx(start + count * slope, rel=1e-12)


# --- the extra bias of one design --------------------------------------------------------------------


@pytest.mark.parametrize("problem", [power(120), FLAT, spiked(200, 40)], ids=str)
@pytest.mark.parametrize("n_samples", [45, 70, 300])
@pytest.mark.parametrize("penalty", [0.0, 0.1])
def test_extra_bias_is_what_generators_add_without_noise(problem, n_samples, penalty):
    setting = Setting(
        problem=problem,
        n_samples=n_samples,
        penalty=penalty,
        noise=0.5,
        generations=3,
        generator_samples=80,
        generator_noise=0.4,
        design="same",
    )
    real = Setting(problem=problem, n_samples=n_samples, penalty=penalty, noise=0.5)
    start = master_recursion(real).bias
    difference = master_recursion(setting).bias - start
    scale = max(start, problem.signal)
    assert extra_bias(setting) == pytest.approx(difference, abs=1e-10 * scale)
    single = alter(setting, generations=1, generator_noise=0.4, generator_samples=80)
    assert extra_bias(alter(single, design="independent")) == pytest.approx(
        difference, abs=1e-10 * scale
    )


def test_extra_bias_of_isotropic_inputs_is_positive_and_known():
    setting = Setting(
        problem=flat(120, eigenvalue=2.0, signal=1.7),
        n_samples=200,
        penalty=0.6,
        generations=2,
        generator_samples=90,
        design="same",
    )
    # kappa by the quadratic of `paper.md` section 1, in units of the eigenvalue
    penalty, ratio = 0.3, 120 / 200
    kappa = (penalty + ratio - 1 + math.sqrt((penalty + ratio - 1) ** 2 + 4 * penalty)) / 2
    second = ratio / (1 + kappa) ** 2
    m1 = 1 / (1 + kappa)
    m2 = (1 + second / (1 - second) * kappa**2) / (1 + kappa) ** 2
    expected = 1.7 * (1 - 90 / 120) * (2 * m1 - m2)
    assert extra_bias(setting) == pytest.approx(expected, rel=1e-9)
    assert expected > 0
    enough = alter(setting, generator_samples=122)
    assert extra_bias(enough) == 0


@pytest.mark.parametrize(("n_samples", "printed"), [(45, -0.829), (60, -0.325)])
def test_extra_bias_can_be_negative_and_runs_say_so(n_samples, printed):
    setting = Setting(
        problem=spiked(200, 40),
        n_samples=n_samples,
        generations=1,
        generator_samples=100,
        design="same",
    )
    theory = extra_bias(setting)
    assert theory == pytest.approx(printed, abs=0.00051)
    rng = np.random.default_rng(21)
    problem = setting.problem
    differences = []
    for _ in range(12):  # both models read the same downstream inputs, so that much noise cancels
        weights = last_generators(rng, setting, 25)
        inputs = rng.standard_normal((25, n_samples, 200)) * np.sqrt(problem.spectrum)
        truth = np.broadcast_to(problem.truth[:, None], weights.shape)
        after, before = (fit(inputs, inputs @ w, 0.0) for w in (weights, truth))
        differences.append(errors_of(after, problem) - errors_of(before, problem))
    mean, error = mean_and_error(np.concatenate(differences))
    assert mean < -4 * error
    assert abs(mean - theory) < 4 * error + 0.05 * abs(theory)
