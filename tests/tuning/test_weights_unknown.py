"""Rows of unlike weights that theory does not know: refused alone, left as they are beside something else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import genloss as gl

POWER = gl.Problem.power_law(12, capacity=1.2, source=0.5)
COLUMNS = gl.Problem(POWER.spectrum, np.random.default_rng(0).standard_normal((POWER.dim, 3)))
CLOUDS = gl.Problem(POWER.spectrum, means=POWER.spectrum * POWER.truth)
ROUNDS = {"kind": "iterated_ridge", "rounds": 2}


def kept(filter_=None, penalty=0.1):
    """Rows that a model labels, of which a rule keeps some, beside real ones."""
    real, made = (gl.Source(n, who, 0.4, labels="hard") for n, who in ((20, "real"), (40, 0)))
    beside = [real, replace(made, keep={"kind": "agrees", "labeler": "real"})]
    return gl.Plan(
        [
            gl.Generation([replace(real, n_samples=60)], 0.1, filter=filter_),
            gl.Generation(beside, penalty, filter=filter_),
        ]
    )


def linear(plan):
    """The plan with labels that are numbers, all of them kept."""
    return gl.Plan(
        [
            replace(g, sources=tuple(replace(s, labels="linear", keep=None) for s in g.sources))
            for g in plan
        ]
    )


UNKNOWN = {
    "filter": (POWER, kept(ROUNDS)),
    "class means": (CLOUDS, kept(ROUNDS)),
    "chosen penalty": (POWER, kept(penalty="cv")),
    "several columns": (COLUMNS, linear(kept(ROUNDS))),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_alone_they_are_refused_before_any_work(name, monkeypatch):
    problem, plan = UNKNOWN[name]
    monkeypatch.setattr("genloss.tuning.tune.predict", None)
    with pytest.raises(gl.NoTheoryError) as caught:
        gl.tune(problem, plan, over="weight")
    for word in ("over was 'weight'", "weigh the same", "such as 'penalty'", "genloss.simulate"):
        assert word in str(caught.value)


def test_beside_something_else_they_stay_and_that_is_said():
    both, alone = (
        gl.tune(POWER, kept(ROUNDS), over=over, penalties=(1e-2, 1e-1))
        for over in (["weight", "penalty"], "penalty")
    )
    assert both.plan == alone.plan
    assert both.found["weight"] == 1.0
    assert any("the weight stays as it was" in each for each in both.warnings)
    assert alone.held == ()


@pytest.mark.parametrize(
    ("plan", "over"),
    [
        (kept({"kind": "sgd", "step": 0.05}), ["weight"]),
        (kept(penalty="cv"), ["penalty", "weight"]),  # a number takes the place of "cv"
        (linear(kept(ROUNDS)), ["weight"]),
    ],
)
def test_known_ones_are_searched(plan, over):
    best = gl.tune(POWER, plan, over=over)
    assert best.held == ()
    assert best.found["weight"] != 1.0
