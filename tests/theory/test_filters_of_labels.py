"""Filters of labels by a rule, of rows kept by one, and about class means: laws, and a loop with NumPy alone."""

import numpy as np
import pytest

import genloss as gl
from genloss import Generation, Source, filters, keep

DIM = 200
SPECTRUM = np.arange(1, DIM + 1) ** -0.5 / 4
PLAIN = gl.Problem(SPECTRUM, 0.6 * np.cos(np.arange(DIM)))
MEANS = 0.12 * np.sqrt(SPECTRUM) * np.cos(np.arange(DIM))
CLOUDS = gl.Problem(SPECTRUM, means=MEANS)
HARD = {"labels": "hard"}


def chain(first, then, penalty=0.02, **how):
    fits = [first, *2 * [then]]
    return gl.Plan([Generation(sources, penalty, **how) for sources in fits])


ROWS = {
    "labels": [Source(200, "previous", 0.3, labels="sampled"), Source(100, **HARD)],
    "numbers": [Source(200, "previous", 0.3, labels=gl.labels.Clipped(-1, 2)), Source(100)],
    "kept": [Source(400, "previous", keep=keep.Confident(0.3), **HARD), Source(50, **HARD)],
    "judged": [Source(300, keep=keep.Near(0, 0.4), labels="hard")],
}


@pytest.mark.parametrize("problem", [PLAIN, CLOUDS], ids=["Gaussian", "clouds"])
@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_ridge_as_a_filter_is_ridge(problem, rows):
    first = [Source(300, noise=0.2, **HARD)]
    ridge = gl.predict(problem, chain(first, rows))
    found = gl.predict(problem, chain(first, rows, filter=filters.IteratedRidge(1)))
    for name in ("risk", "bias", "variance", "norm"):
        np.testing.assert_allclose(getattr(found, name), getattr(ridge, name), rtol=1e-6)
    np.testing.assert_allclose(found.error, ridge.error, rtol=1e-6)
    assert found.method == "channel"


def test_sources_that_go_through_in_turn_are_one_where_they_are_alike():
    """The pass of several sources against the exact recursion of one."""
    one, two = (
        gl.predict(PLAIN, chain([Source(150, noise=0.3)], rows, filter=filters.SGD(0.02)))
        for rows in (
            [Source(150, "previous", 0.5)],
            [Source(50, "previous", 0.5), Source(100, "previous", 0.5)],
        )
    )
    np.testing.assert_allclose(two.risk, one.risk, rtol=1e-12)


def test_a_model_that_says_nothing_is_wrong_half_of_the_time():
    none = [Source(100, keep=keep.Confident(50, labeler=0), **HARD)]
    for problem in (PLAIN, CLOUDS):
        how = {"filter": filters.GradientDescent(5, 0.1)}
        curve = gl.predict(problem, chain([Source(100, **HARD)], none, **how))
        assert curve.error[1:].tolist() == [0.5, 0.5]
        assert curve.accepted[1:].max() < 1e-12


@pytest.mark.slow
def test_a_chain_ends_where_its_limit_is():
    rows = [Source(100, "previous", **HARD), Source(300, **HARD)]
    early = Generation(rows, 0.02, filter=filters.GradientDescent(60, 0.2))
    first = Generation([Source(300, **HARD)], 0.02)
    found = gl.limit(CLOUDS, gl.Plan([first, *3 * [early]]))
    far = gl.predict(CLOUDS, gl.Plan([first, *25 * [early]]))
    assert found.risk == pytest.approx(far.risk[-1], rel=1e-8)
    assert found.error == pytest.approx(far.error[-1], rel=1e-8)


def labelled_once(penalty, noise=0.0):
    """Hard labels of the truth, and the same rows with what the last model says of them."""
    again = Generation([Source(300, "previous", noise)], penalty, design="same")
    return gl.Plan([Generation([Source(300, noise=0.3, **HARD)], penalty), again, again])


def test_a_design_labelled_by_a_rule_once_is_iterated_ridge():
    chain_ = gl.predict(PLAIN, labelled_once(0.05))
    first = [Source(300, noise=0.3, **HARD)]
    for model in range(3):
        how = filters.IteratedRidge(model + 1)
        one = gl.predict(PLAIN, gl.Plan([Generation(first, 0.05, filter=how)]))
        assert chain_.risk[model] == pytest.approx(one.risk[0], rel=1e-8)
        assert chain_.error[model] == pytest.approx(one.error[0], rel=1e-8)


