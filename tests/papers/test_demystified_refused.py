"""Settings that a formula of the founding paper does not take."""

from __future__ import annotations

import math

import pytest
from settings_of_demystified import flat, power

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
