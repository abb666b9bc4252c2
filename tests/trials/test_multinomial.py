"""Logistic regression of several classes: the loss's laws, scikit-learn's fits, and chains of them."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import genloss as gl
from genloss import Generation, Source, losses
from genloss.equivalents import NotSolvedError
from genloss.trials import multinomial
from genloss.trials.multinomial import minimise

LOSS = losses.Multinomial()


def test_slope_and_curvature_are_derivatives():
    rng = np.random.default_rng(0)
    z, y = rng.standard_normal((7, 4)), np.eye(4)[rng.integers(4, size=7)] - 0.25
    step = 1e-5 * np.eye(4)
    by_value = [(LOSS.value(y, z + e) - LOSS.value(y, z - e)) / 2e-5 for e in step]
    by_slope = [(LOSS.slope(y, z + e) - LOSS.slope(y, z - e)) / 2e-5 for e in step]
    assert np.allclose(LOSS.slope(y, z), np.stack(by_value, axis=1), atol=1e-8)
    assert np.allclose(LOSS.curvature(y, z), np.stack(by_slope, axis=2), atol=1e-8)
    assert np.isfinite(LOSS.value(y, 1e4 * z)).all()


def test_two_columns_are_the_logistic_loss():
    z = np.linspace(-5, 5, 11)
    y = np.where(np.arange(11) % 2, 1.0, -1.0)
    both = np.stack([-z / 2, z / 2], axis=1)
    code = np.stack([-y / 2, y / 2], axis=1)
    assert np.allclose(LOSS.value(code, both), losses.Logistic().value(y, z))


@pytest.mark.parametrize(
    ("n", "dim", "classes", "penalty"), [(300, 60, 3, 1e-3), (60, 80, 5, 1e-4)]
)
@pytest.mark.parametrize("soft", [False, True])
def test_a_fit_is_scikit_learns(n, dim, classes, penalty, soft):
    rng = np.random.default_rng(n)
    X = rng.standard_normal((n, dim)) * np.arange(1, dim + 1) ** -0.4
    h = X @ rng.standard_normal((dim, classes))
    chances = np.exp(h) / np.exp(h).sum(axis=1, keepdims=True)
    drawn = (h + rng.gumbel(size=h.shape)).argmax(axis=1)
    weights = rng.uniform(0.5, 2, size=n)
    y = chances if soft else np.eye(classes)[drawn]
    fitted = minimise(X[None], y[None] - 1 / classes, weights[None], LOSS, 2 * n * penalty)[0]
    model = LogisticRegression(
        C=1 / (2 * n * penalty), fit_intercept=False, solver="newton-cg", tol=1e-10, max_iter=10_000
    )
    if soft:  # every class with its chance as a weight
        rows, told = np.repeat(X, classes, axis=0), np.tile(np.arange(classes), n)
        model.fit(rows, told, sample_weight=np.repeat(weights, classes) * y.ravel())
    else:
        model.fit(X, drawn, sample_weight=weights)
    assert np.abs(fitted - model.coef_.T).max() < 1e-6 * np.abs(fitted).max()


def plan_of(*fits):
    """Multinomial fits to rows, who labels them, how, and their penalty."""
    return gl.Plan(
        [
            Generation([Source(n, who, labels=how)], lam, loss="multinomial")
            for n, who, how, lam in fits
        ]
    )


@pytest.mark.slow
@pytest.mark.parametrize("clouds", [False, True])
def test_a_chain_is_as_of_scikit_learn(clouds):
    dim, runs = 100, 40
    spectrum = np.full(dim, 1 / dim)
    wide = np.random.default_rng(1).standard_normal((dim, 3))
    problem = gl.Problem(spectrum, 3 * wide)
    if clouds:
        problem = gl.Problem(spectrum, means=0.02 * wide)
    fits = (400, "real", "sampled", 1e-3), (300, 0, "sampled", 1e-3), (200, 1, "hard", 2e-3)
    found = np.empty((runs, 3))
    for run in range(runs):
        rng, models = np.random.default_rng(run), []

        def rows(n, rng=rng):
            own = rng.integers(3, size=n)
            X = rng.standard_normal((n, dim)) / np.sqrt(dim)
            return (X + problem.means.T[own] if clouds else X), own

        for place, (n, who, how, lam) in enumerate(fits):
            X, own = rows(n)
            if not (clouds and who == "real"):
                h = X @ (problem.truth if who == "real" else models[who].coef_.T)
                own = (h + (rng.gumbel(size=h.shape) if how == "sampled" else 0)).argmax(axis=1)
            assert len(set(own)) == 3
            model = LogisticRegression(C=1 / (2 * n * lam), fit_intercept=False, max_iter=1000)
            models.append(model.fit(X, own))
            X, own = rows(4000)
            right = own if clouds else (X @ problem.truth).argmax(axis=1)
            found[run, place] = np.mean(model.predict(X) != right)
    trials = gl.simulate(problem, plan_of(*fits), trials=runs)
    spread = np.hypot(found.std(axis=0) / np.sqrt(runs - 1), trials.error_stderr)
    assert trials.method == "literal"
    assert (np.abs(trials.error - found.mean(axis=0)) < 4 * spread).all()


def test_theory_names_what_runs_it_and_other_problems_refuse_it():
    plan = plan_of((50, "real", "hard", 0.1))
    several = gl.Problem(np.ones(10), np.random.default_rng(0).standard_normal((10, 3)))
    with pytest.raises(gl.errors.NoTheoryError, match=r"multinomial loss.*genloss\.simulate"):
        gl.predict(several, plan)
    for problem in (gl.Problem.isotropic(10), gl.Problem(np.ones(10), means=np.ones(10))):
        for verb in (gl.predict, gl.simulate, gl.limit):
            with pytest.raises(gl.InvalidInputError, match="multinomial.*'logistic' is for two"):
                verb(problem, plan)
    with pytest.raises(gl.InvalidInputError, match="no penalty"):
        gl.simulate(several, plan_of((50, "real", "hard", 0.0)))


@pytest.mark.parametrize("loss", ["squared", "multinomial"])
def test_a_fit_that_keeps_no_row_says_nothing(loss):
    spectrum = np.arange(1, 9) ** -0.5
    problem = gl.Problem(spectrum, np.random.default_rng(0).standard_normal((8, 3)))
    first = Generation([Source(40, labels="hard")], 0.1)

    def run(threshold):
        rows = Source(5, "previous", labels="hard", keep=gl.keep.Confident(threshold))
        plan = gl.Plan([first, Generation([rows], 0.1, loss=loss)])
        return gl.simulate(problem, plan, trials=20)

    none, few = run(1e9), run(0.6)
    assert none.accepted[1] == 0
    assert 0 < few.accepted[1] < 0.4
    assert np.isclose(none.risk[1], problem.signal)
    assert np.isfinite(few.risk).all()


@pytest.mark.parametrize(("n", "dim"), [(60, 20), (30, 40)])
def test_runs_together_are_runs_alone_at_the_minimum(n, dim):
    """Also where another model says something of the rows, and where rows have no weight."""
    rng = np.random.default_rng(n)
    X, offset = rng.standard_normal((5, n, dim)), 0.5 * rng.standard_normal((5, n, 3))
    y, weights = np.eye(3)[rng.integers(3, size=(5, n))] - 1 / 3, rng.uniform(0, 2, (5, n))
    weights[:, :5], weights[2] = 0.0, 0.0
    fitted = minimise(X, y, weights, LOSS, 0.3, offset)
    slope = weights[..., None] * LOSS.slope(y, X @ fitted + offset)
    assert np.abs(X.swapaxes(1, 2) @ slope + 0.3 * fitted).max() < 1e-6
    alone = [
        minimise(*(each[k : k + 1] for each in (X, y, weights)), LOSS, 0.3, offset[k : k + 1])
        for k in range(5)
    ]
    assert np.abs(fitted - np.concatenate(alone)).max() < 1e-9
    assert not fitted[2].any()


def test_a_minimum_that_is_not_reached_is_told(monkeypatch):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((2, 30, 5)), np.eye(3)[rng.integers(3, size=(2, 30))] - 1 / 3
    monkeypatch.setattr(multinomial, "_MOST", 1)
    with pytest.raises(NotSolvedError, match="not found in 1 steps: give it a larger penalty"):
        minimise(X, y, np.ones((2, 30)), LOSS, 0.3)


def test_a_fit_pulled_to_a_model_stays_there_under_a_large_penalty():
    problem = gl.Problem(np.full(20, 0.05), np.random.default_rng(0).standard_normal((20, 3)))
    first = Generation([Source(200, labels="sampled")], 0.01, loss="multinomial")
    rows = [Source(100, labels="hard", keep=gl.keep.Confident(0.1, "previous"))]

    def run(penalty):
        pulled = Generation(rows, penalty, loss="multinomial", towards="previous")
        return gl.simulate(problem, gl.Plan([first, pulled]), trials=8)

    far, near = run(1e6), run(0.01)
    assert far.disagreement[1] < 1e-3
    assert near.error[1] < far.error[1]
    assert far.risk[1] == pytest.approx(far.risk[0], rel=1e-4)


def test_chances_of_two_columns_are_those_of_logistic_regression():
    """Theory of one number a row beside runs of two columns, each half as large."""
    truth = 3 * np.random.default_rng(1).standard_normal(100) / 10
    one = gl.Problem(np.ones(100) / 10, truth)
    two = gl.Problem(one.spectrum, np.stack([-truth / 2, truth / 2], axis=1))
    rows = [Source(300, "real", labels="sampled"), Source(300, "previous", labels="hard")]
    theory = gl.predict(one, gl.Plan([Generation([r], 5e-3, loss="logistic") for r in rows]))
    runs = gl.simulate(
        two, gl.Plan([Generation([r], 1e-2, loss="multinomial") for r in rows]), trials=16
    )
    assert np.abs(runs.error / theory.error - 1).max() < 0.05
    assert np.abs(runs.log_loss / theory.log_loss - 1).max() < 0.03
    assert np.abs(runs.brier / theory.brier / 2 - 1).max() < 0.03
