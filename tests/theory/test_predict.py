"""The laws that predict() obeys, and the numbers of `paper.md` and `theory.md` it must give."""

from __future__ import annotations

import dataclasses
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar

import genloss as gl
from genloss import pencils
from genloss.equivalents import effective_penalty

LOOSE = 1.05  # half a unit in the last printed digit, with the rounding of the table itself


def numbers(text):
    """Printed numbers with the largest error their digits allow."""
    return [(float(word), LOOSE * 10.0 ** -len(word.partition(".")[2])) for word in text.split()]


def chain(generators, rows, sigma, /, **last):
    """``generators`` least-squares fits, then one more, on real labels if it is the first."""
    if generators == 0:
        return gl.Plan([gl.Generation.of(labeler="real", **last)])
    return gl.Plan.replace(generators, rows, noise=sigma).then(**last)


def final(problem, plan):
    return gl.predict(problem, plan).risk[-1]


def one(*sources, **fit):
    return gl.Plan([gl.Generation(sources, **fit)])


# --- the anchors of the founding paper -------------------------------------------------------

GENERATORS = (0, 1, 5, 10, 20)


@pytest.mark.parametrize(
    ("n_samples", "penalty", "printed"),
    [
        (1000, 0.001, ".1067 .3568 1.357 2.608 5.109"),
        (1000, 0.1, ".0944 .2899 1.072 2.049 4.004"),
        (1000, 0.3, ".1375 .2722 .8110 1.485 2.832"),
        (1000, 1.0, ".3257 .3843 .6190 .9124 1.499"),
        (1000, 3.0, ".5972 .6137 .6798 .7624 .9276"),
        (1000, 10.0, ".8330 .8355 .8453 .8577 .8823"),
        (100, 0.001, ".7915 .8750 1.209 1.627 2.462"),
        (200, 0.001, ".8274 .9940 1.660 2.493 4.159"),
        (300, 0.001, "3.845 4.084 5.041 6.237 8.629"),
        (600, 0.001, ".2480 .4979 1.497 2.746 5.245"),
        (3000, 0.001, ".0277 .2780 1.279 2.531 5.033"),
        (10000, 0.001, ".0077 .2580 1.259 2.511 5.014"),
    ],
)
def test_isotropic_figure_of_the_founding_paper(n_samples, penalty, printed):
    problem = gl.Problem.isotropic(300)
    for count, (value, error) in zip(GENERATORS, numbers(printed), strict=True):
        plan = chain(count, 600, 0.5, n_samples=n_samples, penalty=penalty, noise=0.5)
        assert final(problem, plan) == pytest.approx(value, abs=error)


@pytest.mark.parametrize(
    ("n_samples", "clean_rule", "adaptive_rule"),
    [
        (100, ".0595 .0732 .1280 .1966 .3337", ".0434 .0674 .1290 .1811 .2567"),
        (400, ".0246 .0358 .0809 .1373 .2500", ".0179 .0352 .0760 .1103 .1607"),
        (1600, ".0104 .0245 .0810 .1517 .2930", ".0076 .0245 .0589 .0871 .1286"),
        (25600, ".0018 .0398 .1918 .3819 .7619", ".0013 .0206 .0530 .0791 .1173"),
    ],
)
def test_power_law_figure_of_the_founding_paper(n_samples, clean_rule, adaptive_rule):
    problem = gl.Problem.power_law(300, capacity=1.5, source=0.5)
    rules = zip(GENERATORS, numbers(clean_rule), numbers(adaptive_rule), strict=True)
    for count, (clean, clean_error), (adaptive, adaptive_error) in rules:
        effective = (0.25 + count * 0.25 * 300 / 299) / n_samples + count * 0.25 / 299
        for penalty, value, error in (
            (n_samples**-0.6, clean, clean_error),
            (effective**0.6, adaptive, adaptive_error),
        ):
            plan = chain(count, 600, 0.5, n_samples=n_samples, penalty=penalty, noise=0.5)
            assert final(problem, plan) == pytest.approx(value, abs=error)


EXACT_ROWS = {
    "V3 n=0": (20, chain(0, 60, 0.5, n_samples=80, noise=0.5), ".0847"),
    "V3 n=1": (20, chain(1, 60, 0.5, n_samples=80, noise=0.5), ".2130"),
    "V3 n=5": (20, chain(5, 60, 0.5, n_samples=80, noise=0.5), ".7258"),
    "V3 n=20": (20, chain(20, 60, 0.5, n_samples=80, noise=0.5), "2.649"),
    "V3 d+4": (20, gl.Plan.replace(2, 24, noise=0.5), "3.333"),
    "V3 d+2": (20, gl.Plan.replace(2, 22, noise=0.5), "10.00"),
    "V4 n=0": (30, chain(0, 60, 0.5, n_samples=18, noise=0.5), ".8091"),
    "V4 n=4": (30, chain(4, 60, 0.5, n_samples=18, noise=0.5), "1.430"),
    "V7 n=4": (60, chain(4, 40, 0.3, n_samples=150, noise=0.3), "1.319"),
    "V7 n=16": (60, chain(16, 40, 0.3, n_samples=150, noise=0.3), "1.627"),
    "V7 endpoint": (60, gl.Plan.replace(6, 40, noise=0.3), "1.4307"),
    "V3 mixed": (
        20,
        gl.Plan.replace(5, [30, 45, 200, 60, 80], noise=[0.3, 0.8, 1, 0, 0.5]),
        ".9298",
    ),
    "V7 same, n=16": (
        60,
        gl.Plan.same_design(16, 40, noise=0.3).then(n_samples=150, noise=0.3),
        "3.426",
    ),
}


@pytest.mark.parametrize("name", EXACT_ROWS)
def test_exact_rows_of_the_verification_table(name):
    dim, plan, printed = EXACT_ROWS[name]
    [(value, error)] = numbers(printed)
    curve = gl.predict(gl.Problem.isotropic(dim), plan)
    assert curve.risk[-1] == pytest.approx(value, abs=error)
    assert curve.exact.all()


POWER = {
    "V8": gl.Problem.power_law(200, capacity=1.5, source=0.5),
    "V8 mixed": gl.Problem.power_law(80, capacity=1.0, source=0.5),
    "V11": gl.Problem.power_law(300, capacity=1.5, source=0.375),
    "V8 cross": gl.Problem.power_law(100, capacity=1.0, source=0.5),
    "V8 size": gl.Problem.power_law(240, capacity=1.0, source=0.5),
}


