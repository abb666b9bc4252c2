"""Filters on rows of several weights, covariances and lengths: laws, and literal runs."""

import numpy as np
import pytest

import genloss as gl
from genloss import Generation, Source, filters

PLAIN = gl.Problem.power_law(120, capacity=1.0, source=0.5)
OTHER = 0.5 * np.sqrt(PLAIN.spectrum)
LENGTHS = np.sort(3 / np.random.default_rng(1).chisquare(5, 64_000)).reshape(16, -1).mean(axis=1)
HEAVY = gl.Problem(PLAIN.spectrum, PLAIN.truth, tails=LENGTHS)

WEIGHTS = [Source(60, noise=0.5, weight=3.0), Source(50, "previous", 0.2), Source(40, 0, 0.7)]
COVARIANCES = [
    Source(60, noise=0.5, covariance=OTHER, weight=2.0),
    Source(90, "previous", 0.5, weight=0.5),
    Source(30, 0, 0.1),
]


def chain(sources, how, penalty=0.05):
    first = Generation([Source(150, noise=0.5)], penalty, filter=how)
    return gl.Plan([first, *2 * [Generation(sources, penalty, filter=how)]])


@pytest.mark.parametrize("problem", [PLAIN, HEAVY], ids=["plain", "tails"])
@pytest.mark.parametrize("sources", [WEIGHTS, COVARIANCES], ids=["weights", "covariances"])
def test_one_round_is_ridge_and_a_long_flow_is_too(problem, sources):
    ridge = gl.predict(problem, chain(sources, None)).risk
    one = gl.predict(problem, chain(sources, filters.IteratedRidge(1))).risk
    np.testing.assert_allclose(one, ridge, rtol=1e-8)
    flow = gl.predict(problem, chain(sources, filters.GradientFlow(2000.0))).risk
    np.testing.assert_allclose(flow, ridge, rtol=1e-6)


def test_weights_that_are_nearly_alike_are_one_weight():
    def risk(other):
        sources = [Source(60, noise=0.5), Source(90, "previous", 0.5, weight=other)]
        return gl.predict(PLAIN, chain(sources, filters.GradientDescent(20, 0.1), 0.0)).risk

    np.testing.assert_allclose(risk(1 + 1e-10), risk(1.0), rtol=1e-8)


def test_the_problems_own_covariance_is_none():
    how = filters.HeavyBall(10, 0.1, 0.5)
    usual = [Source(150, "previous", 0.5)]
    told = [Source(150, "previous", 0.5, covariance=PLAIN.spectrum)]
    risks = [gl.predict(PLAIN, chain(sources, how)).risk for sources in (usual, told)]
    np.testing.assert_allclose(*risks, rtol=1e-8)


def turned(dim, seed):
    basis = np.linalg.qr(np.random.default_rng(seed).standard_normal((dim, dim)))[0]
    return basis * (1 / np.arange(1, dim + 1)) @ basis.T


def through_matrices(covariance):
    mixed = Source(30, {0: 0.5, "real": 0.5}, 0.1, covariance=covariance)
    real = Source(40, noise=0.5, covariance=covariance, weight=2.0)
    return [real, Source(50, "previous", 0.5), mixed]


@pytest.mark.parametrize("tails", [None, [0.5, 1.5]])
def test_a_diagonal_matrix_is_its_diagonal_and_one_round_is_ridge(tails):
    usual = gl.Problem.power_law(24, capacity=1.0, source=0.5)
    problem = gl.Problem(usual.spectrum, usual.truth, tails=tails)
    own = np.random.default_rng(3).permutation(problem.spectrum)
    how = filters.GradientDescent(8, 0.1)
    risks = [
        gl.predict(problem, chain(through_matrices(each), how)).risk for each in (own, np.diag(own))
    ]
    np.testing.assert_allclose(*risks, rtol=1e-8)
    sources = through_matrices(turned(24, 1))
    one, ridge = (
        gl.predict(problem, chain(sources, each)).risk for each in (filters.IteratedRidge(1), None)
    )
    np.testing.assert_allclose(one, ridge, rtol=1e-7)


