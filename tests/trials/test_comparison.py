"""Differences of two plans on common random numbers: unbiased, honest, and sharper."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import genloss as gl
from genloss.trials.engines import literal, triangular_rows

PROBLEM = gl.Problem.power_law(12, capacity=1.2, source=0.5)
ROUND = gl.Problem.isotropic(12)
RIDGE = gl.Plan.replace(3, 40, penalty=0.05, noise=0.5)
PAIRS = {
    "least squares, noises": (
        PROBLEM,
        gl.Plan.replace(3, 40, noise=0.5),
        gl.Plan.replace(3, 40, noise=0.4),
        "exact, two numbers per model",
    ),
    "one design, shares of real labels": (
        PROBLEM,
        gl.Plan.mix_labels(3, 40, real=0.2, noise=0.5, design="same"),
        gl.Plan.mix_labels(3, 40, real=0.4, noise=0.5, design="same"),
        "exact increments",
    ),
    "ridge, penalties": (
        PROBLEM,
        RIDGE,
        RIDGE.with_penalty(0.06),
        "exact, compressed rows",
    ),
    "isotropic ridge, penalties": (
        ROUND,
        RIDGE,
        RIDGE.with_penalty(0.06),
        "exact, two numbers per model",
    ),
    "replace or keep": (
        PROBLEM,
        RIDGE,
        gl.Plan.accumulate(3, 40, design="fresh", penalty=0.05, noise=0.5),
        "exact, compressed rows",
    ),
    "stacked real rows": (
        PROBLEM,
        RIDGE,
        gl.Plan.mix(3, 40, real=0.5, penalty=0.05, noise=0.5),
        "literal",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PAIRS)
def test_the_difference_is_that_of_independent_runs(name):
    problem, plan, other, engine = PAIRS[name]
    found = gl.compare(problem, plan, other, trials=1500, seed=3)
    assert found.method == engine
    assert found.trials == 1500
    one = gl.simulate(problem, plan, trials=3000, seed=10)
    two = gl.simulate(problem, other, trials=3000, seed=11)
    spread = np.sqrt(found.stderr**2 + one.stderr**2 + two.stderr**2)
    gap = found.difference - (one.risk - two.risk)
    assert (np.abs(gap) <= 4 * spread).all()
    # what independent runs would give is what they do give
    apart = np.hypot(one.stderr, two.stderr) * np.sqrt(2)
    np.testing.assert_allclose(found.stderr_apart, apart, rtol=0.3)


@pytest.mark.slow
@pytest.mark.parametrize("name", PAIRS)
def test_common_numbers_sharpen_the_difference(name):
    problem, plan, other, _ = PAIRS[name]
    gain = gl.compare(problem, plan, other, trials=400, seed=1).gain
    if "penalties" not in name and "noises" not in name:
        assert gain[0] == 1  # one and the same model: nothing to gain
        gain = gain[1:]
    assert gain.min() > (10 if "penalties" in name or "noises" in name else 1.5)


def test_least_squares_differences_are_those_of_the_exact_theory():
    problem, plan, other, _ = PAIRS["least squares, noises"]
    found = gl.compare(problem, plan, other, trials=4000)
    expected = gl.predict(problem, plan).risk - gl.predict(problem, other).risk
    assert (np.abs(found.difference - expected) < 4 * found.stderr).all()
    assert (found.stderr < 0.05 * expected).all()


@pytest.mark.slow
def test_the_standard_error_is_the_spread_of_the_difference():
    problem, plan, other, _ = PAIRS["ridge, penalties"]
    many = [gl.compare(problem, plan, other, trials=40, seed=seed) for seed in range(150)]
    differences = np.array([each.difference for each in many])
    claimed = np.mean([each.stderr**2 for each in many], axis=0)
    ratio = differences.var(axis=0, ddof=1) / claimed
    low, high = stats.chi2.ppf([1e-4, 1 - 1e-4], 149) / 149
    assert ((low < ratio) & (ratio < high)).all()


@pytest.mark.parametrize("name", PAIRS)
def test_workers_do_not_change_the_result(name):
    problem, plan, other, _ = PAIRS[name]
    one, two = (gl.compare(problem, plan, other, trials=90, workers=n) for n in (1, 3))
    for column in ("difference", "stderr", "stderr_apart"):
        np.testing.assert_array_equal(getattr(one, column), getattr(two, column))


def test_a_plan_against_itself_differs_by_nothing():
    found = gl.compare(PROBLEM, RIDGE, RIDGE, trials=10)
    np.testing.assert_array_equal(found.difference, 0)
    np.testing.assert_array_equal(found.stderr, 0)
    np.testing.assert_array_equal(found.gain, 1)


def test_the_method_can_be_asked_for():
    problem, plan, other, _ = PAIRS["stacked real rows"]
    assert (
        gl.compare(problem, plan, other, trials=4, method="exact").method
        == triangular_rows.ENGINE.name
    )
    assert gl.compare(problem, plan, plan, trials=4, method="literal").method == literal.ENGINE.name
    few = gl.Plan.replace(3, 5, penalty=0.1)
    with pytest.raises(gl.InvalidInputError, match="method was 'exact'"):
        gl.compare(problem, few, few, trials=4, method="exact")


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ((None, RIDGE, RIDGE), {}, "problem was NoneType"),
        ((PROBLEM, 3, RIDGE), {}, "plan was int"),
        ((PROBLEM, RIDGE, [RIDGE]), {}, "other was list"),
        ((PROBLEM, RIDGE, gl.Plan.replace(2, 40)), {}, "other had 2 models.*as plan, 3"),
        ((PROBLEM, RIDGE, RIDGE), {"trials": 1}, "trials was 1"),
        ((PROBLEM, RIDGE, RIDGE), {"seed": -1}, "seed was -1"),
        ((PROBLEM, RIDGE, RIDGE), {"workers": 0}, "workers was 0"),
        ((PROBLEM, RIDGE, RIDGE), {"method": "fast"}, "method was 'fast'"),
    ],
)
def test_mistakes_are_named(arguments, options, words):
    with pytest.raises(gl.InvalidInputError, match=words):
        gl.compare(*arguments, **options)
