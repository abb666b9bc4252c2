"""Revealed designs: answers of one matrix, convex fits, when they are completed, who is chosen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plans_revealed import PLANS, SMALL, THIN, Gen, Src, compare
from scipy import stats

import genloss as gl
from genloss.steps import resolve
from genloss.trials.convex import minimise
from genloss.trials.engines import revealed_designs, revealed_rows
from genloss.trials.revealed import convex, spans
from genloss.trials.revealed.block import Block
from genloss.trials.revealed.entries import Entries
from genloss.trials.revealed.lanczos import filtered
from genloss.trials.revealed.rows import Labelled


@given(st.integers(1, 30), st.integers(2, 8), st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_answers_are_those_of_one_matrix(rows, width, seed):
    """However often it is asked, in new directions and old ones, beyond its rank and its width."""
    rng = np.random.default_rng(seed)
    block, asked, answers = Block([rows], width, 3, rng, expected=2), [], []
    for number in range(width + 3):
        asked.append(rng.standard_normal((3, width)))
        if number > 2:
            asked[-1] = asked[0] - 2 * asked[2]
        if number % 3 == 2:
            asked[-1][1] = 0
        answers.append(block.ask(asked[-1]))
    V, answered = np.stack(asked, axis=1), np.stack(answers, axis=1)
    products = V @ answered.transpose(0, 2, 1)
    scale = np.abs(products).max()
    np.testing.assert_allclose(products, products.transpose(0, 2, 1), atol=1e-9 * scale)
    assert (np.linalg.eigvalsh(products) > -1e-9 * scale).all()
    assert np.linalg.matrix_rank(products, tol=1e-9 * scale).max() <= min(rows, width)
    np.testing.assert_allclose(block.ask(asked[0]), answers[0], atol=1e-9 * scale)
    whole = block.gram(0)
    np.testing.assert_allclose(V[0] @ whole, answered[0], atol=1e-8 * scale)
    np.testing.assert_allclose(block.ask(asked[1])[0], answers[1][0], atol=1e-8 * scale)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_answers_from_both_sides_are_those_of_one_matrix(rows, columns, seed):
    rng = np.random.default_rng(seed)
    entries, vs, us, right, left = Entries(rows, columns, 2, rng, expected=2), [], [], [], []
    for _ in range(max(rows, columns) + 2):
        vs.append(rng.standard_normal((2, columns)))
        us.append(rng.standard_normal((2, rows)))
        right.append(entries.right(vs[-1]))
        left.append(entries.left(us[-1]))
    V, U, XV, XU = (np.stack(each, axis=1) for each in (vs, us, right, left))
    one, other = U @ XV.transpose(0, 2, 1), XU @ V.transpose(0, 2, 1)
    np.testing.assert_allclose(one, other, atol=1e-8 * np.abs(one).max())


def test_parts_are_told_apart_until_they_are_joined():
    rng = np.random.default_rng(0)
    block = Block([5, 7], 6, 2000, rng)
    v = np.zeros((2000, 6))
    v[:, 1] = 1
    one, other = block.ask(v, 0), block.ask(v, 1)
    block.join()
    np.testing.assert_allclose(block.ask(v), one + other, atol=1e-10)
    for answer, rows in ((one, 5), (other, 7)):
        assert stats.kstest(answer[:, 1], stats.chi2(rows).cdf).pvalue > 1e-3


class Drawn:
    """A design that is there as a whole."""

    def __init__(self, X):
        self.X, self.rows, self.asked = X, X.shape[1], 0

    def values(self, w):
        self.asked += 1
        return (self.X @ w[..., None])[..., 0]

    def sums(self, u):
        return (u[:, None] @ self.X)[:, 0]


@pytest.mark.parametrize("longest", [2, 48])
@pytest.mark.parametrize(
    "loss", [gl.losses.Logistic(), gl.losses.Huber(0.2)], ids=["logistic", "Huber"]
)
def test_a_convex_fit_ends_at_the_least(loss, longest, monkeypatch):
    """Rows of two designs, one of them labelled twice; spans alone, and conjugate gradients behind."""
    monkeypatch.setattr(spans, "_LONGEST", longest)
    rng = np.random.default_rng(0)
    spectrum = np.arange(1.0, 41.0) ** -1.2
    one, two = (Drawn(rng.standard_normal((3, n, 40))) for n in (50, 30))
    parts = [
        Labelled(each, np.sign(rng.standard_normal((3, each.rows))), weights, None)
        for each, weights in (
            (one, np.ones((3, 50))),
            (two, np.full((3, 30), 0.5)),
            (two, rng.integers(0, 2, (3, 30)).astype(float)),
        )
    ]
    found = convex.fit(parts, loss, spectrum, 0.4, 1000)
    assert found.done.all()
    root = np.sqrt(spectrum)
    for run in range(3):
        X, y, weights = (
            np.concatenate(each)
            for each in zip(
                *((p.design.X[run], p.labels[run], p.weights[run]) for p in parts), strict=True
            )
        )
        expected = root * minimise(X * root, y, weights, loss, 0.8)
        np.testing.assert_allclose(
            found.solution[run], expected, atol=3e-5 * np.abs(expected).max()
        )


def test_a_filter_is_found_in_few_directions():
    """A hundred steps of gradient descent, one of three runs from nothing."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((3, 80, 40)) * np.arange(1, 41) ** -0.5
    S, v = X.transpose(0, 2, 1) @ X / 80, rng.standard_normal((3, 40))
    v[1] = 0

    def descended(multiply, start):
        found = np.zeros_like(start)
        for _ in range(100):
            found = found + 0.3 * (start - multiply(found))
        return found

    def product(p):
        return (S @ p[..., None])[..., 0]

    found = filtered(product, v, lambda x: descended(lambda g: x * g, np.ones_like(x)), most=100)
    expected = descended(product, v)
    np.testing.assert_allclose(found.solution, expected, atol=1e-6 * np.abs(expected).max())
    assert found.steps < 25


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "minimum norm",
        "accumulate",
        "sources, weights, covariances, older models",
        "covariances that do not commute",
    ],
)
def test_a_run_that_takes_too_many_steps_is_completed(name, monkeypatch):
    """To whole matrices, given what is known: the law stays, and so do fits on the same rows."""
    monkeypatch.setattr(revealed_designs, "most_steps", lambda _: 3)
    compare(PLANS[name], 1000)


