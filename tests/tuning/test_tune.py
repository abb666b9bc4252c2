"""Best penalties against grids and printed numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import genloss as gl

POWER = gl.Problem.power_law(60, capacity=1.3, source=0.5)
OBJECTIVES = {"final": lambda risk: risk[-1], "mean": np.mean, "worst": np.max}

PLANS = {
    "interpolating": gl.Plan.replace(4, 30, noise=0.5),
    "least squares": gl.Plan.replace(4, 150, noise=0.5),
    "penalised already": gl.Plan.replace(4, 80, penalty=[0.5, 1e-5, 0.1, 3.0], noise=0.5),
    "stacked": gl.Plan.mix(4, 50, real=0.3, noise=0.5),
    "mixed labels": gl.Plan.mix_labels(4, 50, real=0.3, noise=0.5),
    "noiseless, interpolating": gl.Plan.replace(3, 30),
    "no mean without penalty": gl.Plan.replace(3, 60, noise=0.5),
    "weighted": gl.Plan(
        [
            gl.Generation([gl.Source(50, noise=0.5)]),
            gl.Generation([gl.Source(30, noise=0.5), gl.Source(50, "previous", 0.5, weight=0.5)]),
        ]
    ),
}
FAST_AND_SLOW = [
    "final",
    *(pytest.param(each, marks=pytest.mark.slow) for each in ("mean", "worst")),
]


@pytest.mark.slow
@pytest.mark.parametrize("objective", FAST_AND_SLOW)
@pytest.mark.parametrize("name", PLANS)
def test_schedule_is_no_worse_than_constant_and_constant_no_worse_than_given(name, objective):
    plan = PLANS[name]
    constant, schedule, last = (
        gl.tune(POWER, plan, over=over, objective=objective)
        for over in ("penalty", "schedule", "last_penalty")
    )
    assert constant.value <= constant.value_before
    assert last.value <= last.value_before
    assert schedule.value <= constant.value * (1 + 1e-6)
    for tuned in (constant, schedule, last):
        score = OBJECTIVES[objective]
        assert tuned.objective == objective
        assert tuned.value == pytest.approx(score(gl.predict(POWER, tuned.plan).risk))
        assert tuned.value == pytest.approx(score(tuned.curve.risk))
        assert tuned.value_before == pytest.approx(score(gl.predict(POWER, plan).risk))
        if np.isfinite(tuned.value):
            assert tuned.gain == pytest.approx(1 - tuned.value / tuned.value_before)


@pytest.mark.slow
@pytest.mark.parametrize("objective", FAST_AND_SLOW)
@pytest.mark.parametrize("name", PLANS)
def test_one_penalty_matches_a_fine_grid(name, objective):
    plan = PLANS[name]
    grid = [0.0, *np.geomspace(1e-9, 1e2, 600)]
    score = OBJECTIVES[objective]
    curves = gl.predict(POWER, [plan.with_penalty(lam) for lam in grid])
    brute = min(score(curve.risk) for curve in curves)
    given_value = score(gl.predict(POWER, plan).risk)
    found = gl.tune(POWER, plan, objective=objective)
    assert found.value <= min(brute, given_value) * (1 + 1e-4)
    assert found.value < given_value or found.plan == plan
    if found.plan != plan:
        assert np.unique(found.plan.penalty).size == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANS)
def test_the_last_penalty_matches_a_fine_grid_and_leaves_the_others(name):
    plan = PLANS[name]
    before = [*plan.penalty[:-1]]
    grid = [0.0, *np.geomspace(1e-9, 1e2, 600)]
    curves = gl.predict(POWER, [plan.with_penalty([*before, lam]) for lam in grid])
    brute = min(curve.risk[-1] for curve in curves)
    found = gl.tune(POWER, plan, over="last_penalty")
    assert found.value <= brute * (1 + 1e-4)
    assert found.plan.penalty[:-1].tolist() == before


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["final", "mean"])
def test_a_schedule_of_two_matches_a_grid_of_pairs(objective):
    plan = gl.Plan.replace(2, [40, 25], noise=[0.3, 0.6])
    score, grid = OBJECTIVES[objective], np.geomspace(1e-4, 1, 60)
    pairs = itertools.product(grid, grid)
    curves = gl.predict(POWER, [plan.with_penalty(pair) for pair in pairs])
    brute = min(score(curve.risk) for curve in curves)
    found = gl.tune(POWER, plan, over="schedule", objective=objective)
    assert found.value <= brute * (1 + 1e-4)
    assert found.value >= brute * (1 - 0.02)


def test_the_best_penalty_of_isotropic_ridge_is_the_noise_to_signal_ratio():
    # lam* = sigma^2 d / (n |w*|^2), exact for the deterministic equivalent
    problem = gl.Problem.isotropic(200, signal=2.0)
    found = gl.tune(problem, gl.Plan.replace(1, 300, noise=0.7))
    assert found.plan.penalty[0] == pytest.approx(0.49 * 200 / (300 * 2.0), rel=5e-3)


@pytest.mark.parametrize(
    ("n_samples", "printed"),
    [
        (100, [0.0424, 0.0659, 0.1270, 0.1792, 0.2553]),
        (400, [0.0177, 0.0346, 0.0751, 0.1093, 0.1598]),
        (1600, [0.0075, 0.0242, 0.0585, 0.0866, 0.1280]),
        (25600, [0.0013, 0.0205, 0.0527, 0.0787, 0.1169]),
    ],
)
def test_best_penalties_of_the_founding_paper_s_power_law_figure(n_samples, printed):
    problem = gl.Problem.power_law(300, capacity=1.5, source=0.5)
    for count, value in zip((0, 1, 5, 10, 20), printed, strict=True):
        last = gl.Generation.of(n_samples, labeler="previous" if count else "real", noise=0.5)
        before = gl.Plan.replace(count, 600, noise=0.5).generations if count else ()
        found = gl.tune(problem, gl.Plan([*before, last]), over="last_penalty")
        assert found.value == pytest.approx(value, abs=1.05e-4)


@pytest.mark.parametrize(
    ("count", "at_1000", "at_150"),
    [(0, 0.075, 0.50), (1, 0.239, 0.81), (5, 1.25, 2.94), (10, 2.78, 6.40), (20, 5.97, 13.7)],
)
def test_best_penalties_of_the_founding_paper_s_isotropic_figure(count, at_1000, at_150):
    problem = gl.Problem.isotropic(300)
    for n_samples, penalty in ((1000, at_1000), (150, at_150)):
        last = gl.Generation.of(n_samples, labeler="previous" if count else "real", noise=0.5)
        before = gl.Plan.replace(count, 600, noise=0.5).generations if count else ()
        found = gl.tune(problem, gl.Plan([*before, last]), over="last_penalty")
        assert found.plan.penalty[-1] == pytest.approx(penalty, rel=0.01)


def test_the_example_of_theory_2_11():
    rank = np.arange(1.0, 1001)
    spectrum, truth = rank**-1.5, rank**-0.4
    problem = gl.Problem(spectrum, truth / np.sqrt(spectrum @ truth**2))
    plan = gl.Plan.replace(20, 400, noise=0.1**0.5)
    constant = gl.tune(problem, plan)
    schedule = gl.tune(problem, plan, over="schedule")
    assert constant.value_before == pytest.approx(0.799, abs=6e-4)
    assert constant.value == pytest.approx(0.1033, abs=6e-5)
    assert constant.plan.penalty[0] == pytest.approx(1.9e-3, rel=0.03)
    assert schedule.value == pytest.approx(0.0776, abs=6e-5)
    assert (np.diff(schedule.plan.penalty) > 0).all()
    assert schedule.plan.penalty[[0, -1]] == pytest.approx([2.7e-4, 1.9e-2], rel=0.03)
    assert schedule.curve.risk[9] == pytest.approx(0.121, abs=6e-4)


def test_a_schedule_for_the_last_model_is_worse_in_between_than_one_for_all():
    plan = gl.Plan.replace(8, 30, noise=0.5)
    final, mean = (
        gl.tune(POWER, plan, over="schedule", objective=objective)
        for objective in ("final", "mean")
    )
    assert final.curve.risk[-1] < mean.curve.risk[-1]
    assert mean.curve.risk.mean() < final.curve.risk.mean()


def test_nothing_is_gained_where_every_penalty_leaves_an_infinite_risk():
    plan = gl.Plan.replace(3, POWER.dim, noise=0.5)
    found = gl.tune(POWER, plan, over="last_penalty", objective="worst")
    assert np.isinf(found.value)
    assert found.gain == 0
    assert gl.tune(POWER, plan).gain == 1


def test_penalties_stay_within_the_range_given():
    plan = gl.Plan.replace(3, 30, noise=0.5)
    free = gl.tune(POWER, plan).plan.penalty[0]
    for over in ("penalty", "schedule"):
        found = gl.tune(POWER, plan, over=over, penalties=(2 * free, 9 * free)).plan.penalty
        assert (found >= 2 * free * (1 - 1e-9)).all()
        assert (found <= 9 * free * (1 + 1e-9)).all()


def test_a_plan_that_is_best_already_comes_back_as_it_is():
    plan = gl.Plan.replace(3, 150)
    found = gl.tune(POWER, plan)
    assert found.plan == plan
    assert found.gain == 0


@pytest.mark.slow
@given(
    st.integers(5, 60),
    st.floats(0, 2),
    st.lists(st.floats(0, 3), min_size=3, max_size=3),
    st.lists(st.integers(5, 90), min_size=3, max_size=3),
    st.sampled_from(["penalty", "last_penalty"]),
    st.sampled_from(list(OBJECTIVES)),
)
@settings(max_examples=25, deadline=None)
def test_tuning_never_makes_a_plan_worse(dim, noise, penalties, rows, over, objective):
    problem = gl.Problem.power_law(dim, capacity=1.0, source=0.5)
    plan = gl.Plan.replace(3, rows, penalty=penalties, noise=noise)
    found = gl.tune(problem, plan, over=over, objective=objective)
    assert found.value <= found.value_before
    assert 0 <= found.gain <= 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"problem": None}, ["problem was NoneType", "Problem"]),
        ({"plan": 3}, ["plan was int", "Plan"]),
        ({"over": "weights"}, ["over was 'weights'", "'penalty', 'last_penalty', 'schedule'"]),
        ({"objective": "best"}, ["objective was 'best'", "'final', 'mean', 'worst'"]),
        ({"penalties": (1.0, 0.1)}, ["penalties was (1.0, 0.1)", "smaller"]),
        ({"penalties": (0.0, 0.1)}, ["penalties[0] was 0.0", "> 0"]),
        ({"penalties": 0.1}, ["penalties had shape ()"]),
        ({"penalties": (0.1, 0.2, 0.3)}, ["penalties was (0.1, 0.2, 0.3)"]),
    ],
)
def test_tune_names_what_is_wrong(change, words):
    arguments = {"problem": POWER, "plan": PLANS["stacked"]} | change
    problem, plan = arguments.pop("problem"), arguments.pop("plan")
    with pytest.raises(gl.InvalidInputError) as caught:
        gl.tune(problem, plan, **arguments)
    assert all(word in str(caught.value) for word in words)


def test_plans_that_only_the_pencil_knows_can_be_tuned():
    problem = gl.Problem.power_law(40, capacity=1.2, source=0.5)
    plan = gl.Plan.same_design(2, 60, noise=0.5)
    best = gl.tune(problem, plan)
    assert best.curve.method == "pencil"
    around = [gl.predict(problem, plan.with_penalty(lam)).risk[-1] for lam in (1e-3, 0.01, 0.1, 1)]
    assert best.value <= min(around)
    assert best.value < 0.8 * best.value_before


@pytest.mark.slow
def test_penalties_at_which_a_pencil_has_no_solution_are_passed_over():
    """As many rows as directions, with hardly any penalty."""
    problem = gl.Problem.power_law(20, capacity=1.2, source=0.5)
    best = gl.tune(problem, gl.Plan.accumulate(2, 20, design="fresh", noise=0.5, penalty=0.1))
    assert best.value < best.value_before


@pytest.mark.parametrize("over", ["penalty", pytest.param("last_penalty", marks=pytest.mark.slow)])
def test_penalties_at_which_steps_explode_are_passed_over(over):
    problem = gl.Problem(np.ones(20), np.ones(20))
    early = gl.filters.GradientDescent(9, 0.3)
    rows = [[gl.Source(60, noise=2.0)], [gl.Source(60, "previous", 1.0)]]
    plan = gl.Plan([gl.Generation(each, 1e-4, filter=early) for each in rows])
    with pytest.raises(gl.InvalidInputError, match="explodes"):
        gl.predict(problem, plan.with_penalty(9.0))
    tuned = gl.tune(problem, plan, over=over)
    assert tuned.value < tuned.value_before


def test_plans_that_are_too_long_for_the_pencil_cannot_be_tuned():
    with pytest.raises(gl.NoTheoryError, match=r"genloss\.simulate"):
        gl.tune(POWER, gl.Plan.window(13, 90, last=3, noise=0.5))


def test_wrong_classes_are_no_objective_and_the_message_says_where_they_are():
    plan, problem = (
        gl.Plan([gl.Generation([gl.Source(60, labels="hard")], 0.1)]),
        gl.Problem.isotropic(20),
    )
    with pytest.raises(gl.InvalidInputError, match="curve.error"):
        gl.tune(problem, plan, objective="error")
    assert gl.predict(problem, plan).error is not None


@pytest.mark.parametrize("over", ["penalty", ("schedule", "real", "n_samples")])
def test_a_search_has_no_units(over):
    small = 1e-150
    problem = gl.Problem.power_law(12, capacity=1.2, source=0.5)
    tiny = gl.Problem(small * problem.spectrum, problem.truth)
    money = {"cost": {"real": 1, "synthetic": 0.1}, "limit": 60} if "n_samples" in over else {}
    found, same = (
        gl.tune(each, gl.Plan.mix(3, 20, real=0.4, noise=noise), over=over, **money)
        for each, noise in ((problem, 0.5), (tiny, 0.5 * small**0.5))
    )
    assert same.value / small == pytest.approx(found.value, rel=1e-7)
    np.testing.assert_allclose(same.plan.penalty / small, found.plan.penalty, rtol=1e-3)
    assert same.plan.n_samples.tolist() == found.plan.n_samples.tolist()
