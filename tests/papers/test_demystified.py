"""The formulas of the founding paper that are exact, against literal runs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from settings_of_demystified import (
    LEAST_SQUARES,
    MINIMUM_NORM,
    OVERPARAMETRISED,
    PARTS,
    agree,
    errors_of,
    flat,
    last_generators,
    literal_runs,
    mean_and_error,
    only,
    power,
)

import genloss as gl
from genloss.papers import demystified
from genloss.papers.demystified import (
    Setting,
    inherited_noise,
    least_squares,
    least_squares_spread,
    ridge_infinite_rows,
)

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
