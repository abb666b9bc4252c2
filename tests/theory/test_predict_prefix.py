"""What is known exactly stays exact, whatever comes after it; nothing later changes an earlier model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import genloss as gl
from genloss import pencils

SIXTY = gl.Problem.isotropic(60)


def generation(draw, before, model):
    """A generation that may follow those before it."""
    n = draw(st.sampled_from([9, 25, 60]))
    noise = draw(st.sampled_from([0.0, 0.5]))
    penalty = draw(st.sampled_from([0.0, 0.0, 0.02, 0.3]))
    labeler = draw(st.sampled_from(["real", "previous", 0, {"real": 0.4, "previous": 0.6}]))
    design, pooled = draw(st.sampled_from(["fresh", "fresh", "same"])), draw(st.booleans())
    if model == 0:
        labeler, design = "real", "fresh"
    if design == "same":
        n = before[-1].n_samples
    sources = [gl.Source(n, labeler, noise)]
    if draw(st.booleans()) and design == "fresh":
        sources.append(gl.Source(7, "real", noise, weight=draw(st.sampled_from([1.0, 2.5]))))
    return gl.Generation(sources, penalty, design=design, pooled=pooled)


@st.composite
def plans(draw):
    built = []
    for model in range(draw(st.integers(2, 5))):
        built.append(generation(draw, built, model))
    return gl.Plan(built)


@settings(max_examples=6, deadline=None)
@given(plans())
def test_an_appended_generation_changes_no_earlier_model(plan):
    problem = gl.Problem.power_law(20, capacity=1.0, source=0.5)
    whole = gl.predict(problem, plan)
    for k in range(1, plan.n_models):
        part = gl.predict(problem, gl.Plan(plan.generations[:k]))
        np.testing.assert_allclose(part.risk, whole.risk[:k], rtol=1e-9, atol=1e-15)
        np.testing.assert_array_equal(part.exact, whole.exact[:k])


@settings(max_examples=6, deadline=None)
@given(plans())
def test_stretches_one_by_one_are_the_whole_plan_at_once(plan):
    problem = gl.Problem.power_law(20, capacity=1.0, source=0.5)
    plan = plan.with_penalty([g.penalty or 0.05 for g in plan])  # none is known better elsewhere
    bias, variance = pencils.risks(problem, plan)
    found = gl.predict(problem, plan)
    np.testing.assert_allclose(found.bias, bias, rtol=1e-7, atol=1e-13)
    np.testing.assert_allclose(found.variance, variance, rtol=1e-7, atol=1e-13)


@pytest.mark.parametrize("n_samples", [67, 75, 120])
def test_least_squares_before_a_reused_design_with_a_penalty_stays_exact(n_samples):
    plan = gl.Plan.replace(2, n_samples, noise=1.0)
    longer = plan.then(n_samples=n_samples, penalty=0.1, noise=1.0, design="same")
    curve = gl.predict(SIXTY, longer)
    np.testing.assert_allclose(curve.risk[:2], [60 / (n_samples - 61), 120 / (n_samples - 61)])
    assert curve.exact.tolist() == [True, True, False]
    assert curve.method == "pencil"


@pytest.mark.parametrize(
    "after",
    [
        gl.Generation.of(80, penalty=0.1, features=30),
        gl.Generation.of(66, penalty=0.1, pooled=True, noise=1.0),
        gl.Generation.of(66, pooled=True, subsample=66, noise=1.0),
        gl.Generation([gl.Source(33), gl.Source(33, "previous")], pooled=True),
    ],
    ids=["features", "pooled", "subsample", "half real"],
)
def test_the_first_least_squares_model_is_exact_before_anything(after):
    curve = gl.predict(SIXTY, gl.Plan.replace(1, 66, noise=1.0).then(after))
    assert curve.risk[0] == pytest.approx(12.0)
    assert curve.exact[0]


def test_a_model_without_a_mean_leaves_none_to_its_descendants():
    plan = gl.Plan.replace(1, 60, noise=1.0)
    plan = plan.then(n_samples=80, penalty=0.1, noise=0.5)
    plan = plan.then(n_samples=80, penalty=0.1, noise=0.5, design="same")
    assert np.isinf(gl.predict(SIXTY, plan).risk).all()
    real = plan.then(n_samples=80, labeler="real", penalty=0.1)
    real = real.then(n_samples=80, penalty=0.1, design="same")
    assert np.isfinite(gl.predict(SIXTY, real).risk[3:]).all()


@pytest.mark.slow
def test_later_models_start_from_the_exact_values():
    plan = gl.Plan.replace(1, 67, noise=1.0).then(n_samples=120, penalty=0.1, noise=1.0)
    plan = plan.then(n_samples=120, penalty=0.1, noise=1.0, design="same")
    theory = gl.predict(SIXTY, plan)
    runs = gl.simulate(SIXTY, plan, trials=3000, seed=1, method="literal")
    assert (np.abs(theory.risk - runs.risk) < 0.03 * runs.risk + 4 * runs.stderr).all()
