"""Engines that are exact in law against the literal one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import genloss as gl
from genloss.steps import resolve
from genloss.trials.engines import least_squares, literal, triangular_rows, two_numbers
from genloss.trials.tally import Batch, Tally

Gen, Src = gl.Generation, gl.Source

SMALL = gl.Problem.power_law(6, capacity=1.0, source=0.5)
LEAST_SQUARES = gl.Plan.replace(3, [20, 15, 30], noise=0.5)
RIDGE = gl.Plan.replace(3, 15, penalty=0.1, noise=0.5)


# --- the exact engine against the literal one -------------------------------------------------

IN_LAW = {
    "fresh": gl.Plan.replace(3, [20, 12, 30], noise=[0.5, 0.3, 0.8]),
    "same": gl.Plan.same_design(3, 15, noise=[0.5, 0.3, 0.8]),
    "mixed labels": gl.Plan.mix_labels(3, 15, real=0.4, noise=0.7, real_noise=0.3),
    "mixed labels, same": gl.Plan.mix_labels(3, 15, real=0.4, noise=0.7, design="same"),
    "older labelers, coefficients that do not add up to one": gl.Plan(
        [
            Gen.of(20, labeler="real", noise=0.5),
            Gen.of(18, labeler={"real": 0.6, 0: 0.2}, noise=0.4),
            Gen.of(18, labeler={0: 0.5, 1: 0.9}, noise=0.4, design="same"),
            Gen.of(25, labeler=1, noise=0.2),
        ]
    ),
    "a quiet fit among noisy ones": gl.Plan.same_design(4, 15, noise=[0.5, 0.0, 0.8, 0.0]),
    "weighted": gl.Plan([Gen([Src(20, noise=0.5, weight=3.0)])]),
}


def compare_laws(plan, count, p_value, engine=least_squares, problem=SMALL):
    literally, sums, *_ = literal.run(problem, resolve(plan), np.random.default_rng(1), count)
    exactly, exact_sums, *_ = engine.run(problem, resolve(plan), np.random.default_rng(2), count)
    for t in range(plan.n_models):
        assert stats.ks_2samp(literally[:, t], exactly[:, t]).pvalue > p_value
    if plan.n_models > 1:
        # models of one run depend on each other in the same way
        for combine in (np.ptp, np.prod):
            one, other = (combine(risks, axis=1) for risks in (literally, exactly))
            assert stats.ks_2samp(one, other).pvalue > p_value
    if engine is two_numbers:  # it knows the error along the truth only
        forward = np.sqrt(problem.spectrum) * problem.truth / max(problem.signal, 1e-300) ** 0.5
        sums = sums @ forward[:, None]
    spread = 4 * np.sqrt((literally.mean(axis=0) + exactly.mean(axis=0)) / count)
    assert (np.abs(sums - exact_sums) / count <= spread[:, None]).all()


def test_the_exact_engine_has_the_law_of_the_literal_one():
    compare_laws(
        IN_LAW["older labelers, coefficients that do not add up to one"], 600, p_value=0.005
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", IN_LAW)
def test_the_exact_engine_has_the_law_of_the_literal_one_with_many_runs(name):
    assert least_squares.refuses(SMALL, resolve(IN_LAW[name])) is None
    compare_laws(IN_LAW[name], 8000, p_value=0.001)


@pytest.mark.parametrize("name", IN_LAW)
def test_auto_takes_the_exact_engine_where_it_applies(name):
    plan = IN_LAW[name]
    cheapest = two_numbers if two_numbers.refuses(SMALL, resolve(plan)) is None else least_squares
    assert gl.simulate(SMALL, plan, trials=4).method == cheapest.ENGINE.name
    assert gl.simulate(SMALL, IN_LAW[name], trials=4, method="literal").method == "literal"


COMPRESSED = {
    "penalty": RIDGE,
    "late penalty": gl.Plan.replace(2, 20, penalty=[0, 0.1], noise=0.5),
    "few rows, then many": gl.Plan.replace(3, [20, 5, 9], noise=0.5),
    "stacked": gl.Plan.mix(3, 20, real=0.5, penalty=0.05, noise=0.5),
    "pooled": gl.Plan.accumulate(3, 20, design="fresh", noise=0.5),
    "pooled with a penalty": gl.Plan.accumulate(3, 10, design="fresh", penalty=0.1, noise=0.5),
    "pooled, same design": gl.Plan.accumulate(3, 9, design="same", penalty=0.02, noise=0.5),
    "same design with a penalty": gl.Plan.same_design(3, 10, penalty=0.1, noise=0.5),
    "pooled after rows of its own": gl.Plan(
        [
            Gen.of(9, labeler="real", noise=0.5),
            Gen.of(8, noise=0.4, penalty=0.1),
            Gen.of(12, labeler={0: 0.5, "real": 0.5}, noise=0.4, pooled=True),
        ]
    ),
    "own covariances and weights": gl.Plan(
        [
            Gen([Src(20, noise=0.5, covariance=(1.0, 2.0, 0.5, 0.1, 1.0, 3.0))]),
            Gen(
                [
                    Src(10, 0, 0.3, weight=2.0),
                    Src(4, noise=0.6, covariance=(0.2,) * 6),
                    Src(7, {0: 0.5, "real": 0.2}, noise=0.2),
                ],
                penalty=0.05,
            ),
        ]
    ),
    "several sources labelled anew": gl.Plan(
        [
            Gen([Src(10, noise=0.5), Src(8, noise=1.0)], penalty=0.02),
            Gen([Src(10, 0, 0.3), Src(8, "real", 0.2, weight=3.0)], penalty=0.1, design="same"),
        ]
    ),
}

ROUND = gl.Problem(np.full(6, 2.0), np.array([1.0, -0.5, 0.0, 0.3, 0.2, 1.0]))
ISOTROPIC = {
    "ridge": gl.Plan.replace(3, [20, 9, 12], penalty=[0.3, 0.1, 1.0], noise=[0.5, 0.3, 0.8]),
    "ridge on few rows": gl.Plan.replace(3, [4, 3, 5], penalty=0.3, noise=0.5),
    "as many rows as directions": gl.Plan.replace(3, 6, penalty=0.2, noise=0.5),
    "minimum norm": gl.Plan.replace(3, [3, 4, 2], noise=0.5),
    "one row": gl.Plan.replace(2, 1, noise=0.5),
    "minimum norm, no noise": gl.Plan.replace(3, [3, 4, 2]),
    "all but one direction": gl.Plan.replace(2, [5, 5], penalty=0.1, noise=0.3),
    "mixed labels": gl.Plan.mix_labels(
        4, [20, 4, 9, 4], real=[1, 0.4, 1.5, -0.5], penalty=[0.1, 0, 0.2, 0], noise=0.7
    ),
    "real labels again, and weights": gl.Plan(
        [
            Gen.of(9, labeler="real", noise=0.5, penalty=0.1),
            Gen([Src(4, "real", noise=0.2, weight=3.0)], penalty=0.3),
            Gen([Src(9, 1, noise=0.2, weight=0.5)], penalty=0.3),
        ]
    ),
    "a truth of zero": gl.Plan.replace(2, [4, 9], penalty=[0, 0.1], noise=0.5),
}


def problem_of(name):
    return gl.Problem(np.full(6, 2.0), np.zeros(6)) if name == "a truth of zero" else ROUND


RADIAL = [name for name in IN_LAW if two_numbers.refuses(SMALL, resolve(IN_LAW[name])) is None]


@pytest.mark.slow
@pytest.mark.parametrize("name", RADIAL)
def test_least_squares_through_two_numbers_has_the_law_of_the_literal_engine(name):
    assert len(RADIAL) == 3
    compare_laws(IN_LAW[name], 2500, p_value=0.005, engine=two_numbers)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPRESSED)
def test_compressed_rows_have_the_law_of_the_literal_engine(name):
    assert triangular_rows.refuses(SMALL, resolve(COMPRESSED[name])) is None
    compare_laws(COMPRESSED[name], 5000, p_value=0.001, engine=triangular_rows)


@pytest.mark.slow
@pytest.mark.parametrize("name", ISOTROPIC)
def test_the_isotropic_engine_has_the_law_of_the_literal_one(name):
    problem = problem_of(name)
    assert two_numbers.refuses(problem, resolve(ISOTROPIC[name])) is None
    compare_laws(ISOTROPIC[name], 5000, p_value=0.001, engine=two_numbers, problem=problem)


@pytest.mark.slow
@pytest.mark.parametrize("rows", [1, 3, 5, 6, 7, 40])
@pytest.mark.parametrize("penalty", [0.0, 0.5])
def test_the_isotropic_engine_in_one_and_two_dimensions(rows, penalty):
    for d in (1, 2):
        problem = gl.Problem(np.full(d, 0.5), np.arange(1.0, d + 1))
        if penalty == 0 and abs(rows - d) <= 3:
            continue
        plan = gl.Plan.replace(2, rows, penalty=penalty, noise=0.3)
        curve = gl.simulate(problem, plan, trials=600, seed=3, method="exact")
        literally = gl.simulate(problem, plan, trials=600, seed=4, method="literal")
        spread = np.hypot(curve.stderr, literally.stderr)
        assert (np.abs(curve.risk - literally.risk) < 4 * spread).all()


@pytest.mark.parametrize(
    ("problem", "plan", "engine"),
    [
        *((SMALL, plan, "exact, compressed rows") for plan in COMPRESSED.values()),
        *((ROUND, plan, "exact, two numbers per model") for plan in ISOTROPIC.values()),
        (ROUND, LEAST_SQUARES, "exact, two numbers per model"),
        (SMALL, LEAST_SQUARES, "exact, two numbers per model"),
        (SMALL, gl.Plan.same_design(3, 20, noise=0.5), "exact increments"),
        (ROUND, gl.Plan.mix(2, 20, real=0.5, penalty=0.1), "exact, compressed rows"),
    ],
)
def test_auto_takes_the_cheapest_engine_and_says_so(problem, plan, engine):
    for method in ("auto", "exact"):
        assert gl.simulate(problem, plan, trials=4, method=method).method == engine


def test_a_million_rows_cost_no_more_than_a_thousand():
    plan = gl.Plan.replace(3, 10**6, penalty=0.01, noise=0.5)
    curve = gl.simulate(SMALL, plan, trials=200, seed=0)
    expected = gl.predict(SMALL, plan).risk
    assert (np.abs(curve.risk - expected) < 0.03 * expected + 4 * curve.stderr).all()


def test_compressed_rows_survive_a_very_wide_spectrum():
    problem = gl.Problem(np.geomspace(1, 1e-14, 30), np.geomspace(1, 1e6, 30))
    plan = gl.Plan.replace(2, 300, penalty=[0.0, 1e-9], noise=0.3)
    curve = gl.simulate(problem, gl.Plan.mix(1, 300, real=1.0, noise=0.3), trials=50)
    assert np.isfinite(curve.risk).all()
    exactly = triangular_rows.run(problem, resolve(plan), np.random.default_rng(0), 200)[0]
    literally = literal.run(problem, resolve(plan), np.random.default_rng(1), 200)[0]
    for t in range(2):
        assert stats.ks_2samp(exactly[:, t], literally[:, t]).pvalue > 0.005


LITERAL_ONLY = {
    "leave-one-out": (gl.Plan.replace(2, 20, penalty="cv"), "leave-one-out"),
}


@pytest.mark.parametrize("name", LITERAL_ONLY)
@pytest.mark.parametrize("method", ["exact", "revealed"])
def test_an_exact_engine_is_refused_where_single_rows_matter(name, method):
    plan, words = LITERAL_ONLY[name]
    assert gl.simulate(SMALL, plan, trials=4).method == "literal"
    with pytest.raises(gl.InvalidInputError, match=f"method was '{method}'; .*{words}"):
        gl.simulate(SMALL, plan, trials=4, method=method)


# --- the estimates ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("problem", "plan", "bias"),
    [
        (SMALL, gl.Plan.replace(1, 20, noise=0.5), 0.0),
        (gl.Problem.isotropic(8), gl.Plan.replace(2, 4, noise=0.3), (1 - 0.25) ** 2),
    ],
    ids=["exact", "literal"],
)
def test_bias_and_variance_are_unbiased_from_a_handful_of_runs(problem, plan, bias):
    curves = [gl.simulate(problem, plan, trials=3, seed=seed, workers=1) for seed in range(500)]
    for name, expected in (
        ("bias", bias),
        ("variance", gl.predict(problem, plan).risk[-1] - bias),
    ):
        values = np.array([getattr(curve, name)[-1] for curve in curves])
        assert abs(values.mean() - expected) < 4 * values.std() / np.sqrt(values.size)


MANY = {
    # engine: problem, plan, options of simulate, right biases
    "two numbers, least squares": (
        gl.Problem.isotropic(60), gl.Plan.replace(3, 90, noise=1.0), {}, [0.0, 0.0, 0.0],
    ),
    "two numbers, any spectrum": (
        gl.Problem.power_law(30, capacity=1.5, source=0.5), gl.Plan.replace(2, 45, noise=1.0), {},
        [0.0, 0.0],
    ),
    "two numbers, minimum norm": (
        gl.Problem.isotropic(60), gl.Plan.replace(2, 40, noise=0.5), {}, [1 / 9, 25 / 81],
    ),
    "two numbers, no signal": (
        gl.Problem.isotropic(20, signal=0), gl.Plan.replace(2, 30, noise=1.0, penalty=0.1), {},
        [0.0, 0.0],
    ),
    "increments": (
        gl.Problem.isotropic(20), gl.Plan.same_design(3, 30, noise=1.0), {"method": "exact"},
        [0.0, 0.0, 0.0],
    ),
    "compressed": (
        gl.Problem.isotropic(12), gl.Plan.accumulate(2, 20, design="fresh", noise=1.0),
        {"method": "exact"}, [0.0, 0.0],
    ),
    "compressed, single": (
        gl.Problem.isotropic(12), gl.Plan.accumulate(2, 20, design="fresh", noise=1.0),
        {"method": "exact", "dtype": "float32"}, [0.0, 0.0],
    ),
    "literal": (
        gl.Problem.isotropic(12), gl.Plan.replace(2, 18, noise=1.0), {"method": "literal"},
        [0.0, 0.0],
    ),
    "literal, single": (
        gl.Problem.isotropic(12), gl.Plan.replace(2, 18, noise=1.0),
        {"method": "literal", "dtype": "float32"}, [0.0, 0.0],
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", MANY)
def test_bias_and_variance_are_unbiased_over_many_blocks(name):
    problem, plan, options, right = MANY[name]
    curve = gl.simulate(problem, plan, trials=4000, workers=1, **options)
    # of a U statistic: twice the bias times the variance along it, and the spread of the rest
    bias = np.array(right)
    spread = np.sqrt(8 * bias * curve.variance / 4000 + 4 * (curve.variance / 4000) ** 2)
    assert (np.abs(curve.bias - bias) < 4 * spread).all()
    np.testing.assert_allclose(curve.bias + curve.variance, curve.risk, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "penalty"), [(20, 0.5), (6, 0.3), (6, 0.0), (20, 0.0)], ids=str
)  # fmt: skip
def test_engines_agree_with_the_literal_one_about_bias_over_many_blocks(rows, penalty):
    problem = gl.Problem.isotropic(10)
    plan = gl.Plan.replace(2, rows, penalty=penalty, noise=0.8)
    ways = {"literal": literal, "two numbers": two_numbers}
    if rows > 10:
        ways["triangular rows"] = triangular_rows
    found = {}
    for name, engine in ways.items():
        tallies = [
            Tally.of(
                Batch(*engine.run(problem, resolve(plan), np.random.default_rng([block, 7]), 10))
                for block in range(20 * seed, 20 * seed + 20)
            ).curve(name)
            for seed in range(20)
        ]
        found[name] = np.array([curve.bias for curve in tallies])
    for name in ways:
        difference = found[name] - found["literal"]
        assert (np.abs(difference.mean(axis=0)) <= 4 * difference.std(axis=0) / np.sqrt(19)).all()


def test_the_right_values_of_ridge_and_minimum_norm_fits():
    problem = gl.Problem.isotropic(60)
    few = gl.simulate(problem, gl.Plan.replace(1, 40, noise=0.5), trials=4000)
    assert abs(few.bias[0] - 0.1111) < 0.003
    ridge = gl.simulate(problem, gl.Plan.replace(1, 90, penalty=0.5, noise=1.0), trials=4000)
    assert abs(ridge.bias[0] - 0.1977) < 0.003  # 0.1963 in high dimension, 0.2026 with the fault
