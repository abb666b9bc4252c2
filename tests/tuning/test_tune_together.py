"""Shares, weights, rows and penalties tuned together: against grids, differences and known optima."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import genloss as gl
from genloss.tuning.layout import Layout, Setting
from genloss.tuning.prices import Prices
from genloss.tuning.slopes import slope_in
from genloss.tuning.space import Space

POWER = gl.Problem.power_law(40, capacity=1.3, source=0.5)
CENT = {"real": 1, "synthetic": 0.01}
STACKED = gl.Plan.mix(3, 60, real=0.3, penalty=0.02, noise=0.5)
CLEAN = gl.Plan(  # labels of a model are cleaner than real ones
    [
        gl.Generation([gl.Source(60, noise=1.0)], 0.02),
        gl.Generation([gl.Source(20, noise=1.0), gl.Source(40, "previous", 0.2)], 0.02),
    ]
)


def final(plans):
    return min(curve.risk[-1] for curve in gl.predict(POWER, plans))


# --- slopes ---------------------------------------------------------------------------------------

SPACES = {
    "stacked": (STACKED, ("schedule", "real", "weight", "n_samples")),
    "replaced by real rows": (gl.Plan.replace(3, [90, 60, 50], noise=0.5), ("penalty", "real")),
    "mixed labels": (
        gl.Plan.mix_labels(3, 60, real=0.4, noise=0.4, real_noise=0.9),
        ("penalty", "last_penalty", "real", "n_samples"),
    ),
}


@pytest.mark.parametrize("objective", ["final", "worst"])
@pytest.mark.parametrize("name", SPACES)
def test_slopes_are_those_of_differences(name, objective):
    plan, over = SPACES[name]
    prices = Prices(1.0, 0.1) if "n_samples" in over else None
    space = Space(Layout(plan, True), over, np.log([1e-3, 1.0]), prices, 200.0)
    value = slope_in(POWER, space, objective)[0]
    point = space.low + (space.high - space.low) * np.linspace(0.4, 0.6, space.size)
    step = 1e-5 * np.eye(space.size)
    apart = [(value(point + each)[0] - value(point - each)[0]) / 2e-5 for each in step]
    np.testing.assert_allclose(value(point)[1], apart, rtol=1e-6, atol=1e-8)


# --- optima against grids ---------------------------------------------------------------------


@pytest.mark.parametrize("plan", [STACKED, CLEAN])
def test_the_best_real_share_is_that_of_all_whole_numbers(plan):
    layout = Layout(plan, True)
    tried = [layout.to_plan(Setting(None, k / 60, None, 1.0)) for k in range(61)]
    found = gl.tune(POWER, plan, over="real")
    assert found.value <= final(tried) * (1 + 1e-12)
    assert found.found["real"] == layout_real(found.plan)


def layout_real(plan):
    real = sum(s.new_rows for s in plan.generations[-1].sources if s.labeler == "real")
    return real / plan.generations[-1].n_samples


def test_the_best_mix_for_the_money_is_that_of_all_whole_numbers():
    def mix(real, made):
        first = gl.Generation([gl.Source(real + made, noise=1.0)], 0.02)
        told = [gl.Source(real, noise=1.0)] if real else []
        said = [gl.Source(made, "previous", 0.2)] if made else []
        return gl.Plan([first, gl.Generation([*told, *said], 0.02)])

    price, limit = Prices(1.0, 0.2), 100.0
    tried = [mix(*rows) for rows in itertools.product(range(0, 50, 2), range(1, 90, 2))]
    within = [plan for plan in tried if price.of_plan(plan) <= limit]
    found = gl.tune(POWER, CLEAN, over=["real", "n_samples"], cost=price._asdict(), limit=limit)
    assert found.cost == price.of_plan(found.plan) <= limit
    assert found.value <= 1.001 * final(within)
    assert found.found["n_samples"] == found.plan.n_samples[-1]


@pytest.mark.slow
def test_no_grid_of_penalties_shares_and_weights_beats_what_is_tuned_together():
    layout = Layout(CLEAN, True)
    grid = itertools.product(
        np.geomspace(1e-4, 1, 12), np.linspace(0, 1, 9), np.geomspace(0.1, 10, 9)
    )
    tried = [layout.to_plan(Setting(np.full(2, lam), a, w, 1.0)) for lam, a, w in grid]
    together = gl.tune(POWER, CLEAN, over=["penalty", "real", "weight"])
    assert together.value <= 1.001 * final(tried)
    schedule = gl.tune(POWER, CLEAN, over=["schedule", "real", "weight"])
    assert schedule.value <= together.value * (1 + 1e-6)


@pytest.mark.slow
def test_the_best_weight_of_a_long_loop_is_the_golden_ratio_s():
    """Real and synthetic rows one to one, many more than directions: 0.618 of the weight on real ones."""
    problem, n = gl.Problem.isotropic(4), 4000
    both = gl.Generation([gl.Source(n, noise=1.0), gl.Source(n, "previous", 1.0)])
    plan = gl.Plan([gl.Generation([gl.Source(n, noise=1.0)]), *[both] * 4])
    found = gl.tune(problem, plan, over="weight")
    share = 1 / (1 + found.found["weight"])
    assert share == pytest.approx((5**0.5 - 1) / 2, abs=2e-3)
    assert found.value == pytest.approx(4 / n * (5**0.5 - 1) / 2, rel=5e-3)


def test_the_best_share_of_real_labels_is_the_golden_ratio_for_minimum_norm_fits():
    problem = gl.Problem.isotropic(300)
    plan = gl.Plan.mix_labels(8, 100, real=0.5, noise=3.0)
    share = gl.tune(problem, plan, over="real").found["real"]
    grid = np.linspace(0.4, 0.9, 41)
    tried = gl.predict(
        problem, [gl.Plan.mix_labels(8, 100, real=float(a), noise=3.0) for a in grid]
    )
    assert share == pytest.approx(grid[np.argmin([curve.risk[-1] for curve in tried])], abs=7e-3)


# --- the cheapest -----------------------------------------------------------------------------


@pytest.mark.slow
def test_the_cheapest_plan_is_good_enough_and_less_money_is_not():
    wanted = 0.12
    found = gl.tune(
        POWER, STACKED, over=["penalty", "n_samples"], objective="cost", cost=CENT, limit=wanted
    )
    assert found.curve.risk[-1] <= wanted
    assert found.value == found.cost
    less = gl.tune(
        POWER, STACKED, over=["penalty", "n_samples"], cost=CENT, limit=0.97 * found.cost
    )
    assert less.value > wanted


def test_the_fewest_real_rows_by_cost_are_those_of_all_whole_numbers():
    wanted = 0.2
    layout = Layout(STACKED, True)
    tried = [layout.to_plan(Setting(None, k / 60, None, 1.0)) for k in range(61)]
    good = [p for p, c in zip(tried, gl.predict(POWER, tried), strict=True) if c.risk[-1] <= wanted]
    price = Prices(1.0, 0.1)
    found = gl.tune(
        POWER, STACKED, over="real", objective="cost", cost=price._asdict(), limit=wanted
    )
    assert found.cost == pytest.approx(min(map(price.of_plan, good)))


# --- plans of other kinds ---------------------------------------------------------------------


@pytest.mark.slow
def test_rows_that_stay_are_weighed_by_the_pencil():
    plan = gl.Plan.anchored(2, 40, n_real=30, noise=0.5, penalty=0.1)
    found = gl.tune(POWER, plan, over="weight", objective="worst")
    tried = [
        gl.Plan.anchored(2, 40, n_real=30, noise=0.5, penalty=0.1, weight=w)
        for w in np.geomspace(0.05, 20, 12)
    ]
    assert found.curve.method == "pencil"
    assert found.value <= min(curve.risk.max() for curve in gl.predict(POWER, tried)) * (1 + 1e-6)


def test_prices_are_of_labels():
    price = Prices(1.0, 0.1)
    assert price.of_plan(gl.Plan.mix(3, 100, real=0.2)) == pytest.approx(100 + 2 * (20 + 8))
    assert price.of_plan(gl.Plan.mix_labels(2, 100, real=0.2)) == pytest.approx(100 + 110)
    assert price.of_plan(gl.Plan.anchored(3, 50, n_real=30)) == pytest.approx(30 + 2 * 5)
    assert price.of_plan(gl.Plan.distill(2, 40, mixing=0.5)) == pytest.approx(40 + 4)
    assert price.of_plan(gl.Plan.accumulate(3, 10, design="fresh")) == pytest.approx(10 + 2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"over": []}, ["over", "at least one"]),
        ({"over": ["real", "size"]}, ["over[1] was 'size'", "n_samples"]),
        ({"over": ["schedule", "penalty"]}, ["schedule has every penalty"]),
        ({"over": "n_samples"}, ["cost was None", "n_samples"]),
        ({"over": "real", "limit": 3}, ["limit was 3", "cost was None"]),
        ({"over": "real", "cost": CENT}, ["limit was None", "most to spend"]),
        ({"over": "real", "cost": {"real": 1}, "limit": 3}, ["cost was {'real': 1}"]),
        ({"over": "real", "cost": {"real": -1, "synthetic": 1}, "limit": 3}, ["cost['real']"]),
        ({"over": "real", "cost": CENT, "limit": 0}, ["limit was 0", "> 0"]),
        ({"over": "real", "cost": CENT, "limit": 2}, ["limit was 2", "costs at least 61.2"]),
        ({"over": ["real", "n_samples"], "cost": CENT, "limit": 0.5}, ["single rows"]),
        ({"over": "weight", "cost": CENT, "limit": 9}, ["leaves the cost of the plan as it is"]),
        ({"objective": "cost"}, ["cost was None with objective 'cost'"]),
        (
            {"over": "real", "objective": "cost", "cost": CENT, "limit": 1e-9},
            ["limit was 1e-9", "stays above"],
        ),
        (
            {"over": "real", "plan": gl.Plan.mix(2, 9, real=1)},
            ["over was 'real'", "nothing to mix"],
        ),
        ({"over": "weight", "plan": gl.Plan.replace(2, 9)}, ["over was 'weight'", "beside real"]),
        ({"over": "real", "plan": gl.Plan.ppi(2, 90, n_real=50)}, ["over was 'real'", "no share"]),
        ({"over": 5}, ["over was 5", "'penalty'"]),
        ({"over": None}, ["over was None", "'penalty'"]),
    ],
)
def test_tune_names_what_cannot_be_tuned(change, words):
    arguments = {"plan": STACKED} | change
    with pytest.raises(gl.InvalidInputError) as caught:
        gl.tune(POWER, arguments.pop("plan"), **arguments)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize("limit", [1e12, 1e300])
def test_money_beyond_all_rows_buys_as_many_as_a_plan_may_have(limit):
    plan = gl.Plan.replace(2, 60, noise=0.5)
    best = gl.tune(POWER, plan, over="n_samples", cost=CENT, limit=limit)
    assert best.plan.n_samples.min() > 0.99e9


# --- what is said -----------------------------------------------------------------------------


def test_free_real_labels_are_called_free_and_priced_ones_are_not():
    free = gl.tune(POWER, STACKED, over="real")
    assert free.found == {"real": 1.0}
    assert "real labels are free here; give cost=" in repr(free)
    priced = gl.tune(POWER, STACKED, over="real", cost=CENT, limit=90)
    assert priced.warnings == ()


def test_penalties_that_fits_choose_stay_chosen_beside_something_else():
    plan = gl.Plan.mix(2, 20, real=0.3, penalty=["cv", 0.1], noise=0.3)
    problem = gl.Problem.power_law(9, capacity=1.5, source=0.5)
    best = gl.tune(problem, plan, over=["last_penalty", "weight"])
    assert next(iter(best.plan)).penalty == "cv"
    about = [best.found["last_penalty"] * by for by in (0.9, 1.1)]
    near = [gl.predict(problem, best.plan.with_penalty(["cv", lam])).risk[-1] for lam in about]
    assert best.value < min(*near, best.value_before)