# --- which engine runs ------------------------------------------------------------------------


def test_the_engine_is_chosen_by_its_steps():
    problem = gl.Problem.power_law(300, capacity=1.5, source=0.5)

    def method(plan):
        return gl.simulate(problem, plan, trials=2, workers=1).method

    few_steps = gl.Plan.replace(2, 900, penalty=0.01, noise=0.3)
    assert method(few_steps) == revealed_designs.ENGINE.name
    assert method(gl.Plan.mix(2, 200, real=0.5, penalty=0.01)) == revealed_designs.ENGINE.name
    assert (
        method(gl.Plan.subsample(2, 900, design="fresh", penalty=0.01)) == revealed_rows.ENGINE.name
    )
    assert method(gl.Plan.replace(2, 900, penalty="cv")) == "literal"
    many_steps = gl.Plan.accumulate(2, 310, design="fresh", noise=0.3)
    assert method(many_steps) == "exact, compressed rows"
    least_squares = gl.Plan.replace(2, 900, noise=0.3)
    assert method(least_squares) == "exact, two numbers per model"
    assert (
        gl.simulate(problem, many_steps, trials=2, method="revealed").method
        == revealed_designs.ENGINE.name
    )


def test_rows_that_leave_directions_out_need_a_penalty():
    rows = [Src(40, covariance=THIN)]
    for engine in (revealed_designs, revealed_rows):
        assert engine.refuses(SMALL, resolve(gl.Plan([Gen(rows, 0.1)]))) is None
        assert "no inverse" in engine.refuses(SMALL, resolve(gl.Plan([Gen(rows)])))


@pytest.mark.slow
def test_many_directions_are_as_theory_says():
    problem = gl.Problem.power_law(20_000, capacity=1.2, source=0.5)
    plan = gl.Plan.accumulate(3, 15_000, design="fresh", penalty=1e-3, noise=0.3)
    found, theory = gl.simulate(problem, plan, trials=16, workers=1), gl.predict(problem, plan)
    assert found.method == revealed_designs.ENGINE.name
    assert (np.abs(found.risk / theory.risk - 1) < 0.01 + 4 * found.stderr / found.risk).all()


def test_the_number_of_workers_changes_nothing():
    problem = gl.Problem.power_law(100, capacity=1.2, source=0.5)
    plan = gl.Plan.replace(2, 300, penalty=0.01, noise=0.3)
    one, two = (
        gl.simulate(problem, plan, trials=150, workers=w, method="revealed") for w in (1, 2)
    )
    np.testing.assert_array_equal(one.risk, two.risk)
    np.testing.assert_array_equal(one.bias, two.bias)