def test_matrices_for_every_node_have_an_end():
    many = gl.Problem.isotropic(601)
    plan = gl.Plan([Generation([Source(90, covariance=np.eye(601))], 0.1, filter=HOWS[1][0])])
    with pytest.raises(gl.NoTheoryError, match=r"beyond 600.*genloss\.simulate"):
        gl.predict(many, plan)


@pytest.mark.slow
def test_literal_runs_of_rows_with_matrices_through_a_filter():
    plan = chain(through_matrices(turned(120, 1)), filters.GradientDescent(30, 0.1), 0.0)
    theory = gl.predict(PLAIN, plan).risk
    runs = gl.simulate(PLAIN, plan, trials=200, seed=5, method="literal")
    assert (np.abs(runs.risk - theory) < 0.02 * theory + 4 * runs.stderr).all()


HOWS = [
    (filters.GradientDescent(30, 0.1), 0.0),
    (filters.IteratedRidge(2), 0.05),
    (filters.HeavyBall(12, 0.1, 0.5), 0.01),
]


@pytest.mark.slow
@pytest.mark.parametrize("problem", [PLAIN, HEAVY], ids=["plain", "tails"])
@pytest.mark.parametrize(("how", "penalty"), HOWS, ids=[str(how) for how, _ in HOWS])
@pytest.mark.parametrize("sources", [WEIGHTS, COVARIANCES], ids=["weights", "covariances"])
def test_literal_runs_of_sources_through_a_filter(problem, how, penalty, sources):
    plan = chain(sources, how, penalty)
    theory = gl.predict(problem, plan).risk
    runs = gl.simulate(problem, plan, trials=120, seed=5, method="literal")
    assert (np.abs(runs.risk - theory) < 0.02 * theory + 4 * runs.stderr).all()


def test_lengths_of_one_are_none_in_a_pass_of_sgd():
    even = gl.Problem(PLAIN.spectrum, PLAIN.truth, tails=[1.0])
    plan = chain(COVARIANCES, filters.SGD(0.03), 0.02)
    plain, told = (gl.predict(each, plan) for each in (PLAIN, even))
    np.testing.assert_allclose(told.risk, plain.risk, rtol=1e-9)
    assert told.exact.all()


@pytest.mark.slow
def test_literal_passes_of_sgd_over_rows_whose_lengths_vary():
    problem = gl.Problem(PLAIN.spectrum, PLAIN.truth, tails=[0.2, 0.5, 1.0, 2.3])
    plan = chain(COVARIANCES, filters.SGD(0.03), 0.02)
    theory = gl.predict(problem, plan).risk
    runs = gl.simulate(problem, plan, trials=300, seed=5, method="literal")
    assert (np.abs(runs.risk - theory) < 4 * runs.stderr).all()


@pytest.mark.parametrize("tails", [None, [0.5, 1.5]])
def test_a_pass_of_sgd_over_a_diagonal_matrix_is_one_over_its_diagonal(tails):
    usual = gl.Problem.power_law(24, capacity=1.0, source=0.5)
    problem = gl.Problem(usual.spectrum, usual.truth, tails=tails)
    own = np.random.default_rng(3).permutation(problem.spectrum)
    plans = [chain(through_matrices(each), filters.SGD(0.05), 0.02) for each in (own, np.diag(own))]
    along, across = (gl.predict(problem, plan) for plan in plans)
    np.testing.assert_allclose(across.risk, along.risk, rtol=1e-9)
    assert across.exact.all()


@pytest.mark.slow
@pytest.mark.parametrize("tails", [None, [0.4, 1.0, 1.6]])
def test_literal_passes_of_sgd_over_rows_with_matrices(tails):
    problem = gl.Problem(PLAIN.spectrum, PLAIN.truth, tails=tails)
    plan = chain(through_matrices(turned(120, 1)), filters.SGD(0.05), 0.02)
    theory = gl.predict(problem, plan).risk
    runs = gl.simulate(problem, plan, trials=300, seed=5, method="literal")
    assert (np.abs(runs.risk - theory) < 4 * runs.stderr).all()
