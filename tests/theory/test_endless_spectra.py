"""Theory on a spectrum: power laws of any number of directions, long spectra, directions kept."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl
from genloss import spectrum as spectra
from genloss.errors import InvalidInputError, NoTheoryError
from genloss.scaling import PowerLaw

ROWS = 300
PLANS = {
    "ridge": gl.Plan.replace(3, ROWS, penalty=1e-3, noise=0.3),
    "interpolation": gl.Plan.replace(3, ROWS, noise=0.3),
    "leave-one-out": gl.Plan.replace(3, ROWS, penalty="cv", noise=0.3),
    "stacked": gl.Plan.mix(3, ROWS, real=0.3, penalty=1e-3, noise=0.3),
    "interpolation on one design": gl.Plan.same_design(3, ROWS, noise=0.3),
    "weights": gl.Plan(
        [
            gl.Generation([gl.Source(ROWS, noise=0.3)], 1e-3),
            gl.Generation([gl.Source(90), gl.Source(ROWS, "previous", weight=0.5)], 1e-3),
        ]
    ),
    "pool": gl.Plan.accumulate(3, ROWS, design="fresh", penalty=1e-3, noise=0.3),
    "one design, then fresh": gl.Plan.same_design(2, ROWS, penalty=1e-3, noise=0.3).then(
        n_samples=ROWS, penalty=1e-2
    ),
    "random features": gl.Plan.replace(2, ROWS, penalty=1e-3, noise=0.3).with_features(
        200, shared=False
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANS)
def test_a_power_law_is_its_problem_and_tends_to_the_endless_one(name):
    plan, (capacity, source) = PLANS[name], (1.5, 0.5)
    law = PowerLaw(capacity, source, 5000)  # longer than its nodes
    written = gl.predict(law.problem(), plan)
    nodes = gl.predict(law, plan)
    np.testing.assert_allclose(nodes.risk, written.risk, rtol=1e-9)
    np.testing.assert_allclose(nodes.variance, written.variance, rtol=1e-9)
    endless = gl.predict(PowerLaw(capacity, source), plan).risk
    near, far = (
        np.abs(gl.predict(PowerLaw(capacity, source, dim), plan).risk / endless - 1)
        for dim in (10**8, 10**10)
    )
    assert near.max() < 0.01
    if name != "leave-one-out":  # the penalty hides what is left out
        # what is missing is proportional to the missing trace, dim**-(capacity - 1)
        np.testing.assert_allclose(near / far, 10, rtol=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ridge", "pool", "random features"])
def test_few_nodes_stand_for_many_directions_in_any_plan(name, monkeypatch):
    rng = np.random.default_rng(1)
    s = np.exp(rng.standard_normal(600))
    truth = rng.standard_normal(600) * (rng.random(600) < 0.3)
    whole = gl.predict(gl.Problem(s, truth), PLANS[name])
    monkeypatch.setattr(spectra, "LONG", 500)
    few = gl.Problem(s, truth)
    assert few.directions.eigenvalues.size < 600
    np.testing.assert_allclose(gl.predict(few, PLANS[name]).risk, whole.risk, rtol=1e-7)


@pytest.mark.slow
def test_an_endless_spectrum_against_literal_runs():
    """Of the directions beyond 150 a share of 1e-6 of the trace is left."""
    plan = gl.Plan.accumulate(3, 100, design="fresh", penalty=1e-3, noise=0.3)
    theory = gl.predict(PowerLaw(3.5, 0.3), plan)
    problem = PowerLaw(3.5, 0.3, 150).problem()
    runs = gl.simulate(problem, plan, trials=300, seed=3, method="literal")
    assert (np.abs(theory.risk - runs.risk) < 0.03 * runs.risk + 4 * runs.stderr).all()


def test_tune_takes_a_power_law():
    plan = gl.Plan.replace(3, ROWS, noise=0.3)
    law = PowerLaw(1.5, 0.5, 5000)
    best, written = gl.tune(law, plan), gl.tune(law.problem(), plan)
    assert best.value == pytest.approx(written.value, rel=1e-8)
    np.testing.assert_allclose(best.plan.penalty, written.plan.penalty, rtol=1e-5)
    endless = gl.tune(PowerLaw(1.5, 0.5), plan, over="last_penalty")
    assert endless.value < endless.value_before


def test_for_ever_on_an_endless_spectrum():
    plan = gl.Plan.mix(5, ROWS, real=0.2, penalty=0.01, noise=0.5)
    law = PowerLaw(1.5, 0.5, 5000)
    assert gl.limit(law, plan).risk == pytest.approx(gl.limit(law.problem(), plan).risk, rel=1e-9)
    long = gl.Plan.mix(300, ROWS, real=0.2, penalty=0.01, noise=0.5)
    endless = gl.limit(PowerLaw(1.5, 0.5), plan).risk
    assert endless == pytest.approx(gl.predict(PowerLaw(1.5, 0.5), long).risk[-1], rel=1e-9)
    with pytest.raises(NoTheoryError, match="never become as many"):
        gl.limit(PowerLaw(1.5, 0.5), gl.Plan.accumulate(3, ROWS, design="fresh", noise=0.5))


def test_what_an_endless_spectrum_cannot_do_is_said():
    own = gl.Plan([gl.Generation([gl.Source(50, covariance=(1.0, 2.0))], 0.1)])
    with pytest.raises(InvalidInputError, match="take its problem"):
        gl.predict(PowerLaw(2.0, 0.5), own)
    with pytest.raises(InvalidInputError, match=r"problem was tuple; it must be a Problem or a"):
        gl.predict((2.0, 0.5), PLANS["ridge"])
    with pytest.raises(NoTheoryError):
        gl.predict(PowerLaw(2.0, 0.5), PLANS["pool"], method="closed")


def test_directions_are_compressed_once():
    problem = gl.Problem.power_law(30_000, capacity=1.2, source=0.5)
    first = problem.directions
    gl.predict(problem, PLANS["ridge"])
    assert problem.directions is first
    assert first.dim == 30_000
    assert repr(first).startswith("Spectrum(")
    with pytest.raises(AttributeError):
        problem.directions = first