@pytest.mark.parametrize(
    ("name", "plan", "printed"),
    [
        ("V8", chain(3, 80, 0.0, n_samples=150, penalty=1e-3), "0.0086160"),
        ("V8", chain(10, 80, 0.3, n_samples=150, penalty=1e-3, noise=0.3), "0.45551"),
        (
            "V8",
            gl.Plan.same_design(10, 80, noise=0.3).then(n_samples=150, penalty=1e-3, noise=0.3),
            "0.72980",
        ),
        (
            "V8",
            gl.Plan.replace(4, [80, 80, 80, 150], penalty=0.01, noise=0.2),
            "0.064055",
        ),
        (
            "V8",
            gl.Plan.replace(8, 80, penalty=1e-3, noise=0.2).then(
                n_samples=150, penalty=0.01, noise=0.2
            ),
            "0.091135",
        ),
        (
            "V8 mixed",
            gl.Plan.replace(4, [40, 200, 60, 120], noise=[0.1, 0.5, 0.2, 0.3]).then(
                n_samples=150, penalty=0.01, noise=0.3
            ),
            "0.34659",
        ),
        ("V8 cross", chain(0, 200, 0.3, n_samples=50, noise=0.3), "0.15784"),
        ("V8 cross", chain(4, 200, 0.3, n_samples=50, noise=0.3), "0.39589"),
        ("V8 size", gl.Plan.replace(4, [120, 120, 120, 600], noise=0.3), "0.35999"),
    ],
)
def test_asymptotic_rows_of_the_verification_table(name, plan, printed):
    [(value, error)] = numbers(printed)
    curve = gl.predict(POWER[name], plan)
    assert curve.risk[-1] == pytest.approx(value, abs=2 * error)
    assert not curve.exact[-1]


@pytest.mark.parametrize(("n_samples", "printed"), [(45, "-.829"), (60, "-.325")])
def test_overparametrised_generators_can_reduce_the_bias_of_a_tail_target(n_samples, printed):
    spectrum = np.r_[np.full(40, 100.0), np.ones(160)]
    problem = gl.Problem(spectrum, np.r_[np.zeros(40), np.full(160, 160**-0.5)])
    one_more = final(problem, chain(1, 100, 0.0, n_samples=n_samples))
    [(value, error)] = numbers(printed)
    change = one_more - final(problem, chain(0, 100, 0.0, n_samples=n_samples))
    assert change == pytest.approx(value, abs=error)


@pytest.mark.parametrize("count", [1, 10])
def test_tuned_ridge_on_infinite_data_reaches_the_harmonic_optimum(count):
    # paper.md 2.3: lam* = N / w2, E* = N w2 / (N + w2)
    w2, noise = 1.7, count * 0.25 * 100 / (250 - 100 - 1)
    problem = gl.Problem.isotropic(100, signal=w2)

    def risk(penalty):
        return final(problem, chain(count, 250, 0.5, n_samples=10**12, penalty=penalty, noise=0.5))

    best = minimize_scalar(
        lambda x: risk(np.exp(x)), bounds=(-9, 9), method="bounded", options={"xatol": 1e-9}
    )
    assert np.exp(best.x) == pytest.approx(noise / w2, rel=1e-4)
    assert best.fun == pytest.approx(noise * w2 / (noise + w2), rel=1e-8)


# --- the numbers of theory.md ----------------------------------------------------------------


def schedule_problem():
    rank = np.arange(1.0, 1001)
    spectrum, truth = rank**-1.5, rank**-0.4
    return gl.Problem(spectrum, truth / np.sqrt(spectrum @ truth**2))


@pytest.mark.parametrize(
    ("plan", "printed"),
    [
        (gl.Plan.replace(20, 400, noise=0.1**0.5), ".799"),
        (gl.Plan.replace(20, 400, noise=0.1**0.5, penalty=5.2e-3), ".1319"),
        (gl.Plan.replace(20, 400, noise=0.1**0.5, penalty=1.9e-3), ".1033"),
        (gl.Plan.replace(1, 400, noise=0.1**0.5, penalty=5.2e-3), ".0123"),
        (gl.Plan.mix_labels(20, 400, real=0.3, noise=0.1**0.5, penalty=5.2e-3), ".022"),
        (gl.Plan.mix_labels(20, 400, real=0.5, noise=0.1**0.5, penalty=5.2e-3), ".0144"),
        (gl.Plan.mix_labels(20, 400, real=0.618, noise=0.1**0.5, penalty=5.2e-3), ".0126"),
    ],
)
def test_the_example_of_theory_2_11(plan, printed):
    [(value, error)] = numbers(printed)
    assert final(schedule_problem(), plan) == pytest.approx(value, abs=error)


@pytest.mark.parametrize(("design", "printed"), [("same", "3.216"), ("fresh", "2.583")])
def test_accumulating_rows_on_fresh_inputs_beats_the_same_inputs(design, printed):
    plan = gl.Plan.accumulate(8, 60, design=design, noise=1.0)
    [(value, error)] = numbers(printed)
    assert final(gl.Problem.isotropic(40), plan) == pytest.approx(value, abs=error)


def test_accumulation_follows_its_exact_sums():
    d, n, noise = 7, 20, 0.6
    problem = gl.Problem.power_law(d, capacity=1.0, source=0.5)
    i = np.arange(1, 31)
    fresh = np.cumsum(noise**2 * d / (i * (i * n - d - 1)))
    same = np.cumsum(noise**2 * d / (n - d - 1) / i**2)
    for design, expected in (("fresh", fresh), ("same", same)):
        curve = gl.predict(problem, gl.Plan.accumulate(30, n, design=design, noise=noise))
        np.testing.assert_allclose(curve.risk, expected, rtol=1e-12)
        assert curve.exact.all()


def test_accumulation_with_uneven_blocks_and_noises_telescopes():
    d, rows, noises = 5, [12, 40, 7, 30], [0.5, 0.0, 2.0, 0.1]
    plan = gl.Plan.accumulate(4, rows, design="fresh", noise=noises)
    total = np.cumsum(rows)
    expected = np.cumsum(
        [s**2 * (n / m) * d / (m - d - 1) for s, n, m in zip(noises, rows, total, strict=True)]
    )
    np.testing.assert_allclose(gl.predict(gl.Problem.isotropic(d), plan).risk, expected, rtol=1e-12)


def test_accumulating_one_design_tends_to_pi_squared_over_six():
    plan = gl.Plan.accumulate(2000, 60, design="same", noise=1.0)
    curve = gl.predict(gl.Problem.isotropic(10), plan)
    assert curve.risk[-1] / curve.risk[0] == pytest.approx(np.pi**2 / 6, abs=6e-4)


