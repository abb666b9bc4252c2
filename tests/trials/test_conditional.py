"""Expectations given the downstream inputs, against inputs and chains drawn row by row here."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import genloss as gl
from genloss.errors import InvalidInputError
from genloss.papers.demystified import Setting, ridge
from genloss.trials.given_inputs import Downstream, downstream

PENALTIES = np.array([0.0, 0.05, 0.3])
NAMES = ("bias", "variance", "amplification")


def problem_of(kind, dim=20):
    """Isotropic in other units than 1, or steep with an uneven truth out of order."""
    if kind == "isotropic":
        return gl.Problem(np.full(dim, 2.5), np.linspace(-0.3, 0.5, dim))
    rng = np.random.default_rng(0)
    return gl.Problem(rng.permutation(np.arange(1.0, dim + 1) ** -1.3), rng.standard_normal(dim))


def explicit_parts(problem, n_samples, penalties, *, draws, seed):
    """The three parts by their definitions, of shape (3, draws, n_penalties)."""
    rng = np.random.default_rng(seed)
    dim, spectrum = problem.dim, problem.spectrum
    found = np.empty((3, draws, len(penalties)))
    for draw in range(draws):
        inputs = rng.standard_normal((n_samples, dim)) * np.sqrt(spectrum)
        for k, penalty in enumerate(penalties):
            if penalty == 0:
                to_model = np.linalg.pinv(inputs)
            else:
                gram = inputs.T @ inputs + n_samples * penalty * np.eye(dim)
                to_model = np.linalg.solve(gram, inputs.T)
            shrink = to_model @ inputs
            found[0, draw, k] = spectrum @ (shrink @ problem.truth - problem.truth) ** 2
            found[1, draw, k] = np.trace(to_model.T @ np.diag(spectrum) @ to_model)
            found[2, draw, k] = np.trace(
                np.diag(1 / spectrum) @ shrink.T @ np.diag(spectrum) @ shrink
            )
    return found


def parts_of(parts):
    return np.array([getattr(parts, name) for name in NAMES])


def mean_and_error(values, axis=0):
    return values.mean(axis=axis), values.std(axis=axis, ddof=1) / math.sqrt(values.shape[axis])


KINDS = [(kind, n_samples) for kind in ("isotropic", "power law") for n_samples in (9, 26, 60)]


@functools.cache
def designs(kind, n_samples):
    return downstream(
        problem_of(kind), n_samples=n_samples, penalties=PENALTIES, trials=800, seed=1, workers=1
    )


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "n_samples"), KINDS)
def test_every_part_is_its_definition_on_average(kind, n_samples):
    problem = problem_of(kind)
    drawn = parts_of(designs(kind, n_samples))
    explicit = explicit_parts(problem, n_samples, PENALTIES, draws=500, seed=2)
    mean, error = mean_and_error(drawn, axis=1)
    expected, expected_error = mean_and_error(explicit, axis=1)
    together = np.hypot(error, expected_error)
    seen = expected > 1e-12  # no bias without penalty where every direction is seen
    assert (together[seen] < 0.07 * expected[seen]).all()
    assert (abs(mean - expected) <= 4 * together + 1e-12).all()


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "n_samples"), [("power law", 12), ("isotropic", 26)])
def test_every_part_has_the_law_of_its_definition(kind, n_samples):
    problem = problem_of(kind)
    drawn = parts_of(
        downstream(problem, n_samples=n_samples, penalties=[0.05], trials=1500, seed=3, workers=1)
    )
    explicit = explicit_parts(problem, n_samples, [0.05], draws=700, seed=4)
    one_more = explicit_parts(problem, n_samples + 9, [0.05], draws=700, seed=5)
    for name, here, there, wrong in zip(NAMES, drawn, explicit, one_more, strict=True):
        assert stats.ks_2samp(here[:, 0], there[:, 0]).pvalue > 1e-3, name
        assert stats.ks_2samp(here[:, 0], wrong[:, 0]).pvalue < 1e-3, name


def fit(inputs, labels, penalty):
    """Ridge or minimum-norm coefficients of a stack of data sets."""
    _, rows, dim = inputs.shape
    turned = inputs.transpose(0, 2, 1)
    if rows >= dim:
        gram = turned @ inputs + rows * penalty * np.eye(dim)
        return np.linalg.solve(gram, turned @ labels)
    return turned @ np.linalg.solve(inputs @ turned + rows * penalty * np.eye(rows), labels)


def literal_runs(setting, trials, *, seed):
    """Test errors of ``trials`` chains, every row drawn and every model fitted."""
    rng = np.random.default_rng(seed)
    problem, root = setting.problem, np.sqrt(setting.problem.spectrum)
    fits = [(rows, noise, 0.0) for rows, noise in zip(setting.sizes, setting.noises, strict=True)]
    fits.append((setting.n_samples, setting.noise, setting.penalty))
    found = []
    for start in range(0, trials, 100):
        count = min(100, trials - start)
        weights = np.broadcast_to(problem.truth[:, None], (count, problem.dim, 1))
        for rows, noise, penalty in fits:
            inputs = rng.standard_normal((count, rows, problem.dim)) * root
            labels = inputs @ weights + noise * rng.standard_normal((count, rows, 1))
            weights = fit(inputs, labels, penalty)
        found.append((weights[..., 0] - problem.truth) ** 2 @ problem.spectrum)
    return np.concatenate(found)


def chain(problem, n_samples, penalty):
    return Setting(
        problem=problem,
        n_samples=n_samples,
        penalty=penalty,
        noise=0.4,
        generations=2,
        generator_samples=(34, 50),
        generator_noise=(0.5, 0.7),
    )


INHERITED = 0.25 / 13 + 0.49 / 29


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "n_samples"), KINDS)
def test_risk_without_a_penalty_against_literal_chains(kind, n_samples):
    risks, errors = designs(kind, n_samples).risk(noise=0.4, inherited=INHERITED)
    setting = chain(problem_of(kind), n_samples, 0.0)
    mean, raw_error = mean_and_error(literal_runs(setting, 2000, seed=7))
    together = math.hypot(errors[0], raw_error)
    assert together < 0.03 * risks[0]
    assert abs(risks[0] - mean) < 4 * together


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "n_samples"), KINDS)
def test_risk_against_many_literal_chains(kind, n_samples):
    problem = problem_of(kind)
    parts = downstream(problem, n_samples=n_samples, penalties=[0.3], trials=3000, seed=8)
    [risk], [error] = parts.risk(noise=0.4, inherited=INHERITED)
    mean, raw_error = mean_and_error(literal_runs(chain(problem, n_samples, 0.3), 4000, seed=9))
    together = math.hypot(error, raw_error)
    assert together < 0.02 * risk
    assert abs(risk - mean) < 4 * together


@pytest.mark.slow
def test_risk_against_the_literal_engine():
    risks, errors = designs("power law", 9).risk(noise=0.4, inherited=INHERITED)
    problem = problem_of("power law")
    plan = chain(problem, 9, PENALTIES[2]).plan()
    curve = gl.simulate(problem, plan, trials=200, seed=7, method="literal", workers=1)
    together = math.hypot(errors[2], curve.stderr[-1])
    assert together < 0.05 * risks[2]
    assert abs(risks[2] - curve.risk[-1]) < 4 * together


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["isotropic", "power law"])
@pytest.mark.parametrize(("n_samples", "penalty"), [(80, 0.05), (260, 0.05), (260, 1.0)])
def test_the_equivalents_of_ridge_are_its_means(kind, n_samples, penalty):
    problem = problem_of(kind, dim=120)
    parts = downstream(problem, n_samples=n_samples, penalties=[penalty], trials=100, seed=10)
    theory = ridge(Setting(problem=problem, n_samples=n_samples, penalty=penalty, noise=1.0))
    one = Setting(
        problem=problem,
        n_samples=n_samples,
        penalty=penalty,
        generations=1,
        generator_samples=200,
        generator_noise=math.sqrt(200 - 120 - 1),  # inherited noise of one
    )
    expected = (theory.bias, theory.variance, ridge(one).inherited)
    for name, value in zip(NAMES, expected, strict=True):
        mean, error = mean_and_error(getattr(parts, name)[:, 0])
        assert error < 0.025 * value, name
        assert abs(mean - value) < 4 * error + 0.03 * value, name


# --- what is known design by design ------------------------------------------------------------


@pytest.mark.parametrize("n_samples", [1, 7, 19])
def test_interpolation_of_isotropic_inputs_projects(n_samples):
    problem = problem_of("isotropic")
    parts = downstream(problem, n_samples=n_samples, penalties=[0.0], trials=8)
    np.testing.assert_allclose(parts.amplification, n_samples, rtol=1e-9)
    assert (parts.bias > 0).all()
    assert (parts.bias < problem.signal).all()


@pytest.mark.parametrize("kind", ["isotropic", "power law"])
@pytest.mark.parametrize("n_samples", [20, 21, 70, 10**9])
def test_least_squares_passes_its_labels_on(kind, n_samples):
    parts = downstream(problem_of(kind), n_samples=n_samples, penalties=[0.0], trials=8)
    np.testing.assert_allclose(parts.amplification, 20, rtol=1e-6)
    np.testing.assert_allclose(parts.bias, 0, atol=1e-9)


@pytest.mark.parametrize("kind", ["isotropic", "power law"])
def test_unlimited_rows_shrink_every_direction_by_its_eigenvalue(kind):
    problem = problem_of(kind)
    parts = downstream(problem, n_samples=10**10, penalties=PENALTIES, trials=4)
    spectrum = problem.spectrum
    for k, penalty in enumerate(PENALTIES):
        kept = spectrum / (spectrum + penalty)
        lost = spectrum @ ((1 - kept) * problem.truth) ** 2
        np.testing.assert_allclose(parts.bias[:, k], lost, rtol=1e-3, atol=1e-12)
        np.testing.assert_allclose(parts.variance[:, k] * 1e10, kept @ kept, rtol=1e-3)
        np.testing.assert_allclose(parts.amplification[:, k], kept @ kept, rtol=1e-3)


@pytest.mark.parametrize("n_samples", [9, 45])
def test_a_huge_penalty_leaves_the_null_predictor(n_samples):
    problem = problem_of("power law")
    parts = downstream(problem, n_samples=n_samples, penalties=[1e12], trials=4)
    np.testing.assert_allclose(parts.bias, problem.signal, rtol=1e-9)
    assert (parts.variance < 1e-20).all()
    assert (parts.amplification < 1e-20).all()


@given(st.integers(1, 12), st.integers(1, 30), st.integers(0, 2**32 - 1), st.floats(-2, 2))
@settings(max_examples=20)
def test_units_do_not_matter_and_parts_have_their_signs(dim, n_samples, seed, power_of_ten):
    rng = np.random.default_rng(seed)
    problem = gl.Problem(rng.uniform(0.1, 2, dim), rng.standard_normal(dim))
    unit = 10.0**power_of_ten
    scaled = gl.Problem(unit * problem.spectrum, problem.truth / math.sqrt(unit))
    penalties = np.array([0.01, 0.1, 1.0])
    here = downstream(problem, n_samples=n_samples, penalties=penalties, trials=2, seed=seed)
    there = downstream(scaled, n_samples=n_samples, penalties=unit * penalties, trials=2, seed=seed)
    for name in NAMES:
        values = getattr(here, name)
        assert (values >= 0).all()
        np.testing.assert_allclose(getattr(there, name), values, rtol=1e-7, atol=1e-12)
    assert (np.diff(here.variance, axis=1) <= 0).all()


# --- arithmetic of the result --------------------------------------------------------------------


def test_risk_is_the_mean_over_designs_of_the_weighted_parts():
    parts = Downstream(
        penalties=np.array([0.1, 1.0]),
        bias=np.array([[1.0, 2.0], [3.0, 2.0]]),
        variance=np.array([[0.5, 0.0], [1.5, 4.0]]),
        amplification=np.array([[10.0, 1.0], [20.0, 3.0]]),
    )
    risk, error = parts.risk(noise=2.0, inherited=0.1)
    runs = np.array([[1 + 2 + 1.0, 2 + 0 + 0.1], [3 + 6 + 2.0, 2 + 16 + 0.3]])
    np.testing.assert_allclose(risk, runs.mean(axis=0))
    np.testing.assert_allclose(error, abs(runs[0] - runs[1]) / 2)  # sd / sqrt(2) of two
    np.testing.assert_allclose(parts.risk()[0], [2.0, 2.0])


@pytest.mark.parametrize("n_samples", [9, 45])
def test_one_design_serves_every_penalty(n_samples):
    problem = problem_of("power law")
    many = downstream(problem, n_samples=n_samples, penalties=PENALTIES, trials=6, seed=11)
    assert many.bias.shape == (6, 3)
    np.testing.assert_array_equal(many.penalties, PENALTIES)
    for k, penalty in enumerate(PENALTIES):
        one = downstream(problem, n_samples=n_samples, penalties=[penalty], trials=6, seed=11)
        for name in NAMES:
            np.testing.assert_allclose(
                getattr(one, name)[:, 0], getattr(many, name)[:, k], rtol=1e-12, atol=1e-14
            )


@pytest.mark.parametrize("n_samples", [9, 45])
def test_the_result_depends_on_the_seed_alone(n_samples):
    def at(seed, workers, trials=70):
        return parts_of(
            downstream(
                problem_of("power law"),
                n_samples=n_samples,
                penalties=PENALTIES,
                trials=trials,
                seed=seed,
                workers=workers,
            )
        )

    first = at(1, 1)
    np.testing.assert_array_equal(first, at(1, 1))
    np.testing.assert_array_equal(first, at(1, 4))
    assert not np.isin(first[1], at(2, 1)[1]).any()
    distinct = np.unique(first[1, :, 1])
    assert len(distinct) == 70  # no design twice


# --- what the conditional expectation saves -------------------------------------------------------


@pytest.mark.slow
def test_rho_needs_hundreds_of_times_fewer_designs_than_raw_runs():
    """Raw errors give rho as the slope between n = 10 and n = 0 generators, in noise variances."""
    problem = gl.Problem.isotropic(60)
    real = Setting(problem=problem, n_samples=150, penalty=0.3, noise=0.5)
    chained = dataclasses.replace(real, generations=10, generator_samples=120, generator_noise=0.5)
    raw_chained = literal_runs(chained, 200, seed=12)
    raw = (raw_chained - literal_runs(real, 200, seed=13)) / (10 * 0.5**2)
    parts = downstream(problem, n_samples=150, penalties=[0.3], trials=200, seed=14, workers=1)
    found = parts.amplification[:, 0] / (120 - 60 - 1)
    gap = math.hypot(mean_and_error(raw)[1], mean_and_error(found)[1])
    assert abs(raw.mean() - found.mean()) < 4 * gap
    # one design tells as much of rho as 500 pairs of raw chains, and of the risk as 100 chains
    assert raw.var(ddof=1) > 500 * found.var(ddof=1)
    given_inputs = (parts.bias + 0.25 * parts.variance)[:, 0] + 10 * 0.25 * found
    assert raw_chained.var(ddof=1) > 100 * given_inputs.var(ddof=1)


# --- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"problem": None}, "problem"),
        ({"n_samples": 0}, "n_samples"),
        ({"n_samples": 2.5}, "n_samples"),
        ({"n_samples": True}, "n_samples"),
        ({"penalties": []}, "penalties"),
        ({"penalties": [0.1, -0.1]}, "penalties"),
        ({"penalties": [[0.1]]}, "penalties"),
        ({"penalties": [math.nan]}, "penalties"),
        ({"penalties": [math.inf]}, "penalties"),
        ({"penalties": "some"}, "penalties"),
        ({"trials": 1}, "trials"),
        ({"trials": 2.5}, "trials"),
        ({"seed": -1}, "seed"),
        ({"workers": 0}, "workers"),
        ({"workers": "all"}, "workers"),
    ],
)
def test_a_wrong_argument_is_named(changed, named):
    arguments = {"problem": problem_of("isotropic"), "n_samples": 30, "penalties": [0.1]}
    arguments |= {"trials": 4} | changed
    problem = arguments.pop("problem")
    with pytest.raises(InvalidInputError, match=rf"^{named}\b"):
        downstream(problem, **arguments)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"noise": -0.1}, "noise"),
        ({"noise": math.nan}, "noise"),
        ({"inherited": -0.1}, "inherited"),
        ({"inherited": math.inf}, "inherited"),
    ],
)
def test_a_wrong_noise_is_named(changed, named):
    parts = downstream(problem_of("isotropic"), n_samples=30, penalties=[0.1], trials=4)
    with pytest.raises(InvalidInputError, match=f"^{named} "):
        parts.risk(**changed)
