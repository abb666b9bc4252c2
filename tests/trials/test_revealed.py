"""Revealed designs have the law of drawn ones, whatever is asked of them, and cost less."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import genloss as gl
from genloss.steps import resolve
from genloss.trials.convex import minimise
from genloss.trials.engines import literal, revealed_designs, revealed_rows
from genloss.trials.revealed import convex, spans
from genloss.trials.revealed.block import Block
from genloss.trials.revealed.entries import Entries
from genloss.trials.revealed.lanczos import filtered
from genloss.trials.revealed.rows import Labelled

Gen, Src = gl.Generation, gl.Source
SMALL = gl.Problem.power_law(24, capacity=1.0, source=0.5)
OTHER = tuple(SMALL.spectrum[::-1])
BASIS = np.linalg.qr(np.random.default_rng(3).standard_normal((24, 24)))[0]
TURNED = BASIS * np.array(OTHER) @ BASIS.T
THIN = BASIS[:, :6] @ BASIS[:, :6].T

PLANS = {
    "replace": gl.Plan.replace(3, 60, penalty=0.05, noise=0.5),
    "few rows": gl.Plan.replace(3, 15, penalty=0.05, noise=0.5),
    "hardly a penalty": gl.Plan.replace(2, 60, penalty=1e-6, noise=0.5),
    "minimum norm": gl.Plan.replace(3, 15, noise=0.5),
    "least squares": gl.Plan.replace(3, 60, noise=0.5),
    "real and synthetic": gl.Plan.mix(3, 60, real=0.3, penalty=0.05, noise=0.5),
    "mixed labels, one design": gl.Plan.mix_labels(
        3, 40, real=0.4, penalty=0.05, noise=0.7, real_noise=0.3, design="same"
    ),
    "accumulate": gl.Plan.accumulate(3, 40, design="fresh", penalty=0.05, noise=0.5),
    "accumulate, few rows": gl.Plan.accumulate(3, 6, design="fresh", noise=0.5),
    "accumulate, one design": gl.Plan.accumulate(3, 40, design="same", penalty=0.05, noise=0.5),
    "one design": gl.Plan.same_design(3, 40, penalty=0.05, noise=0.5),
    "one design, few rows": gl.Plan.same_design(3, 15, penalty=0.01, noise=0.5),
    "shared features": gl.Plan.replace(3, 60, penalty=0.05, noise=0.5).with_features(
        30, shared=True
    ),
    "own features, minimum norm": gl.Plan.replace(2, 12, noise=0.5).with_features(40, shared=False),
    "towards a model": gl.Plan(
        [
            Gen([Src(60, noise=0.5)], 0.05),
            Gen([Src(30, noise=0.5)], 0.05, towards=0),
            Gen([Src(15, "previous", 0.5)], 0.0, towards="previous"),
        ]
    ),
    "gradient descent and flow": gl.Plan(
        [
            Gen([Src(60, noise=0.5)], filter=gl.filters.GradientDescent(steps=40, step=0.5)),
            Gen(
                [Src(20, noise=0.5), Src(10, "previous", 0.5, weight=2.0)],
                0.02,
                filter=gl.filters.GradientFlow(time=8.0),
            ),
        ]
    ),
    "a model from outside": gl.Plan(
        [
            Gen([Src(60, gl.External(bias=[0.2] * 24, variance=[0.05] * 24), 0.5)], 0.05),
            Gen([Src(40, {"real": 0.5, "previous": 0.5}, 0.5), Src(20)], 0.05),
        ]
    ),
    "real rows that stay": gl.Plan.anchored(3, 40, n_real=30, penalty=0.05, noise=0.5, weight=0.7),
    "window": gl.Plan.window(4, 30, last=2, penalty=0.05, noise=0.5),
    "distilled on one design": gl.Plan.distill(3, 40, mixing=0.6, penalty=0.05, noise=0.5),
    "covariances that do not commute": gl.Plan(
        [
            Gen([Src(30, noise=0.5), Src(30, noise=0.3, weight=0.5, covariance=TURNED)], 0.05),
            Gen([Src(30, 0, 0.2, covariance=THIN), Src(20, noise=0.5, covariance=OTHER)], 0.02),
            Gen([Src(50, {0: 0.4, 1: 0.6}, 0.5)], 0.05, "same", pooled=True),
        ]
    ),
    "covariances that do not commute, no penalty": gl.Plan(
        [
            Gen([Src(40, noise=0.5, covariance=TURNED)]),
            Gen([Src(8, 0, 0.5, covariance=TURNED), Src(8, noise=0.5)]),
        ]
    ),
    "intercepts, few rows": gl.Plan.accumulate(3, 6, design="fresh", noise=0.5).with_intercept(),
    "intercepts, weights, covariances, older models": gl.Plan(
        [
            Gen([Src(20, noise=0.5, weight=3.0), Src(12, noise=0.3, covariance=OTHER)], 0.05),
            Gen([Src(20, 0, 0.2, covariance=TURNED), Src(9, weight=2.0)], 0.05, towards=0),
            Gen([Src(29, {0: 0.5, 1: 0.7}, 0.5)], 0.05, "same", pooled=True),
        ]
    ).with_intercept(),
    "labels kept": gl.Plan(
        [
            Gen([Src(60, noise=0.5)], 0.05),
            Gen([Src(None, "kept", inputs=0), Src(30, "previous", 0.5)], 0.05),
            Gen([Src(None, {"kept": 0.4, "previous": 0.6}, 0.3, inputs=0)], 0.05),
        ]
    ),
    "sources, weights, covariances, older models": gl.Plan(
        [
            Gen([Src(30, noise=0.5), Src(20, noise=0.3, weight=0.5, covariance=OTHER)], 0.05),
            Gen([Src(60, noise=0.2), Src(12, 0), Src(9, 0, 0.4, covariance=OTHER)], 0.02),
            Gen([Src(30, {"real": 0.5, 0: 0.7}, 0.5), Src(51, 1, 0.2)], 0.05, "same", pooled=True),
            Gen([Src(20, {0: 0.5, 2: 0.6}, 0.5), Src(30, weight=2.0)], 0.02),
        ]
    ),
}


ROW_PLANS = {
    "subsample": gl.Plan.subsample(4, 60, design="fresh", penalty=0.05, noise=0.5),
    "subsample, one design": gl.Plan.subsample(3, 60, design="same", penalty=0.05, noise=0.5),
    "subsample, minimum norm": gl.Plan.subsample(3, 12, design="fresh", noise=0.5),
    "subsample, features": gl.Plan.subsample(
        3, 60, design="fresh", penalty=0.05, noise=0.5
    ).with_features(30, shared=True),
    "subsample of sources, weights, covariances": gl.Plan(
        [
            Gen([Src(30, noise=0.5), Src(20, noise=0.3, weight=0.5, covariance=OTHER)], 0.05),
            Gen(
                [Src(20, {"real": 0.5, 0: 0.7}, 0.5), Src(30, 0, 0.2)],
                0.05, "same", pooled=True, subsample=70,
            ),
            Gen([Src(20, {0: 0.5, 1: 0.6}, 0.5), Src(30, weight=2.0)], 0.02),
        ]
    ),
    "subsample, covariances that do not commute": gl.Plan(
        [
            Gen([Src(30, noise=0.5), Src(30, noise=0.3, weight=0.5, covariance=TURNED)], 0.05),
            Gen([Src(40, 0, 0.2, covariance=TURNED)], 0.02, subsample=70, pooled=True),
        ]
    ),
    "Huber, a covariance that does not commute": gl.Plan(
        [
            Gen([Src(60, noise=0.5, covariance=TURNED)], 0.05, loss=gl.losses.Huber(0.3)),
            Gen([Src(60, 0, 0.5)], 0.05),
        ]
    ),
    "logistic, hard and sampled classes": gl.Plan(
        [
            Gen([Src(60, noise=0.5, labels="hard")], 0.02, loss="logistic"),
            Gen(
                [Src(60, "previous", 0.2, labels="sampled"), Src(30, noise=0.5, labels="hard")],
                0.02, loss="logistic",
            ),
        ]
    ),
    "Huber, clipped labels": gl.Plan(
        [
            Gen([Src(60, noise=0.5)], 0.05, loss=gl.losses.Huber(0.3)),
            Gen(
                [Src(60, 0, 0.5, labels=gl.labels.Clipped(-1, 1))],
                0.05, loss=gl.losses.Huber(0.3),
            ),
        ]
    ),
    "intercepts, rows drawn from a pool": gl.Plan.subsample(
        3, 40, design="fresh", penalty=0.05, noise=0.5
    ).with_intercept(),
    "intercepts, few rows of one design": gl.Plan.subsample(
        2, 8, design="same", noise=0.5
    ).with_intercept(),
    "gradient descent on rows that are kept": gl.Plan(
        [
            Gen([Src(60, noise=0.5)], 0.05),
            Gen(
                [Src(60, 0, 0.5, keep=gl.keep.Near("real", 0.8))],
                filter=gl.filters.GradientDescent(steps=40, step=0.5),
            ),
        ]
    ),
    "kept by a verifier, and by confidence": gl.Plan(
        [
            Gen([Src(60, noise=0.5)], 0.05),
            Gen([Src(60, "previous", 0.5, keep=gl.keep.Near("real", 0.8)), Src(20, 0)], 0.05),
            Gen([Src(60, 1, 0.5, keep=gl.keep.Confident(0.5))], 0.05),
        ]
    ),
}  # fmt: skip


def runs(plan, count, engine, seed, each=100):
    """Risks, and the other columns of a curve."""
    streams = np.random.SeedSequence(seed).spawn(count // each)
    steps = resolve(plan)
    batches = [engine.run(SMALL, steps, np.random.default_rng(s), each) for s in streams]
    risks = np.concatenate([batch.risks for batch in batches])
    others = [np.concatenate([b.scores[name] for b in batches]) for name in batches[0].scores]
    return risks, np.hstack([np.empty((count, 0)), *others])


def functions(risks):
    """Risks, and what ties the models of one run to each other."""
    last = risks[:, -1]
    return np.column_stack([risks, risks[:, 0] * last, np.log(risks), np.log(last) ** 2])


def compare(plan, count, engine=revealed_designs):
    literally, columns = runs(plan, count, literal, seed=1)
    exactly, other_columns = runs(plan, count, engine, seed=2)
    one = np.hstack([functions(literally), columns])
    other = np.hstack([functions(exactly), other_columns])
    spread = np.sqrt((one.var(axis=0) + other.var(axis=0)) / count)
    assert (np.abs(one.mean(axis=0) - other.mean(axis=0)) <= 4 * spread + 1e-12).all()
    for models in (literally.T, exactly.T):
        assert (models.std(axis=1) / np.sqrt(count) < 0.05 * models.mean(axis=1)).all()
    for model in range(plan.n_models):
        assert stats.ks_2samp(literally[:, model], exactly[:, model]).pvalue > 1e-4
    return literally


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANS)
def test_every_revealed_chain_has_the_law_of_the_literal_one(name):
    most, count = (0.01, 8_000) if name == "real and synthetic" else (0.03, 2_000)
    literally = compare(PLANS[name], count)
    errors = literally.std(axis=0) / np.sqrt(len(literally)) / literally.mean(axis=0)
    assert (errors < most).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        *ROW_PLANS,
        "accumulate, one design",
        "own features, minimum norm",
        "intercepts, weights, covariances, older models",
    ],
)
def test_every_chain_on_revealed_rows_has_the_law_of_the_literal_one(name):
    literally = compare((ROW_PLANS | PLANS)[name], 2_000, revealed_rows)
    errors = literally.std(axis=0) / np.sqrt(len(literally)) / literally.mean(axis=0)
    assert (errors < 0.03).all()


# --- what is revealed -------------------------------------------------------------------------


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