@pytest.mark.parametrize("real", [0.2, 0.5, 0.618, 1.0])
def test_mixing_labels_on_one_interpolated_design_tends_to_garg_s_limit(real):
    d, n, noise = 200, 100, 1.0
    plan = gl.Plan.mix_labels(60, n, real=real, noise=noise, design="same")
    c = (real**2 + (1 - real) ** 2) / (real * (2 - real))
    expected = (1 - n / d) + c * n / (d - n - 1)
    assert final(gl.Problem.isotropic(d), plan) == pytest.approx(expected, rel=1e-9)


def test_garg_s_printed_value_at_equal_weights():
    plan = gl.Plan.mix_labels(40, 5000, real=0.5, noise=1.0, design="same")
    assert final(gl.Problem.isotropic(10_000), plan) == pytest.approx(1.1667, rel=1e-3)


def stationary_weighted_risk(dim, n_real, n_synthetic, share):
    """Long-run risk when real rows carry ``share`` of the total weight."""
    omega = (1 - share) / share * n_real / n_synthetic
    later = gl.Generation(
        [
            gl.Source(n_real, noise=1.0),
            gl.Source(n_synthetic, "previous", noise=1.0, weight=omega),
        ]
    )
    start = gl.Generation([gl.Source(n_real, noise=1.0)])
    return final(gl.Problem.isotropic(dim), gl.Plan([start, *[later] * 60]))


@pytest.mark.slow
@pytest.mark.parametrize("k", [1, 2, 4])
def test_the_best_weight_on_real_rows_is_the_golden_ratio_and_its_relatives(k):
    n_real = 40_000
    best = minimize_scalar(
        lambda w: stationary_weighted_risk(2, n_real, n_real // k, w),
        bounds=(0.3, 0.97),
        method="bounded",
    )
    assert best.x == pytest.approx((np.sqrt(k * k + 4 * k) - k) / 2, abs=2e-4)
    w = best.x
    law = ((1 - w) ** 2 * k + w**2) / (2 * w - w**2) * 2 / n_real
    assert best.fun == pytest.approx(law, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ratio", "share"), [(0.02, 0.618), (0.2, 0.628), (0.5, 0.647), (0.8, 0.673)]
)
def test_the_best_weight_on_real_rows_grows_with_the_dimension(ratio, share):
    n = 1000
    best = minimize_scalar(
        lambda w: stationary_weighted_risk(round(ratio * n), n, n, w),
        bounds=(0.5, 0.8),
        method="bounded",
    )
    assert best.x == pytest.approx(share, abs=1e-3)
    if ratio == 0.5:
        assert best.fun == pytest.approx(0.461, abs=6e-4)


@pytest.mark.parametrize("real", [0.1, 0.3, 0.9])
def test_stacked_least_squares_forgets_geometrically_when_rows_abound(real):
    # theory.md 2.10: V = sigma^2 d / (n a (2 - a))
    d, n = 3, 10_000_000
    risk = final(gl.Problem.isotropic(d), gl.Plan.mix(200, n, real=real, noise=1.0))
    assert risk == pytest.approx(d / (n * real * (2 - real)), rel=1e-5)


# --- exact laws at finite size ---------------------------------------------------------------


@given(st.integers(1, 40), st.integers(2, 60), st.integers(1, 12), st.floats(0, 3))
@settings(max_examples=25, deadline=None)
def test_least_squares_chains_grow_by_d_over_n_minus_d_minus_1(d, extra, count, capacity):
    n = d + extra
    problem = gl.Problem.power_law(d, capacity=capacity, source=0.3)
    curve = gl.predict(problem, gl.Plan.replace(count, n, noise=0.7))
    expected = 0.49 * d / (n - d - 1) * np.arange(1, count + 1)
    np.testing.assert_allclose(curve.risk, expected, rtol=1e-11)
    np.testing.assert_allclose(curve.bias, 0, atol=1e-14)
    assert curve.exact.all()
    assert curve.method == "exact theory"


@pytest.mark.parametrize(("d", "n"), [(60, 40), (50, 10), (100, 98)])
def test_noiseless_interpolation_converges_exponentially_to_the_null_predictor(d, n):
    signal, t = 2.5, np.arange(1, 11)
    curve = gl.predict(gl.Problem.isotropic(d, signal=signal), gl.Plan.replace(10, n))
    np.testing.assert_allclose(curve.risk, signal * (1 - (n / d) ** t), rtol=1e-12)
    np.testing.assert_allclose(curve.bias, signal * (1 - (n / d) ** t) ** 2, rtol=1e-12)
    assert curve.exact.all()


def test_noisy_interpolation_on_fresh_inputs_saturates():
    d, n, noise, t = 60, 40, 0.3, np.arange(1, 13)
    eta = n / d
    gain = noise**2 * n / (d - n - 1)
    curve = gl.predict(gl.Problem.isotropic(d), gl.Plan.replace(12, n, noise=noise))
    expected = (1 - eta**t) + gain * (1 - eta**t) / (1 - eta)
    np.testing.assert_allclose(curve.risk, expected, rtol=1e-12)


def test_interpolation_with_varying_sizes_multiplies_their_ratios():
    d, rows, noises = 50, np.array([40, 10, 30]), np.array([0.2, 0.5, 1.0])
    plan = gl.Plan.replace(3, rows, noise=noises)
    kept = np.prod(rows / d)
    later = np.array([rows[1] * rows[2] / d**2, rows[2] / d, 1.0])
    expected = (1 - kept) + np.sum(noises**2 * rows / (d - rows - 1) * later)
    assert final(gl.Problem.isotropic(d), plan) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("n", [30, 90])
def test_one_design_has_constant_bias_and_linear_noise(n):
    d, noise = 50, 0.4
    curve = gl.predict(gl.Problem.isotropic(d), gl.Plan.same_design(8, n, noise=noise))
    eta = min(n / d, 1.0)
    step = noise**2 * (n / (d - n - 1) if n < d else d / (n - d - 1))
    expected = (1 - eta) + step * np.arange(1, 9)
    np.testing.assert_allclose(curve.risk, expected, rtol=1e-12)
    np.testing.assert_allclose(curve.bias, (1 - eta) ** 2, atol=1e-13)
    assert curve.exact.all()


@given(st.integers(3, 40), st.integers(3, 40), st.data())
@settings(max_examples=25, deadline=None)
def test_stacked_least_squares_in_one_dimension_is_a_beta_average(n0, n, data):
    # w1 - w* = (1 - B) (w0 - w*) + noise with B ~ Beta(r / 2, (n - r) / 2)
    real = data.draw(st.integers(1, n - 1))
    rest = n - real
    plan = gl.Plan(
        [
            gl.Generation.of(n0, labeler="real", noise=0.8),
            gl.Generation([gl.Source(real, noise=0.3), gl.Source(rest, "previous", noise=0.3)]),
        ]
    )
    kept = rest * (rest + 2) / (n * (n + 2))
    expected = kept * 0.64 / (n0 - 2) + 0.09 / (n - 2)
    curve = gl.predict(gl.Problem([2.0], [3.0]), plan)
    assert curve.risk[-1] == pytest.approx(expected, rel=1e-10)
    assert curve.exact.all()


@pytest.mark.parametrize("n", [60, 200])
def test_stacked_least_squares_tends_to_the_general_formula_of_2_4(n):
    # the two routes share no code; they agree to the order 1 / (n - d) that one of them neglects
    d = n // 2
    problem = gl.Problem.power_law(d, capacity=0.5, source=0.5)
    exact = gl.predict(problem, gl.Plan.mix(5, n, real=0.3, noise=0.5)).risk
    own = tuple(problem.spectrum)
    general = gl.predict(problem, with_covariance(gl.Plan.mix(5, n, real=0.3, noise=0.5), own)).risk
    np.testing.assert_allclose(exact, general, rtol=4 / (n - d))


def difference(plan, one, other):
    """Add a model that is the truth plus ``one`` minus ``other``."""
    return plan.then(n_samples=10**12, labeler={"real": 1.0, one: 1.0, other: -1.0})


def test_a_noiseless_interpolation_of_a_noisy_model_loses_its_share_of_both():
    # w1 - w0 = (P - 1) w0, and E P = (n / d) 1
    d, n, noise = 40, 15, 0.7
    plan = gl.Plan.replace(2, [90, n], noise=[noise, 0.0])
    expected = (1 - n / d) * (1 + noise**2 * d / (90 - d - 1))
    assert final(gl.Problem.isotropic(d), difference(plan, 1, 0)) == pytest.approx(
        expected, rel=1e-8
    )


def test_ridge_on_infinite_rows_of_a_noisy_model_shrinks_what_it_copies():
    s, lam, noise, n = np.array([3.0, 1.0, 0.2]), 0.4, 0.5, 12
    problem = gl.Problem(s, [1.0, -1.0, 2.0])
    plan = gl.Plan.replace(2, [n, 10**12], penalty=[0.0, lam], noise=[noise, 0.0])
    second_moment = problem.truth**2 + noise**2 / (s * (n - 3 - 1))
    expected = s @ ((lam / (s + lam)) ** 2 * second_moment)
    assert final(problem, difference(plan, 1, 0)) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    "plan",
    [
        gl.Plan.replace(4, [20, 30, 25, 40], noise=[0.5, 1, 0.7, 0.2]),
        gl.Plan.same_design(4, 20, noise=[0.5, 1, 0.7, 0.2]),
        gl.Plan.accumulate(4, 20, design="same", noise=[0.5, 1, 0.7, 0.2]),
        gl.Plan.accumulate(4, [20, 5, 25, 40], design="fresh", noise=[0.5, 1, 0.7, 0.2]),
    ],
    ids=["fresh", "same", "pooled same", "pooled fresh"],
)
def test_least_squares_models_wander_by_uncorrelated_steps(plan):
    problem = gl.Problem.power_law(6, capacity=1.0, source=0.5)
    risk = gl.predict(problem, plan).risk
    for one, other in ((1, 0), (3, 0), (3, 1)):
        apart = final(problem, difference(plan, one, other))
        assert apart == pytest.approx(risk[one] - risk[other], rel=1e-8)


