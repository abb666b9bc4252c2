"""Risks of plans by the pencil engine against the closed routes and Monte Carlo."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl
from genloss.errors import NoTheoryError
from genloss.pencils import risks

Gen, Src = gl.Generation, gl.Source
POWER = gl.Problem.power_law(150, capacity=1.2, source=0.5)
FLAT = gl.Problem.from_spectrum(np.linspace(0.2, 1.8, 150), signal=2.0)
MIXED = gl.Plan(
    [
        Gen([Src(80, noise=0.3), Src(60, noise=0.2, weight=0.35, covariance=FLAT.spectrum)], 0.01),
        Gen(
            [
                Src(90, {"real": 0.5, 0: 0.3}, noise=0.3),
                Src(50, 0, noise=0.2, weight=2.0, covariance=FLAT.spectrum[::-1]),
            ],
            0.03,
        ),
    ]
)

CLOSED = {
    "replace, 2 generations": gl.Plan.replace(2, [200, 120], penalty=[0.02, 0.1], noise=0.3),
    "replace, 3 generations": gl.Plan.replace(
        3, [90, 120, 240], penalty=[0.2, 1e-4, 0.1], noise=0.3
    ),
    "replace, 5 generations": gl.Plan.replace(
        5,
        [300, 140, 250, 100, 400],
        penalty=[0.01, 0.1, 0.003, 0.02, 0.05],
        noise=[0.3, 0.1, 0, 1, 0.2],
    ),
    "minimum norm": gl.Plan.replace(4, [60, 100, 80, 30], noise=0.3),
    "stacked rows": gl.Plan.mix(4, 120, real=0.3, noise=0.3, penalty=1e-3),
    "mixed labels": gl.Plan.mix_labels(4, 120, real=0.4, noise=0.3, penalty=1e-2, real_noise=1.0),
    "older labelers": gl.Plan.replace(2, 90, penalty=0.1, noise=0.3).then(
        n_samples=70, labeler={"real": 0.2, 0: 0.7, 1: -0.4}, penalty=0.05
    ),
    "covariances and weights": MIXED,
    "covariances and weights, minimum norm": MIXED.with_penalty([0.0, 0.03]),
    "covariances and weights, least squares": gl.Plan(
        [MIXED.generations[0], Gen([Src(200), Src(90, 0, 0.5, covariance=FLAT.spectrum)])]
    ),
    "pooled rows, minimum norm": gl.Plan.accumulate(3, [40, 35, 20], design="fresh", noise=0.3),
    "same inputs, minimum norm": gl.Plan.mix_labels(4, 100, real=0.4, noise=0.3, design="same"),
}


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("problem", [POWER, FLAT], ids=["power law", "flat"])
def test_closed_routes(problem, name):
    theory = gl.predict(problem, CLOSED[name])
    bias, variance = risks(problem, CLOSED[name])
    assert bias == pytest.approx(theory.bias, rel=1e-8)
    assert variance == pytest.approx(theory.variance, rel=1e-8)


def test_models_from_outside_label():
    teacher = gl.External(bias=0.1, variance=0.01)
    plan = gl.Plan([Gen([Src(90, noise=0.3), Src(60, teacher)], 0.05), Gen([Src(80, 0)], 0.01)])
    small = gl.Problem.power_law(40, capacity=1.2, source=0.5)
    bias, variance = risks(small, plan)
    theory = gl.predict(small, plan)
    assert bias == pytest.approx(theory.bias, rel=1e-8)
    assert variance == pytest.approx(theory.variance, rel=1e-8)


def test_least_squares_has_n_minus_d():
    """Exact theory has n - d - 1: the engine is its limit."""
    d, noise = POWER.dim, 0.4
    rows = np.array([300, 200, 170])
    bias, variance = risks(POWER, gl.Plan.replace(3, rows, noise=noise))
    assert bias == pytest.approx(0, abs=1e-20)
    assert variance == pytest.approx(noise**2 * d * np.cumsum(1 / (rows - d)), rel=1e-9)
    i, T = np.arange(1, 5), 240
    _, same = risks(POWER, gl.Plan.accumulate(4, T, design="same", noise=noise))
    assert same == pytest.approx(noise**2 * d / (T - d) * np.cumsum(1 / i**2), rel=1e-9)
    _, fresh = risks(POWER, gl.Plan.accumulate(4, T, design="fresh", noise=noise))
    assert fresh == pytest.approx(noise**2 * d * np.cumsum(1 / (i * (i * T - d))), rel=1e-9)
    _, relabelled = risks(POWER, gl.Plan.same_design(4, T, noise=noise))
    assert relabelled == pytest.approx(noise**2 * d / (T - d) * i, rel=1e-9)


def test_small_penalties_lead_to_penalty_zero():
    """Both scalings of the fit, at and next to their limit: no jump."""
    for n in (100, 140, 160, 300):
        plan = gl.Plan.accumulate(2, n, design="same", noise=0.3)
        exact = np.array(risks(FLAT, plan))
        for penalty in (1e-7, 1e-8):
            near = np.array(risks(FLAT, plan.with_penalty(penalty)))
            assert near == pytest.approx(exact, rel=1e5 * penalty, abs=1e-8)


def test_as_many_rows_as_directions_without_penalty():
    with pytest.raises(NoTheoryError, match="model 1"):
        risks(POWER, gl.Plan.replace(2, [200, 150], noise=0.3))


def test_reused_rows_split_between_other_sources():
    """The rows of one design cut at 60 first and at 40 later: the cuts change nothing by themselves."""
    whole = gl.Plan([Gen.of(100, labeler="real", penalty=0.05, noise=0.3)])
    whole = whole.then(n_samples=100, labeler=0, penalty=0.1, noise=0.3, design="same")
    cut = gl.Plan(
        [
            Gen([Src(60, noise=0.3), Src(40, noise=0.3)], 0.05),
            Gen([Src(40, 0, 0.3), Src(60, 0, 0.3)], 0.1, design="same"),
        ]
    )
    assert np.array(risks(POWER, cut)) == pytest.approx(np.array(risks(POWER, whole)), rel=1e-10)


OPEN = {
    "accumulate fresh rows, ridge": gl.Plan.accumulate(
        3, [80, 120, 60], design="fresh", penalty=[0.05, 0.02, 0.1], noise=0.3
    ),
    "accumulate on one design, ridge": gl.Plan.accumulate(
        3, 110, design="same", penalty=0.05, noise=[0.5, 0.3, 0.3]
    ),
    "one design, four generations, ridge": gl.Plan.same_design(4, 110, penalty=0.02, noise=0.3),
    "one design, mixed labels, ridge": gl.Plan.mix_labels(
        4, 110, real=0.3, penalty=[0.02, 0.1, 0.05, 0.2], noise=0.3, design="same"
    ),
    "a pool after a replacement": gl.Plan(
        [
            Gen.of(90, labeler="real", penalty=0.05, noise=0.3),
            Gen.of(70, penalty=0.1, noise=0.3),
            Gen.of(70, labeler={"real": 0.5, 0: 0.5}, penalty=0.02, noise=0.3, design="same"),
            Gen([Src(50, "real", 0.3, weight=0.5), Src(60, 1, 0.2)], 0.05, pooled=True),
        ]
    ),
    "other covariances, sources and splits on one design": gl.Plan(
        [
            Gen([Src(60, noise=0.3), Src(50, noise=0.3, covariance=FLAT.spectrum[:100])], 0.05),
            Gen([Src(40, 0, 0.3), Src(70, "real", 0.3, weight=3.0)], 0.05, design="same"),
            Gen([Src(70, 1, 0.3), Src(40, 0, 0.3)], 0.01, design="same", pooled=True),
        ]
    ),
}


def compare(problem, plan, trials, slack):
    bias, variance = risks(problem, plan)
    found = gl.simulate(problem, plan, trials=trials, seed=1, method="literal")
    risk = bias + variance
    assert (found.stderr < 0.01 * risk).all(), found.stderr / risk
    assert (np.abs(found.risk - risk) < slack * risk + 4 * found.stderr).all(), (
        found.risk / risk - 1,
        found.stderr / risk,
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", OPEN)
def test_plans_without_a_closed_route(name):
    with pytest.raises(NoTheoryError):
        gl.predict(gl.Problem.isotropic(100), OPEN[name], method="closed")
    spectrum = np.arange(1, 101) ** -0.5
    problem = gl.Problem(spectrum, np.cos(np.arange(100)) / 5)
    compare(problem, OPEN[name], trials=500, slack=0.02)


def spiked(dim):
    """A tenth of the directions carries almost everything, so that corrections are large."""
    share = (np.arange(dim) + 0.5) / dim
    return gl.Problem(np.where(share < 0.1, 5.0, 0.05), np.full(dim, dim**-0.5))


ONE_OVER_DIM = {
    "accumulate": lambda d: gl.Plan.accumulate(
        3, [d // 5, d // 5, 3 * d // 10], design="fresh", penalty=0.05, noise=0.3
    ),
    "same": lambda d: gl.Plan.same_design(4, d // 5, penalty=0.05, noise=0.3),
    "mixed": lambda d: gl.Plan.mix_labels(
        4, d // 5, real=0.4, penalty=0.05, noise=0.3, design="same"
    ),
    "drawn": lambda d: gl.Plan.subsample(3, d // 5, design="fresh", penalty=0.05, noise=0.3),
    "features": lambda d: gl.Plan.replace(3, d // 5, penalty=0.05, noise=0.3).with_features(
        2 * d // 5, shared=True
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ONE_OVER_DIM)
def test_finite_size_corrections_fall_like_one_over_dim(name):
    differences, errors = [], []
    for dim, trials in ((50, 10_000), (100, 3_000), (200, 1_500)):
        problem, plan = spiked(dim), ONE_OVER_DIM[name](dim)
        limit = np.sum(risks(problem, plan), axis=0)
        found = gl.simulate(problem, plan, trials=trials, seed=dim, method="literal")
        differences.append(found.risk / limit - 1)
        errors.append(found.stderr / limit)
    (first, second, third), (se1, se2, se3) = differences, errors
    assert (first > 4 * se1).all()  # there is something to fall
    assert (first < 0.1).all()
    # halved twice, up to the next order and the noise
    assert (np.abs(second - first / 2) < 0.1 * first + 4 * np.hypot(se2, se1 / 2)).all()
    assert (np.abs(third - first / 4) < 0.1 * first + 4 * np.hypot(se3, se1 / 4)).all()
