"""How single runs of the settings of the founding paper spread."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from settings_of_demystified import agree, alter, flat, literal_runs, power

from genloss.papers.demystified import (
    Setting,
    least_squares,
    least_squares_runs,
    least_squares_spread,
    master_recursion,
    minimum_norm,
    overparametrised,
    ridge_infinite_rows,
)


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
