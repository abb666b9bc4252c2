"""Engines: one from outside, reasons where one refuses, and one loop for every world and learner."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

import genloss as gl
from genloss.generation import REAL
from genloss.steps import resolve
from genloss.trials import engine, loop
from genloss.trials.engines.literal import Gaussian, run
from genloss.trials.tally import Batch

SEVEN = gl.Problem.isotropic(7)


def only_seven(problem, steps):
    return None if problem.dim == 7 else "it counts to seven only"


def guess(problem, steps, rng, count):
    """Every model is the null predictor, give or take."""
    risks = problem.signal + 0.01 * rng.standard_normal((count, len(steps)))
    return Batch(risks, np.zeros((len(steps), problem.dim)))


@pytest.fixture
def guesses():
    own = engine.register(engine.Engine("guess", 0.0, 4, 16, only_seven, guess))
    yield own
    engine._FROM_OUTSIDE.remove(own)


def test_an_engine_from_outside_is_taken_where_it_does_not_refuse(guesses):
    plan = gl.Plan.replace(3, 20, noise=0.5)
    curve = gl.simulate(SEVEN, plan, trials=40, seed=1)
    assert curve.method == "guess"
    np.testing.assert_allclose(curve.risk, SEVEN.signal, atol=0.02)
    assert gl.compare(SEVEN, plan, plan, trials=4).method == "guess"
    assert gl.simulate(gl.Problem.isotropic(8), plan, trials=4).method != "guess"
    with pytest.raises(gl.InvalidInputError, match="guess: it counts to seven only"):
        gl.simulate(gl.Problem.isotropic(8), plan.with_penalty("cv"), trials=4, method="exact")
    with pytest.raises(gl.InvalidInputError, match="engine was 'guess'; there is one of that name"):
        engine.register(guesses)


@pytest.mark.parametrize(
    "plan",
    [
        gl.Plan.accumulate(3, 30, design="same", noise=0.5, penalty=0.1),
        gl.Plan.mix(3, 30, real=0.4, noise=0.5, penalty=0.1),
        gl.Plan.subsample(3, 30, design="fresh", noise=0.5, penalty=0.1),
    ],
    ids=["accumulate", "mix", "subsample"],
)
def test_the_loop_serves_any_estimator(plan):
    """scikit-learn's ridge regression on the same rows is the literal engine."""
    rng = np.random.default_rng(4)
    steps = resolve(plan)

    def ridge(step, rows, towards):
        alpha = len(rows.y) * step.penalty
        return loop.Estimator(Ridge(alpha=alpha, fit_intercept=False))(step, rows, towards)

    chain = loop.models(steps, Gaussian(SEVEN, rng), ridge, {REAL: SEVEN.truth})
    risks = [float(np.sum((model(np.eye(7)) - SEVEN.truth) ** 2)) for model in chain]
    expected = run(SEVEN, steps, np.random.default_rng(4), 1).risks[0]
    np.testing.assert_allclose(risks, expected, rtol=1e-9)


FIRST = gl.Generation([gl.Source(12, noise=0.5)], 0.1)
BEYOND = {
    "kept": [
        FIRST,
        gl.Generation([gl.Source(None, "kept", inputs=0), gl.Source(9, "previous", 0.5)], 0.1),
    ],
    "mixed": [FIRST, gl.Generation([gl.Source(None, {"kept": 0.3, 0: 0.7}, 0.2, inputs=0)], 0.1)],
    "towards": [FIRST, gl.Generation([gl.Source(9, noise=0.5)], 0.1, towards=0)],
    "outside": [
        FIRST,
        gl.Generation([gl.Source(9, gl.External(bias=0.3, variance=0.2), 0.5)], 0.1),
    ],
    "filter": [FIRST, gl.Generation([gl.Source(9)], 0.1, filter=gl.filters.GradientFlow(3.0))],
    "hard": [FIRST, gl.Generation([gl.Source(9, "previous", labels="hard")], 0.1)],
    "confident": [FIRST, gl.Generation([gl.Source(9, 0, 0.5, keep=gl.keep.Confident(0.3))], 0.1)],
}


@pytest.mark.parametrize("name", BEYOND)
def test_every_engine_refuses_what_it_does_not_know_or_has_its_law(name):
    """Means of the two models' risks, engine by engine, against the literal one."""
    plan, runs = gl.Plan(BEYOND[name]), 300
    steps = resolve(plan)
    literally = run(SEVEN, steps, np.random.default_rng(1), runs).risks
    for each in engine.all_engines():
        if not each.exact or each.refuses(SEVEN, steps) is not None:
            continue
        risks = each.run(SEVEN, steps, np.random.default_rng(2), runs).risks
        spread = np.sqrt((risks.var(axis=0) + literally.var(axis=0)) / runs)
        np.testing.assert_array_less(
            np.abs(risks.mean(axis=0) - literally.mean(axis=0)), 4.5 * spread, each.name
        )
