"""Limits of pools that real rows flow into, or that fits draw their rows from: against literal runs and closed forms."""

import numpy as np
import pytest

import genloss as gl
from genloss import Generation, Source

PROBLEM = gl.Problem.power_law(100, capacity=1.0, source=0.5)
NOISE = 0.5


def pool(generations, real, penalty, drawn=None, rows=150):
    """Rows of the last model and real ones, added to all that there are."""
    own = round(rows * real)
    new = [Source(rows - own, "previous", NOISE)]
    new += [Source(own, noise=NOISE)] if own else []
    first = Generation([Source(rows, noise=NOISE)], penalty)
    return gl.Plan([first, *generations * [Generation(new, penalty, pooled=True, subsample=drawn)]])


def relabelled(generations, real, penalty, rows=150):
    """Labels of one design, averaged."""
    first = Generation([Source(rows, noise=NOISE)], penalty)
    label = Source(rows, {"real": real, "previous": 1 - real}, NOISE)
    return gl.Plan([first, *generations * [Generation([label], penalty, "same", pooled=True)]])


@pytest.mark.parametrize(("real", "penalty"), [(0.4, 0.1), (0.5, 0.0), (0.0, 0.2)])
def test_all_rows_lead_to_a_model_that_labels_itself(real, penalty):
    found = gl.limit(PROBLEM, pool(3, real, penalty))
    s, keep = PROBLEM.spectrum, PROBLEM.spectrum / (PROBLEM.spectrum + penalty)
    left = 1 - real * keep / (1 - (1 - real) * keep) if real else np.ones(s.size)
    assert found.risk == pytest.approx(s @ (PROBLEM.truth * left) ** 2, rel=1e-9, abs=1e-12)
    assert (found.variance, found.radius, found.method) == (0.0, 1.0, "closed form")


def test_what_a_pool_begins_with_is_forgotten():
    end = pool(3, 0.4, 0.1).generations[-1]
    first = Generation([Source(80, noise=3.0)], "cv")
    again = Generation([Source(None, "previous", inputs=0)], 0.3)
    other = gl.limit(PROBLEM, gl.Plan([first, again, end, end]))
    assert other.risk == pytest.approx(gl.limit(PROBLEM, pool(3, 0.4, 0.1)).risk, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plan", "inputs"),
    [
        (pool, (0.8, 0.3)),
        (pool, (0.8, 0.3, 150)),
        (pool, (0.6, 0.0, 250)),
        (relabelled, (0.8, 0.3)),
    ],
)
def test_literal_runs_come_near(plan, inputs):
    found = gl.limit(PROBLEM, plan(3, *inputs))
    runs = gl.simulate(PROBLEM, plan(24, *inputs), trials=12)
    assert abs(runs.risk[-1] - found.risk) < 0.03 * found.risk + 4 * runs.stderr[-1]


def two_sources(generations):
    """Labels of one design, of which some rows have real ones."""
    own = [
        Source(60, {"real": 0.6, "previous": 0.3}, NOISE),
        Source(90, "real", NOISE, weight=2.0),
    ]
    first = Generation([Source(60, noise=NOISE), Source(90, noise=NOISE)], 0.3)
    return gl.Plan([first, *generations * [Generation(own, 0.3, "same", pooled=True)]])


def beyond_ridge(generations, **how):
    """A pool, mostly real, that another fit than ridge regression is made to."""
    labels = how.pop("labels", "linear")
    new = [Source(30, "previous", 0.1, labels=labels), Source(270, noise=0.1, labels=labels)]
    first = Generation([Source(300, noise=0.1, labels=labels)], **how)
    return gl.Plan([first, *generations * [Generation(new, pooled=True, **how)]])


BEYOND = [
    two_sources,
    lambda n: beyond_ridge(n, filter=gl.filters.GradientDescent(steps=5, step=0.5)),
    lambda n: beyond_ridge(n, penalty=0.2, loss={"kind": "huber", "delta": 0.2}),
    lambda n: beyond_ridge(n, penalty=0.05, loss="logistic", labels="hard"),
]


@pytest.mark.slow
@pytest.mark.parametrize("plan", BEYOND, ids=["two sources", "filter", "huber", "logistic"])
def test_literal_runs_of_other_pools_come_near(plan):
    problem = gl.Problem.power_law(60, capacity=1.0, source=0.5)
    found, runs = gl.limit(problem, plan(3)), gl.simulate(problem, plan(24), trials=5)
    assert found.radius == 1.0
    assert abs(runs.risk[-1] - found.risk) < 0.03 * found.risk + 4 * runs.stderr[-1]


@pytest.mark.parametrize("plan", BEYOND[1:3], ids=["filter", "huber"])
def test_all_rows_of_a_pool_leave_nothing_to_chance(plan):
    found = gl.limit(gl.Problem.isotropic(30), plan(2))
    assert found.variance < 1e-6 * found.risk


def test_models_that_disagree_are_noise_of_the_rows_they_label():
    # v = d / (n - d - 1) (noise^2 + v / 2): half of the rows are real
    found = gl.limit(PROBLEM, pool(3, 0.5, 0.0, drawn=200))
    gain = 100 / (200 - 100 - 1)
    assert found.risk == pytest.approx(gain * NOISE**2 / (1 - gain / 2), rel=0.02)
    wild = gl.limit(PROBLEM, pool(3, 0.5, 0.0, drawn=140))
    assert not wild.stable
    assert "adds to the error" in str(wild)


@pytest.mark.parametrize(
    ("plan", "word"),
    [
        (gl.Plan.weighted(np.tril(np.ones((4, 4))), 100, penalty=0.1), "one generation more"),
        (gl.Plan.subsample(3, 100, design="same", penalty=0.1), "labels of one design, and draws"),
        (
            gl.Plan([*pool(1, 0.5, 0.1), *2 * [Generation([Source(50, 0)], 0.1, pooled=True)]]),
            "stays",
        ),
    ],
)
def test_what_is_refused_names_what_runs(plan, word):
    with pytest.raises(gl.NoTheoryError, match=f"{word}.*genloss.simulate"):
        gl.limit(PROBLEM, plan)
