"""Models on random features: in plans and files, in theory by the pencil, run literally."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

import genloss as gl

PROBLEM = gl.Problem.power_law(120, capacity=1.2, source=0.5)
CHAIN = gl.Plan.replace(3, 160, penalty=0.05, noise=0.5)


def risk_by_theory_2_5(problem, rows, noises, shares, features, penalty):
    """One fit on rows of the truth's multiples ``shares * truth``, `theory.md` 2.5."""
    s, n, m = problem.spectrum, sum(rows), features

    def df1(k):
        return np.sum(s / (s + k))

    def gap_to_penalty(log_k):
        k = np.exp(log_k)
        return k * (1 - df1(k) / n) * (1 - df1(k) / m) - penalty

    least = brentq(lambda t: df1(np.exp(t)) - min(n, m), -60, 20) if min(n, m) < s.size else -60.0
    k = np.exp(brentq(gap_to_penalty, least, 20, xtol=1e-15, rtol=1e-15))
    R = 1 / (s + k)
    df2, tr = np.sum((s * R) ** 2), np.sum(s * R**2)
    p = np.array(rows) / n
    u = np.sqrt(s) * problem.truth

    def gap(share):
        target, mean = share * u, (p @ shares) * u
        away = target - mean
        value = away @ away + 2 * away @ (k * R * mean) + k**2 * np.sum((R * mean) ** 2)
        return value + k**2 * np.sum(s * R**2 * mean**2) * tr / (m - df2)

    spread = df2 + k**2 * tr**2 / (m - df2)
    tau2 = p @ [noise**2 + gap(share) for noise, share in zip(noises, shares, strict=True)]
    tau2 /= 1 - spread / n
    return gap(1.0) + tau2 * spread / n


@pytest.mark.parametrize("features", [60, 90, 200, 1000])
@pytest.mark.parametrize("penalty", [1e-4, 0.05, 2.0])
def test_one_fit_is_the_one_of_theory_2_5(features, penalty):
    plain = gl.Plan([gl.Generation.of(160, labeler="real", noise=0.5, penalty=penalty)])
    found = gl.predict(PROBLEM, plain.with_features(features, shared=False))
    expected = risk_by_theory_2_5(PROBLEM, [160], [0.5], [1.0], features, penalty)
    assert found.method == "pencil"
    assert found.risk[0] == pytest.approx(expected, rel=1e-8)


def test_rows_of_several_labelers_are_those_of_theory_2_5():
    shifted = gl.Plan(
        [
            gl.Generation(
                [gl.Source(100, noise=0.5), gl.Source(60, {"real": 0.4}, noise=1.0)],
                penalty=0.05,
                features=90,
            )
        ]
    )
    expected = risk_by_theory_2_5(PROBLEM, [100, 60], [0.5, 0.4], [1.0, 0.4], 90, 0.05)
    assert gl.predict(PROBLEM, shifted).risk[0] == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("penalty", [0.0, 0.05])
def test_very_many_features_are_ridge_regression(shared, penalty):
    plan = CHAIN.with_penalty(penalty)
    found = gl.predict(PROBLEM, plan.with_features(10**9, shared=shared), method="pencil")
    np.testing.assert_allclose(
        found.risk, gl.predict(PROBLEM, plan, method="pencil").risk, rtol=1e-6
    )


@pytest.mark.slow
@pytest.mark.parametrize("shared", [True, False])
def test_least_squares_does_not_see_as_many_features_as_directions(shared):
    plan = gl.Plan.replace(3, 300, noise=0.5)
    literal = gl.simulate(PROBLEM, plan.with_features(150, shared=shared), trials=150, seed=1)
    exact = gl.predict(PROBLEM, plan).risk
    assert (np.abs(literal.risk - exact) < 4 * literal.stderr).all()
    limit = gl.predict(PROBLEM, plan.with_features(150, shared=shared)).risk
    np.testing.assert_allclose(limit, gl.predict(PROBLEM, plan, method="pencil").risk, rtol=1e-10)


