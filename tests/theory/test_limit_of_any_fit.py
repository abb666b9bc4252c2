"""Limits of chains of any loss, labels, rule or filter: against long chains, ridge's own solution, published numbers."""

import dataclasses
import math

import numpy as np
import pytest

import genloss as gl
from genloss import filters, keep, labels
from genloss.steps import resolve
from genloss.theory.forever.repeating import repetition

DIM = 100
SPECTRUM = np.arange(1, DIM + 1) ** -0.5
PROBLEM = gl.Problem(SPECTRUM / SPECTRUM.sum(), np.full(DIM, 2.0))
FIRST = gl.Generation([gl.Source(450, labels="sampled")], 1e-3, loss="logistic")
SOME = {"loss": "logistic"}


def fit(n, n_real, penalty=1e-3, *, how="hard", rule=None, **rest):
    rows = gl.Source(n, "previous", labels=how, keep=rule)
    return gl.Generation([rows, gl.Source(n_real, labels=how)], penalty, **rest)


OUTSIDE = gl.External(bias=0.3, variance=0.1)
BLOCKS = {
    "sampled": [fit(300, 100, how="sampled", **SOME)],
    "sure": [fit(300, 100, rule=keep.Confident(0.3), **SOME)],
    "a verifier that stays": [fit(300, 50, rule=keep.Agrees(0), **SOME)],
    "pulled to the first": [fit(300, 50, towards=0, **SOME)],
    "two losses in turn": [fit(300, 100, how="sampled", **SOME), fit(200, 100)],
    "clipped, one from outside": [
        gl.Generation(
            [gl.Source(300, {"previous": 0.5, OUTSIDE: 0.5}, labels=labels.Clipped(-2, 2))], 1e-3
        )
    ],
}


SLOW = ("sure", "a verifier that stays", "pulled to the first", "two losses in turn")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] if n in SLOW else []) for n in BLOCKS]
)
def test_limits_are_what_long_chains_reach(name):
    block = BLOCKS[name]
    found = gl.limit(PROBLEM, gl.Plan([FIRST, *3 * block]))
    far = math.ceil(12 / -math.log(found.radius))
    curve = gl.predict(PROBLEM, gl.Plan([FIRST, *far * block]))
    assert found.block == len(block)
    assert found.risk == pytest.approx(curve.risk[-1], rel=1e-4)
    assert found.bias + found.variance == pytest.approx(found.risk)
    assert found.error == pytest.approx(curve.error[-1], rel=1e-4)
    way = np.abs(curve.risk[:: len(block)] - found.risk)
    at, away = math.floor(found.half_life), way / way.max()
    assert away[at] >= 0.5 - 1e-6
    assert away[at + 1] <= 0.5 + 1e-6


@pytest.mark.parametrize("penalty", [1e-4, 1e-2])
def test_ridge_as_a_filter_ends_where_ridge_does(penalty):
    ridge = gl.Plan.mix(4, 150, real=0.2, penalty=penalty, noise=0.5)
    by_filter = [
        gl.Generation(each.sources, penalty, filter=filters.IteratedRidge(1)) for each in ridge
    ]
    one, other = gl.limit(PROBLEM, ridge), gl.limit(PROBLEM, gl.Plan(by_filter))
    for name, close in (("risk", 1e-6), ("bias", 1e-6), ("half_life", 1e-5), ("radius", 1e-3)):
        assert getattr(other, name) == pytest.approx(getattr(one, name), rel=close)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "error", "radius"),
    [
        (
            (gl.Source(600, "previous", labels="sampled"), gl.Source(200, labels="sampled")),
            0.34859,
            0.603,
        ),
        (
            (gl.Source(1000, "previous", labels="hard"), gl.Source(10, labels="hard")),
            0.43925,
            0.996,
        ),
    ],
)
def test_literal_chains_settle_there(rows, error, radius):
    spectrum = np.arange(1, 201) ** -0.5
    problem = gl.Problem(spectrum / spectrum.sum(), np.full(200, 2.0))
    first = gl.Generation([gl.Source(900, labels="sampled")], 5e-5, loss="logistic")
    plan = gl.Plan([first, *40 * [gl.Generation(rows, 1e-3, loss="logistic")]])
    found = gl.limit(problem, plan)
    assert found.error == pytest.approx(error, abs=2e-5)
    assert found.radius == pytest.approx(radius, abs=2e-3)
    runs = gl.simulate(problem, plan, trials=8)
    assert abs(runs.error[-1] - found.error) < 0.03 * found.error + 4 * runs.error_stderr[-1]


