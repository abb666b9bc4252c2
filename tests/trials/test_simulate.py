"""Seeds, workers, standard errors and what a simulated curve says."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import genloss as gl
from genloss.steps import resolve
from genloss.trials.engines import least_squares, literal, triangular_rows, two_numbers

Gen, Src = gl.Generation, gl.Source

SMALL = gl.Problem.power_law(6, capacity=1.0, source=0.5)
LEAST_SQUARES = gl.Plan.replace(3, [20, 15, 30], noise=0.5)
RIDGE = gl.Plan.replace(3, 15, penalty=0.1, noise=0.5)


def same(one, other):
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("risk", "bias", "variance", "stderr")
    )


# --- reproducibility --------------------------------------------------------------------------


@pytest.mark.parametrize("plan", [LEAST_SQUARES, RIDGE], ids=["exact", "literal"])
@pytest.mark.parametrize("relative_stderr", [None, 0.08])
def test_workers_do_not_change_the_result(plan, relative_stderr):
    one, two, three = (
        gl.simulate(
            SMALL, plan, trials=900, seed=5, workers=workers, relative_stderr=relative_stderr
        )
        for workers in (1, 2, 3)
    )
    assert same(one, two)
    assert same(one, three)
    assert one.trials == two.trials == three.trials


@pytest.mark.parametrize("plan", [LEAST_SQUARES, RIDGE], ids=["exact", "literal"])
def test_a_seed_fixes_the_result_and_another_changes_it(plan):
    assert same(*(gl.simulate(SMALL, plan, trials=20, seed=3) for _ in range(2)))
    first, second = (gl.simulate(SMALL, plan, trials=20, seed=seed) for seed in (3, 4))
    assert (first.risk != second.risk).all()


def test_global_random_state_is_neither_used_nor_touched():
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = gl.simulate(SMALL, RIDGE, trials=4)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    assert same(first, gl.simulate(SMALL, RIDGE, trials=4))


def test_trials_are_independent_of_each_other():
    risks = np.concatenate(
        [
            literal.run(SMALL, resolve(RIDGE), np.random.default_rng(stream), 1)[0]
            for stream in np.random.SeedSequence(0).spawn(64)
        ]
    )
    curve = gl.simulate(SMALL, RIDGE, trials=64, seed=0, method="literal")
    np.testing.assert_allclose(curve.risk, risks.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(curve.stderr, risks.std(axis=0, ddof=1) / 8, rtol=1e-12)
    assert np.unique(risks[:, -1]).size == 64


# --- stopping early ---------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("plan", [LEAST_SQUARES, RIDGE], ids=["exact", "literal"])
def test_it_stops_as_soon_as_every_standard_error_is_small_enough(plan):
    goal = 0.012
    curve = gl.simulate(SMALL, plan, trials=20_000, relative_stderr=goal)
    assert (curve.stderr <= goal * curve.risk).all()
    assert curve.trials < 10_000
    [engine] = [each.ENGINE for each in ENGINES if curve.method == each.ENGINE.name]
    look = engine.sized_for(SMALL, resolve(plan)).look
    shorter = gl.simulate(SMALL, plan, trials=curve.trials - look)
    assert (shorter.stderr > goal * shorter.risk).any()


def test_trials_is_the_largest_number_it_takes():
    curve = gl.simulate(SMALL, RIDGE, trials=40, relative_stderr=1e-9)
    assert curve.trials == 40
    assert same(curve, gl.simulate(SMALL, RIDGE, trials=40))


def test_a_risk_of_zero_is_precise_at_once():
    curve = gl.simulate(SMALL, gl.Plan.replace(2, 20), trials=10_000, relative_stderr=0.01)
    assert curve.trials <= 2048
    np.testing.assert_array_equal(curve.risk, 0)


ENGINES = (triangular_rows, least_squares, literal, two_numbers)


def test_risk_is_bias_plus_variance():
    curve = gl.simulate(SMALL, RIDGE, trials=50)
    np.testing.assert_allclose(curve.risk, curve.bias + curve.variance, rtol=1e-12)
    assert (curve.variance > 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("plan", [LEAST_SQUARES, RIDGE], ids=["exact", "literal"])
def test_the_standard_error_is_the_spread_of_the_estimate(plan):
    curves = [gl.simulate(SMALL, plan, trials=50, seed=seed, workers=1) for seed in range(80)]
    spread = np.std([curve.risk for curve in curves], axis=0)
    stderr = np.sqrt(np.mean([curve.stderr**2 for curve in curves], axis=0))
    np.testing.assert_allclose(spread, stderr, rtol=0.25)


def test_the_curve_says_how_it_was_obtained():
    curve = gl.simulate(SMALL, RIDGE, trials=7)
    assert (curve.trials, curve.n_models, curve.warnings) == (7, 3, ())
    assert curve.kappa is None
    assert curve.exact is None


@pytest.mark.parametrize("n", [3, 5, 6, 7, 9])
def test_a_ridgeless_fit_near_interpolation_is_warned_of(n):
    [warning] = gl.simulate(SMALL, gl.Plan.replace(2, n, noise=0.1), trials=4).warnings
    assert "n_samples within 3 of dim 6" in warning
    assert gl.simulate(SMALL, gl.Plan.replace(2, n, penalty=0.1), trials=4).warnings == ()


# --- every plan runs --------------------------------------------------------------------------


@st.composite
def any_plan(draw, dim):
    generations = []
    for model in range(draw(st.integers(1, 4))):
        labelers = ["real"]
        if model:
            labelers += [
                "previous",
                draw(st.integers(0, model - 1)),
                {"real": 0.4, "previous": 0.7},
            ]
            labelers += [{draw(st.integers(0, model - 1)): 0.5, "real": -0.2}]
        sources = tuple(
            Src(
                draw(st.integers(1, 12)),
                draw(st.sampled_from(labelers)),
                noise=draw(st.sampled_from([0.0, 0.5])),
                real_noise=draw(st.sampled_from([None, 0.1])),
                weight=draw(st.sampled_from([1.0, 0.2, 3.0])),
                covariance=draw(
                    st.sampled_from([None, (1.0,) * dim, tuple(np.linspace(0.1, 2, dim))])
                ),
            )
            for _ in range(draw(st.integers(1, 3)))
        )
        design, pooled = "fresh", draw(st.booleans())
        if model and draw(st.booleans()):
            design = "same"
            sources = tuple(
                dataclasses.replace(s, n_samples=before.n_samples, covariance=None)
                for s, before in zip(sources * 3, generations[-1].sources, strict=False)
            )
        penalty = draw(st.sampled_from([0.0, 1e-9, 0.1, 10.0]))
        generations.append(Gen(sources, penalty, design, pooled))
    return gl.Plan(generations)


@given(any_plan(dim=5), st.sampled_from(["literal", "auto"]))
@settings(max_examples=10, deadline=None)
def test_every_plan_that_can_be_written_runs(plan, method):
    problem = gl.Problem.power_law(5, capacity=1.0, source=0.5)
    curve = gl.simulate(problem, plan, trials=2, method=method, workers=1)
    assert (curve.risk >= 0).all()
    assert (curve.risk < 1e12).all()
    assert curve.n_models == plan.n_models


def test_one_direction_one_row_one_model():
    curve = gl.simulate(gl.Problem([1.0], [1.0]), gl.Plan.replace(1, 1, penalty=1.0), trials=2)
    assert 0 < curve.risk[0] < 1


# --- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"problem": 3}, ["problem was int", "Problem"]),
        ({"plan": "replace"}, ["plan was str", "Plan"]),
        ({"trials": 1}, ["trials was 1", ">= 2"]),
        ({"trials": 2.5}, ["trials was 2.5", "whole number"]),
        ({"seed": -1}, ["seed was -1", ">= 0"]),
        ({"seed": None}, ["seed was None", "whole number"]),
        ({"method": "fast"}, ["method was 'fast'", "'auto', 'literal', 'exact', 'revealed'"]),
        ({"workers": 0}, ["workers was 0", ">= 1"]),
        ({"relative_stderr": 0}, ["relative_stderr was 0", "> 0"]),
        ({"relative_stderr": "a"}, ["relative_stderr was 'a'", "number"]),
        ({"plan": gl.Plan([Gen([Src(5, covariance=[1.0])])])}, ["1 entries", "dim 6"]),
    ],
)
def test_simulate_names_what_is_wrong(change, words):
    arguments = {"problem": SMALL, "plan": RIDGE, "trials": 2} | change
    problem, plan = arguments.pop("problem"), arguments.pop("plan")
    with pytest.raises(gl.InvalidInputError) as caught:
        gl.simulate(problem, plan, **arguments)
    assert all(word in str(caught.value) for word in words)
