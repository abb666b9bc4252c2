"""Filters in theory against literal loops written here, and against each other where they end alike."""

from __future__ import annotations

import math

import numpy as np
import pytest

import genloss as gl
from genloss import filters
from genloss.spectrum import Spectrum
from genloss.theory.filters.contour import Contour
from genloss.theory.filters.fresh import filtered

S = np.arange(1, 301) ** -0.8
TRUTH = np.arange(1, 301) ** -0.1
PROBLEM = gl.Problem(S, TRUTH / math.sqrt((S * TRUTH**2).sum()))
DIRECTIONS = PROBLEM.directions
NOISE = 0.5


def chain(filter, n, generations=5, penalty=0.0, directions=DIRECTIONS, noise=NOISE):
    """Risks of models of which each is labelled by the one before."""
    fit, f, spread, risks = filtered(directions, n, filter, penalty), 1.0, 0.0, []
    s, signal = directions.eigenvalues, directions.energy
    for _ in range(generations):
        spread = fit.variance(signal * f**2 + spread, spread + 0 * s, noise**2)
        f = fit.shrink * f
        risks.append(float(s @ (signal * (1 - f) ** 2 + spread)))
    return np.array(risks)


# as the derivation printed them, and as its own literal runs found them, with the error of the last
TABLE = [
    (30, 600, ".2241 .3619 .4365 .4835 .5169", ".2238 .3624 .4343 .4811 .5161", 0.003),
    (30, 150, ".3509 .5056 .5909 .6483 .6915", ".3543 .5092 .5851 .6451 .6905", 0.007),
    (5, 600, ".4853 .6507 .7191 .7581 .7841", ".4846 .6497 .7169 .7583 .7847", 0.0025),
    (5, 150, ".5184 .6810 .7513 .7929 .8216", ".5230 .6784 .7447 .7900 .8195", 0.006),
]


@pytest.mark.parametrize(("steps", "n", "theory", "measured", "error"), TABLE)
def test_chains_of_gradient_descent(steps, n, theory, measured, error):
    found = chain(filters.GradientDescent(steps, 0.5), n)
    np.testing.assert_allclose(found, [float(x) for x in theory.split()], atol=1.01e-4)
    assert (np.abs(found - [float(x) for x in measured.split()]) < 4 * error).all()


def literal(fit, n, generations, runs, seed):
    """Risks (runs, generations); fit(X, y) is written by the test."""
    rng, risks = np.random.default_rng(seed), np.empty((runs, generations))
    for run in range(runs):
        w = PROBLEM.truth
        for t in range(generations):
            X = rng.standard_normal((n, S.size)) * np.sqrt(S)
            w = fit(X, X @ w + NOISE * rng.standard_normal(n))
            risks[run, t] = S @ (w - PROBLEM.truth) ** 2
    return risks


def descent(X, y, steps, step, penalty=0.0, momentum=0.0):
    w = before = np.zeros(X.shape[1])
    for _ in range(steps):
        after = w + step * (X.T @ (y - X @ w) / len(X) - penalty * w) + momentum * (w - before)
        before, w = w, after
    return w


def flow(X, y, time, penalty):
    values, vectors = np.linalg.eigh(X.T @ X / len(X) + penalty * np.eye(X.shape[1]))
    return vectors @ ((1 - np.exp(-time * values)) / values * (vectors.T @ (X.T @ y / len(X))))


def distilled(X, y, rounds, penalty):
    gram = X.T @ X + len(X) * penalty * np.eye(X.shape[1])
    for _ in range(rounds):
        w = np.linalg.solve(gram, X.T @ y)
        y = X @ w
    return w


def one_pass(X, y, step):
    w = np.zeros(X.shape[1])
    for x, label in zip(X, y, strict=True):
        w = w + step * x * (label - x @ w)
    return w


LITERAL = [
    (filters.GradientDescent(12, 0.6), 0.0, lambda X, y: descent(X, y, 12, 0.6)),
    (filters.GradientDescent(40, 0.6), 0.1, lambda X, y: descent(X, y, 40, 0.6, 0.1)),
    (filters.GradientFlow(6.0), 0.02, lambda X, y: flow(X, y, 6.0, 0.02)),
    (filters.HeavyBall(8, 0.4, 0.6), 0.0, lambda X, y: descent(X, y, 8, 0.4, 0.0, 0.6)),
    (filters.IteratedRidge(3), 0.05, lambda X, y: distilled(X, y, 3, 0.05)),
    (filters.SGD(0.05), 0.0, lambda X, y: one_pass(X, y, 0.05)),
]