CASES = {
    "fresh features": CHAIN.with_features(90, shared=False),
    "shared features": CHAIN.with_features(90, shared=True),
    "more features than directions": CHAIN.with_features(200, shared=True),
    "one design, shared features": gl.Plan.same_design(
        3, 160, penalty=0.05, noise=0.5
    ).with_features(90, shared=True),
    "all rows, shared features": gl.Plan.accumulate(
        3, 100, design="fresh", penalty=0.05, noise=0.5
    ).with_features(90, shared=True),
    "stacked rows, features of some models": gl.Plan(
        [
            gl.Generation([gl.Source(160, noise=0.5)], 0.05),
            gl.Generation(
                [gl.Source(60, noise=0.5), gl.Source(100, "previous", 0.5, weight=0.5)],
                0.05,
                features=90,
            ),
        ]
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_the_pencil_agrees_with_literal_runs(name):
    theory = gl.predict(PROBLEM, CASES[name])
    runs = gl.simulate(
        PROBLEM, CASES[name], trials=1000, seed=2, relative_stderr=0.006, method="literal"
    )
    assert runs.method == "literal"
    assert (runs.stderr < 0.01 * runs.risk).all()
    for part in ("risk", "bias"):
        gap = np.abs(getattr(theory, part) - getattr(runs, part))
        assert (gap < 0.02 * theory.risk + 4 * runs.stderr).all()


def test_sharing_features_matters():
    fresh, shared = (
        gl.predict(PROBLEM, CHAIN.with_features(40, shared=shared)).risk for shared in (False, True)
    )
    assert fresh[0] == pytest.approx(shared[0], rel=1e-9)
    assert fresh[2] > 1.1 * shared[2]


# --- plans, files and verbs -------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.sampled_from([None, 3, 40]), st.booleans()), min_size=1, max_size=5),
    st.sampled_from([".toml", ".json"]),
)
def test_plans_with_features_survive_their_plain_form(given_features, ending):
    generations, before = [], None
    for count, same in given_features:
        how = "same" if same and count is not None and count == before else "fresh"
        labeler = "previous" if generations else "real"
        generations.append(gl.Generation.of(9, labeler=labeler, features=count, feature_map=how))
        before = count
    plan = gl.Plan(generations)
    assert gl.Plan.from_dict(plan.to_dict()) == plan
    assert plan.has_features == any(count is not None for count, _ in given_features)
    if not plan.has_features:
        assert "features" not in str(plan.to_dict())


def test_features_are_read_from_a_file(tmp_path):
    path = tmp_path / "plan.toml"
    gl.save(path, plan=CASES["shared features"])
    assert gl.load_plan(path) == CASES["shared features"]
    assert 'feature_map = "same"' in path.read_text()


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: CHAIN.with_features(0, shared=True), "features was 0"),
        (lambda: CHAIN.with_features(2.5, shared=True), "features was 2.5"),
        (lambda: CHAIN.with_features(9, shared=None), "shared was None"),
        (lambda: gl.Generation.of(9, feature_map="same"), "feature_map was 'same' without"),
        (lambda: gl.Generation.of(9, features=3, feature_map="new"), "feature_map was 'new'"),
        (
            lambda: gl.Plan([gl.Generation.of(9, labeler="real", features=3, feature_map="same")]),
            "feature_map of model 0 was 'same'.*no earlier model",
        ),
        (
            lambda: gl.Plan.replace(1, 9).then(n_samples=9, features=3, feature_map="same"),
            "feature_map of model 1 was 'same' with features 3; model 0 has None",
        ),
        (lambda: gl.Plan.from_dict({"generations": [{"n_samples": 9, "feature": 3}]}), "features"),
    ],
)
def test_mistakes_are_named(build, words):
    with pytest.raises(gl.InvalidInputError, match=words):
        build()


def test_only_the_pencil_knows_random_features():
    plan = CASES["fresh features"]
    with pytest.raises(gl.NoTheoryError, match="model 0 is fitted on random features"):
        gl.predict(PROBLEM, plan, method="closed")
    edge = gl.Plan.replace(1, 90, noise=0.1).with_features(90, shared=False)
    assert np.isinf(gl.predict(PROBLEM, edge).risk).all()
    assert any("number of random features" in each for each in gl.simulate(PROBLEM, edge).warnings)
    few = gl.predict(PROBLEM, CHAIN.with_features(20, shared=True))
    assert any("below 50" in warning for warning in few.warnings)


@pytest.mark.slow
def test_verbs_take_plans_with_features():
    plan = CASES["shared features"]
    best = gl.tune(PROBLEM, gl.Plan.replace(2, 160, noise=0.5).with_features(90, shared=True))
    assert best.value < best.value_before
    assert best.plan.has_features
    other = plan.with_penalty(0.06)
    found = gl.compare(PROBLEM, plan, other, trials=60)
    assert found.method == "literal"
    assert found.gain.min() > 10
    mixed = [plan, CHAIN, CASES["fresh features"]]
    for each, curve in zip(mixed, gl.predict(PROBLEM, mixed), strict=True):
        np.testing.assert_allclose(curve.risk, gl.predict(PROBLEM, each).risk, rtol=1e-12)
    X = np.random.default_rng(0).standard_normal((300, 3))
    with pytest.raises(gl.InvalidInputError, match="features of model 0 was 90"):
        gl.forecast(X, X[:, 0], plan)


@pytest.mark.slow
def test_features_can_be_swept(tmp_path):
    pytest.importorskip("zarr")
    plan = gl.Plan.replace(2, 160, penalty=0.05, noise=0.5).with_features(90, shared=True)
    results = gl.sweep(
        PROBLEM, plan, {"plan.features": [40, 90]}, store=str(tmp_path / "s"), cluster="serial"
    )
    assert results.risk.sel(model=1, route="theory").values[1] == pytest.approx(
        gl.predict(PROBLEM, plan).risk[1], rel=1e-9
    )


@pytest.mark.slow
def test_single_precision_runs_features_too():
    plan = CASES["shared features"]
    single, double = (
        gl.simulate(PROBLEM, plan, trials=200, seed=seed, dtype=dtype, method="literal")
        for seed, dtype in ((0, "float32"), (1, "float64"))
    )
    assert single.method == "literal, float32"
    spread = np.hypot(single.stderr, double.stderr)
    assert (np.abs(single.risk - double.risk) < 4 * spread).all()
    assert dataclasses.replace(plan.generations[0], features=None).features is None
