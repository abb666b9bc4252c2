"""Laws that the formulas of the founding paper obey over random settings."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from settings_of_demystified import (
    MINIMUM_NORM,
    OVERPARAMETRISED_RIDGE,
    PARTS,
    RIDGE,
    agree,
    alter,
    chained,
    flat,
    parts_given_inputs,
    spiked,
)

import genloss as gl
from genloss.errors import InvalidInputError
from genloss.papers.demystified import (
    Setting,
    inherited_noise,
    master_recursion,
    minimum_norm,
    overparametrised,
    rho,
    ridge,
    ridge_infinite_rows,
    ridge_isotropic,
)

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