@pytest.mark.slow
@pytest.mark.parametrize("n", [200, 500])
@pytest.mark.parametrize(
    ("filter", "penalty", "fit"), LITERAL, ids=[str(how) for how, *_ in LITERAL]
)
def test_literal_chains_of_every_filter(filter, penalty, fit, n):
    runs = literal(fit, n, 3, 60, 0)
    found = chain(filter, n, 3, penalty)
    mean, error = runs.mean(axis=0), runs.std(axis=0) / math.sqrt(len(runs))
    assert (error < 0.03 * mean).all()
    assert (np.abs(mean - found) < 4 * error + 0.02 * found).all()


@pytest.mark.parametrize("n", [150, 600])
@pytest.mark.parametrize(
    "filter",
    [
        filters.IteratedRidge(1),
        filters.GradientDescent(3000, 0.3),
        filters.GradientFlow(3000.0),
        filters.HeavyBall(300, 0.3, 0.7),
    ],
    ids=str,
)
def test_many_steps_are_ridge(filter, n):
    expected = gl.predict(PROBLEM, gl.Plan.replace(5, n, penalty=0.05, noise=NOISE)).risk
    np.testing.assert_allclose(chain(filter, n, penalty=0.05), expected, rtol=1e-6)


@pytest.mark.parametrize("n", [60, 1500])
def test_very_many_steps_are_the_minimum_norm_fit(n):
    # least squares by the equivalent, which has n - d where the exact law has n - d - 1
    expected = gl.predict(PROBLEM, gl.Plan.replace(2, n, penalty=1e-9, noise=NOISE)).risk
    np.testing.assert_allclose(chain(filters.GradientFlow(1e5), n, 2), expected, rtol=2e-3)