@pytest.mark.slow
def test_a_design_labelled_by_a_rule_once_is_as_in_the_loop():
    runs, risks = 60, []
    for run in range(runs):
        rng = np.random.default_rng(run)
        X, real = drawn(rng, PLAIN, 300)
        y = np.sign(real + 0.3 * rng.standard_normal(300))
        for _ in range(3):
            w = np.linalg.solve(X.T @ X + 300 * 0.05 * np.eye(DIM), X.T @ y)
            risks.append(SPECTRUM @ (w - PLAIN.truth) ** 2)
            y = X @ w + 0.2 * rng.standard_normal(300)
    risks = np.array(risks).reshape(runs, 3)
    theory = gl.predict(PLAIN, labelled_once(0.05, 0.2)).risk
    stderr = risks.std(axis=0, ddof=1) / np.sqrt(runs)
    np.testing.assert_array_less(np.abs(risks.mean(axis=0) - theory), 0.02 * theory + 4 * stderr)


def test_two_rules_on_one_design_are_refused():
    """What both leave of their labels is one and the same luck of the rows."""
    rows = [Source(300, "real", 0.3, **HARD)]
    plan = gl.Plan([Generation(rows, 0.05), Generation(rows, 0.05, design="same")])
    with pytest.raises(gl.NoTheoryError, match="another model is fitted to.*simulate"):
        gl.predict(PLAIN, plan)


def drawn(rng, problem, n):
    """Rows and their classes, which are nothing where there are no clouds."""
    classes = rng.choice([-1.0, 1.0], n)
    X = rng.standard_normal((n, DIM)) * np.sqrt(SPECTRUM)
    return (X + np.outer(classes, MEANS), classes) if problem is CLOUDS else (X, X @ problem.truth)


def descended(X, y):
    w = np.zeros(DIM)
    for _ in range(60):
        w = w + 0.2 * (X.T @ (y - X @ w) / len(X) - 0.02 * w)
    return w


def one_pass(X, y):
    w = np.zeros(DIM)
    for x, label in zip(X, y, strict=True):
        w = w + 0.02 * (x * (label - x @ w) - 0.02 * w)
    return w


@pytest.mark.slow
@pytest.mark.parametrize("problem", [PLAIN, CLOUDS], ids=["Gaussian", "clouds"])
@pytest.mark.parametrize("how", [descended, one_pass])
@pytest.mark.parametrize("threshold", [None, 0.25])
def test_literal_chains_are_as_predicted(problem, how, threshold):
    """Hard labels of the last model, sure ones alone or not, before real ones."""
    runs, risks = 40, []
    for run in range(runs):
        rng, w = np.random.default_rng(run), None
        for model in range(3):
            X, real = drawn(rng, problem, 400 if model else 300)
            y = np.sign(real)
            if w is not None:
                said = X[:300] @ w
                y[:300] = np.sign(said)
                sure = np.r_[np.abs(said) > (threshold or 0), np.ones(100, bool)]
                scale = np.sqrt(sure.mean())  # of steps whose n are the rows as written
                X, y = scale * X[sure], scale * y[sure]
            w = how(X, y)
            risks.append(SPECTRUM @ (w - problem.truth) ** 2)
            if problem is CLOUDS:
                risks[-1] += ((w - problem.truth) @ MEANS) ** 2
    risks = np.array(risks).reshape(runs, 3)
    rule = None if threshold is None else keep.Confident(threshold)
    filter_ = filters.GradientDescent(60, 0.2) if how is descended else filters.SGD(0.02)
    rows = [Source(300, "previous", keep=rule, **HARD), Source(100, **HARD)]
    theory = gl.predict(problem, chain([Source(300, **HARD)], rows, filter=filter_)).risk
    stderr = risks.std(axis=0, ddof=1) / np.sqrt(runs)
    np.testing.assert_array_less(np.abs(risks.mean(axis=0) - theory), 0.02 * theory + 4 * stderr)
