"""The founding paper's closed forms, against runs written here, `predict` and one another."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize_scalar

import genloss as gl
from genloss.errors import InvalidInputError, NoTheoryError
from genloss.papers import demystified
from genloss.papers.demystified import (
    Decomposition,
    Setting,
    best_penalty_infinite_rows,
    extra_bias,
    inherited_noise,
    least_squares,
    least_squares_runs,
    least_squares_spread,
    master_recursion,
    minimum_norm,
    noise_ceiling,
    overparametrised,
    rho,
    ridge,
    ridge_infinite_rows,
    ridge_isotropic,
)

alter = dataclasses.replace


# --- problems and settings ---------------------------------------------------------------------


def flat(dim, *, eigenvalue=1.0, signal=1.0):
    """An isotropic problem in any units, with an uneven truth."""
    truth = np.arange(1.0, dim + 1)
    truth *= math.sqrt(signal / eigenvalue) / np.linalg.norm(truth)
    return gl.Problem(np.full(dim, eigenvalue), truth)


def power(dim, capacity=1.0, source=0.5):
    return gl.Problem.power_law(dim, capacity=capacity, source=source)


def spiked(dim, top, *, height=100.0, signal_in_tail=1.0):
    """Directions of two kinds; all signal among the smaller ones."""
    tail = np.arange(dim) >= top
    truth = np.sqrt(signal_in_tail / tail.sum()) * tail
    return gl.Problem(np.where(tail, 1.0, height), truth)


def without_signal(problem):
    return gl.Problem(problem.spectrum, np.zeros(problem.dim))


def only(setting, part):
    """The setting with all but one source of error removed."""
    noise = setting.noise if part == "variance" else 0.0
    generator_noise = setting.generator_noise if part == "inherited" else 0.0
    problem = setting.problem if part == "bias" else without_signal(setting.problem)
    return alter(setting, problem=problem, noise=noise, generator_noise=generator_noise)


PARTS = ("bias", "variance", "inherited")


# --- literal runs, which share no code with the package ------------------------------------------


def fit(inputs, labels, penalty):
    """Ridge or minimum-norm coefficients of a stack of data sets."""
    _, rows, dim = inputs.shape
    turned = inputs.transpose(0, 2, 1)
    if rows >= dim:
        gram = turned @ inputs + rows * penalty * np.eye(dim)
        return np.linalg.solve(gram, turned @ labels)
    return turned @ np.linalg.solve(inputs @ turned + rows * penalty * np.eye(rows), labels)


def last_generators(rng, setting, count):
    """Coefficients of the last generator, of shape (count, dim, 1)."""
    root, truth = np.sqrt(setting.problem.spectrum), setting.problem.truth
    weights = np.broadcast_to(truth[:, None], (count, setting.dim, 1))
    inputs = None
    for rows, noise in zip(setting.sizes, setting.noises, strict=True):
        if inputs is None or setting.design == "independent":
            inputs = rng.standard_normal((count, rows, setting.dim)) * root
        labels = inputs @ weights + noise * rng.standard_normal((count, rows, 1))
        weights = fit(inputs, labels, setting.generator_penalty)
    return weights


def errors_of(weights, problem):
    return ((weights[..., 0] - problem.truth) ** 2) @ problem.spectrum


def literal_runs(setting, trials, *, seed):
    """Test errors of ``trials`` chains, every row drawn and every model fitted."""
    rng = np.random.default_rng(seed)
    root = np.sqrt(setting.problem.spectrum)
    found = []
    for start in range(0, trials, 100):
        count = min(100, trials - start)
        weights = last_generators(rng, setting, count)
        inputs = rng.standard_normal((count, setting.n_samples, setting.dim)) * root
        noise = setting.noise * rng.standard_normal((count, setting.n_samples, 1))
        weights = fit(inputs, inputs @ weights + noise, setting.penalty)
        found.append(errors_of(weights, setting.problem))
    return np.concatenate(found)


def parts_given_inputs(problem, n_samples, penalty, *, draws, seed):
    """Bias, variance per noise variance and tr(Sigma^-1 M Sigma M) of ``draws`` designs."""
    rng = np.random.default_rng(seed)
    spectrum, dim = problem.spectrum, problem.dim
    found = []
    for _ in range(draws):
        inputs = rng.standard_normal((n_samples, dim)) * np.sqrt(spectrum)
        covariance = inputs.T @ inputs / n_samples
        shrink = np.linalg.solve(covariance + penalty * np.eye(dim), covariance)
        to_model = np.linalg.solve(covariance + penalty * np.eye(dim), inputs.T / n_samples)
        bias = spectrum @ (shrink @ problem.truth - problem.truth) ** 2
        amplification = (spectrum[:, None] * shrink**2 / spectrum).sum()
        found.append((bias, spectrum @ (to_model**2).sum(axis=1), amplification))
    return np.array(found)


def mean_and_error(values):
    return values.mean(axis=0), values.std(axis=0, ddof=1) / math.sqrt(len(values))


def agree(theory, runs, *, slack=0.0, precision=0.01):
    """|z| < 4, after ``slack`` of relative error; ``precision`` makes an error of 5 % visible."""
    mean, error = mean_and_error(runs)
    assert error < precision * theory, (theory, mean, error)
    assert abs(mean - theory) < 4 * error + slack * theory, (theory, mean, error)


def some_of(cases, *fast):
    """Names of cases; all but the fast ones wait for `pytest -m slow`."""
    return [pytest.param(name, marks=[] if name in fast else [pytest.mark.slow]) for name in cases]


# --- exact formulas against literal runs ---------------------------------------------------------

# few rows to spare, so that T - d in place of T - d - 1 is an error of 5 % or more
LEAST_SQUARES = {
    "real labels": Setting(problem=power(12, 1.3), n_samples=28, noise=0.7),
    "uneven generators": Setting(
        problem=power(12, 1.3),
        n_samples=32,
        noise=0.4,
        generations=3,
        generator_samples=(30, 27, 40),
        generator_noise=(0.3, 0.8, 0.5),
    ),
    "same design": Setting(
        problem=flat(10, eigenvalue=3.0, signal=2.0),
        n_samples=40,
        noise=0.2,
        generations=4,
        generator_samples=26,
        generator_noise=(0.3, 0.0, 0.5, 0.4),
        design="same",
    ),
    "noiseless downstream": Setting(
        problem=power(12, 0.7),
        n_samples=20,
        generations=2,
        generator_samples=28,
        generator_noise=0.6,
    ),
}

MINIMUM_NORM = {
    "real labels": Setting(problem=flat(24, eigenvalue=2.5, signal=1.7), n_samples=12, noise=0.6),
    "uneven generators": Setting(
        problem=flat(24, eigenvalue=0.4, signal=0.5),
        n_samples=10,
        noise=0.3,
        generations=3,
        generator_samples=(40, 36, 60),
        generator_noise=(0.6, 0.4, 0.9),
    ),
    "same design": Setting(
        problem=flat(24, eigenvalue=2.5, signal=0.3),
        n_samples=14,
        noise=0.2,
        generations=4,
        generator_samples=38,
        generator_noise=0.5,
        design="same",
    ),
}

OVERPARAMETRISED = {
    "noiseless": Setting(
        problem=flat(24, eigenvalue=2.0, signal=1.7),
        n_samples=40,
        generations=4,
        generator_samples=18,
    ),
    "noiseless, same design": Setting(
        problem=flat(24, eigenvalue=2.0, signal=1.7),
        n_samples=40,
        generations=4,
        generator_samples=15,
        design="same",
    ),
    "uneven generators": Setting(
        problem=flat(24, eigenvalue=0.5, signal=1.3),
        n_samples=44,
        noise=0.5,
        generations=3,
        generator_samples=(12, 18, 8),
        generator_noise=(0.4, 0.5, 0.9),
    ),
    "noisy, same design": Setting(
        problem=flat(24, eigenvalue=2.0, signal=1.7),
        n_samples=44,
        noise=0.5,
        generations=4,
        generator_samples=14,
        generator_noise=(0.5, 0.4, 0.0, 0.6),
        design="same",
    ),
    "minimum norm downstream": Setting(
        problem=flat(24, eigenvalue=0.5, signal=1.3),
        n_samples=13,
        noise=0.5,
        generations=3,
        generator_samples=(17, 15, 18),
        generator_noise=(0.4, 0.5, 0.6),
    ),
    "minimum norm downstream, same design": Setting(
        problem=flat(24, signal=0.5),
        n_samples=13,
        noise=0.3,
        generations=3,
        generator_samples=16,
        generator_noise=0.5,
        design="same",
    ),
}

EXACT = [
    *(("least_squares", name) for name in LEAST_SQUARES),
    *(("minimum_norm", name) for name in MINIMUM_NORM),
    *(("overparametrised", name) for name in OVERPARAMETRISED),
]
TABLES = {
    "least_squares": LEAST_SQUARES,
    "minimum_norm": MINIMUM_NORM,
    "overparametrised": OVERPARAMETRISED,
}


@pytest.mark.parametrize("function", TABLES)
def test_exact_formula_against_literal_runs(function):
    setting = TABLES[function]["uneven generators"]
    theory = getattr(demystified, function)(setting)
    assert theory.exact
    agree(theory.risk, literal_runs(setting, 5000, seed=3))


@pytest.mark.slow
@pytest.mark.parametrize(("function", "name"), EXACT)
def test_exact_formula_against_many_literal_runs(function, name):
    setting = TABLES[function][name]
    theory = getattr(demystified, function)(setting)
    agree(theory.risk, literal_runs(setting, 8000, seed=23))


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(("function", "name"), EXACT)
def test_every_part_is_what_is_left_without_the_other_sources(function, name, part):
    setting = TABLES[function][name]
    formula = getattr(demystified, function)
    alone = only(setting, part)
    expected = gl.predict(alone.problem, alone.plan()).risk[-1]
    assert getattr(formula(setting), part) == pytest.approx(expected, rel=1e-9, abs=1e-13)
    assert formula(alone).risk == pytest.approx(expected, rel=1e-9, abs=1e-13)


@pytest.mark.slow
def test_the_number_of_runs_follows_from_the_spread():
    setting = LEAST_SQUARES["uneven generators"]
    risk = least_squares(setting).risk
    trials = math.ceil((least_squares_spread(setting) / (0.012 * risk)) ** 2)
    curve = gl.simulate(
        setting.problem, setting.plan(), trials=trials, seed=4, method="literal", workers=1
    )
    assert curve.stderr[-1] == pytest.approx(0.012 * risk, rel=0.1)
    assert abs(curve.risk[-1] - risk) < 4 * curve.stderr[-1]


@pytest.mark.parametrize("design", ["independent", "same"])
def test_unlimited_rows_against_literal_generators(design):
    setting = Setting(
        problem=flat(20, eigenvalue=2.5, signal=1.7),
        n_samples=1,
        penalty=0.8,
        generations=3,
        generator_samples=36,
        generator_noise=0.9,
        design=design,
    )
    weights = last_generators(np.random.default_rng(8), setting, 3000)
    shrunk = weights * 2.5 / (2.5 + 0.8)
    theory = ridge_infinite_rows(setting)
    assert theory.exact
    agree(theory.risk, errors_of(shrunk, setting.problem))


@pytest.mark.parametrize("design", ["independent", "same"])
def test_inherited_noise_is_the_covariance_of_the_last_generator(design):
    sizes = (26, 24, 40) if design == "independent" else 25
    setting = Setting(
        problem=power(10, 1.5),
        n_samples=1,
        generations=3,
        generator_samples=sizes,
        generator_noise=(0.5, 0.3, 0.8),
        design=design,
    )
    errors = last_generators(np.random.default_rng(9), setting, 8000)[..., 0]
    errors = (errors - setting.problem.truth) * np.sqrt(setting.problem.spectrum)
    for first, last in ((0, 5), (5, 10)):  # every direction has the same share
        agree(inherited_noise(setting), (errors[:, first:last] ** 2).mean(axis=1))
    mean, error = mean_and_error(errors[:, 0] * errors[:, 9])
    assert abs(mean) < 4 * error


# --- deterministic equivalents against literal runs, dim >= 100 -----------------------------------


def asymptotic(**changed):
    base = {
        "problem": power(120, 1.0),
        "n_samples": 200,
        "penalty": 0.02,
        "noise": 0.3,
        "generations": 3,
        "generator_samples": (160, 200, 180),
        "generator_noise": (0.3, 0.2, 0.4),
    }
    return Setting(**(base | changed))


FLAT = flat(120, eigenvalue=2.0, signal=1.7)

RIDGE = {
    "power law": asymptotic(),
    "power law, fewer rows": asymptotic(n_samples=70, penalty=0.05),
    "isotropic": asymptotic(problem=FLAT, penalty=0.6),
    "isotropic, fewer rows": asymptotic(problem=FLAT, n_samples=70, penalty=0.3),
    "isotropic, same design": asymptotic(
        problem=FLAT, penalty=0.6, generator_samples=170, design="same"
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", some_of(RIDGE, "power law", "isotropic, same design"))
def test_parts_of_ridge_against_explicit_inputs(name):
    setting = RIDGE[name]
    theory = ridge(setting)
    problem, n_samples, penalty = setting.problem, setting.n_samples, setting.penalty
    parts = parts_given_inputs(problem, n_samples, penalty, draws=200, seed=5)
    agree(theory.bias, parts[:, 0], slack=0.03, precision=0.02)
    agree(theory.variance, 0.3**2 * parts[:, 1], slack=0.03)
    agree(theory.inherited, inherited_noise(setting) * parts[:, 2], slack=0.03)
    one = alter(setting, generations=1, generator_samples=160, generator_noise=0.3)
    agree(rho(one), parts[:, 2] / (160 - 120 - 1), slack=0.01)  # 1 % sees T_0 - d


@pytest.mark.slow
@pytest.mark.parametrize("name", ["power law, fewer rows", "isotropic, same design"])
def test_ridge_against_literal_runs(name):
    runs = literal_runs(RIDGE[name], 150, seed=6)
    agree(ridge(RIDGE[name]).risk, runs, slack=0.03, precision=0.025)


@pytest.mark.slow
@pytest.mark.parametrize("name", RIDGE)
def test_ridge_against_many_literal_runs(name):
    runs = literal_runs(RIDGE[name], 700, seed=24)
    agree(ridge(RIDGE[name]).risk, runs, slack=0.03, precision=0.012)


OVERPARAMETRISED_RIDGE = {
    "independent": asymptotic(problem=FLAT, penalty=0.5, generator_samples=(60, 80, 50)),
    "same design": asymptotic(problem=FLAT, penalty=0.5, generator_samples=70, design="same"),
    "fewer rows": asymptotic(
        problem=FLAT, n_samples=70, penalty=0.5, generator_samples=(60, 80, 90)
    ),
}


@pytest.mark.parametrize("name", some_of(OVERPARAMETRISED_RIDGE, "fewer rows"))
def test_overparametrised_with_ridge_downstream_against_literal_runs(name):
    setting = OVERPARAMETRISED_RIDGE[name]
    theory = overparametrised(setting)
    assert not theory.exact
    agree(theory.risk, literal_runs(setting, 250, seed=7), slack=0.03)


RECURSION = {
    "interpolating generators": asymptotic(generator_samples=(60, 90, 45)),
    "same design": asymptotic(generator_samples=60, design="same"),
    "both kinds of generators": asymptotic(generator_samples=(60, 240, 90)),
    "ridge generators": asymptotic(generator_samples=(60, 240, 90), generator_penalty=0.03),
    "interpolation throughout": asymptotic(
        n_samples=70, penalty=0.0, generator_samples=(60, 200, 80)
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RECURSION)
def test_recursion_against_literal_runs(name):
    setting = RECURSION[name]
    theory = master_recursion(setting)
    assert not theory.exact
    agree(theory.risk, literal_runs(setting, 800, seed=12), slack=0.03, precision=0.0125)
    quiet = only(setting, "bias")
    agree(theory.bias, literal_runs(quiet, 300, seed=13), slack=0.03, precision=0.02)


# --- against predict -------------------------------------------------------------------------------

APPLIES = {
    "least_squares": {
        **LEAST_SQUARES,
        "infinite mean": alter(LEAST_SQUARES["noiseless downstream"], generator_samples=13),
        "as many rows as directions, noiseless": alter(
            LEAST_SQUARES["noiseless downstream"], generator_samples=12, generator_noise=0.0
        ),
    },
    "minimum_norm": MINIMUM_NORM,
    "overparametrised": OVERPARAMETRISED | OVERPARAMETRISED_RIDGE,
    "ridge": RIDGE | LEAST_SQUARES,
    "ridge_isotropic": {name: RIDGE[name] for name in RIDGE if "isotropic" in name}
    | {"same design, no penalty": LEAST_SQUARES["same design"]},
    "master_recursion": RIDGE | RECURSION | LEAST_SQUARES,
}


@pytest.mark.parametrize(
    ("function", "name"), [(function, name) for function in APPLIES for name in APPLIES[function]]
)
def test_the_same_number_as_predict(function, name):
    setting = APPLIES[function][name]
    formula = getattr(demystified, function)
    curve = gl.predict(setting.problem, setting.plan())
    theory = formula(setting)
    assert theory.risk == pytest.approx(curve.risk[-1], rel=1e-9)
    if math.isfinite(theory.risk):
        assert theory.risk == pytest.approx(
            theory.bias + theory.variance + theory.inherited, rel=1e-12
        )
    for part in PARTS:
        alone = only(setting, part)
        expected = gl.predict(alone.problem, alone.plan()).risk[-1]
        assert getattr(theory, part) == pytest.approx(expected, rel=1e-9, abs=1e-13), part


# --- against one another ----------------------------------------------------------------------------


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


# --- spread and law of single runs --------------------------------------------------------------------


def spread_and_error(runs):
    """Sample standard deviation and its standard error, from the fourth moment."""
    spread = runs.std(ddof=1)
    fourth = ((runs - runs.mean()) ** 4).mean()
    return spread, math.sqrt((fourth - spread**4) / len(runs)) / (2 * spread)


SPREAD = {
    "independent": Setting(
        problem=power(8, 1.3),
        n_samples=40,
        noise=0.3,
        generations=3,
        generator_samples=(24, 30, 22),
        generator_noise=(0.5, 0.4, 0.6),
    ),
    "same": Setting(
        problem=power(8, 1.3),
        n_samples=40,
        noise=0.3,
        generations=4,
        generator_samples=22,
        generator_noise=(0.5, 0.4, 0.6, 0.3),
        design="same",
    ),
}


@pytest.mark.parametrize("name", SPREAD)
def test_spread_against_literal_runs(name):
    setting = SPREAD[name]
    spread, error = spread_and_error(literal_runs(setting, 8000, seed=14))
    assert error < 0.03 * spread
    assert abs(spread - least_squares_spread(setting)) < 4 * error


@pytest.mark.parametrize("name", SPREAD)
def test_spread_and_mean_against_draws_of_the_law(name):
    setting = SPREAD[name]
    runs = least_squares_runs(setting, 400_000, seed=15)
    agree(least_squares(setting).risk, runs, precision=0.002)
    spread, error = spread_and_error(runs)
    assert error < 0.01 * spread
    assert abs(spread - least_squares_spread(setting)) < 4 * error


def test_one_design_spreads_more_at_the_same_mean():
    same = alter(SPREAD["same"], noise=0.0)
    apart = alter(same, design="independent")
    assert least_squares(same).risk == pytest.approx(least_squares(apart).risk, rel=1e-14)
    assert least_squares_spread(same) > 1.1 * least_squares_spread(apart)


@pytest.mark.parametrize("design", ["independent", "same"])
def test_law_of_single_runs_is_the_one_of_literal_runs(design):
    setting = Setting(
        problem=power(6, 1.0),
        n_samples=40,
        noise=0.2,
        generations=6,
        generator_samples=9,
        generator_noise=0.5,
        design=design,
    )
    literal = literal_runs(setting, 4000, seed=16)
    drawn = least_squares_runs(setting, 20_000, seed=17)
    assert stats.ks_2samp(literal, drawn).pvalue > 0.01
    other = "same" if design == "independent" else "independent"
    wrong = least_squares_runs(alter(setting, design=other), 20_000, seed=18)
    assert stats.ks_2samp(literal, wrong).pvalue < 1e-6
    one_row_off = least_squares_runs(alter(setting, generator_samples=10), 20_000, seed=18)
    assert stats.ks_2samp(literal, one_row_off).pvalue < 1e-6


def test_runs_are_reproducible_and_differ_between_seeds():
    first, again, other = (least_squares_runs(SPREAD["same"], 50, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.isin(first, other).any()
    assert first.shape == (50,)


def test_where_mean_and_spread_begin_to_exist():
    def at(rows):
        return Setting(
            problem=power(12),
            n_samples=60,
            noise=0.5,
            generations=1,
            generator_samples=rows,
            generator_noise=0.5,
        )

    assert [math.isfinite(least_squares(at(12 + more)).risk) for more in range(6)] == [
        False,
        False,
        True,
        True,
        True,
        True,
    ]
    assert [math.isfinite(least_squares_spread(at(12 + more))) for more in range(6)] == [
        False,
        False,
        False,
        False,
        True,
        True,
    ]
    assert [bool(least_squares(at(12 + more)).warnings) for more in range(6)] == [
        True,
        True,
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(("offset", "word"), [(-4, ""), (-3, "variance"), (-2, "variance")])
def test_interpolation_close_to_dim_is_said_to_spread_without_bound(offset, word):
    """``1 / chi2_{d - T + 1}`` has no variance from ``d - T = 3`` on."""
    last = Setting(problem=flat(12), n_samples=12 + offset, noise=0.5)
    before = Setting(
        problem=flat(12),
        n_samples=60,
        generations=1,
        generator_samples=12 + offset,
        generator_noise=0.5,
    )
    for warnings in (minimum_norm(last).warnings, overparametrised(before).warnings):
        assert word in "".join(warnings)
        assert bool(warnings) == bool(word)


def test_fits_with_a_penalty_or_without_a_say_are_not_warned_about():
    ridge_generator = Setting(
        problem=power(12),
        n_samples=60,
        generations=1,
        generator_samples=12,
        generator_noise=0.5,
        generator_penalty=0.1,
    )
    assert master_recursion(ridge_generator).warnings == ()
    last = Setting(problem=flat(12), n_samples=12, noise=0.5)  # rows and noise do not matter here
    assert ridge_infinite_rows(last).warnings == ()


# --- anchors ---------------------------------------------------------------------------------------


def printed_numbers(text, *, units=0.5):
    """Numbers of a table, with ``units`` of their last digit as the largest error."""
    return [
        (float(word), 1.001 * units * 10.0 ** -len(word.partition(".")[2])) for word in text.split()
    ]


GENERATORS = (0, 1, 5, 10, 20)


def figure(problem, count, n_samples, penalty):
    return Setting(
        problem=problem,
        n_samples=n_samples,
        penalty=penalty,
        noise=0.5,
        generations=count,
        generator_samples=600,
        generator_noise=0.5,
    )


def best(problem, count, n_samples):
    """Penalty of smallest risk and that risk."""
    found = minimize_scalar(
        lambda log_penalty: ridge(figure(problem, count, n_samples, math.exp(log_penalty))).risk,
        bounds=(-12, 6),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return math.exp(found.x), found.fun


@pytest.mark.parametrize(
    ("n_samples", "printed"), [(1000, ".075 .239 1.25 2.78 5.97"), (150, ".50 .81 2.94 6.40 13.7")]
)
def test_best_penalties_of_the_isotropic_figure(n_samples, printed):
    problem = gl.Problem.isotropic(300)
    for count, (value, error) in zip(GENERATORS, printed_numbers(printed), strict=True):
        assert best(problem, count, n_samples)[0] == pytest.approx(value, abs=error), count


@pytest.mark.parametrize(
    ("n_samples", "printed"),
    [
        (100, ".0424 .0659 .1270 .1792 .2553"),
        (400, ".0177 .0346 .0751 .1093 .1598"),
        (1600, ".0075 .0242 .0585 .0866 .1280"),
        (25600, ".0013 .0205 .0527 .0787 .1169"),
    ],
)
def test_best_errors_of_the_power_law_figure(n_samples, printed):
    problem = power(300, 1.5, 0.5)
    for count, (value, error) in zip(GENERATORS, printed_numbers(printed), strict=True):
        assert best(problem, count, n_samples)[1] == pytest.approx(value, abs=error), count


def chained(problem, count, rows, sigma, /, **rest):
    """``count`` generators of ``rows`` rows and label noise ``sigma``, then the model in ``rest``."""
    return Setting(
        problem=problem,
        generations=count,
        generator_samples=rows,
        generator_noise=sigma,
        **rest,
    )


ONE = gl.Problem.isotropic(20)
V3 = {"n_samples": 80, "noise": 0.5}
V7 = {"n_samples": 150, "noise": 0.3}
SIXTY = gl.Problem.isotropic(60)

EXACT_COLUMN = {
    "V1": (least_squares, chained(flat(12), 0, 20, 0.0, n_samples=40, noise=1.0), ".4444"),
    "V1 fewer rows": (
        minimum_norm,
        chained(without_signal(flat(40)), 0, 20, 0.0, n_samples=12, noise=1.0),
        ".4444",
    ),
    "V2": (least_squares, chained(power(10, 1.5), 0, 20, 0.0, n_samples=25, noise=0.7), ".3500"),
    "V2 n=5": (
        least_squares,
        chained(power(10, 1.5), 4, 25, 0.7, n_samples=25, noise=0.7),
        "1.750",
    ),
    "V3 n=0": (least_squares, chained(ONE, 0, 60, 0.5, **V3), ".0847"),
    "V3 n=1": (least_squares, chained(ONE, 1, 60, 0.5, **V3), ".2130"),
    "V3 n=5": (least_squares, chained(ONE, 5, 60, 0.5, **V3), ".7258"),
    "V3 n=20": (least_squares, chained(ONE, 20, 60, 0.5, **V3), "2.649"),
    "V3 same n=1": (least_squares, chained(ONE, 1, 60, 0.5, design="same", **V3), ".2130"),
    "V3 same n=5": (least_squares, chained(ONE, 5, 60, 0.5, design="same", **V3), ".7258"),
    "V3 same n=20": (least_squares, chained(ONE, 20, 60, 0.5, design="same", **V3), "2.649"),
    "V3 uneven": (
        least_squares,
        chained(ONE, 4, (30, 45, 200, 60), (0.3, 0.8, 1.0, 0.0), **V3),
        ".9298",
    ),
    "V3 d+4": (least_squares, chained(ONE, 1, 24, 0.5, n_samples=24, noise=0.5), "3.333"),
    "V3 d+2": (least_squares, chained(ONE, 1, 22, 0.5, n_samples=22, noise=0.5), "10.00"),
    "V4 n=0": (
        minimum_norm,
        chained(gl.Problem.isotropic(30), 0, 60, 0.5, n_samples=18, noise=0.5),
        ".8091",
    ),
    "V4 n=4": (
        minimum_norm,
        chained(gl.Problem.isotropic(30), 4, 60, 0.5, n_samples=18, noise=0.5),
        "1.430",
    ),
    **{
        f"V7 noiseless n={count}": (
            overparametrised,
            chained(SIXTY, count, 40, 0.0, n_samples=150),
            printed,
        )
        for count, printed in ((1, ".3333"), (2, ".5556"), (4, ".8025"), (8, ".9610"))
    },
    **{
        f"V7 noiseless same n={count}": (
            overparametrised,
            chained(SIXTY, count, 40, 0.0, n_samples=150, design="same"),
            ".3333",
        )
        for count in (1, 4, 16)
    },
    **{
        f"V7 n={count}": (overparametrised, chained(SIXTY, count, 40, 0.3, **V7), printed)
        for count, printed in ((1, ".5835"), (4, "1.319"), (16, "1.627"))
    },
    **{
        f"V7 same n={count}": (
            overparametrised,
            chained(SIXTY, count, 40, 0.3, design="same", **V7),
            printed,
        )
        for count, printed in ((1, ".5835"), (4, "1.152"), (16, "3.426"))
    },
    "V7 endpoint": (
        overparametrised,
        chained(SIXTY, 5, 40, 0.3, n_samples=40, noise=0.3),
        "1.4307",
    ),
}


@pytest.mark.parametrize("name", EXACT_COLUMN)
def test_exact_column_of_the_verification_table(name):
    formula, setting, printed = EXACT_COLUMN[name]
    [(value, error)] = printed_numbers(printed)
    theory = formula(setting)
    assert theory.exact
    assert theory.risk == pytest.approx(value, abs=error)


def test_spread_of_the_verification_table():
    assert least_squares_spread(chained(ONE, 5, 60, 0.5, **V3)) == pytest.approx(0.2405, abs=5e-5)


LIMIT_COLUMN = {
    "V1": ".4286",
    "V1 fewer rows": ".4286",
    "V2": ".3267",
    "V2 n=5": "1.633",
    "V3 n=0": ".0833",
    "V3 n=1": ".2083",
    "V3 n=5": ".7083",
    "V3 n=20": "2.583",
    "V3 same n=5": ".7083",
    "V3 uneven": ".8864",
    "V3 d+4": "2.5",
    "V3 d+2": "5",
    "V4 n=0": ".775",
    "V4 n=4": "1.375",
    "V7 noiseless n=4": ".8025",
    "V7 n=1": ".5733",
    "V7 n=4": "1.296",
    "V7 n=16": "1.598",
    "V7 same n=1": ".5733",
    "V7 same n=4": "1.113",
    "V7 same n=16": "3.273",
}


@pytest.mark.parametrize("name", LIMIT_COLUMN)
def test_limits_beside_the_exact_formulas(name):
    formula, setting, _ = EXACT_COLUMN[name]
    [(value, error)] = printed_numbers(LIMIT_COLUMN[name])
    theory = formula(setting, limit=True)
    assert not theory.exact
    assert theory.risk == pytest.approx(value, abs=error)


@pytest.mark.parametrize("penalty", [0.0, 0.3])
def test_the_limit_of_ridge_forgets_one_generator_row(penalty):
    setting = chained(ONE, 3, 50, 0.5, n_samples=80, penalty=penalty, noise=0.5)
    for formula in (ridge, ridge_isotropic):
        exact, limit = formula(setting), formula(setting, limit=True)
        assert exact.inherited / limit.inherited == pytest.approx(30 / 29, rel=1e-12)
        assert exact.bias == limit.bias
        assert not limit.exact
    assert rho(setting) / rho(setting, limit=True) == pytest.approx(30 / 29, rel=1e-12)
    assert inherited_noise(setting, limit=True) == pytest.approx(3 * 0.25 / 30, rel=1e-12)
    with pytest.raises(InvalidInputError, match="limit was 1"):
        ridge(setting, limit=1)


HUNDRED = gl.Problem.isotropic(100)
STEEP = power(100, 1.5, 0.5)


@pytest.mark.parametrize(
    ("problem", "rows", "noise", "n_samples", "penalty", "printed"),
    [
        (HUNDRED, 200, 0.5, 60, 0.01, ".4003 .3492 .5888"),
        (HUNDRED, 200, 0.5, 250, 0.3, ".1084 .0621 .5242"),
        (STEEP, 250, 0.3, 60, 0.01, ".01313 .02149 .1777"),
    ],
)
def test_asymptotic_parts_of_ridge(problem, rows, noise, n_samples, penalty, printed):
    setting = chained(problem, 1, rows, noise, n_samples=n_samples, penalty=penalty, noise=noise)
    theory = ridge(setting)
    computed = (theory.bias, theory.variance, rho(setting))
    for found, (value, error) in zip(computed, printed_numbers(printed), strict=True):
        assert found == pytest.approx(value, abs=error)
    assert theory.inherited == pytest.approx(noise**2 * rho(setting), rel=1e-12)


EIGHT = power(200, 1.5, 0.5)
CIRCLE = gl.Problem.from_mercer(
    np.repeat(np.arange(1.0, 401) ** -2, 2), np.repeat(np.arange(1.0, 401) ** -1, 2)
)
ASYMPTOTIC_COLUMN = {
    **{
        f"V5 penalty {penalty}": (
            chained(HUNDRED, 10, 200, 0.5, n_samples=250, penalty=penalty, noise=0.5),
            printed,
        )
        for penalty, printed in ((0.01, "2.603"), (0.3, "1.481"), (2.0, ".7934"))
    },
    "V5 brute": (
        chained(gl.Problem.isotropic(40), 5, 80, 0.5, n_samples=90, penalty=0.1, noise=0.5),
        "1.1135",
    ),
    **{
        f"V6 penalty {penalty}": (
            chained(STEEP, 10, 250, 0.3, n_samples=250, penalty=penalty, noise=0.3),
            printed,
        )
        for penalty, printed in ((1e-4, ".5871"), (0.01, ".1256"), (0.2, ".1437"))
    },
    "V8": (chained(EIGHT, 3, 80, 0.0, n_samples=150, penalty=1e-3), ".008616"),
    "V8 same n=10": (
        chained(EIGHT, 10, 80, 0.3, n_samples=150, penalty=1e-3, noise=0.3, design="same"),
        ".7298",
    ),
    **{
        f"V8 size {dim}": (
            chained(power(dim), 3, dim // 2, 0.3, n_samples=5 * dim // 2, noise=0.3),
            printed,
        )
        for dim, printed in ((60, ".47505"), (120, ".4002"), (240, ".3600"))
    },
    "V8 mixed": (
        chained(
            power(80),
            4,
            (40, 200, 60, 120),
            (0.1, 0.5, 0.2, 0.3),
            n_samples=150,
            penalty=0.01,
            noise=0.3,
        ),
        ".3466",
    ),
    **{
        f"V8 minimum norm n={count}": (
            chained(power(100), count, 200, 0.3, n_samples=50, noise=0.3),
            printed,
        )
        for count, printed in ((0, ".15784"), (4, ".39589"))
    },
    "V9": (
        chained(EIGHT, 3, 80, 0.2, n_samples=150, penalty=0.01, noise=0.2, generator_penalty=0.01),
        ".0641",
    ),
    "V9 n=8": (
        chained(EIGHT, 8, 80, 0.2, n_samples=150, penalty=0.01, noise=0.2, generator_penalty=0.001),
        ".0911",
    ),
    "V9 circle n=0": (
        chained(CIRCLE, 0, 100, 0.3, n_samples=200, penalty=0.01, noise=0.3),
        ".1828",
    ),
    "V9 circle n=3": (
        chained(
            CIRCLE, 3, 100, 0.3, n_samples=200, penalty=0.01, noise=0.3, generator_penalty=0.01
        ),
        ".4752",
    ),
    "V9 circle n=6": (
        chained(
            CIRCLE, 6, 100, 0.3, n_samples=200, penalty=0.01, noise=0.3, generator_penalty=0.001
        ),
        ".4053",
    ),
}


@pytest.mark.parametrize("name", ASYMPTOTIC_COLUMN)
def test_asymptotic_column_of_the_verification_table(name):
    setting, printed = ASYMPTOTIC_COLUMN[name]
    [(value, error)] = printed_numbers(printed)
    theory = master_recursion(setting)
    assert theory.risk == pytest.approx(value, abs=error)
    assert not theory.exact
    if name.startswith(("V5", "V6")):
        assert ridge(setting).risk == pytest.approx(value, abs=error)
    if name.startswith("V5"):
        assert ridge_isotropic(setting).risk == pytest.approx(value, abs=error)


# --- what is refused -------------------------------------------------------------------------------

TEN = flat(10)


def ten(**changed):
    base = {"problem": TEN, "n_samples": 40, "generations": 2, "generator_samples": 30}
    return Setting(**(base | {"generator_noise": 0.5} | changed))


REFUSED = [
    *(
        (formula, ten(**changed), named)
        for formula in (least_squares, least_squares_spread)
        for changed, named in (
            ({"penalty": 0.1}, "penalty"),
            ({"generator_penalty": 0.1}, "generator_penalty"),
            ({"n_samples": 9}, "n_samples"),
            ({"generator_samples": (30, 9)}, "generator_samples"),
        )
    ),
    (minimum_norm, ten(n_samples=9), "n_samples"),
    (minimum_norm, ten(n_samples=10), "n_samples"),
    (minimum_norm, ten(), "n_samples"),
    (minimum_norm, ten(n_samples=5, penalty=0.1), "penalty"),
    (minimum_norm, ten(n_samples=5, generator_penalty=0.1), "generator_penalty"),
    (minimum_norm, ten(n_samples=5, generator_samples=(30, 11)), "generator_samples"),
    (minimum_norm, ten(n_samples=5, problem=power(10)), "problem"),
    (ridge, ten(penalty=0.1, generator_penalty=0.1), "generator_penalty"),
    (ridge, ten(penalty=0.1, generator_samples=(30, 11)), "generator_samples"),
    (rho, ten(penalty=0.1, generator_samples=(30, 31)), "generator_samples"),
    (rho, ten(penalty=0.1, generator_samples=11), "generator_samples"),
    (rho, ten(penalty=0.1, generator_penalty=0.1), "generator_penalty"),
    (ridge_isotropic, ten(penalty=0.1, problem=power(10)), "problem"),
    (ridge_isotropic, ten(penalty=0.1, generator_penalty=0.1), "generator_penalty"),
    (ridge_isotropic, ten(penalty=0.1, generator_samples=5), "generator_samples"),
    *(
        (formula, ten(**changed), named)
        for formula in (ridge_infinite_rows, best_penalty_infinite_rows)
        for changed, named in (
            ({"problem": power(10)}, "problem"),
            ({"generator_penalty": 0.1}, "generator_penalty"),
            ({"generator_samples": 5}, "generator_samples"),
        )
    ),
    *(
        (formula, ten(**changed), named)
        for formula in (overparametrised, noise_ceiling)
        for changed, named in (
            ({}, "generator_samples"),
            ({"generator_samples": (5, 9)}, "generator_samples"),
            ({"generator_samples": 5, "problem": power(10)}, "problem"),
            ({"generator_samples": 5, "generator_penalty": 0.1}, "generator_penalty"),
        )
    ),
    (noise_ceiling, ten(generator_samples=5, design="same"), "design"),
    (
        noise_ceiling,
        Setting(problem=TEN, n_samples=40, generations=0),
        "generations",
    ),
    (extra_bias, ten(generator_samples=5), "design"),
    (extra_bias, ten(generator_samples=5, design="same", generator_penalty=1), "generator_penalty"),
    (inherited_noise, ten(generator_samples=(30, 11)), "generator_samples"),
    (inherited_noise, ten(generator_penalty=0.1), "generator_penalty"),
]


@pytest.mark.parametrize(
    ("formula", "setting", "named"),
    REFUSED,
    ids=[f"{formula.__name__}-{named}-{i}" for i, (formula, _, named) in enumerate(REFUSED)],
)
def test_a_wrong_kind_of_setting_is_refused(formula, setting, named):
    with pytest.raises(InvalidInputError, match=rf"^{named}\b"):
        formula(setting)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"penalty": 0.1}, "penalty"),
        ({"generator_penalty": 0.1}, "generator_penalty"),
        ({"n_samples": 9}, "n_samples"),
        ({"generator_samples": (30, 9)}, "generator_samples"),
    ],
)
def test_runs_of_a_wrong_kind_of_setting_are_refused(changed, named):
    with pytest.raises(InvalidInputError, match=rf"^{named}\b"):
        least_squares_runs(ten(**changed), 10)


@pytest.mark.parametrize("changed", [{"trials": 0}, {"trials": 1.5}, {"seed": -1}, {"seed": "a"}])
def test_runs_name_their_arguments(changed):
    with pytest.raises(InvalidInputError, match=f"^{next(iter(changed))} "):
        least_squares_runs(ten(), **({"trials": 10} | changed))


FORMULAS = [
    getattr(demystified, name)
    for name in demystified.__all__
    if name not in ("Setting", "Decomposition", "least_squares_runs")
]


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: formula.__name__)
@pytest.mark.parametrize("given_value", [None, TEN, 3.0])
def test_only_settings_are_taken(formula, given_value):
    with pytest.raises(InvalidInputError, match="^setting "):
        formula(given_value)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"problem": 3}, "problem"),
        ({"n_samples": 0}, "n_samples"),
        ({"n_samples": 2.5}, "n_samples"),
        ({"penalty": -0.1}, "penalty"),
        ({"penalty": math.nan}, "penalty"),
        ({"noise": -1}, "noise"),
        ({"noise": math.inf}, "noise"),
        ({"generations": -1}, "generations"),
        ({"generator_samples": -3}, "generator_samples"),
        ({"generator_samples": (30, 0)}, "generator_samples"),
        ({"generator_samples": (30, 30, 30)}, "generator_samples"),
        ({"generator_noise": (0.1,)}, "generator_noise"),
        ({"generator_noise": -0.1}, "generator_noise"),
        ({"generator_penalty": -0.1}, "generator_penalty"),
        ({"design": "shared"}, "design"),
        ({"design": "same", "generator_samples": (30, 40)}, "generator_samples"),
    ],
)
def test_a_setting_names_what_is_wrong(changed, named):
    with pytest.raises(InvalidInputError, match=rf"^{named}\b"):
        ten(**changed)


def test_ridge_generators_on_one_design_have_no_theory():
    with pytest.raises(NoTheoryError):
        master_recursion(ten(generator_penalty=0.1, design="same"))


def test_a_decomposition_adds_up():
    assert Decomposition(0.25, 0.5, 1.0).risk == 1.75


# --- laws over random settings -------------------------------------------------------------------

seeds = st.integers(0, 2**32 - 1)
many = settings(max_examples=20, deadline=None)


def random_problem(rng, dim=24):
    spectrum = rng.uniform(0.5, 2, dim) * np.arange(1.0, dim + 1) ** -rng.uniform(0, 1.5)
    return gl.Problem(rng.permutation(spectrum), rng.standard_normal(dim))


def random_setting(rng, *, enough=False, dim=24):
    """Any setting of the recursion, or with generators that have rows ``enough`` for `ridge`."""
    count = int(rng.integers(1, 5))
    same = rng.random() < 0.4
    low = dim + 4 if enough else 4
    choices = [rows for rows in range(low, 3 * dim) if abs(rows - dim) > 3]
    sizes = tuple(int(rows) for rows in rng.choice(choices, count))
    return Setting(
        problem=random_problem(rng, dim),
        n_samples=int(rng.integers(4, 3 * dim)),
        penalty=10 ** rng.uniform(-3, 0.5),
        noise=rng.uniform(0.1, 1),
        generations=count,
        generator_samples=(sizes[0],) * count if same else sizes,
        generator_noise=tuple(rng.uniform(0.1, 1, count)),
        generator_penalty=0.0 if enough or same or rng.random() < 0.5 else rng.uniform(0.01, 1),
        design="same" if same else "independent",
    )


@given(seeds)
@many
def test_the_recursion_is_predict(seed):
    setting = random_setting(np.random.default_rng(seed))
    curve = gl.predict(setting.problem, setting.plan())
    assert master_recursion(setting).risk == pytest.approx(curve.risk[-1], rel=1e-9)


@given(seeds)
@many
def test_ridge_is_predict(seed):
    setting = random_setting(np.random.default_rng(seed), enough=True)
    curve = gl.predict(setting.problem, setting.plan())
    assert ridge(setting).risk == pytest.approx(curve.risk[-1], rel=1e-9)


@given(seeds, st.floats(0, 3))
@many
def test_the_error_is_affine_in_every_noise_variance(seed, factor):
    setting = random_setting(np.random.default_rng(seed))

    def risk(noise, generator_noise):
        given_noise = alter(setting, noise=noise, generator_noise=tuple(generator_noise))
        return master_recursion(given_noise).risk

    still = np.zeros(setting.generations)
    start = risk(0.0, still)
    assert start == pytest.approx(master_recursion(setting).bias, rel=1e-10)
    added = risk(setting.noise, still) - start
    assert risk(math.sqrt(factor) * setting.noise, still) == pytest.approx(start + factor * added)
    total = start + added
    for which, noise in enumerate(setting.noises):
        alone = still.copy()
        alone[which] = noise
        slope = risk(0.0, alone) - start
        assert risk(0.0, math.sqrt(factor) * alone) == pytest.approx(start + factor * slope)
        total += slope
    assert master_recursion(setting).risk == pytest.approx(total, rel=1e-9)


@given(seeds, st.floats(-3, 3), st.booleans())
@many
def test_units_of_the_inputs_do_not_matter(seed, power_of_ten, enough):
    setting = random_setting(np.random.default_rng(seed), enough=enough)
    unit = 10.0**power_of_ten
    scaled = alter(
        setting,
        problem=gl.Problem(
            unit * setting.problem.spectrum, setting.problem.truth / math.sqrt(unit)
        ),
        penalty=unit * setting.penalty,
        generator_penalty=unit * setting.generator_penalty,
    )
    formula = ridge if enough else master_recursion
    for part in PARTS:
        expected = getattr(formula(setting), part)
        assert getattr(formula(scaled), part) == pytest.approx(expected, rel=1e-7), part


@pytest.mark.parametrize("unit", [0.05, 4.0])
def test_units_of_isotropic_inputs_do_not_matter(unit):
    for formula, setting in (
        (ridge_isotropic, RIDGE["isotropic"]),
        (ridge_infinite_rows, RIDGE["isotropic"]),
        (overparametrised, OVERPARAMETRISED_RIDGE["independent"]),
        (minimum_norm, MINIMUM_NORM["uneven generators"]),
    ):
        problem = setting.problem
        scaled = gl.Problem(unit * problem.spectrum, problem.truth / math.sqrt(unit))
        changed = alter(setting, problem=scaled, penalty=unit * setting.penalty)
        assert formula(changed).risk == pytest.approx(formula(setting).risk, rel=1e-10)


def generator_of(problem, n_samples, penalty, rows):
    return Setting(
        problem=problem,
        n_samples=n_samples,
        penalty=penalty,
        generations=1,
        generator_samples=rows,
    )


PENALTIES = np.logspace(-4, 6, 41)


@given(st.integers(4, 60), st.integers(1, 200), st.integers(2, 40))
@many
def test_rho_of_isotropic_inputs_decreases_to_nothing(dim, n_samples, spare):
    bound = dim / (spare - 1) * (1 + 1e-9)
    problem = gl.Problem.isotropic(dim)
    found = [rho(generator_of(problem, n_samples, p, dim + spare)) for p in PENALTIES]
    assert found[0] <= bound
    assert (np.diff(found) < 0).all()
    assert found[-1] < 1e-10 * bound


@given(seeds, st.integers(48, 200))
@many
def test_rho_is_bounded_where_rows_are_twice_the_directions(seed, n_samples):
    problem = random_problem(np.random.default_rng(seed))
    found = np.array([rho(generator_of(problem, n_samples, p, 40)) for p in PENALTIES])
    assert (found <= 24 / (40 - 24 - 1) * (1 + 1e-9)).all()
    assert found[-1] < 1e-9


def test_a_penalty_can_raise_rho_and_explicit_inputs_say_so():
    """With few spare rows the misread large directions act as noise on the small ones."""
    problem = spiked(120, 108, height=1e5)
    bound = 120 / (200 - 120 - 1)
    ridgeless, some, much = (
        rho(generator_of(problem, 130, penalty, 200)) for penalty in (0.0, 30.0, 1e7)
    )
    assert ridgeless == pytest.approx(bound, rel=1e-12)
    assert some > 1.3 * bound
    assert much < 0.01 * bound
    parts = parts_given_inputs(problem, 130, 30.0, draws=60, seed=22)
    agree(some, parts[:, 2] / 79, slack=0.05, precision=0.02)


@given(seeds, st.floats(0.01, 2))
@many
def test_one_more_noisy_generator_never_helps(seed, noise):
    rng = np.random.default_rng(seed)
    setting = random_setting(rng, enough=True)
    rows = setting.sizes[0] if setting.design == "same" else int(rng.integers(26, 80))
    longer = alter(
        setting,
        generations=setting.generations + 1,
        generator_samples=(*setting.sizes, rows),
        generator_noise=(*setting.noises, noise),
    )
    assert ridge(longer).risk > ridge(setting).risk
    assert ridge(longer).bias == pytest.approx(ridge(setting).bias, rel=1e-12)
    if setting.design == "independent":
        assert inherited_noise(longer) - inherited_noise(setting) == pytest.approx(
            noise**2 / (rows - 24 - 1)
        )


@given(st.integers(6, 60), st.floats(0.1, 0.9), st.floats(0, 2))
@many
def test_inherited_noise_saturates_apart_and_grows_linearly_on_one_design(dim, share, penalty):
    rows = min(max(1, round(share * dim)), dim - 2)

    def inherited(count, design):
        setting = chained(
            flat(dim, eigenvalue=2.0),
            count,
            rows,
            0.5,
            n_samples=2 * dim,
            penalty=penalty,
            design=design,
        )
        return overparametrised(setting).inherited

    first = inherited(1, "same")
    assert inherited(1, "independent") == pytest.approx(first, rel=1e-12)
    for count in (2, 3, 10):
        assert inherited(count, "same") == pytest.approx(count * first, rel=1e-12)
        steps = sum((rows / dim) ** step for step in range(count))
        assert inherited(count, "independent") == pytest.approx(steps * first, rel=1e-12)


def test_a_setting_keeps_what_was_given_and_can_be_varied():
    problem = gl.Problem.isotropic(50)
    setting = Setting(problem=problem, n_samples=200, penalty=0.1, generator_samples=500)
    assert setting.generator_samples == 500
    assert rho(setting) == pytest.approx(
        rho(dataclasses.replace(setting, generations=1)), rel=1e-12
    )
    longer = dataclasses.replace(setting, generations=3, generator_noise=0.5)
    assert longer.sizes == (500, 500, 500)
    assert longer.noises == (0.5, 0.5, 0.5)
    with pytest.raises(InvalidInputError, match="generator_samples was 0"):
        Setting(problem=problem, n_samples=200, generator_samples=0)
    assert Setting(
        problem=problem, n_samples=9, generations=2, generator_noise=np.array([0.1, 0.2])
    ).noises == (0.1, 0.2)


def test_nothing_cancels_at_as_many_rows_as_directions():
    setting = Setting(
        problem=gl.Problem.isotropic(50),
        n_samples=50,
        penalty=1e-24,
        noise=1.0,
        generations=1,
        generator_samples=100,
    )
    expected = gl.predict(setting.problem, setting.plan()).variance[-1]
    assert ridge(setting).variance == pytest.approx(expected, rel=1e-6)
    assert master_recursion(setting).variance == pytest.approx(expected, rel=1e-6)