def test_the_contour_does_not_matter():
    filter = filters.GradientDescent(12, 0.5)
    energy = DIRECTIONS.energy
    values = lambda x: filter.shrink(x, 0.0)
    usual = Contour.around(DIRECTIONS, 200, values, None)
    other = Contour.around(DIRECTIONS, 200, values, 0.3)  # as for a pole at -0.3
    spreads = [c.spread(values(c.x), values(c.x), energy) for c in (usual, other)]
    np.testing.assert_allclose(*spreads, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(usual.mean(values(usual.x)), other.mean(values(other.x)), rtol=1e-8)


def test_equal_directions_may_be_taken_together():
    problem = gl.Problem.isotropic(300)
    together, apart = problem.directions, Spectrum.of(problem.spectrum, problem.truth)
    filter = filters.GradientDescent(6, 0.3)
    np.testing.assert_allclose(
        chain(filter, 400, 3, directions=together),
        chain(filter, 400, 3, directions=apart),
        rtol=1e-9,
    )


def test_sixty_generations_on_one_design():
    plan = gl.Plan.same_design(60, 600, penalty=0.05, noise=NOISE)
    found = gl.predict(PROBLEM, plan).risk[[0, 9, 29, 59]]
    np.testing.assert_allclose(found, [0.2347, 0.7526, 0.9454, 1.0115], atol=1e-4)
    simulated, error = [0.2348, 0.7510, 0.9486, 1.0137], [0.0006, 0.0021, 0.0028, 0.0034]
    assert (np.abs(found - simulated) < 4 * np.array(error)).all()


def test_one_design_settles_at_its_limit():
    plan = gl.Plan.mix_labels(80, 600, real=0.3, penalty=0.05, noise=NOISE, design="same")
    expected = gl.limit(PROBLEM, gl.Plan(plan.generations[:3])).risk
    assert gl.predict(PROBLEM, plan).risk[-1] == pytest.approx(expected, rel=1e-8)


def test_one_pass_is_exact_at_any_size():
    """Four directions, few rows: against the recursion of all moments, and its mean over runs."""
    rng, s, truth = np.random.default_rng(0), np.array([2.0, 1.0, 0.5, 0.1]), np.ones(4)
    step, n, noise, penalty = 0.1, 100, 0.5, 0.05
    fit = filtered(Spectrum.of(s, truth), n, filters.SGD(step), penalty)
    ends = np.empty((4000, 4))
    X = rng.standard_normal((4000, n, 4)) * np.sqrt(s)
    y = X @ truth + noise * rng.standard_normal((4000, n))
    w = np.zeros((4000, 4))
    for k in range(n):
        error = y[:, k] - (X[:, k] * w).sum(axis=1)
        w = w + step * (X[:, k] * error[:, None] - penalty * w)
    ends = w
    mean, spread = ends.mean(axis=0), ends.var(axis=0)
    assert (np.abs(mean - fit.shrink) < 4 * ends.std(axis=0) / math.sqrt(len(ends))).all()
    found = fit.variance(truth**2, np.zeros(4), noise**2)
    fourth = ((ends - mean) ** 4).mean(axis=0) - spread**2
    assert (np.abs(spread - found) < 4 * np.sqrt(fourth / len(ends))).all()


def test_steps_that_explode_are_refused():
    with pytest.raises(
        gl.InvalidInputError, match="step of gradient descent was 2; it must be below 1"
    ):
        filtered(DIRECTIONS, 200, filters.GradientDescent(5, 2.0), 0.0)
    with pytest.raises(gl.InvalidInputError, match="step of SGD"):
        filtered(DIRECTIONS, 200, filters.SGD(0.5), 0.0)


def test_plans_on_one_design_may_be_long():
    curve = gl.predict(PROBLEM, gl.Plan.same_design(60, 600, penalty=0.05, noise=NOISE))
    np.testing.assert_allclose(
        curve.risk[[0, 9, 29, 59]], [0.2347, 0.7526, 0.9454, 1.0115], atol=1e-4
    )
    mixed = gl.Plan.mix_labels(40, 200, real=0.3, penalty=0.05, noise=NOISE, design="same")
    expected = gl.limit(PROBLEM, mixed)
    assert gl.predict(PROBLEM, mixed).risk[-1] == pytest.approx(expected.risk, rel=1e-5)


def test_long_runs_are_what_pencils_find(monkeypatch):
    """Mixed labels, a penalty that differs, then fresh rows labelled by an older model of the run."""
    from genloss.theory import closed

    plan = gl.Plan(
        [
            gl.Generation([gl.Source(250, noise=NOISE)], 0.02),
            *gl.Plan.mix_labels(
                4, 200, real=0.3, penalty=[0.05, 0.01, 0.1, 0.05], noise=NOISE, design="same"
            ),
            gl.Generation([gl.Source(200, {0: 0.5, 2: 0.5}, NOISE)], 0.02, "same"),
            gl.Generation([gl.Source(300, {3: 0.5, 5: 0.5}, NOISE)], 0.1),
        ]
    )
    expected = gl.predict(PROBLEM, plan)
    monkeypatch.setattr(closed, "MOST_BY_PENCIL", 3)
    found = gl.predict(PROBLEM, plan)
    assert (expected.method, found.method) == ("pencil", "state evolution")
    np.testing.assert_allclose(found.risk, expected.risk, rtol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize(
    "filter", [filters.GradientDescent(20, 0.5), filters.IteratedRidge(2)], ids=str
)
def test_filters_on_one_design(filter):
    lam, rng, n, runs = 0.02, np.random.default_rng(0), 400, 60
    labels = [{"real": 1.0}, {"real": 0.3, "previous": 0.7}, {"real": 0.3, "previous": 0.7}]
    plan = gl.Plan(
        [
            gl.Generation([gl.Source(n, who, NOISE)], lam, "same" if t else "fresh", filter=filter)
            for t, who in enumerate(labels)
        ]
    )
    found, risks = gl.predict(PROBLEM, plan).risk, np.empty((runs, 3))
    for run in range(runs):
        X = rng.standard_normal((n, S.size)) * np.sqrt(S)
        w = PROBLEM.truth
        for t, who in enumerate(labels):
            real, share = who["real"], who.get("previous", 0.0)
            noise = NOISE * rng.standard_normal((2, n))
            y = real * (X @ PROBLEM.truth + noise[0]) + share * (X @ w + noise[1])
            if filter.kind == "iterated_ridge":
                w = distilled(X, y, 2, lam)
            else:
                w = descent(X, y, 20, 0.5, lam)
            risks[run, t] = S @ (w - PROBLEM.truth) ** 2
    mean, error = risks.mean(axis=0), risks.std(axis=0) / math.sqrt(runs)
    assert (np.abs(mean - found) < 4 * error + 0.02 * found).all()
