"""Labels that a rule makes for new rows, which other models are fitted to as well: a slope and a noise for all."""

from dataclasses import replace

import numpy as np
import pytest

import genloss as gl
from genloss import Generation, Source, filters, labels

PROBLEM = gl.Problem.power_law(200, capacity=0.6, source=0.5)
ROWS = 240
HOWS = [(None, 0.1), (filters.GradientDescent(10, 0.2), 0.0), (filters.SGD(0.02), 0.02)]


def through(plan, rule, how):
    """The same plan, labels of new rows by a rule, every fit by a filter."""

    def rows(source):
        return replace(source, labels=rule) if source.inputs == "new" else source

    return gl.Plan(
        [replace(each, filter=how, sources=tuple(map(rows, each.sources))) for each in plan]
    )


@pytest.mark.parametrize(("how", "penalty"), HOWS)
def test_a_rule_that_changes_nothing_changes_nothing(how, penalty):
    problem = gl.Problem.power_law(40, capacity=0.6, source=0.5)
    plan = gl.Plan.anchored(3, 60, n_real=50, noise=0.5, penalty=penalty)
    rules = labels.Linear(), labels.Clipped(-1000.0, 1000.0)
    linear, clipped = (gl.predict(problem, through(plan, rule, how)) for rule in rules)
    np.testing.assert_allclose(clipped.risk, linear.risk, rtol=1e-5 if how is None else 1e-2)


def test_more_models_change_none_before():
    plan = through(
        gl.Plan.accumulate(3, ROWS, design="fresh", noise=0.5, penalty=0.1), "hard", None
    )
    shorter = gl.Plan(list(plan)[:2])
    np.testing.assert_allclose(
        gl.predict(PROBLEM, plan).risk[:2], gl.predict(PROBLEM, shorter).risk, rtol=1e-9
    )


def test_labels_of_rows_that_their_labeler_saw_are_refused():
    first = Generation([Source(ROWS, noise=0.5)], 0.1)
    again = Source(None, "previous", 0.5, inputs=0, labels="hard")
    plan = gl.Plan([first, *2 * [Generation([again, Source(50, "previous")], 0.1)]])
    with pytest.raises(gl.NoTheoryError, match=r"another model is fitted to.*genloss\.simulate"):
        gl.predict(PROBLEM, plan)


HARD = Generation([Source(ROWS, noise=0.5, labels="hard")], 0.1)
EDITED = Source(None, "previous", 0.3, inputs=0, edited=0.4)
PLANS = [
    gl.Plan.anchored(3, ROWS, n_real=200, noise=0.5, penalty=0.1),
    gl.Plan.accumulate(3, ROWS, design="fresh", noise=0.5, penalty=0.1),
    gl.Plan.window(3, ROWS, last=2, noise=0.5, penalty=0.1),
    gl.Plan([HARD, *2 * [Generation([EDITED], 0.1)]]),
]


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["hard", "sampled"])
@pytest.mark.parametrize("how", [how for how, _ in HOWS], ids=["ridge", "descent", "sgd"])
@pytest.mark.parametrize("plan", PLANS, ids=["anchored", "pool", "window", "edited"])
def test_literal_runs_of_hard_and_sampled_labels(plan, how, rule):
    plan = through(plan, rule, how)
    theory = gl.predict(PROBLEM, plan)
    runs = gl.simulate(PROBLEM, plan, trials=60, seed=4, method="literal")
    room = 0.02 if how is None or how.spectral else 0.03
    assert (np.abs(runs.risk - theory.risk) < room * theory.risk + 4 * runs.stderr).all()
    np.testing.assert_allclose(runs.error, theory.error, atol=0.02)