NOISY = {
    "replace": lambda n, noise: gl.Plan.replace(2, n, noise=noise),
    "same": lambda n, noise: gl.Plan.same_design(2, n, noise=noise),
    "labels": lambda n, noise: gl.Plan.mix_labels(2, n, real=0.4, noise=noise),
    "stack": lambda n, noise: gl.Plan.mix(2, n, real=0.4, noise=noise),
    "same rows": lambda n, noise: gl.Plan.accumulate(2, n, design="same", noise=noise),
    "weights": lambda n, noise: one(
        gl.Source(n // 2, noise=noise), gl.Source(n - n // 2, noise=noise, weight=2.0)
    ),
}


@pytest.mark.parametrize("offset", [-1, 0, 1])
@pytest.mark.parametrize("kind", NOISY)
@pytest.mark.parametrize("capacity", [0.0, 1.2])
def test_the_mean_risk_is_infinite_around_interpolation_with_noise(kind, offset, capacity):
    problem = gl.Problem.power_law(60, capacity=capacity, source=0.5)
    curve = gl.predict(problem, NOISY[kind](60 + offset, 0.5))
    assert np.isinf(curve.risk).all()
    assert any("infinite" in warning for warning in curve.warnings)


@pytest.mark.parametrize(
    ("kind", "offset"),
    # one row short, model 0 is not the truth, and stacked labels contradict each other like noise
    [(kind, offset) for kind in NOISY for offset in (-1, 0, 1) if (kind, offset) != ("stack", -1)],
)
@pytest.mark.parametrize("capacity", [0.0, 1.2])
def test_the_mean_risk_is_finite_around_interpolation_without_noise(kind, offset, capacity):
    problem = gl.Problem.power_law(60, capacity=capacity, source=0.5)
    curve = gl.predict(problem, NOISY[kind](60 + offset, 0.0))
    assert np.isfinite(curve.risk).all()
    assert not any("infinite" in warning for warning in curve.warnings)
    if offset >= 0:
        np.testing.assert_allclose(curve.risk, 0, atol=1e-9)


@pytest.mark.parametrize("penalty", [0.0, 0.1])
@pytest.mark.parametrize("n_samples", [40, 90])
@pytest.mark.parametrize(
    "sources",
    [
        [(1.0, "previous", 1.0)],
        [(0.5, "real", 1.0), (0.5, "previous", 1.0)],
        [(0.5, "real", 1.0), (0.5, "previous", 2.0)],
        [(1.0, {"real": 0.5, "previous": 0.5}, 1.0)],
    ],
    ids=["replaced", "stacked", "weighted", "mixed"],
)
def test_a_labeler_of_infinite_risk_hands_it_on(sources, n_samples, penalty):
    rows = [
        gl.Source(round(part * n_samples), labeler, 0.5, weight=weight)
        for part, labeler, weight in sources
    ]
    plan = gl.Plan.replace(1, 60, noise=0.5).then(gl.Generation(rows, penalty))
    curve = gl.predict(gl.Problem.power_law(60, capacity=1.0, source=0.5), plan)
    assert np.isinf(curve.risk).all()


@pytest.mark.parametrize("offset", [-3, -2, 2, 3])
def test_two_rows_away_from_interpolation_the_mean_exists(offset):
    curve = gl.predict(gl.Problem.isotropic(60), gl.Plan.replace(2, 60 + offset, noise=0.5))
    assert np.isfinite(curve.risk).all()
    assert any("spread without bound" in warning for warning in curve.warnings)


# --- invariances over random plans -----------------------------------------------------------


def with_covariance(plan, covariance):
    return gl.Plan(
        [
            dataclasses.replace(
                g, sources=tuple(dataclasses.replace(s, covariance=covariance) for s in g.sources)
            )
            for g in plan
        ]
    )


def with_noise(plan, factor):
    return gl.Plan(
        [
            dataclasses.replace(
                g,
                sources=tuple(
                    dataclasses.replace(
                        s,
                        noise=factor * s.noise,
                        real_noise=None if s.real_noise is None else factor * s.real_noise,
                    )
                    for s in g.sources
                ),
            )
            for g in plan
        ]
    )


def random_problem(rng, dim=24):
    spectrum = rng.permutation(rng.uniform(0.5, 2, dim) * np.arange(1.0, dim + 1) ** -1.1)
    return gl.Problem(spectrum, rng.standard_normal(dim))


def random_labeler(rng, model):
    if model == 0:
        return "real"
    kinds = ["real", "previous", int(rng.integers(model))]
    kinds.append({"real": rng.uniform(), int(rng.integers(model)): rng.uniform()})
    kinds.append({"previous": rng.uniform(), "real": rng.uniform(-0.5, 0.5)})
    return kinds[rng.integers(len(kinds))]


def random_plan(rng, dim=24, *, ridge=False, weights=False):
    generations = []
    for model in range(rng.integers(1, 6)):
        sources = tuple(
            gl.Source(
                int(rng.integers(5, 2 * dim)),
                random_labeler(rng, model),
                noise=rng.uniform(0, 1),
                real_noise=rng.uniform(0, 1) if rng.random() < 0.3 else None,
                weight=rng.uniform(0.3, 3) if weights else 1.0,
            )
            for _ in range(rng.integers(1, 4))
        )
        total = sum(source.n_samples for source in sources)
        free = not ridge and abs(total - dim) > 3
        penalty = 0.0 if free and rng.random() < 0.5 else 10 ** rng.uniform(-3, 0.5)
        generations.append(gl.Generation(sources, penalty))
    return gl.Plan(generations)


def random_pairs(seed, **kind):
    rng = np.random.default_rng(seed)
    return rng, random_problem(rng), random_plan(rng, **kind)


seeds = st.integers(0, 2**32 - 1)
many = settings(max_examples=25, deadline=None)


@given(seeds, st.booleans())
@many
def test_risk_is_bias_plus_variance_and_neither_is_negative(seed, weights):
    _, problem, plan = random_pairs(seed, weights=weights)
    curve = gl.predict(problem, plan)
    np.testing.assert_allclose(curve.risk, curve.bias + curve.variance, rtol=1e-12)
    assert (curve.bias >= 0).all()
    assert (curve.variance >= 0).all()


@given(seeds, st.floats(-3, 3), st.booleans())
@many
def test_units_of_the_inputs_do_not_matter(seed, power, weights):
    _, problem, plan = random_pairs(seed, weights=weights)
    c = 10.0**power
    scaled = gl.Problem(c * problem.spectrum, problem.truth / np.sqrt(c))
    np.testing.assert_allclose(
        gl.predict(scaled, plan.with_penalty(c * plan.penalty)).risk,
        gl.predict(problem, plan).risk,
        rtol=1e-8,
    )


@given(seeds, st.booleans())
@many
def test_units_of_the_labels_multiply_the_risk(seed, weights):
    _, problem, plan = random_pairs(seed, weights=weights)
    scaled = gl.Problem(problem.spectrum, 3 * problem.truth)
    np.testing.assert_allclose(
        gl.predict(scaled, with_noise(plan, 3.0)).risk,
        9 * gl.predict(problem, plan).risk,
        rtol=1e-9,
    )


@given(seeds, st.booleans())
@many
def test_order_of_directions_does_not_matter(seed, weights):
    rng, problem, plan = random_pairs(seed, weights=weights)
    order = rng.permutation(problem.dim)
    shuffled = gl.Problem(problem.spectrum[order], problem.truth[order])
    np.testing.assert_allclose(
        gl.predict(shuffled, plan).risk, gl.predict(problem, plan).risk, rtol=1e-9
    )


@given(seeds)
@many
def test_signs_of_the_truth_do_not_matter(seed):
    rng, problem, plan = random_pairs(seed)
    flipped = gl.Problem(problem.spectrum, problem.truth * rng.choice([-1, 1], problem.dim))
    np.testing.assert_allclose(
        gl.predict(flipped, plan).risk, gl.predict(problem, plan).risk, rtol=1e-12
    )


@given(seeds, st.integers(2, 4), st.booleans())
@many
def test_ridge_depends_on_rows_per_direction_only(seed, m, weights):
    _, problem, plan = random_pairs(seed, ridge=True, weights=weights)
    bigger = gl.Problem(np.repeat(problem.spectrum, m), np.repeat(problem.truth, m) / np.sqrt(m))
    rows = gl.Plan(
        [
            dataclasses.replace(
                g,
                sources=tuple(dataclasses.replace(s, n_samples=m * s.n_samples) for s in g.sources),
            )
            for g in plan
        ]
    )
    np.testing.assert_allclose(
        gl.predict(bigger, rows).risk, gl.predict(problem, plan).risk, rtol=1e-8
    )


@given(seeds, st.floats(0, 3), st.floats(0, 3), st.booleans())
@many
def test_label_noises_add_in_variance(seed, a, b, weights):
    _, problem, plan = random_pairs(seed, weights=weights)
    none, first, second, both = (
        gl.predict(problem, with_noise(plan, factor)).risk
        for factor in (0.0, np.sqrt(a), np.sqrt(b), np.sqrt(a + b))
    )
    np.testing.assert_allclose(both - none, (first - none) + (second - none), rtol=1e-8, atol=1e-11)


@given(seeds)
@many
def test_noises_of_different_generations_add(seed):
    rng, problem, plan = random_pairs(seed)
    model = int(rng.integers(plan.n_models))

    def only(keep):
        quiet = [
            g if keep(i) else with_noise(gl.Plan([*plan.generations[: i + 1]]), 0.0).generations[-1]
            for i, g in enumerate(plan)
        ]
        return final(problem, gl.Plan(quiet))

    here, rest = only(lambda i: i == model), only(lambda i: i != model)
    none, both = only(lambda _: False), only(lambda _: True)
    assert both - none == pytest.approx((here - none) + (rest - none), rel=1e-8, abs=1e-11)


@given(seeds, st.integers(2, 4))
@many
def test_rows_may_be_written_as_several_sources(seed, parts):
    _, problem, plan = random_pairs(seed)
    split = gl.Plan(
        [
            dataclasses.replace(
                g,
                sources=tuple(
                    dataclasses.replace(s, n_samples=n)
                    for s in g.sources
                    for n in [1] * min(parts - 1, s.n_samples - 1)
                    + [max(s.n_samples - parts + 1, 1)]
                ),
            )
            for g in plan
        ]
    )
    assert (split.n_samples == plan.n_samples).all()
    np.testing.assert_allclose(
        gl.predict(problem, split).risk, gl.predict(problem, plan).risk, rtol=1e-10
    )


@given(seeds)
@many
def test_the_general_formula_contains_the_one_of_equal_covariances(seed):
    _, problem, plan = random_pairs(seed, ridge=True)
    written_out = with_covariance(plan, tuple(problem.spectrum))
    plain, general = gl.predict(problem, plan), gl.predict(problem, written_out)
    np.testing.assert_allclose(general.risk, plain.risk, rtol=1e-8)
    np.testing.assert_allclose(general.bias, plain.bias, rtol=1e-8, atol=1e-12)


@given(seeds, st.floats(0.05, 20))
@many
def test_a_common_weight_divides_the_penalty(seed, weight):
    _, problem, plan = random_pairs(seed, ridge=True, weights=bool(seed % 2))
    heavy = gl.Plan(
        [
            dataclasses.replace(
                g,
                sources=tuple(dataclasses.replace(s, weight=weight * s.weight) for s in g.sources),
            )
            for g in plan
        ]
    )
    np.testing.assert_allclose(
        gl.predict(problem, heavy).risk,
        gl.predict(problem, plan.with_penalty(plan.penalty / weight)).risk,
        rtol=1e-8,
    )


@given(seeds, st.booleans())
@many
def test_previous_is_the_number_of_the_model_before(seed, weights):
    _, problem, plan = random_pairs(seed, weights=weights)

    def named(source, model):
        return {
            (model - 1 if who == "previous" else who): share
            for who, share in source.mixture.items()
        }

    explicit = gl.Plan(
        [
            dataclasses.replace(
                g,
                sources=tuple(
                    dataclasses.replace(s, labeler=named(s, model))
                    if len(named(s, model)) == len(s.mixture)
                    else s
                    for s in g.sources
                ),
            )
            for model, g in enumerate(plan)
        ]
    )
    np.testing.assert_allclose(
        gl.predict(problem, explicit).risk, gl.predict(problem, plan).risk, rtol=1e-12
    )


@given(seeds)
@many
def test_a_model_that_labels_nothing_changes_nothing(seed):
    _, problem, plan = random_pairs(seed)
    bystander = gl.Generation.of(30, labeler="real", noise=5.0, penalty=0.3)
    later = gl.Generation.of(40, labeler=plan.n_models - 1, noise=0.4, penalty=0.05)
    with_it = gl.predict(problem, gl.Plan([*plan, bystander, later])).risk
    without = gl.predict(problem, gl.Plan([*plan, later])).risk
    assert with_it[-1] == pytest.approx(without[-1], rel=1e-12)
    np.testing.assert_allclose(with_it[: plan.n_models], without[: plan.n_models], rtol=1e-12)


@given(seeds, st.floats(0.1, 0.9))
@many
def test_a_row_labelled_by_a_mixture_of_one_model_with_itself_is_that_model_s(seed, share):
    _, problem, plan = random_pairs(seed)
    n = plan.n_models
    noise = float(np.hypot(share, 1 - share)) * 0.7
    mixed = plan.then(n_samples=50, labeler={n - 1: share, "previous": 1 - share}, noise=0.7)
    plain = plan.then(n_samples=50, noise=noise)
    assert final(problem, mixed) == pytest.approx(final(problem, plain), rel=1e-9)


# --- the master recursion of paper.md section 3, written again -------------------------------


def kappa_by_bisection(s, lam, n):
    if lam == 0 and n >= s.size:
        return 0.0

    def gap(log_k):
        k = np.exp(log_k)
        return k * (n - s.size + np.sum(k / (s + k))) / n - lam

    low = np.log(s.min()) - 40 if lam == 0 else np.log(lam) - 1e-6
    return np.exp(brentq(gap, low, np.log(lam + s.sum() / n) + 1e-6, xtol=1e-15, rtol=1e-14))


def master_recursion(problem, plan):
    """The test error of the last model, going backwards from it."""
    s, c2 = problem.spectrum, problem.truth**2
    a, path, noise = s.copy(), np.ones(s.size), 0.0
    for g in reversed(plan.generations):
        n, k = g.n_samples, kappa_by_bisection(s, g.penalty, g.n_samples)
        shrink, b = s / (s + k), s / (s + k) ** 2
        rows = n - s.size - 1 if k == 0 else n - np.sum(shrink**2)
        tau = np.sum(a * b) / rows
        noise += g.sources[0].noise ** 2 * tau
        a = shrink**2 * a + k**2 * b * tau
        path *= shrink
    return c2 @ a - 2 * (c2 * s) @ path + c2 @ s + noise


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_predict_is_the_master_recursion(seed):
    rng = np.random.default_rng(seed)
    problem = random_problem(rng)
    generations = []
    for model in range(rng.integers(1, 8)):
        n = int(rng.choice([*range(4, 21), *range(28, 100)]))
        penalty = 0.0 if rng.random() < 0.5 else 10 ** rng.uniform(-4, 1)
        labeler = "previous" if model else "real"
        generations.append(
            gl.Generation.of(n, labeler=labeler, penalty=penalty, noise=rng.uniform(0, 1))
        )
    plan = gl.Plan(generations)
    expected = [
        master_recursion(problem, gl.Plan(generations[: t + 1])) for t in range(plan.n_models)
    ]
    np.testing.assert_allclose(gl.predict(problem, plan).risk, expected, rtol=1e-9)


# --- limits ----------------------------------------------------------------------------------


def test_infinite_rows_leave_least_squares_without_error():
    plan = gl.Plan.mix(5, 10**12, real=0.2, noise=1.0)
    assert final(gl.Problem.power_law(50, capacity=1.0, source=0.5), plan) < 1e-9


def test_infinite_rows_leave_ridge_with_repeated_shrinkage():
    problem, lam, count = gl.Problem.power_law(20, capacity=1.0, source=0.5), 0.1, 4
    curve = gl.predict(problem, gl.Plan.replace(count, 10**12, penalty=lam, noise=1.0))
    shrink = problem.spectrum / (problem.spectrum + lam)
    for t in range(count):
        expected = problem.spectrum @ (problem.truth * (1 - shrink ** (t + 1))) ** 2
        assert curve.risk[t] == pytest.approx(expected, rel=1e-6)


def test_an_infinite_penalty_gives_the_null_predictor():
    problem = gl.Problem.power_law(20, capacity=1.0, source=0.5)
    curve = gl.predict(problem, gl.Plan.replace(3, 30, penalty=1e12, noise=1.0))
    np.testing.assert_allclose(curve.risk, problem.signal, rtol=1e-9)


def test_a_vanishing_penalty_tends_to_no_penalty():
    problem = gl.Problem.power_law(60, capacity=1.0, source=0.5)
    for n in (20, 4000):
        small = final(problem, gl.Plan.replace(3, n, penalty=1e-14, noise=0.5))
        none = final(problem, gl.Plan.replace(3, n, noise=0.5))
        assert small == pytest.approx(none, rel=1e-3)


def test_real_labels_only_restart_the_chain():
    problem = gl.Problem.power_law(40, capacity=1.0, source=0.5)
    curve = gl.predict(problem, gl.Plan.mix(4, 100, real=1.0, penalty=0.02, noise=0.5))
    np.testing.assert_allclose(curve.risk, curve.risk[0], rtol=1e-12)


def test_a_covariance_apart_from_the_spectrum_matters_in_the_known_way():
    # one source, many rows, ridge: w = (C + lam)^-1 C w*, tested under the problem's spectrum
    spectrum, covariance, lam = np.array([2.0, 1.0, 0.5]), np.array([0.3, 4.0, 1.0]), 0.7
    truth = np.array([1.0, -2.0, 3.0])
    plan = one(gl.Source(10**11, covariance=covariance), penalty=lam)
    expected = spectrum @ (truth * lam / (covariance + lam)) ** 2
    assert final(gl.Problem(spectrum, truth), plan) == pytest.approx(expected, rel=1e-6)


# --- what the Curve carries ------------------------------------------------------------------


def test_the_curve_carries_the_effective_penalties():
    problem = gl.Problem.power_law(60, capacity=1.0, source=0.5)
    plan = gl.Plan.replace(3, [30, 90, 100], penalty=[0.0, 0.0, 0.05])
    curve = gl.predict(problem, plan)
    found = effective_penalty(problem.spectrum, plan.penalty, plan.n_samples)
    np.testing.assert_allclose(curve.kappa, found.kappa, rtol=1e-10)
    np.testing.assert_allclose(curve.df1, found.df1, rtol=1e-10)
    np.testing.assert_allclose(curve.df2, found.df2, rtol=1e-10)
    assert curve.kappa[1] == 0
    assert curve.stderr is None
    assert curve.trials is None


def test_pooled_fits_count_all_rows_so_far():
    problem = gl.Problem.power_law(60, capacity=1.0, source=0.5)
    curve = gl.predict(problem, gl.Plan.accumulate(4, 20, design="fresh"))
    np.testing.assert_allclose(curve.df1, [20, 40, 60, 60], rtol=1e-9)


def test_exact_is_said_of_exact_models_only():
    isotropic, power = gl.Problem.isotropic(60), gl.Problem.power_law(60, capacity=1, source=0.5)
    plan = gl.Plan.replace(4, [100, 40, 100, 100], penalty=[0, 0, 0.1, 0], noise=0.3)
    assert gl.predict(isotropic, plan).exact.tolist() == [True, True, False, False]
    assert gl.predict(power, plan).exact.tolist() == [True, False, False, False]
    assert gl.predict(power, plan).method == "state evolution"
    assert gl.predict(isotropic, gl.Plan.mix(3, 100, real=0.3)).exact.all()
    weighted = one(gl.Source(50), gl.Source(50, weight=2.0))
    assert not gl.predict(isotropic, weighted).exact.any()


@pytest.mark.parametrize(
    ("problem", "plan", "words"),
    [
        (
            gl.Problem.isotropic(60),
            gl.Plan.replace(3, 61, noise=1.0),
            "models 0-2: the mean risk is infinite",
        ),
        (
            gl.Problem.isotropic(60),
            gl.Plan.replace(1, 62, noise=1.0),
            "model 0: n_samples within 3",
        ),
        (
            gl.Problem.power_law(300, capacity=3, source=0.5),
            gl.Plan.replace(2, 60, penalty=0.1),
            "fewer than 10 effective directions",
        ),
        (gl.Problem.isotropic(30), gl.Plan.replace(1, 60, penalty=0.01), "below 50"),
        (gl.Problem.isotropic(300), gl.Plan.replace(1, 320, penalty=1e-6), "close to df2"),
        (
            gl.Problem(np.ones(60), np.ones(60), gaussian=False),
            gl.Plan.replace(1, 100),
            "not Gaussian",
        ),
    ],
)
def test_warnings_say_where_the_theory_is_weak(problem, plan, words):
    assert any(words in warning for warning in gl.predict(problem, plan).warnings)


def test_a_comfortable_plan_has_no_warnings():
    assert gl.predict(gl.Problem.isotropic(100), gl.Plan.replace(3, 300, noise=1.0)).warnings == ()


# --- what predict refuses --------------------------------------------------------------------

WITHOUT_THEORY = {
    "same design, penalty": gl.Plan.same_design(3, 40, penalty=0.1),
    "same design, late penalty": gl.Plan.same_design(3, 40, penalty=[0, 0, 0.1]),
    "same design, first penalty": gl.Plan.same_design(3, 40, penalty=[0.1, 0, 0]),
    "same design, several sources": gl.Plan(
        [
            gl.Generation.of(40, labeler="real"),
            gl.Generation([gl.Source(20), gl.Source(20, "previous")], design="same"),
        ]
    ),
    "same design, own covariance": gl.Plan(
        [
            gl.Generation([gl.Source(40, covariance=(1.0,) * 20)]),
            gl.Generation.of(40, design="same"),
        ]
    ),
    "pooled, penalty": gl.Plan.accumulate(3, 40, design="fresh", penalty=0.1),
    "pooled, older labeler": gl.Plan(
        [
            *gl.Plan.accumulate(2, 40, design="fresh"),
            gl.Generation.of(40, labeler=0, pooled=True),
        ]
    ),
    "pooled after not pooled": gl.Plan.replace(2, 40).then(n_samples=40, pooled=True),
    "pooled, both designs": gl.Plan(
        [
            *gl.Plan.accumulate(2, 40, design="fresh"),
            gl.Generation.of(40, design="same", pooled=True),
        ]
    ),
    "same after pooled": gl.Plan.accumulate(2, 40, design="fresh").then(
        n_samples=40, design="same"
    ),
}


@pytest.mark.parametrize("name", WITHOUT_THEORY)
def test_a_plan_without_a_closed_route_is_refused_there_and_known_to_the_pencil(name):
    problem, plan = gl.Problem.isotropic(20), WITHOUT_THEORY[name]
    with pytest.raises(gl.NoTheoryError, match=r"model \d .*genloss\.simulate\(problem, plan\)"):
        gl.predict(problem, plan, method="closed")
    curve = gl.predict(problem, plan)
    assert curve.method == "pencil"
    first = int(np.argmin(curve.exact))
    assert not curve.exact[first:].any()
    assert np.isnan(curve.kappa[-1])
    np.testing.assert_allclose(curve.risk, curve.bias + curve.variance)
    assert any("below 50" in text for text in curve.warnings)
    bias, variance = pencils.risks(problem, plan)
    np.testing.assert_allclose(curve.risk, bias + variance, rtol=1e-9, atol=1e-15)


def test_the_pencil_is_asked_for_by_name_and_agrees_with_the_closed_route():
    problem = gl.Problem.power_law(60, capacity=1.2, source=0.4)
    plan = gl.Plan.mix(4, [90, 40, 80, 50], real=0.3, penalty=0.02, noise=0.4)
    closed, pencil = gl.predict(problem, plan), gl.predict(problem, plan, method="pencil")
    assert (closed.method, pencil.method) == ("state evolution", "pencil")
    np.testing.assert_allclose(pencil.risk, closed.risk, rtol=1e-8)
    np.testing.assert_allclose(pencil.bias, closed.bias, rtol=1e-8)


def test_a_pencil_that_takes_minutes_is_not_started_unasked():
    plan = gl.Plan.accumulate(13, 90, design="same", penalty=0.1)
    with pytest.raises(gl.NoTheoryError, match=r"13 models .*method='pencil'.*takes minutes"):
        gl.predict(gl.Problem.isotropic(20), plan)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["same design, penalty", "pooled, penalty"])
