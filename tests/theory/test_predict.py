"""Limits of predictions, what a curve carries, and what is refused."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from plans_of_theory import final, one

import genloss as gl
from genloss import pencils
from genloss.equivalents import effective_penalty


def test_infinite_rows_leave_least_squares_without_error():
    plan = gl.Plan.mix(5, 10**12, real=0.2, noise=1.0)
    assert final(gl.Problem.power_law(50, capacity=1.0, source=0.5), plan) < 1e-9


def test_infinite_rows_leave_ridge_with_repeated_shrinkage():
    problem, lam, count = gl.Problem.power_law(20, capacity=1.0, source=0.5), 0.1, 4
    curve = gl.predict(problem, gl.Plan.replace(count, 10**12, penalty=lam, noise=1.0))
    shrink = problem.spectrum / (problem.spectrum + lam)
    for t in range(count):
        expected = problem.spectrum @ (problem.truth * (1 - shrink ** (t + 1))) ** 2
        assert curve.risk[t] == pytest.approx(expected, rel=1e-6)


def test_an_infinite_penalty_gives_the_null_predictor():
    problem = gl.Problem.power_law(20, capacity=1.0, source=0.5)
    curve = gl.predict(problem, gl.Plan.replace(3, 30, penalty=1e12, noise=1.0))
    np.testing.assert_allclose(curve.risk, problem.signal, rtol=1e-9)


def test_a_vanishing_penalty_tends_to_no_penalty():
    problem = gl.Problem.power_law(60, capacity=1.0, source=0.5)
    for n in (20, 4000):
        small = final(problem, gl.Plan.replace(3, n, penalty=1e-14, noise=0.5))
        none = final(problem, gl.Plan.replace(3, n, noise=0.5))
        assert small == pytest.approx(none, rel=1e-3)


def test_real_labels_only_restart_the_chain():
    problem = gl.Problem.power_law(40, capacity=1.0, source=0.5)
    curve = gl.predict(problem, gl.Plan.mix(4, 100, real=1.0, penalty=0.02, noise=0.5))
    np.testing.assert_allclose(curve.risk, curve.risk[0], rtol=1e-12)


def test_a_covariance_apart_from_the_spectrum_matters_in_the_known_way():
    # one source, many rows, ridge: w = (C + lam)^-1 C w*, tested under the problem's spectrum
    spectrum, covariance, lam = np.array([2.0, 1.0, 0.5]), np.array([0.3, 4.0, 1.0]), 0.7
    truth = np.array([1.0, -2.0, 3.0])
    plan = one(gl.Source(10**11, covariance=covariance), penalty=lam)
    expected = spectrum @ (truth * lam / (covariance + lam)) ** 2
    assert final(gl.Problem(spectrum, truth), plan) == pytest.approx(expected, rel=1e-6)


# --- what the Curve carries ------------------------------------------------------------------


def test_the_curve_carries_the_effective_penalties():
    problem = gl.Problem.power_law(60, capacity=1.0, source=0.5)
    plan = gl.Plan.replace(3, [30, 90, 100], penalty=[0.0, 0.0, 0.05])
    curve = gl.predict(problem, plan)
    found = effective_penalty(problem.spectrum, plan.penalty, plan.n_samples)
    np.testing.assert_allclose(curve.kappa, found.kappa, rtol=1e-10)
    np.testing.assert_allclose(curve.df1, found.df1, rtol=1e-10)
    np.testing.assert_allclose(curve.df2, found.df2, rtol=1e-10)
    assert curve.kappa[1] == 0
    assert curve.stderr is None
    assert curve.trials is None


def test_pooled_fits_count_all_rows_so_far():
    problem = gl.Problem.power_law(60, capacity=1.0, source=0.5)
    curve = gl.predict(problem, gl.Plan.accumulate(4, 20, design="fresh"))
    np.testing.assert_allclose(curve.df1, [20, 40, 60, 60], rtol=1e-9)


def test_exact_is_said_of_exact_models_only():
    isotropic, power = gl.Problem.isotropic(60), gl.Problem.power_law(60, capacity=1, source=0.5)
    plan = gl.Plan.replace(4, [100, 40, 100, 100], penalty=[0, 0, 0.1, 0], noise=0.3)
    assert gl.predict(isotropic, plan).exact.tolist() == [True, True, False, False]
    assert gl.predict(power, plan).exact.tolist() == [True, False, False, False]
    assert gl.predict(power, plan).method == "state evolution"
    assert gl.predict(isotropic, gl.Plan.mix(3, 100, real=0.3)).exact.all()
    weighted = one(gl.Source(50), gl.Source(50, weight=2.0))
    assert not gl.predict(isotropic, weighted).exact.any()


@pytest.mark.parametrize(
    ("problem", "plan", "words"),
    [
        (
            gl.Problem.isotropic(60),
            gl.Plan.replace(3, 61, noise=1.0),
            "models 0-2: the mean risk is infinite",
        ),
        (
            gl.Problem.isotropic(60),
            gl.Plan.replace(1, 62, noise=1.0),
            "model 0: n_samples within 3",
        ),
        (
            gl.Problem.power_law(300, capacity=3, source=0.5),
            gl.Plan.replace(2, 60, penalty=0.1),
            "fewer than 10 effective directions",
        ),
        (gl.Problem.isotropic(30), gl.Plan.replace(1, 60, penalty=0.01), "below 50"),
        (gl.Problem.isotropic(300), gl.Plan.replace(1, 320, penalty=1e-6), "close to df2"),
        (
            gl.Problem(np.ones(60), np.ones(60), gaussian=False),
            gl.Plan.replace(1, 100),
            "not Gaussian",
        ),
    ],
)
def test_warnings_say_where_the_theory_is_weak(problem, plan, words):
    assert any(words in warning for warning in gl.predict(problem, plan).warnings)


def test_a_comfortable_plan_has_no_warnings():
    assert gl.predict(gl.Problem.isotropic(100), gl.Plan.replace(3, 300, noise=1.0)).warnings == ()


# --- what predict refuses --------------------------------------------------------------------

WITHOUT_THEORY = {
    "same design, penalty": gl.Plan.same_design(3, 40, penalty=0.1),
    "same design, late penalty": gl.Plan.same_design(3, 40, penalty=[0, 0, 0.1]),
    "same design, first penalty": gl.Plan.same_design(3, 40, penalty=[0.1, 0, 0]),
    "same design, several sources": gl.Plan(
        [
            gl.Generation.of(40, labeler="real"),
            gl.Generation([gl.Source(20), gl.Source(20, "previous")], design="same"),
        ]
    ),
    "same design, own covariance": gl.Plan(
        [
            gl.Generation([gl.Source(40, covariance=(1.0,) * 20)]),
            gl.Generation.of(40, design="same"),
        ]
    ),
    "pooled, penalty": gl.Plan.accumulate(3, 40, design="fresh", penalty=0.1),
    "pooled, older labeler": gl.Plan(
        [
            *gl.Plan.accumulate(2, 40, design="fresh"),
            gl.Generation.of(40, labeler=0, pooled=True),
        ]
    ),
    "pooled after not pooled": gl.Plan.replace(2, 40).then(n_samples=40, pooled=True),
    "pooled, both designs": gl.Plan(
        [
            *gl.Plan.accumulate(2, 40, design="fresh"),
            gl.Generation.of(40, design="same", pooled=True),
        ]
    ),
    "same after pooled": gl.Plan.accumulate(2, 40, design="fresh").then(
        n_samples=40, design="same"
    ),
}


@pytest.mark.parametrize("name", WITHOUT_THEORY)
def test_a_plan_without_a_closed_route_is_refused_there_and_known_to_the_pencil(name):
    problem, plan = gl.Problem.isotropic(20), WITHOUT_THEORY[name]
    with pytest.raises(gl.NoTheoryError, match=r"model \d .*genloss\.simulate\(problem, plan\)"):
        gl.predict(problem, plan, method="closed")
    curve = gl.predict(problem, plan)
    assert curve.method == "pencil"
    first = int(np.argmin(curve.exact))
    assert not curve.exact[first:].any()
    assert np.isnan(curve.kappa[-1])
    np.testing.assert_allclose(curve.risk, curve.bias + curve.variance)
    assert any("below 50" in text for text in curve.warnings)
    bias, variance = pencils.risks(problem, plan)
    np.testing.assert_allclose(curve.risk, bias + variance, rtol=1e-9, atol=1e-15)


def test_the_pencil_is_asked_for_by_name_and_agrees_with_the_closed_route():
    problem = gl.Problem.power_law(60, capacity=1.2, source=0.4)
    plan = gl.Plan.mix(4, [90, 40, 80, 50], real=0.3, penalty=0.02, noise=0.4)
    closed, pencil = gl.predict(problem, plan), gl.predict(problem, plan, method="pencil")
    assert (closed.method, pencil.method) == ("state evolution", "pencil")
    np.testing.assert_allclose(pencil.risk, closed.risk, rtol=1e-8)
    np.testing.assert_allclose(pencil.bias, closed.bias, rtol=1e-8)


def test_a_pencil_that_takes_minutes_is_not_started_unasked():
    plan = gl.Plan.accumulate(13, 90, design="same", penalty=0.1)
    with pytest.raises(gl.NoTheoryError, match=r"13 models .*method='pencil'.*takes minutes"):
        gl.predict(gl.Problem.isotropic(20), plan)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["same design, penalty", "pooled, penalty"])
def test_predictions_by_pencil_agree_with_literal_runs(name):
    problem = gl.Problem.power_law(120, capacity=1.0, source=0.5)
    build = gl.Plan.same_design if "same" in name else partial(gl.Plan.accumulate, design="fresh")
    plan = build(3, 150, penalty=0.05, noise=0.5)
    theory = gl.predict(problem, plan)
    runs = gl.simulate(problem, plan, trials=400, seed=1, method="literal")
    assert (np.abs(theory.risk - runs.risk) < 0.03 * theory.risk + 4 * runs.stderr).all()
    assert (np.abs(theory.bias - runs.bias) < 0.03 * theory.risk + 4 * runs.stderr).all()


@pytest.mark.parametrize(
    ("arguments", "method", "words"),
    [
        ((None, gl.Plan.replace(1, 5)), "auto", ["problem", "NoneType", "Problem"]),
        ((gl.Problem.isotropic(2), [1]), "auto", ["plan", "list", "Plan"]),
        (
            (gl.Problem.isotropic(2), gl.Plan.replace(1, 5)),
            "magic",
            ["method", "'magic'", "'auto'", "'closed'", "'pencil'"],
        ),
        (
            (gl.Problem.isotropic(2), one(gl.Source(9, covariance=[1.0]))),
            "auto",
            ["covariance", "model 0", "1 entries", "dim 2"],
        ),
    ],
)
def test_predict_names_what_is_wrong(arguments, method, words):
    with pytest.raises(gl.InvalidInputError) as caught:
        gl.predict(*arguments, method=method)
    assert all(word in str(caught.value) for word in words)


# --- corners ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("n_samples", [10, 60])
def test_negative_shares_on_a_reused_design_correlate_noises_negatively(n_samples):
    problem = gl.Problem.isotropic(20)
    plan = gl.Plan(
        [
            gl.Generation.of(n_samples, labeler="real", noise=1.0),
            gl.Generation.of(
                n_samples, labeler={"real": 1.5, "previous": -0.5}, noise=1.0, design="same"
            ),
            gl.Generation.of(60, labeler={0: 0.5, 1: 0.5}),
        ]
    )
    trials = gl.simulate(problem, plan, trials=2000, seed=3)
    assert (np.abs(gl.predict(problem, plan).risk - trials.risk) < 4 * trials.stderr).all()


def test_a_model_that_labels_nobody_does_not_disturb_a_run_after_it():
    plan = gl.Plan(
        [
            gl.Generation.of(60, labeler="real", noise=1.0),
            gl.Generation.of(60, labeler="real", noise=1.0),
            gl.Generation.of(60, labeler=0, noise=1.0),
            gl.Generation.of(60, noise=1.0, design="same"),
        ]
    )
    problem = gl.Problem.isotropic(20)
    trials = gl.simulate(problem, plan, trials=2000, seed=3)
    assert (np.abs(gl.predict(problem, plan).risk - trials.risk) < 4 * trials.stderr).all()


def test_a_labeler_without_a_say_does_not_count():
    problem = gl.Problem.isotropic(20)
    silent = gl.Plan.replace(1, 20, noise=1.0).then(
        n_samples=60, labeler={"real": 1.0, "previous": 0.0}, noise=1.0
    )
    spoken = gl.Plan.replace(1, 20, noise=1.0).then(n_samples=60, labeler="real", noise=1.0)
    np.testing.assert_array_equal(
        gl.predict(problem, silent).risk, gl.predict(problem, spoken).risk
    )


def test_rows_of_several_weights_have_no_single_effective_penalty():
    plan = gl.Plan([gl.Generation([gl.Source(30), gl.Source(30, weight=2.0)], 0.1)])
    curve = gl.predict(gl.Problem.isotropic(20), plan.then(n_samples=50, penalty=0.1))
    assert np.isnan(curve.kappa[0])
    assert curve.kappa[1] > 0.1


def test_a_huge_penalty_leaves_the_null_predictor():
    plan = gl.Plan.replace(2, 50, penalty=1e200, noise=1.0)
    curve = gl.predict(gl.Problem.isotropic(20), plan)
    np.testing.assert_allclose(curve.risk, 1.0, rtol=1e-12)
