"""Inputs whose lengths vary: t rows against a loop written here, estimated tails, and what is refused."""

import numpy as np
import pytest

import genloss as gl
from genloss.estimate import tails_of_rows

DIM, N, NOISE, PENALTY = 100, 150, 0.5, 0.05
PLAIN = gl.Problem.power_law(DIM, capacity=1.0, source=0.5)


def t_rows(rng, n, freedom=5):
    X = rng.standard_normal((n, DIM)) * np.sqrt(PLAIN.spectrum)
    return X * np.sqrt((freedom - 2) / rng.chisquare(freedom, (n, 1)))


def of_t(freedom=5, bins=16):
    draws = np.sort(3 / np.random.default_rng(1).chisquare(freedom, 64_000))
    return draws.reshape(bins, -1).mean(axis=1)


def literal(runs):
    rng, found = np.random.default_rng(2), []
    for _ in range(runs):
        w, risks = PLAIN.truth, []
        for _ in range(3):
            X = t_rows(rng, N)
            y = X @ w + NOISE * rng.standard_normal(N)
            w = np.linalg.solve(X.T @ X + N * PENALTY * np.eye(DIM), X.T @ y)
            risks.append(PLAIN.spectrum @ (w - PLAIN.truth) ** 2)
        found.append(risks)
    return np.mean(found, 0), np.std(found, 0) / runs**0.5


PLAN = gl.Plan.replace(3, N, penalty=PENALTY, noise=NOISE)


def test_theory_and_engine_are_as_a_loop_over_t_rows():
    problem = gl.Problem(PLAIN.spectrum, PLAIN.truth, tails=of_t())
    theory = gl.predict(problem, PLAN).risk
    mean, stderr = literal(200)
    assert (np.abs(theory - mean) < 0.02 * mean + 4 * stderr).all()
    # as of normal rows it would be wrong by more
    assert (gl.predict(PLAIN, PLAN).risk < 0.97 * mean - 3 * stderr)[1:].all()
    runs = gl.simulate(problem, PLAN, trials=80)
    assert runs.method == "literal"
    assert (np.abs(runs.risk - mean) < 0.02 * mean + 4 * np.hypot(stderr, runs.stderr)).all()


def test_they_are_read_off_the_leverages_of_one_table():
    rng = np.random.default_rng(3)
    found = tails_of_rows(t_rows(rng, 3000))
    problem = gl.Problem(PLAIN.spectrum, PLAIN.truth, tails=found)
    true = gl.Problem(PLAIN.spectrum, PLAIN.truth, tails=of_t())
    told, right, plain = (gl.predict(each, PLAN).risk for each in (problem, true, PLAIN))
    assert np.abs(told / right - 1).max() < 0.02
    assert np.abs(plain / right - 1).max() > 0.04
    normal = tails_of_rows(rng.standard_normal((3000, 20)))
    assert max(normal) < 1.2
    X = t_rows(rng, 400)
    assert len(gl.Problem.from_data(X, X @ PLAIN.truth, tails=True).tails) == 16
    with pytest.raises(gl.DataError, match="six rows more than directions"):
        tails_of_rows(X[:100])


def test_equal_lengths_are_none():
    even = gl.Problem(PLAIN.spectrum, PLAIN.truth, tails=[2.0, 2.0])
    assert even.tails == (1.0, 1.0)
    plan = gl.Plan.mix(3, N, real=0.3, penalty=PENALTY, noise=NOISE)
    one, other = gl.predict(even, plan), gl.predict(PLAIN, plan)
    assert np.allclose(one.risk, other.risk, rtol=1e-9)
    assert gl.tune(even, plan).plan.penalty[0] == pytest.approx(
        gl.tune(PLAIN, plan).plan.penalty[0], rel=1e-3
    )


def test_files_keep_them_and_who_does_not_know_them_says_so():
    problem = gl.Problem(PLAIN.spectrum, PLAIN.truth, tails=of_t())
    assert gl.Problem.from_dict(problem.to_dict()) == problem
    assert problem != PLAIN
    rows = gl.Generation([gl.Source(90, labels="hard")], 0.05, loss="logistic")
    again = gl.Plan.distill(2, 90, mixing=0.5, penalty=0.1)
    for plan in (gl.Plan([rows]), again):
        with pytest.raises(gl.NoTheoryError, match=r"problem has tails.*genloss\.simulate"):
            gl.predict(problem, plan)
        assert np.isfinite(gl.simulate(problem, plan, trials=2).risk).all()
    for plan in (gl.Plan([rows, rows]), gl.Plan.distill(4, 90, mixing=0.5, penalty=0.1)):
        with pytest.raises(gl.NoTheoryError, match="problem has tails"):
            gl.limit(problem, plan)
    with pytest.raises(gl.InvalidInputError, match="problem has tails"):
        gl.simulate(problem, PLAN, method="exact")
