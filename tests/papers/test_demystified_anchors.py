"""Printed numbers of the founding paper."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from settings_of_demystified import chained, flat, power, without_signal

import genloss as gl
from genloss.errors import InvalidInputError
from genloss.papers.demystified import (
    Setting,
    inherited_noise,
    least_squares,
    least_squares_spread,
    master_recursion,
    minimum_norm,
    overparametrised,
    rho,
    ridge,
    ridge_isotropic,
)


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
