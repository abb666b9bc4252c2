"""How many real rows a plan needs, and schedules from many starts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import genloss as gl
from genloss.tuning.tune import real_rows_needed, with_real_rows

POWER = gl.Problem.power_law(60, capacity=1.3, source=0.5)
OBJECTIVES = {"final": lambda risk: risk[-1], "mean": np.mean, "worst": np.max}


# --- real rows --------------------------------------------------------------------------------


def excess_plus(problem, floor):
    return lambda plan: floor + gl.predict(problem, plan).risk


def holds(plan, error, n_real, real_noise, tolerance):
    errors = error(with_real_rows(plan, n_real, real_noise))
    return (errors <= (1 + tolerance) * errors[0]).all()


@pytest.mark.parametrize(
    ("problem", "plan", "real_noise", "floor", "tolerance"),
    [
        (gl.Problem.isotropic(100), gl.Plan.replace(10, 600, noise=0.5), 0.5, 0.25, 0.1),
        (gl.Problem.isotropic(20), gl.Plan.replace(10, 80, noise=0.5), 0.5, 0.0, 0.3),
        (gl.Problem.isotropic(20), gl.Plan.replace(10, 80, noise=0.1), 0.2, 0.0, 3.0),
        (POWER, gl.Plan.replace(8, 40, penalty=0.05, noise=0.5), 0.5, 0.25, 0.05),
        (POWER, gl.Plan.mix(8, 100, real=0.1, penalty=0.02, noise=0.5), 0.5, 0.1, 0.05),
        (POWER, gl.Plan.mix_labels(8, 60, real=0.2, penalty=0.02, noise=0.5), 0.5, 0.0, 0.2),
    ],
)
def test_fewest_real_rows_are_enough_and_one_less_is_not(
    problem, plan, real_noise, floor, tolerance
):
    error, setting = excess_plus(problem, floor), {"real_noise": real_noise, "tolerance": tolerance}
    needed = real_rows_needed(plan, error, **setting)
    assert needed > 0
    assert holds(plan, error, needed, **setting)
    assert not holds(plan, error, needed - 1, **setting)


def test_no_real_rows_are_needed_by_a_plan_that_holds():
    plan = gl.Plan.replace(3, 10_000, noise=0.1)
    assert real_rows_needed(plan, excess_plus(POWER, 1.0), real_noise=0.1) == 0


def test_none_is_said_where_not_even_all_rows_are_enough():
    plan = gl.Plan.replace(3, [600, 50, 50], penalty=0.01, noise=0.5)
    assert real_rows_needed(plan, excess_plus(POWER, 0.0), real_noise=0.5) is None


@pytest.mark.slow
def test_more_tolerance_needs_fewer_real_rows():
    plan, error = gl.Plan.replace(10, 600, noise=0.5), excess_plus(gl.Problem.isotropic(100), 0.25)
    needed = [
        real_rows_needed(plan, error, real_noise=0.5, tolerance=tolerance)
        for tolerance in (0.03, 0.1, 0.3)
    ]
    assert needed[0] > needed[1] > needed[2]


def test_real_rows_take_the_place_of_rows_labelled_by_models():
    plan = gl.Plan(
        [
            gl.Generation([gl.Source(10, noise=0.3)], 0.2),
            gl.Generation(
                [
                    gl.Source(4, noise=0.3),
                    gl.Source(5, "previous", noise=0.3, weight=2.0),
                    gl.Source(6, 0, noise=0.3),
                ]
            ),
        ]
    )
    replaced = with_real_rows(plan, 7, 0.9)
    assert replaced.generations[0] == plan.generations[0]
    assert (replaced.n_samples == plan.n_samples).all()
    assert replaced.generations[1].sources == (
        gl.Source(5, "real", noise=0.3, real_noise=0.9, weight=2.0),
        gl.Source(2, "real", noise=0.3, real_noise=0.9),
        gl.Source(4, noise=0.3),
        gl.Source(4, 0, noise=0.3),
    )
    assert with_real_rows(plan, 0, 0.9) == plan
    everything = with_real_rows(plan, 10**6, 0.9)
    assert all(source.labeler == "real" for g in everything for source in g.sources)


# --- schedules from many starts --------------------------------------------------------------


def two_levels(share, low, loud, quiet):
    dim = 87
    large = np.arange(dim) < dim // share
    spectrum = np.where(large, 1.0, low)
    truth = np.where(large, loud, quiet)
    return gl.Problem(spectrum, truth / np.sqrt(spectrum @ truth**2))


def random_problem(seed):
    r = np.random.default_rng(seed)
    dim = int(r.integers(40, 90))
    large = np.arange(dim) < dim // 3
    return [
        gl.Problem.power_law(dim, capacity=r.uniform(0.5, 2), source=r.uniform(0.2, 1)),
        gl.Problem(10 ** r.uniform(-4, 0, dim), 10 ** r.uniform(-1, 1, dim)),
        gl.Problem(np.where(large, 1, 10 ** r.uniform(-5, -1)), np.where(large, 0.2, 5.0)),
    ][seed % 3]


MANY_VALLEYS = {
    "a quarter without signal": two_levels(4, 0.01, 0.0, 1.0),
    "a third with little": two_levels(3, 1e-4, 0.2, 8.0),
    **{f"random {seed}": random_problem(seed) for seed in range(6)},
}


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["final", "mean", "worst"])
@pytest.mark.parametrize("name", MANY_VALLEYS)
def test_no_grid_of_schedules_beats_the_tuned_one(name, objective):
    problem = MANY_VALLEYS[name]
    models = 3 if name in ("random 4", "random 5") else 2
    plan = gl.Plan.mix(models, 52, real=0.2, noise=0.05)
    top = problem.spectrum.max()
    grid = np.geomspace(1e-10 * top, 100 * top, 10 if models == 2 else 7)
    tried = [plan.with_penalty(each) for each in itertools.product(grid, repeat=models)]
    score = {"final": lambda r: r[-1], "mean": np.mean, "worst": np.max}[objective]
    best = min(score(curve.risk) for curve in gl.predict(problem, tried))
    tuned = gl.tune(problem, plan, over="schedule", objective=objective)
    assert tuned.value <= 1.001 * best


def test_the_mean_over_two_models_is_lowest_far_from_any_constant():
    problem = MANY_VALLEYS["a quarter without signal"]
    plan = gl.Plan.mix(2, 52, real=0.2, noise=0.05)
    tuned = gl.tune(problem, plan, over="schedule", objective="mean")
    assert tuned.value < 0.936
    assert tuned.plan.penalty[1] > 1e3 * tuned.plan.penalty[0]


@pytest.mark.slow
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_long_schedule_is_where_no_step_leads_lower(objective):
    """Single penalties, and neighbours together, moved up and down."""
    problem, count = gl.Problem.power_law(100, capacity=1.5, source=0.5), 12
    plan = gl.Plan.replace(count, 60, noise=0.4)
    found = gl.tune(problem, plan, over="schedule", objective=objective)
    moves = np.vstack([np.eye(count), np.tri(count)])
    around = [
        found.plan.penalty * np.exp(sign * step * move)
        for move in moves
        for sign in (-1, 1)
        for step in (0.02, 0.3)
    ]
    tried = gl.predict(problem, [plan.with_penalty(each) for each in around])
    least = min(OBJECTIVES[objective](curve.risk) for curve in tried)
    assert found.value < least * (1 + (1e-8 if objective != "worst" else 1e-4))
    constant = gl.tune(problem, plan, objective=objective)
    assert found.value < constant.value


@pytest.mark.parametrize("over", ["penalty", "last_penalty", "real", "schedule"])
def test_the_picture_is_lowest_where_the_best_is(over):
    problem = gl.Problem.power_law(20, capacity=1.2, source=0.5)
    found = gl.tune(problem, gl.Plan.mix(3, 40, real=0.2, noise=0.5, penalty=0.3), over=over)
    ax = found.plot()
    if over == "schedule":
        [steps] = ax.figure.axes[1].patches
        np.testing.assert_array_equal(steps.get_data().values, found.plan.penalty)
        np.testing.assert_array_equal(ax.lines[0].get_ydata(), found.curve.risk)
    else:
        places, values = ax.lines[0].get_data()
        assert found.value == pytest.approx(values.min(), rel=1e-3)
        at = places[np.argmin(values)]
        assert at == pytest.approx(found.found[over], rel=0.2)
