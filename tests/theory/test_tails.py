"""Inputs whose lengths vary: t rows against a loop written here, estimated tails, and what is refused."""

import numpy as np
import pytest

import genloss as gl
from genloss.estimate import tails_of_rows
from genloss.pencils import subsets

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


@pytest.mark.slow
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
    with pytest.raises(gl.NoTheoryError, match=r"problem has tails.*genloss\.simulate"):
        gl.predict(problem, gl.Plan([rows]))
    assert np.isfinite(gl.simulate(problem, gl.Plan([rows]), trials=2).risk).all()
    for plan in (gl.Plan([rows, rows]), gl.Plan.subsample(4, 90, design="fresh", penalty=0.1)):
        with pytest.raises(gl.NoTheoryError, match=r"genloss\.simulate"):
            gl.limit(problem, plan)
    with pytest.raises(gl.InvalidInputError, match="problem has tails"):
        gl.simulate(problem, PLAN, method="exact")


def relabelled(n, penalty):
    """Real rows with half of each label the last model's, and new rows of it beside them."""
    first = gl.Generation([gl.Source(n, noise=NOISE)], penalty)
    frozen = gl.Source(None, {"kept": 0.5, "previous": 0.5}, inputs=0)
    rows = [frozen, gl.Source(n // 2, "previous", NOISE)]
    return gl.Plan([first, *2 * [gl.Generation(rows, penalty)]])


@pytest.mark.parametrize("penalty", [0.05, 0.0])
def test_rows_that_several_fits_share_have_the_same_length_in_all(penalty):
    problem = gl.Problem(PLAIN.spectrum, PLAIN.truth, tails=[0.1, 0.2, 2.7])
    plan = relabelled(160, penalty)
    theory = gl.predict(problem, plan)
    rng, found = np.random.default_rng(4), []
    for _ in range(150):
        X = rng.standard_normal((160, DIM)) * np.sqrt(PLAIN.spectrum)
        X *= np.sqrt(rng.choice(problem.tails, (160, 1)))
        kept = y = X @ PLAIN.truth + NOISE * rng.standard_normal(160)
        risks, A = [], X
        for _ in range(3):
            w = np.linalg.solve(A.T @ A + len(A) * penalty * np.eye(DIM), A.T @ y)
            risks.append(PLAIN.spectrum @ (w - PLAIN.truth) ** 2)
            new = rng.standard_normal((80, DIM)) * np.sqrt(PLAIN.spectrum)
            new *= np.sqrt(rng.choice(problem.tails, (80, 1)))
            A = np.vstack([X, new])
            y = np.r_[(kept + X @ w) / 2, new @ w + NOISE * rng.standard_normal(80)]
        found.append(risks)
    mean, stderr = np.mean(found, 0), np.std(found, 0) / 150**0.5
    assert theory.method == "pencil"
    assert (np.abs(theory.risk - mean) < 0.03 * mean + 4 * stderr).all()
    plain = gl.predict(PLAIN, plan).risk
    assert (np.abs(plain / mean - 1) > 0.05).any()


def test_the_pencil_has_every_other_route_as_a_special_case():
    problem = gl.Problem(PLAIN.spectrum, PLAIN.truth, tails=[0.3, 0.7, 2.0])
    stacked = gl.Plan.mix(3, N, real=0.3, noise=NOISE, penalty=PENALTY)
    one, other = (gl.predict(problem, stacked, method=m) for m in ("closed", "pencil"))
    assert np.allclose(one.variance, other.variance, rtol=1e-8)
    assert np.allclose(one.bias, other.bias, rtol=1e-8)
    even = gl.Problem(PLAIN.spectrum, PLAIN.truth, tails=[1.0, 1.0])
    pool = gl.Plan.accumulate(3, 60, design="same", noise=NOISE, penalty=PENALTY)
    assert np.allclose(gl.predict(even, pool).risk, gl.predict(PLAIN, pool).risk, rtol=1e-10)
    with pytest.raises(gl.NoTheoryError, match=r"earlier generation.*predict\(method='pencil'\)"):
        gl.predict(problem, pool, method="closed")


@pytest.mark.slow
def test_a_penalty_is_chosen_on_rows_of_any_length():
    problem = gl.Problem(PLAIN.spectrum, PLAIN.truth, tails=[0.1, 0.2, 2.7])
    plan = gl.Plan.replace(2, N, noise=NOISE, penalty="cv")
    theory, runs = gl.predict(problem, plan), gl.simulate(problem, plan, trials=60)
    # what the choice costs is not in the formula
    assert (np.abs(theory.risk - runs.risk) < 0.05 * runs.risk + 4 * runs.stderr).all()
    best = gl.tune(problem, gl.Plan.replace(1, N, noise=NOISE, penalty=PENALTY))
    assert theory.penalty[0] == pytest.approx(best.plan.penalty[0], rel=0.02)


def test_few_lengths_stand_for_many_where_rows_are_drawn_often():
    drawn = gl.Plan.subsample(3, 60, design="fresh", noise=NOISE, penalty=PENALTY)
    many = gl.Problem(PLAIN.spectrum, PLAIN.truth, tails=of_t(bins=64))
    few = subsets._fewer(np.array(many.tails), np.full(64, 1 / 64), 8)
    whole = gl.predict(many, drawn).risk
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subsets, "_fewer", lambda *_: few)
        assert np.allclose(gl.predict(many, drawn).risk, whole, rtol=1e-5)
