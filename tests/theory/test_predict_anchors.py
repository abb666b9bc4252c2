"""Numbers that papers print, and those of theory.md."""

from __future__ import annotations

import numpy as np
import pytest
from plans_of_theory import final
from scipy.optimize import minimize_scalar

import genloss as gl

LOOSE = 1.05  # half a unit in the last printed digit, with the rounding of the table itself


def numbers(text):
    """Printed numbers with the largest error their digits allow."""
    return [(float(word), LOOSE * 10.0 ** -len(word.partition(".")[2])) for word in text.split()]


def chain(generators, rows, sigma, /, **last):
    """``generators`` least-squares fits, then one more, on real labels if it is the first."""
    if generators == 0:
        return gl.Plan([gl.Generation.of(labeler="real", **last)])
    return gl.Plan.replace(generators, rows, noise=sigma).then(**last)


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
