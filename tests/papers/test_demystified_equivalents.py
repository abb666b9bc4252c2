"""Deterministic equivalents of the founding paper, against literal runs and against `predict`."""

from __future__ import annotations

import math

import pytest
from settings_of_demystified import (
    LEAST_SQUARES,
    MINIMUM_NORM,
    OVERPARAMETRISED,
    OVERPARAMETRISED_RIDGE,
    PARTS,
    RIDGE,
    agree,
    alter,
    asymptotic,
    literal_runs,
    only,
    parts_given_inputs,
)

import genloss as gl
from genloss.papers import demystified
from genloss.papers.demystified import (
    inherited_noise,
    master_recursion,
    overparametrised,
    rho,
    ridge,
)


def some_of(cases, *fast):
    """Names of cases; all but the fast ones wait for `pytest -m slow`."""
    return [pytest.param(name, marks=[] if name in fast else [pytest.mark.slow]) for name in cases]


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
