"""Twelve generations of every policy, with a penalty and without: predicted, or told what runs instead."""

import numpy as np
import pytest

import genloss as gl
from genloss.pencils import subsets

LENGTH, ROWS = 12, 90
PROBLEM = gl.Problem.power_law(60, capacity=1.0, source=0.5)
OUTSIDE = gl.External(bias=0.2, variance=0.05)
MATRIX = np.tril(np.random.default_rng(0).uniform(0.2, 1, (LENGTH, LENGTH)))


def written(rows, **fit):
    """One real block, and the same generation again and again."""
    first = gl.Generation([gl.Source(ROWS, noise=0.5)], fit.get("penalty", 0.0))
    return gl.Plan([first] + (LENGTH - 1) * [gl.Generation(rows, **fit)])


def policy(make, *more, **own):
    return lambda penalty: make(LENGTH, ROWS, *more, penalty=penalty, noise=0.5, **own)


MIXED = gl.Source(None, {"previous": 0.5, "real": 0.5}, 0.5, inputs=0)
BOTH = [gl.Source(60, "previous", 0.5), gl.Source(30, OUTSIDE)]
POLICIES = {
    "replace": policy(gl.Plan.replace),
    "stack": policy(gl.Plan.mix, real=0.3),
    "mixed labels": policy(gl.Plan.mix_labels, real=0.3),
    "accumulate": policy(gl.Plan.accumulate, design="fresh"),
    "accumulate, one design": policy(gl.Plan.accumulate, design="same"),
    "anchored": policy(gl.Plan.anchored, n_real=70),
    "window": policy(gl.Plan.window, last=3),
    "same design": policy(gl.Plan.same_design),
    "frozen labels": policy(gl.Plan.distill, mixing=0.5),
    "mixed with new noise": lambda penalty: written([MIXED], penalty=penalty),
    "edit": policy(gl.Plan.edit, edited=0.3),
    "subsample": policy(gl.Plan.subsample, design="fresh"),
    "weights": lambda penalty: gl.Plan.weighted(MATRIX, ROWS, penalty=penalty, noise=0.5),
    "network": lambda penalty: gl.Plan.network(
        np.full((3, 3), 1 / 3), 4, ROWS, penalty=penalty, noise=0.5
    ),
    "from outside": lambda penalty: written(BOTH, penalty=penalty),
    "intercept": lambda penalty: gl.Plan.mix(
        LENGTH, ROWS, real=0.3, penalty=penalty, noise=0.5
    ).with_intercept(),
    "towards": lambda penalty: written(
        [gl.Source(ROWS, "previous", 0.5)], penalty=penalty, towards="previous"
    ),
}
QUICK = ("replace", "stack", "mixed labels", "network", "from outside", "towards")


@pytest.mark.parametrize("penalty", [0.05, 0.0])
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.slow) for n in POLICIES]
)
def test_twelve_generations_of_a_policy_are_predicted(name, penalty):
    plan = POLICIES[name](penalty)
    risk = gl.predict(PROBLEM, plan).risk
    assert risk.size == LENGTH
    runs = gl.simulate(PROBLEM, plan, trials=40)
    # 60 directions: asymptotic formulas are off by percents near interpolation
    assert (np.abs(risk - runs.risk) < 0.06 * runs.risk + 5 * runs.stderr).all()


@pytest.mark.slow
@pytest.mark.parametrize(("length", "rows", "penalty"), [(9, ROWS, 0.05), (6, 200, 0.0)])
def test_labels_of_one_design_that_are_drawn_are_predicted(length, rows, penalty):
    plan = gl.Plan.subsample(length, rows, design="same", penalty=penalty, noise=0.5)
    risk, runs = gl.predict(PROBLEM, plan).risk, gl.simulate(PROBLEM, plan, trials=40)
    assert (np.abs(risk - runs.risk) < 0.06 * runs.risk + 4 * runs.stderr).all()


def test_what_draws_too_often_names_what_runs():
    plan = gl.Plan.subsample(LENGTH + 1, ROWS, design="same", penalty=0.05, noise=0.5)
    with pytest.raises(gl.NoTheoryError, match=r"genloss\.simulate\(problem, plan\) runs it"):
        gl.predict(PROBLEM, plan, method="pencil")


@pytest.mark.slow
@pytest.mark.parametrize("tails", [None, [0.3, 0.7, 2.0]])
def test_some_patterns_of_what_is_drawn_stand_for_all(tails, monkeypatch):
    problem = gl.Problem(PROBLEM.spectrum, PROBLEM.truth, tails=tails)
    drawn = gl.Plan.subsample(4, ROWS, design="same", penalty=0.05, noise=0.5)
    edited = gl.Plan.edit(5, ROWS, edited=0.3, penalty=0.05, noise=0.5)
    whole = [gl.predict(problem, plan).risk for plan in (drawn, edited)]
    monkeypatch.setattr(subsets, "MOST_DRAWS", 1)
    for plan, risk in zip((drawn, edited), whole, strict=True):
        some = gl.predict(problem, plan).risk
        assert (some[2:] != risk[2:]).all()
        assert np.allclose(some, risk, rtol=0.005)
