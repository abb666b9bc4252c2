"""Filters on rows that several models are fitted to: sums of few ridge fits in a pencil, against literal runs."""

from dataclasses import replace

import numpy as np
import pytest

import genloss as gl
from genloss import Generation, Source, filters
from genloss.theory.filters import poles

DIM, ROWS = 100, 80
PLAIN = gl.Problem.power_law(DIM, capacity=1.0, source=0.5)
HEAVY = gl.Problem(PLAIN.spectrum, PLAIN.truth, tails=[0.4, 1.0, 1.6])
BASIS = np.linalg.qr(np.random.default_rng(0).standard_normal((DIM, DIM)))[0]
MATRIX = BASIS * PLAIN.spectrum @ BASIS.T
HOW = filters.GradientDescent(20, 0.15)


def through(plan, how=HOW, covariance=None, penalty=None):
    """The same plan, every fit by a filter, new rows of this covariance."""

    def rows(source):
        return replace(source, covariance=covariance) if source.inputs == "new" else source

    def fit(generation):
        own = generation.penalty if penalty is None else penalty
        return replace(
            generation, filter=how, penalty=own, sources=tuple(map(rows, generation.sources))
        )

    return gl.Plan([fit(generation) for generation in plan])


POOLED = gl.Plan.accumulate(3, ROWS, design="fresh", noise=0.5)
SAME = gl.Plan.accumulate(3, ROWS, design="same", noise=0.5)
ANCHORED = gl.Plan.anchored(3, 70, n_real=60, noise=0.5)
PLANS = {
    "pool": POOLED,
    "one design": SAME,
    "window": gl.Plan.window(3, ROWS, last=2, noise=0.5),
    "drawn": gl.Plan.subsample(3, ROWS, design="fresh", noise=0.5),
    "kept labels": ANCHORED,
    "edited labels": gl.Plan.edit(3, ROWS, edited=0.3, noise=0.5),
    "weights": gl.Plan.weighted(np.tril(np.full((3, 3), 0.5)), ROWS, noise=0.5),
}


FITS = [
    (filters.GradientDescent(20, 0.5), 0.0, 5),
    (filters.GradientDescent(2000, 0.5), 0.0, 6),
    (filters.GradientFlow(1000.0), 0.0, 6),
    (filters.IteratedRidge(3), 0.1, 3),
    (filters.HeavyBall(8, 0.3, 0.5), 0.0, 8),
]


@pytest.mark.parametrize(("how", "penalty", "most"), FITS)
def test_few_ridge_fits_are_a_filter_up_to_its_top(how, penalty, most):
    parts = poles._parts(how, penalty, 2.0)
    assert parts is not None
    assert len(parts) <= most
    x, left, kept = np.linspace(0, 2, 500), 1.0, 0.0
    for own, by in parts:
        left = left * own / (x + own)
        kept = kept + by * (1 - left)
    np.testing.assert_allclose(kept, how.shrink(x, penalty), atol=1.5e-3)


@pytest.mark.slow
def test_literal_runs_of_a_long_descent_on_shared_rows():
    plan = through(ANCHORED, filters.GradientDescent(500, 0.15))
    theory = gl.predict(PLAIN, plan)
    runs = gl.simulate(PLAIN, plan, trials=60, seed=4, method="literal")
    assert (np.abs(runs.risk - theory.risk) < 0.02 * theory.risk + 4 * runs.stderr).all()


@pytest.mark.slow
@pytest.mark.parametrize("problem", [PLAIN, HEAVY], ids=["plain", "tails"])
@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_literal_runs_of_filters_on_shared_rows(problem, plan):
    theory = gl.predict(problem, through(plan))
    assert theory.method == "pencil"
    runs = gl.simulate(problem, through(plan), trials=100, seed=4, method="literal")
    assert (np.abs(runs.risk - theory.risk) < 0.02 * theory.risk + 4 * runs.stderr).all()


@pytest.mark.slow
def test_literal_runs_where_covariances_are_matrices():
    plan = through(ANCHORED, filters.HeavyBall(8, 0.1, 0.5), MATRIX, 0.02)
    theory = gl.predict(PLAIN, plan).risk
    runs = gl.simulate(PLAIN, plan, trials=100, seed=4, method="literal")
    assert (np.abs(runs.risk - theory) < 0.02 * theory + 4 * runs.stderr).all()


@pytest.mark.parametrize("plan", [SAME, ANCHORED], ids=["one design", "kept labels"])
def test_one_round_is_nearly_ridge(plan):
    ridge = gl.predict(PLAIN, through(plan, None, penalty=0.05)).risk
    one = gl.predict(PLAIN, through(plan, filters.IteratedRidge(1), penalty=0.05)).risk
    np.testing.assert_allclose(one, ridge, rtol=1e-3)


def test_what_others_are_fitted_to_changes_no_model_before():
    first, *_ = through(ANCHORED)
    alone, all_ = gl.predict(PLAIN, gl.Plan([first])), gl.predict(PLAIN, through(ANCHORED))
    assert alone.risk[0] == all_.risk[0]


def test_a_run_on_one_design_is_as_the_pencil_says():
    plan = gl.Plan(
        [
            Generation([Source(ROWS, noise=0.5)], filter=HOW),
            *2 * [Generation([Source(None, "previous", 0.5, inputs=0)], filter=HOW)],
        ]
    )
    run, pencil = (gl.predict(PLAIN, plan, method=method).risk for method in ("auto", "pencil"))
    np.testing.assert_allclose(pencil, run, rtol=2e-3)


def test_a_run_does_not_start_on_rows_with_the_labels_they_have():
    def again(who):
        return Generation([Source(None, who, 0.2, inputs=0)], filter=HOW)

    first = Generation([Source(ROWS, noise=0.5)], filter=HOW)
    found = gl.predict(PLAIN, gl.Plan([first, again("kept"), again("previous")]))
    once = gl.predict(PLAIN, gl.Plan([first, again("previous")]), method="pencil").risk
    np.testing.assert_allclose(found.risk[1:], once, rtol=1e-6)


def test_what_few_ridge_fits_do_not_give_names_what_runs():
    steep = filters.HeavyBall(60, 0.5, 0.9)
    with pytest.raises(gl.NoTheoryError, match=r"no 8 ridge fits.*genloss\.simulate"):
        gl.predict(PLAIN, through(ANCHORED, steep))


def test_many_filters_of_many_kinds_of_rows_must_be_asked_for():
    plan = gl.Plan.edit(9, ROWS, edited=0.3, noise=0.5)
    with pytest.raises(gl.NoTheoryError, match=r"9 filters.*method='pencil'.*genloss\.simulate"):
        gl.predict(PLAIN, through(plan))


@pytest.mark.slow
def test_twelve_filters_share_rows_and_the_first_are_those_of_fewer():
    long, short = (
        gl.predict(PLAIN, through(gl.Plan.anchored(models, 70, n_real=60, noise=0.5))).risk
        for models in (12, 3)
    )
    np.testing.assert_allclose(long[:3], short, rtol=1e-9)


@pytest.mark.slow
def test_the_limit_beside_real_rows_that_stay_is_that_of_a_long_chain():
    found = gl.limit(PLAIN, through(ANCHORED))
    longer = gl.predict(
        PLAIN, through(gl.Plan.anchored(10, 70, n_real=60, noise=0.5)), method="pencil"
    )
    assert found.risk == pytest.approx(longer.risk[-1], rel=1e-3)