def test_predictions_by_pencil_agree_with_literal_runs(name):
    problem = gl.Problem.power_law(120, capacity=1.0, source=0.5)
    build = gl.Plan.same_design if "same" in name else partial(gl.Plan.accumulate, design="fresh")
    plan = build(3, 150, penalty=0.05, noise=0.5)
    theory = gl.predict(problem, plan)
    runs = gl.simulate(problem, plan, trials=400, seed=1, method="literal")
    assert (np.abs(theory.risk - runs.risk) < 0.03 * theory.risk + 4 * runs.stderr).all()
    assert (np.abs(theory.bias - runs.bias) < 0.03 * theory.risk + 4 * runs.stderr).all()


@pytest.mark.parametrize(
    ("arguments", "method", "words"),
    [
        ((None, gl.Plan.replace(1, 5)), "auto", ["problem", "NoneType", "Problem"]),
        ((gl.Problem.isotropic(2), [1]), "auto", ["plan", "list", "Plan"]),
        (
            (gl.Problem.isotropic(2), gl.Plan.replace(1, 5)),
            "magic",
            ["method", "'magic'", "'auto'", "'closed'", "'pencil'"],
        ),
        (
            (gl.Problem.isotropic(2), one(gl.Source(9, covariance=[1.0]))),
            "auto",
            ["covariance", "model 0", "1 entries", "dim 2"],
        ),
    ],
)
def test_predict_names_what_is_wrong(arguments, method, words):
    with pytest.raises(gl.InvalidInputError) as caught:
        gl.predict(*arguments, method=method)
    assert all(word in str(caught.value) for word in words)