@pytest.mark.slow
def test_early_stopping_calms_a_chain_that_explodes():
    problem = gl.Problem.isotropic(60)
    rows = [gl.Source(72, "previous", 1.0), gl.Source(8, noise=1.0)]
    risks = []
    for steps in (20, 320):
        early = filters.GradientDescent(steps, 0.3)
        plan = gl.Plan(
            [gl.Generation([gl.Source(80, noise=1.0)]), *2 * [gl.Generation(rows, filter=early)]]
        )
        risks.append(gl.limit(problem, plan))
    calm, wild = risks
    assert calm.risk == pytest.approx(4.3, abs=0.05)
    assert not wild.stable
    assert wild.radius == pytest.approx(1.07, abs=0.01)


@pytest.mark.slow
def test_where_training_ends_there_is_no_limit():
    rows = [gl.Source(400, "previous", labels="sampled")]
    first = gl.Generation([gl.Source(450, labels="sampled")], loss="logistic")
    found = gl.limit(PROBLEM, gl.Plan([first, *3 * [gl.Generation(rows, loss="logistic")]]))
    assert not found.stable
    assert "without a minimum" in str(found)


def test_the_command_says_the_class_error(genloss, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = gl.Plan([FIRST, *3 * BLOCKS["sampled"]])
    gl.save(tmp_path / "plan.toml", plan=plan, problem=gl.Problem.isotropic(60, signal=4.0))
    code, out, errors = genloss("limit", "plan.toml")
    assert (code, errors) == (0, "")
    assert "class error" in out


RIDGE = {"n_samples": 200, "real": 0.3, "noise": 0.5}
TAILED = gl.Problem(PROBLEM.spectrum, PROBLEM.truth, tails=(0.5, 1.0, 1.5))
OTHERS = {
    "cv": (PROBLEM, lambda t: gl.Plan.mix(t, penalty="cv", **RIDGE)),
    "tails": (TAILED, lambda t: gl.Plan.mix(t, penalty=0.01, **RIDGE)),
    "features": (
        PROBLEM,
        lambda t: gl.Plan.mix(t, penalty=0.01, **RIDGE).with_features(50, shared=False),
    ),
}


@pytest.mark.parametrize("name", ["cv", "tails", pytest.param("features", marks=pytest.mark.slow)])
def test_limits_of_what_is_chosen_or_drawn_anew_are_what_long_chains_reach(name):
    problem, plan = OTHERS[name]
    found = gl.limit(problem, plan(3))
    far = math.ceil(12 / -math.log(found.radius))
    assert found.risk == pytest.approx(gl.predict(problem, plan(far)).risk[-1], rel=1e-4)


@pytest.mark.slow
def test_shared_features_settle_where_their_chain_goes():
    plan = lambda t: gl.Plan.mix(t, penalty=0.01, **RIDGE).with_features(50, shared=True)
    found, risk = gl.limit(PROBLEM, plan(3)), gl.predict(PROBLEM, plan(12)).risk
    rate = (risk[-1] - risk[-2]) / (risk[-2] - risk[-3])
    rest = (risk[-1] - risk[-2]) * rate / (1 - rate)
    assert found.risk == pytest.approx(risk[-1] + rest, rel=1e-3)
    assert found.radius < 1


def test_a_penalty_chosen_for_ever_may_forget_the_truth():
    found = gl.limit(PROBLEM, gl.Plan.replace(3, 200, penalty="cv", noise=0.5))
    assert found.bias == pytest.approx(PROBLEM.spectrum @ PROBLEM.truth**2, rel=1e-3)


def unstable(share=0.1, **fit):
    rows = [gl.Source(round(80 * (1 - share)), "previous", 1.0)]
    rows += [gl.Source(round(80 * share), noise=1.0)]
    later = gl.Generation(rows, **fit)
    return gl.Plan([gl.Generation([gl.Source(80, noise=1.0)], 0.1), later, later])


@pytest.mark.slow
def test_what_is_tried_is_what_ridge_solves_for():
    problem, fit = gl.Problem.isotropic(60), {"penalty": 1e-5}
    tried = gl.limit(problem, unstable(filter=filters.IteratedRidge(1), **fit))
    solved = gl.limit(problem, unstable(**fit))
    assert tried.radius == pytest.approx(solved.radius, rel=1e-6)
    assert tried.cure == pytest.approx(solved.cure, rel=0.02)
    assert tried.cure_real == pytest.approx(solved.cure_real, abs=1 / 80)


@pytest.mark.slow
def test_descent_that_goes_on_for_long_is_cured_by_a_penalty_or_real_rows():
    problem, long = gl.Problem.isotropic(60), filters.GradientDescent(320, 0.3)
    found = gl.limit(problem, unstable(filter=long))
    assert not found.stable
    for penalty, stable in ((0.97 * found.cure, False), (1.03 * found.cure, True)):
        assert gl.limit(problem, unstable(filter=long, penalty=penalty)).stable == stable
    for share in (found.cure_real - 1 / 80, found.cure_real):
        cured = gl.limit(problem, unstable(share, filter=long)).stable
        assert cured == (share == found.cure_real)


SMALL = gl.Problem(SPECTRUM[:30], np.full(30, 0.5))


@pytest.mark.parametrize("who", ["real", OUTSIDE])
def test_without_labels_of_models_every_repetition_is_the_same(who):
    last = gl.Generation([gl.Source(60, who, labels="hard")], 0.1)
    found = gl.limit(SMALL, gl.Plan([last]))
    curve = gl.predict(SMALL, gl.Plan([last]))
    assert found.risk == pytest.approx(curve.risk[0], rel=1e-12)
    assert (found.radius, found.half_life) == (0.0, 0.0)


FEW = gl.Generation(
    [gl.Source(60, "previous", labels="hard", keep=keep.Confident(1e6))], 0.1, loss="logistic"
)
NONE = gl.Problem(SPECTRUM[:30], np.zeros(30))


@pytest.mark.parametrize(
    ("problem", "plan"),
    [
        (
            SMALL,
            gl.Plan([gl.Generation([gl.Source(60)], 0.1), FEW]),
        ),
        (NONE, gl.Plan.replace(3, 60, penalty="cv")),
        (gl.Problem.isotropic(5), gl.Plan.replace(3, 1, penalty="cv")),
    ],
)
def test_where_no_model_is_left_the_risk_is_all_there_is_to_learn(problem, plan):
    found = gl.limit(problem, plan)
    assert found.radius == 0
    assert found.risk == pytest.approx(problem.signal)


def test_a_model_that_no_row_moves_is_copied_for_ever():
    first = gl.Generation([gl.Source(60, noise=0.3)], 0.1)
    pulled = dataclasses.replace(FEW, towards="previous")
    found = gl.limit(SMALL, gl.Plan([first, pulled]))
    assert (found.stable, found.half_life) == (True, 0.0)
    assert found.radius == pytest.approx(1)
    assert found.risk == pytest.approx(gl.predict(SMALL, gl.Plan([first])).risk[0])


@pytest.mark.parametrize(
    ("judge", "towards"),
    [({}, "previous"), ({"rule": keep.Agrees("previous")}, None)],
)
def test_what_judges_or_pulls_by_number_moves_along_as_labelers_do(judge, towards):
    named = fit(60, 60, how="hard", towards=towards, **judge)
    numbered = fit(60, 60, how="hard", towards=towards and 0, **{k: keep.Agrees(0) for k in judge})
    one, other = (
        resolve(repetition(plan).unrolled(plan, 3))
        for plan in (gl.Plan([FIRST, named]), gl.Plan([FIRST, numbered]))
    )
    assert [step.asked for step in one] == [step.asked for step in other]


@pytest.mark.slow
def test_labels_that_are_classes_grow_for_a_while_only():
    """Moves that grow by 2 % a repetition: between two states that such a chain comes near to."""
    spectrum = np.arange(1, 201) ** -0.5
    means = 0.1125 * np.sqrt(spectrum) * np.random.default_rng(0).standard_normal(200)
    early = {"filter": filters.GradientDescent(30, 0.05)}
    first = gl.Generation([gl.Source(300, labels="hard")], 0.02, **early)
    rows = [gl.Source(300, "previous", labels="hard"), gl.Source(100, labels="hard")]
    plan = gl.Plan([first, *3 * [gl.Generation(rows, 0.02, **early)]])
    with pytest.raises(gl.NoTheoryError, match="still move the models, each by 1.0"):
        gl.limit(gl.Problem(spectrum, means=means), plan)
