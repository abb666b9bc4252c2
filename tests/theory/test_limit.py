"""Limits against long chains, borders of stability, literal runs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from stacked_plans import COMPLETE, DECAY, network, stacked

import genloss as gl
from genloss.theory.forever.fresh_blocks import FreshBlock
from genloss.theory.forever.repeating import repetition

HUGE = 10**6  # directions of an isotropic problem, of which one is computed
PLANS = {
    "replace": gl.Plan.replace(3, 150, penalty=0.3, noise=0.5),
    "labels": gl.Plan.mix_labels(4, 150, real=0.3, penalty=0.01, noise=0.5, real_noise=0.8),
    "extrapolated": gl.Plan.mix_labels(4, 150, real=-0.3, penalty=0.5, noise=0.5),
    "stack": stacked(150, 0.3, penalty=0.01),
    "least squares": stacked(400, 0.2),
    "minimum norm": stacked(90, 0.8),
    "weights": gl.Plan(
        [
            gl.Generation([gl.Source(300, noise=0.5)]),
            *[
                gl.Generation(
                    [gl.Source(100, noise=0.5, weight=2.0), gl.Source(200, "previous", 0.5)], 0.05
                )
            ]
            * 3,
        ]
    ),
    "fine-tuned": gl.Plan(
        [
            gl.Generation([gl.Source(300, noise=0.5)]),
            *[
                gl.Generation(
                    [gl.Source(60, noise=0.5), gl.Source(120, "previous", 0.5)],
                    0.05,
                    towards="previous",
                )
            ]
            * 3,
        ]
    ),
    "a model from outside": gl.Plan(
        [
            gl.Generation([gl.Source(300, noise=0.5)]),
            *[
                gl.Generation(
                    [
                        gl.Source(
                            100, gl.External(bias=np.full(200, 0.1), variance=np.full(200, 0.2))
                        ),
                        gl.Source(200, "previous", 0.5),
                    ],
                    0.05,
                )
            ]
            * 2,
        ]
    ),
    "an older model for ever": gl.Plan(
        [
            gl.Generation([gl.Source(300, noise=0.5)]),
            gl.Generation([gl.Source(300, "previous", noise=0.5)], 0.01),
            *[gl.Generation([gl.Source(100, 0, 0.5), gl.Source(200, "previous", 0.5)], 0.05)] * 2,
        ]
    ),
    "two before": gl.Plan(
        [
            *[gl.Generation([gl.Source(300, noise=0.5)], 0.05)] * 3,
            *[
                gl.Generation([gl.Source(150, {"real": 0.2, u: 0.4, u + 1: 0.4}, 0.5)], penalty=0.1)
                for u in (1, 2, 3)
            ],
        ]
    ),
    "in turn": gl.Plan(
        [
            gl.Generation([gl.Source(300, noise=0.5)]),
            *[
                gl.Generation([gl.Source(250, "previous", 0.5)], 0.2),
                gl.Generation([gl.Source(60, noise=0.5), gl.Source(120, "previous", 0.5)], 0.02),
            ]
            * 2,
        ]
    ),
    "agents": network(COMPLETE, 4, 600, [300, 300, 300]),
}


@pytest.mark.parametrize("name", PLANS)
def test_limits_are_what_long_chains_reach(name):
    plan = PLANS[name]
    found, seen = gl.limit(DECAY, plan), repetition(plan)
    turns = math.ceil(20 / -math.log(found.radius))
    curve = gl.predict(DECAY, seen.unrolled(plan, turns))
    assert found.block == {"in turn": 2, "agents": 3}.get(name, 1)
    assert found.stable
    for value, column in (("risk", curve.risk), ("bias", curve.bias), ("variance", curve.variance)):
        np.testing.assert_allclose(getattr(found, value), column[-1], rtol=3e-8, atol=1e-12)
    # half of the largest distance is left after the half-life, and no more later
    risk = curve.risk[seen.start - 1 :: found.block] if seen.start else curve.risk
    away = np.abs(risk - found.risk) / np.abs(risk - found.risk).max()
    at = math.floor(found.half_life)
    assert away[at] >= 0.5 - 1e-9
    assert away[at + 1] <= 0.5 + 1e-9


def dense(problem, n, lam, a):
    """The map of mean and second moments of a stack, column by column, in the words of `theory.md` 2.2."""
    s, truth, d = problem.spectrum, problem.truth, problem.dim
    low, high = 1e-12, lam + s.sum() / n + 1.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if middle * (1 - (s / (s + middle)).sum() / n) < lam else (low, middle)
        )
    S = s / (s + high)
    free = n - (S**2).sum()

    def step(P, C):
        mean = S * (a * truth**2 + (1 - a) * P)
        bar2 = a**2 * truth**2 + 2 * a * (1 - a) * P + (1 - a) ** 2 * C
        real = truth**2 - 2 * S * (a * truth**2 + (1 - a) * P) + S**2 * bar2
        other = C - 2 * S * (a * P + (1 - a) * C) + S**2 * bar2
        tau = n / free * (s * (a * real + (1 - a) * other)).sum()
        return np.r_[mean, S**2 * bar2 + tau / n * S**2 / s]

    zero = step(np.zeros(d), np.zeros(d))
    return np.array([step(*np.split(e, 2)) - zero for e in np.eye(2 * d)]).T


@pytest.mark.parametrize("n", [60, 90, 200])
@pytest.mark.parametrize("lam", [1e-3, 0.05])
def test_the_radius_is_that_of_the_whole_matrix(n, lam):
    problem = gl.Problem(np.arange(1, 81) ** -0.6, np.arange(1, 81) ** -0.3)
    plan = gl.Plan.mix(4, n, real=0.2, penalty=lam, noise=1.0)
    expected = np.abs(np.linalg.eigvals(dense(problem, n, lam, 0.2))).max()
    assert gl.limit(problem, plan).radius == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("power", [0.0, 0.7])
@pytest.mark.parametrize("lam", [0.0, 1e-2, 0.1])
@pytest.mark.parametrize("n", [150, 190])
def test_the_border_is_where_rho_is_one(power, lam, n):
    problem = gl.Problem(np.arange(1, 201) ** -power, np.ones(200))
    s, a = problem.spectrum, 0.15
    k = float(gl.equivalents.kappa(s, lam, n))
    S = s / (s + k)
    terms = a * (1 - a) ** 2 * S**2 + (1 - a) * (1 - (1 - a) * S) ** 2
    rho = (S**2 * terms / (1 - (1 - a) ** 2 * S**2)).sum() / (n - (S**2).sum())
    plan = gl.Plan.mix(4, n, real=a, penalty=lam, noise=1.0)
    found = gl.limit(problem, plan)
    block = FreshBlock.after(problem, plan, repetition(plan))
    assert block.map(block.links())[0].border()[0] == pytest.approx(rho, rel=0.02)  # whole rows
    assert found.stable == (rho < 1)
    # beyond the border the error grows by the radius, which is not rho
    long = gl.predict(problem, gl.Plan.mix(300, n, real=a, penalty=lam, noise=1.0)).risk
    growth = long[-1] / long[-2]
    assert growth == pytest.approx(max(found.radius, 1.0), rel=2e-3)


def unstable(n, share):
    plan = gl.Plan.mix(4, round(n * HUGE), real=share, noise=1.0)
    return gl.limit(gl.Problem.isotropic(HUGE), plan).radius > 1


@pytest.mark.parametrize(
    ("n", "first", "last"),
    [(0.8, 0.10, 0.65), (0.95, 0.01, 0.94), (1.2, 0.01, 0.75), (1.4, 0.01, 0.33)],
)
def test_real_rows_do_harm_near_interpolation(n, first, last):
    assert unstable(n, first)
    assert unstable(n, last)
    assert not unstable(n, last + 0.01)
    assert first == 0.01 or not unstable(n, first - 0.01)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.001, 0.1, 0.4, 0.9])
def test_least_squares_needs_rows_beyond_one_and_a_half(share):
    border = 1 + (1 - share) / (2 - share)
    assert unstable(border - 1e-3, share)
    assert not unstable(border + 1e-3, share)


def test_growth_is_the_radius():
    for n, a, radius in ((4 / 3, 0.1, 1.080), (1 + 1 / 1.4656, 0.05, 0.972)):
        plan = gl.Plan.mix(4, round(n * HUGE), real=a, noise=1.0)
        found = gl.limit(gl.Problem.isotropic(HUGE), plan)
        assert found.radius == pytest.approx(radius, abs=5e-4)


def test_numbers_of_unstable_chains():
    problem = gl.Problem.isotropic(60)
    risk = lambda n, **plan: gl.predict(problem, gl.Plan.mix(25, n, noise=1.0, **plan)).risk[-1]
    assert risk(80, real=0.1) == pytest.approx(275, abs=0.5)
    assert risk(75, real=0.4) == pytest.approx(3.43e4, rel=2e-3)
    assert gl.predict(problem, gl.Plan.replace(25, 80, noise=1.0)).risk[-1] == pytest.approx(
        78.947, abs=1e-3
    )
    assert risk(80, real=0.1, penalty=0.05) == pytest.approx(6.0, abs=0.01)
    assert risk(80, real=0.1, penalty=0.2) == pytest.approx(1.896, abs=0.001)
    small = gl.predict(gl.Problem.isotropic(100), gl.Plan.mix(12, 80, real=0.3, noise=1.0))
    assert small.risk[-1] == pytest.approx(205.3, abs=0.1)


def test_cures_are_borders():
    problem = gl.Problem.isotropic(60)
    found = gl.limit(problem, gl.Plan.mix(5, 80, real=0.1, noise=1.0))
    assert not found.stable
    assert found.risk == math.inf
    assert found.cure == pytest.approx(0.0071, abs=5e-5)
    for lam, stable in ((0.0063, False), (0.0065, True), (found.cure, True)):
        plan = gl.Plan.mix(5, 80, real=0.1, penalty=lam, noise=1.0)
        assert gl.limit(problem, plan).stable == stable
    assert found.cure_real == 43 / 80
    for rows, stable in ((42, False), (43, True)):
        assert gl.limit(problem, gl.Plan.mix(5, 80, real=rows / 80, noise=1.0)).stable == stable


def test_the_cure_falls_to_nothing_at_the_border_of_least_squares_and_not_before():
    problem, cures = gl.Problem.isotropic(60), []
    for n in range(84, 91):
        found = gl.limit(problem, gl.Plan.mix(5, n, real=0.1, noise=1.0))
        assert found.stable == (n == 90)
        cures.append(found.cure or 0.0)
    assert np.allclose(np.diff(cures), -7e-4, atol=4e-4)


def literal_stack(d, n, n_real, generations, runs, noise, seed):
    """Least squares on fresh stacked rows, isotropic, truth zero; risks (runs, generations)."""
    rng = np.random.default_rng(seed)
    risks = np.empty((runs, generations))
    for run in range(runs):
        w = np.zeros(d)
        for t in range(generations):
            X = rng.standard_normal((n, d))
            y = X @ w + noise * rng.standard_normal(n)
            real = n if t == 0 else n_real
            y[:real] -= X[:real] @ w
            w = np.linalg.pinv(X) @ y if n < d else np.linalg.solve(X.T @ X, X.T @ y)
            risks[run, t] = w @ w
    return risks


@pytest.mark.slow
def test_literal_runs_explode_as_foretold():
    risks = literal_stack(60, 80, 8, 25, 1500, 1.0, 0)[:, -1]
    error = risks.std() / math.sqrt(risks.size)
    assert error < 0.05 * risks.mean()
    assert abs(risks.mean() - 274.5) < 4 * error


@pytest.mark.slow
def test_literal_runs_settle_at_the_limit():
    risks = literal_stack(60, 110, 44, 20, 1500, 1.0, 1)[:, -1]
    found = gl.limit(gl.Problem.isotropic(60, signal=0.0), gl.Plan.mix(3, 110, real=0.4, noise=1.0))
    error = risks.std() / math.sqrt(risks.size)
    assert error < 0.02 * risks.mean()
    assert abs(risks.mean() - found.risk) < 4 * error