# --- corners ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("n_samples", [10, 60])
def test_negative_shares_on_a_reused_design_correlate_noises_negatively(n_samples):
    problem = gl.Problem.isotropic(20)
    plan = gl.Plan(
        [
            gl.Generation.of(n_samples, labeler="real", noise=1.0),
            gl.Generation.of(
                n_samples, labeler={"real": 1.5, "previous": -0.5}, noise=1.0, design="same"
            ),
            gl.Generation.of(60, labeler={0: 0.5, 1: 0.5}),
        ]
    )
    trials = gl.simulate(problem, plan, trials=2000, seed=3)
    assert (np.abs(gl.predict(problem, plan).risk - trials.risk) < 4 * trials.stderr).all()


def test_a_model_that_labels_nobody_does_not_disturb_a_run_after_it():
    plan = gl.Plan(
        [
            gl.Generation.of(60, labeler="real", noise=1.0),
            gl.Generation.of(60, labeler="real", noise=1.0),
            gl.Generation.of(60, labeler=0, noise=1.0),
            gl.Generation.of(60, noise=1.0, design="same"),
        ]
    )
    problem = gl.Problem.isotropic(20)
    trials = gl.simulate(problem, plan, trials=2000, seed=3)
    assert (np.abs(gl.predict(problem, plan).risk - trials.risk) < 4 * trials.stderr).all()


def test_a_labeler_without_a_say_does_not_count():
    problem = gl.Problem.isotropic(20)
    silent = gl.Plan.replace(1, 20, noise=1.0).then(
        n_samples=60, labeler={"real": 1.0, "previous": 0.0}, noise=1.0
    )
    spoken = gl.Plan.replace(1, 20, noise=1.0).then(n_samples=60, labeler="real", noise=1.0)
    np.testing.assert_array_equal(
        gl.predict(problem, silent).risk, gl.predict(problem, spoken).risk
    )


def test_rows_of_several_weights_have_no_single_effective_penalty():
    plan = gl.Plan([gl.Generation([gl.Source(30), gl.Source(30, weight=2.0)], 0.1)])
    curve = gl.predict(gl.Problem.isotropic(20), plan.then(n_samples=50, penalty=0.1))
    assert np.isnan(curve.kappa[0])
    assert curve.kappa[1] > 0.1


def test_a_huge_penalty_leaves_the_null_predictor():
    plan = gl.Plan.replace(2, 50, penalty=1e200, noise=1.0)
    curve = gl.predict(gl.Problem.isotropic(20), plan)
    np.testing.assert_allclose(curve.risk, 1.0, rtol=1e-12)
