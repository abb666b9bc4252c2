"""Fits to rows drawn from all rows so far: in plans and files, in theory by the pencil, run literally."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import genloss as gl
from genloss.pencils import risks

Gen, Src = gl.Generation, gl.Source
PROBLEM = gl.Problem.power_law(120, capacity=1.2, source=0.5)


def risks_by_theory_2_8(generations):
    """Risks of least squares on many rows, in units of the first, `theory.md` 2.8.

    Model t averages, over the blocks i of the pool, the labeler of i and the noise xi[i, t] of those
    rows of i that it drew, ``e_t = (1/t) sum_{i<=t} (e_{i-1} + xi[i, t])``, where
    ``Var xi[i, t] = t`` and ``Cov(xi[i, t], xi[i, u]) = 1``.
    """
    pairs = [(i, t) for t in range(1, generations + 1) for i in range(1, t + 1)]
    covariance = np.array(
        [[0 if i != j else t if t == u else 1 for j, u in pairs] for i, t in pairs], dtype=float
    )
    errors = [np.zeros(len(pairs))]
    for t in range(1, generations + 1):
        own = np.array([float(u == t) for _, u in pairs])
        errors.append((sum(errors) + own) / t)
    return np.array([e @ covariance @ e for e in errors[1:]])


def test_the_recursion_has_the_published_values():
    found = risks_by_theory_2_8(20)
    listed = found[[0, 1, 2, 4, 9, 19]]
    np.testing.assert_allclose(listed, [1, 1.75, 2.083, 2.391, 2.649, 2.788], atol=5e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("design", "generations"), [("fresh", 12), ("same", 4)])
def test_least_squares_on_many_rows_is_the_one_of_theory_2_8(design, generations):
    rows = 10**9 * PROBLEM.dim
    plan = gl.Plan.subsample(generations, rows, design=design, noise=0.7)
    curve = gl.predict(PROBLEM, plan)
    assert curve.method == "pencil"
    expected = 0.7**2 * PROBLEM.dim / rows * risks_by_theory_2_8(generations)
    np.testing.assert_allclose(curve.risk, expected, rtol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("design", ["fresh", "same"])
def test_literal_runs_have_the_values_of_theory_2_8(design):
    plan = gl.Plan.subsample(6, 1000, design=design, noise=1.0)
    found = gl.simulate(gl.Problem.isotropic(10), plan, trials=2600, seed=1)
    expected = 10 / 1000 * risks_by_theory_2_8(6)
    assert (found.stderr < 0.01 * expected).all()
    assert (np.abs(found.risk - expected) < 0.03 * expected + 4 * found.stderr).all()


CASES = {
    "fresh inputs": gl.Plan.subsample(3, 150, design="fresh", penalty=0.05, noise=0.5),
    "one design": gl.Plan.subsample(3, 150, design="same", penalty=0.05, noise=0.5),
    "blocks that grow": gl.Plan.subsample(
        3, [100, 150, 250], design="fresh", penalty=[0.02, 0.1, 0.05], noise=[0.5, 0.3, 0.5]
    ),
    "minimum norm": gl.Plan.subsample(3, 60, design="fresh", noise=0.5),
    "minimum norm on one design": gl.Plan.subsample(3, 60, design="same", noise=0.5),
    "least squares": gl.Plan.subsample(3, 300, design="fresh", noise=0.5),
    "least squares on one design": gl.Plan.subsample(3, 400, design="same", noise=0.5),
    "part of the first block": gl.Plan(
        [
            Gen.of(200, labeler="real", noise=0.5, penalty=0.05, pooled=True, subsample=120),
            Gen.of(200, noise=0.5, penalty=0.05, design="same"),
            Gen.of(100, noise=0.5, penalty=0.05, labeler=0, pooled=True, subsample=150),
            Gen.of(80, noise=0.5, penalty=0.05, pooled=True),
        ]
    ),
    "sources, weights and covariances": gl.Plan(
        [
            Gen([Src(90, noise=0.5), Src(60, noise=0.3, weight=0.5)], 0.05),
            Gen(
                [Src(50, noise=0.5), Src(100, "previous", 0.5, weight=2.0)],
                0.05,
                design="same",
                pooled=True,
                subsample=100,
            ),
            Gen(
                [Src(90, {"real": 0.5, 0: 0.5}, 0.5, covariance=PROBLEM.spectrum[::-1])],
                0.05,
                pooled=True,
                subsample=200,
            ),
        ]
    ),
    "random features": gl.Plan.subsample(
        3, 150, design="fresh", penalty=0.05, noise=0.5
    ).with_features(90, shared=True),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_the_pencil_agrees_with_literal_runs(name):
    theory = gl.predict(PROBLEM, CASES[name])
    found = gl.simulate(PROBLEM, CASES[name], trials=1000, seed=2, method="literal")
    assert theory.method == "pencil"
    assert found.method == "literal"
    assert (found.stderr < 0.015 * found.risk).all()
    gap = np.abs(theory.risk - found.risk)
    assert (gap < 0.02 * theory.risk + 4 * found.stderr).all(), found.risk / theory.risk - 1


@pytest.mark.parametrize("design", ["fresh", "same"])
@pytest.mark.parametrize("n", [60, 300])
def test_small_penalties_lead_to_penalty_zero(n, design):
    plan = gl.Plan.subsample(3, n, design=design, noise=0.5)
    exact = np.array(risks(PROBLEM, plan))
    for penalty in (1e-7, 1e-9):
        near = np.array(risks(PROBLEM, plan.with_penalty(penalty)))
        np.testing.assert_allclose(near, exact, rtol=1e5 * penalty, atol=1e-8)


def test_all_rows_are_no_subsample():
    pool = gl.Plan.accumulate(3, 100, design="same", penalty=0.05, noise=0.5)
    whole = gl.Plan(
        [dataclasses.replace(each, subsample=100 * (t + 1)) for t, each in enumerate(pool)]
    )
    np.testing.assert_allclose(
        gl.predict(PROBLEM, whole).risk, gl.predict(PROBLEM, pool).risk, rtol=1e-12
    )
    runs = (gl.simulate(PROBLEM, plan, trials=100, seed=3) for plan in (whole, pool))
    few, many = ((run.risk, run.stderr) for run in runs)
    assert (np.abs(few[0] - many[0]) < 4 * np.hypot(few[1], many[1])).all()
    nearly = dataclasses.replace(whole.generations[2], subsample=299)
    np.testing.assert_allclose(
        gl.predict(PROBLEM, gl.Plan([*whole.generations[:2], nearly])).risk,
        gl.predict(PROBLEM, pool).risk,
        rtol=5e-3,
    )


def test_fixed_compute_lies_between_replacing_and_keeping():
    drawn, kept, replaced = (
        gl.predict(PROBLEM, plan).risk
        for plan in (
            gl.Plan.subsample(6, 300, design="fresh", noise=0.5),
            gl.Plan.accumulate(6, 300, design="fresh", noise=0.5),
            gl.Plan.replace(6, 300, noise=0.5),
        )
    )
    assert (kept[1:] < drawn[1:]).all()
    assert (drawn[1:] < replaced[1:]).all()


@pytest.mark.slow
def test_every_fit_draws_anew():
    """Two fits to halves of one pool differ as much as the rows do that they do not share.

    With many rows ``Var (w_1 - w_2) = 2 noise^2 dim (1 / half - 1 / all)``.
    """
    half = Gen.of(1, labeler="real", noise=0.5, pooled=True, subsample=500)
    plan = gl.Plan(
        [Gen.of(998, labeler="real", noise=0.5), half, half, Gen.of(50, labeler={1: 1, 2: -1})]
    )
    problem = gl.Problem.isotropic(10)
    expected = 2 * 0.5**2 * 10 * (1 / 500 - 1 / 1000)
    literal = gl.simulate(problem, plan, trials=400, seed=4)
    assert literal.variance[3] == pytest.approx(expected, rel=0.12)
    assert gl.predict(problem, plan).variance[3] == pytest.approx(expected, rel=0.04)


# --- plans, files and verbs -------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(1, 9), st.floats(0, 1), st.booleans()), min_size=1, max_size=5),
    st.sampled_from([".toml", ".json"]),
)
def test_plans_that_draw_survive_a_file(tmp_path_factory, blocks, ending):
    generations, total = [], 0
    for n, share, draws in blocks:
        total += n
        generations.append(
            Gen.of(
                n,
                labeler="previous" if generations else "real",
                pooled=draws,
                subsample=1 + int(share * (total - 1)) if draws else None,
            )
        )
    plan = gl.Plan(generations)
    path = tmp_path_factory.getbasetemp() / f"drawn{ending}"
    gl.save(path, plan=plan)
    assert gl.load_plan(path) == plan
    assert plan.has_subsamples == any(draws for _, _, draws in blocks)
    assert ("subsample" in path.read_text()) == plan.has_subsamples


def test_a_file_may_name_the_preset():
    plain = {"preset": "subsample", "generations": 3, "n_samples": 9, "design": "same"}
    plan = gl.Plan.from_dict(plain)
    assert plan == gl.Plan.subsample(3, 9, design="same")
    assert plan == gl.Plan(
        [
            Gen.of(9, labeler="real", pooled=True, subsample=9),
            *2 * [Gen.of(9, design="same", pooled=True, subsample=9)],
        ]
    )
    with pytest.raises(TypeError, match="design"):
        gl.Plan.subsample(2, 9)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Gen.of(9, pooled=True, subsample=0), "subsample was 0"),
        (lambda: Gen.of(9, pooled=True, subsample=2.5), "subsample was 2.5"),
        (lambda: Gen.of(9, subsample=3), "subsample was 3 without pooled.*set pooled to True"),
        (
            lambda: gl.Plan.replace(1, 9).then(n_samples=5, pooled=True, subsample=15),
            "subsample of model 1 was 15; there are 14 rows so far",
        ),
        (lambda: gl.Plan.subsample(2, 9, design="old"), "design was 'old'"),
        (
            lambda: gl.Plan.from_dict({"generations": [{"n_samples": 9, "subsamples": 3}]}),
            "did you mean 'subsample'",
        ),
    ],
)
def test_mistakes_are_named(build, words):
    with pytest.raises(gl.InvalidInputError, match=words):
        build()


def test_only_the_pencil_knows_drawn_rows():
    drawn = gl.Plan.subsample(2, 150, design="fresh", noise=0.5)
    with pytest.raises(gl.NoTheoryError, match="model 1 is fitted to rows drawn from the pool"):
        gl.predict(PROBLEM, drawn, method="closed")
    with pytest.raises(gl.NoTheoryError, match="13 models.*must be asked for"):
        gl.predict(PROBLEM, gl.Plan.subsample(13, 9, design="fresh", penalty=0.1))
    often = gl.Plan.subsample(13, 9, design="same", penalty=0.1)
    with pytest.raises(gl.NoTheoryError, match=r"13 labels .* model 12,.*at most 12.*simulate"):
        gl.predict(PROBLEM, often, method="pencil")
    edge = gl.Plan.subsample(2, PROBLEM.dim, design="fresh", noise=0.5)
    assert np.isinf(gl.predict(PROBLEM, edge).risk).all()
    assert any("models [0, 1]" in each for each in gl.simulate(PROBLEM, edge, trials=2).warnings)
    few = gl.predict(PROBLEM, gl.Plan.subsample(2, 20, design="fresh", penalty=0.1))
    assert any("below 50" in warning for warning in few.warnings)


@pytest.mark.slow
def test_verbs_take_plans_that_draw():
    plan = CASES["fresh inputs"]
    best = gl.tune(PROBLEM, gl.Plan.subsample(3, 150, design="fresh", noise=0.5))
    assert best.value < best.value_before
    assert best.plan.has_subsamples
    found = gl.compare(PROBLEM, plan, plan.with_penalty(0.06), trials=60)
    assert found.method == "literal"
    assert found.gain.min() > 10
    mixed = [plan, dataclasses.replace(plan), CASES["one design"]]
    for each, curve in zip(mixed, gl.predict(PROBLEM, mixed), strict=True):
        np.testing.assert_allclose(curve.risk, gl.predict(PROBLEM, each).risk, rtol=1e-12)
    runs = [gl.simulate(PROBLEM, plan, trials=20, seed=4, workers=count) for count in (1, 2)]
    np.testing.assert_array_equal(runs[0].risk, runs[1].risk)


@pytest.mark.slow
def test_rows_drawn_and_features_can_be_swept(tmp_path):
    pytest.importorskip("zarr")
    plan = CASES["fresh inputs"].with_features(90, shared=False)
    found = gl.sweep(
        PROBLEM,
        plan,
        {"plan.generations[2].subsample": [100, 400], "plan.generations[2].features": [60, 90]},
        store=str(tmp_path / "s"),
        cluster="serial",
    )
    risk = found.risk.sel(model=2, route="theory").values
    for i, drawn in enumerate((100, 400)):
        for j, features in enumerate((60, 90)):
            last = dataclasses.replace(plan.generations[2], subsample=drawn, features=features)
            expected = gl.predict(PROBLEM, gl.Plan([*plan.generations[:2], last])).risk[2]
            assert risk[i, j] == pytest.approx(expected, rel=1e-9)
