"""Filters as fields of a plan: in theory, literally, in files, and refused where nothing is known."""

import numpy as np
import pytest

import genloss as gl
from genloss import Generation, Source, filters

LARGE = gl.Problem.power_law(100, capacity=1.0, source=0.5)
FILTERS = [
    filters.GradientDescent(steps=30, step=0.3),
    filters.GradientFlow(10.0),
    filters.IteratedRidge(3),
]


def chain(how, sources):
    first = Generation([Source(150, noise=0.5)], 0.02, filter=how)
    return gl.Plan([first, *2 * [Generation(sources, 0.02, filter=how)]])


STACKED = [Source(60, noise=0.5), Source(90, "previous", 0.5)]


@pytest.mark.slow
@pytest.mark.parametrize("how", FILTERS, ids=str)
def test_stacked_rows_through_a_filter(how):
    """What labelers disagree by acts like noise on the labels of their rows."""
    plan = chain(how, STACKED)
    runs = gl.simulate(LARGE, plan, trials=200, seed=3, method="literal")
    theory = gl.predict(LARGE, plan)
    assert theory.method == "state evolution"
    off = np.abs(runs.risk - theory.risk)
    np.testing.assert_array_less(off, 0.03 * theory.risk + 4 * runs.stderr)


@pytest.mark.slow
def test_one_pass_of_sgd_is_exact():
    plan = chain(filters.SGD(0.05), [Source(150, "previous", 0.5)])
    theory = gl.predict(LARGE, plan)
    assert theory.exact.all()
    runs = gl.simulate(LARGE, plan, trials=300, seed=3, method="literal")
    np.testing.assert_array_less(np.abs(runs.risk - theory.risk), 4 * runs.stderr)


def test_the_literal_engine_takes_the_steps_on_weighted_rows():
    problem = gl.Problem.isotropic(6)
    plan = gl.Plan(
        [
            Generation(
                [Source(20, noise=0.5), Source(10, weight=2.0)],
                0.1,
                filter={"kind": "gradient_descent", "steps": 7, "step": 0.2},
            )
        ]
    )
    risks, weights = [], np.repeat([1.0, 2.0], [20, 10])
    for run in range(2):
        rng = np.random.default_rng(np.random.SeedSequence(4, spawn_key=(run,)))
        X = np.r_[rng.standard_normal((20, 6)), rng.standard_normal((10, 6))]
        noise = np.r_[0.5 * rng.standard_normal(20), 0 * rng.standard_normal(10)]
        y, w = X @ problem.truth + noise, np.zeros(6)
        for _ in range(7):
            w = w + 0.2 * (X.T @ (weights * (y - X @ w)) / 30 - 0.1 * w)
        risks.append(np.sum((w - problem.truth) ** 2))
    curve = gl.simulate(problem, plan, trials=2, seed=4, workers=1, method="literal")
    np.testing.assert_allclose(curve.risk, np.mean(risks), rtol=1e-9)


def test_plan_files_say_filters():
    plan = chain(filters.HeavyBall(20, 0.2, 0.5), STACKED)
    assert gl.Plan.from_dict(plan.to_dict()) == plan
    assert "by heavy ball (20, 0.2, 0.5)" in str(plan)
    assert "filter={'kind': 'heavy_ball', 'steps': 20," in gl.to_python(plan=plan)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"penalty": "cv"}, "filter .* was given with penalty 'cv'"),
        ({"loss": "absolute"}, "filter .* was given with loss absolute"),
        ({"features": 9}, "filter .* was given with features"),
        ({"towards": "previous"}, "filter .* was given with towards"),
        ({"filter": "gradient"}, "filter was 'gradient'"),
    ],
)
def test_what_does_not_go_together_is_told(more, words):
    with pytest.raises(gl.InvalidInputError, match=words):
        Generation([Source(30)], **{"filter": filters.SGD(0.1), **more})


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (
            chain(
                FILTERS[0],
                [
                    Source(90, "previous", labels="hard", weight=2, keep=gl.keep.Agrees(0)),
                    Source(9),
                ],
            ),
            "not known together",
        ),
        (
            chain(filters.SGD(0.05), [Source(None, "previous", inputs=0, labels="hard")]),
            "another model is fitted to",
        ),
        (gl.Plan([Generation([Source(150)], filter=filters.IteratedRidge(2))]), "has no penalty"),
    ],
)
def test_theory_says_what_it_does_not_know(plan, words):
    with pytest.raises(gl.NoTheoryError, match=words):
        gl.predict(LARGE, plan)


def test_a_step_that_explodes_is_told_by_theory_and_by_runs():
    plan = gl.Plan([Generation([Source(150)], filter=filters.GradientDescent(3000, 30.0))])
    with pytest.raises(gl.InvalidInputError, match="step of gradient descent was 30; it must be"):
        gl.predict(LARGE, plan)
    with pytest.raises(gl.InvalidInputError, match="step of gradient descent was 30; it must be"):
        gl.simulate(LARGE, plan, trials=2, workers=1)
