"""Chains on real rows, against scikit-learn and against refitting one row at a time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge

import genloss as gl
from genloss.data.chain import (
    fit_dual,
    fit_rows,
    leave_one_out,
    measure,
    rehearse,
    walk,
)


@pytest.fixture
def sample(rng):
    X = rng.standard_normal((60, 5)) + 1.0
    return X, X @ np.arange(5.0) + 3.0 + rng.standard_normal(60)


@pytest.mark.parametrize("n", [4, 40])
@pytest.mark.parametrize("penalty", [1e-3, 0.5])
def test_linear_models_are_ridge_with_an_intercept(sample, n, penalty):
    X, y = sample
    rows = np.arange(n)
    model = fit_rows(X, None, rows, y[rows], penalty)
    reference = Ridge(alpha=n * penalty).fit(X[rows], y[rows])
    np.testing.assert_allclose(model(X), reference.predict(X), rtol=1e-8)
    np.testing.assert_allclose(model.at(rows[:2]), reference.predict(X[:2]), rtol=1e-8)


def test_kernel_models_are_kernel_ridge_on_the_centred_kernel(sample):
    X, y = sample
    kernel, rows, penalty = gl.Kernel("rbf", gamma=0.1), np.arange(40), 0.01
    model = fit_rows(X, kernel, rows, y[rows], penalty)
    centre = np.eye(40) - 1 / 40
    gram, cross = kernel(X[rows], X[rows]), kernel(X, X[rows])
    reference = KernelRidge(alpha=40 * penalty, kernel="precomputed")
    reference.fit(centre @ gram @ centre, y[rows] - y[rows].mean())
    expected = reference.predict((cross - gram.mean(axis=0)) @ centre) + y[rows].mean()
    np.testing.assert_allclose(model(X), expected, rtol=1e-8)


def test_interpolation_without_penalty_keeps_the_labels(sample):
    X, y = sample
    rows = np.arange(30)
    model = fit_rows(X, gl.Kernel("rbf", gamma=1.0), rows, y[rows], 0.0)
    np.testing.assert_allclose(model.at(rows), y[rows], rtol=1e-6)


def test_duplicated_rows_and_columns_do_not_break_ridgeless_fits(sample):
    X, y = sample
    twice = np.hstack([X, X])
    rows = np.r_[np.arange(40), np.arange(5)]
    model = fit_rows(twice, None, rows, y[rows], 0.0)
    once = fit_rows(X, None, rows, y[rows], 0.0)
    np.testing.assert_allclose(model(twice), once(X), rtol=1e-6)


@pytest.mark.parametrize("kernel", [None, gl.Kernel("linear"), gl.Kernel("rbf", gamma=0.1)])
def test_leave_one_out_is_what_refitting_says(sample, kernel):
    X, y = sample[0][:20], sample[1][:20]
    penalty = 0.05
    gram = (kernel or gl.Kernel("linear"))(X, X)
    held_out = leave_one_out(X, kernel, y, penalty)
    for i in range(20):
        rest = np.delete(np.arange(20), i)
        # the absolute penalty stays n * penalty when a row is left out
        dual, intercept = fit_dual(gram[np.ix_(rest, rest)], y[rest], penalty * 20 / 19)
        assert held_out[i] == pytest.approx(gram[i, rest] @ dual + intercept, rel=1e-8)


def test_rows_are_fresh_while_there_are_any(rng):
    rows = [each.rows for each in walk(gl.Plan.replace(5, 20), np.zeros(100), _constant, rng)]
    assert len(set(np.concatenate(rows))) == 100
    recycled = [each.rows for each in walk(gl.Plan.replace(4, 40), np.zeros(100), _constant, rng)]
    for before, after in itertools.pairwise(recycled):
        assert not set(before) & set(after)


def test_same_and_pooled_designs_keep_their_rows(rng):
    same = list(walk(gl.Plan.same_design(3, 10), np.zeros(50), _constant, rng))
    assert all((each.rows == same[0].rows).all() for each in same)
    pooled = list(walk(gl.Plan.accumulate(3, 10, design="fresh"), np.zeros(50), _constant, rng))
    assert [each.rows.size for each in pooled] == [10, 20, 30]
    assert [int(each.real.sum()) for each in pooled] == [10, 10, 10]


def test_labels_come_from_who_the_plan_says(rng):
    seen = []

    def fit(rows, labels, penalty):
        seen.append(labels)
        return _Constant(float(len(seen)))

    plan = gl.Plan.replace(2, 10).then(
        gl.Generation(
            [gl.Source(4, "real"), gl.Source(6, {"real": 0.5, 0: 0.25, "previous": 0.25})]
        )
    )
    list(walk(plan, np.full(40, 8.0), fit, rng))
    assert (seen[0] == 8).all()
    assert (seen[1] == 1).all()
    np.testing.assert_allclose(seen[2], [8.0] * 4 + [4.0 + 0.25 + 0.5] * 6)


def test_noise_is_added_to_what_models_say_and_not_to_real_labels(rng):
    seen = []

    def fit(rows, labels, penalty):
        seen.append(labels)
        return _Constant(0.0)

    list(walk(gl.Plan.replace(2, 4000, noise=2.0), np.ones(8000), fit, rng))
    assert (seen[0] == 1).all()
    assert seen[1].std() == pytest.approx(2.0, rel=0.05)


class _Constant:
    def __init__(self, value: float) -> None:
        self.value = value

    def at(self, rows):
        return np.full(rows.size, self.value)


def _constant(rows, labels, penalty):
    return _Constant(0.0)


def test_measured_chain_on_gaussian_rows_is_the_theory():
    problem = gl.Problem.power_law(40, capacity=1.0, source=0.5)
    plan = gl.Plan.replace(4, 200, noise=0.3, penalty=0.05)
    errors = []
    for trial in range(30):
        rng = np.random.default_rng(trial)
        X = rng.standard_normal((2800, 40)) * np.sqrt(problem.spectrum)
        y = X @ problem.truth + 0.3 * rng.standard_normal(2800)
        errors.append(measure(plan, X, y, None, 2000, rng))
    stderr = np.std(errors, axis=0, ddof=1) / np.sqrt(30)
    theory = gl.predict(problem, plan).risk + 0.09
    assert (np.abs(np.mean(errors, axis=0) - theory) < 0.02 * theory + 4 * stderr).all()


@pytest.mark.parametrize("n", [100, 400])
def test_a_rehearsal_is_unbiased_for_the_first_two_models(n):
    problem = gl.Problem.power_law(40, capacity=1.0, source=0.5)
    plan = gl.Plan.replace(2, n, noise=0.3, penalty=0.05)
    errors = []
    for trial in range(60):
        rng = np.random.default_rng(trial)
        X = rng.standard_normal((800, 40)) * np.sqrt(problem.spectrum)
        y = X @ problem.truth + 0.3 * rng.standard_normal(800)
        errors.append(rehearse(plan, X, y, None, rng))
    stderr = np.std(errors, axis=0, ddof=1) / np.sqrt(60)
    theory = gl.predict(problem, plan).risk + 0.09
    assert (np.abs(np.mean(errors, axis=0) - theory) < 0.02 * theory + 4 * stderr).all()


def test_a_rehearsal_stops_before_it_runs_out_of_unseen_labels(sample, rng):
    X, y = sample
    plan = gl.Plan.mix(20, 20, real=0.5, penalty=0.1)
    assert 1 <= rehearse(plan, X, y, None, rng).size < 20


def test_intercept_of_rank_deficient_fits(rng):
    X = rng.standard_normal((50, 30)) @ rng.standard_normal((30, 64)) + 2.0
    y = X[:, 0] + 5.0 + rng.standard_normal(50)
    rows = np.arange(50)
    model = fit_rows(X, None, rows, y, 0.0)
    best = np.linalg.lstsq(np.c_[X, np.ones(50)], y, rcond=1e-10)[0]
    expected = np.mean((np.c_[X, np.ones(50)] @ best - y) ** 2)
    assert np.mean((model(X) - y) ** 2) == pytest.approx(expected, rel=1e-6)


def test_noises_of_one_model_named_twice_are_two(rng):
    seen = []

    def fit(rows, labels, penalty):
        seen.append(labels)
        return _Constant(0.0)

    twice = gl.Plan.replace(1, 5000).then(
        n_samples=5000, labeler={"previous": 0.5, 0: 0.5}, noise=1.0
    )
    list(walk(twice, np.zeros(10000), fit, rng))
    assert seen[1].std() == pytest.approx(np.sqrt(0.5), rel=0.05)


class Both:
    """Scikit-learn's ridge, which fits all columns of its labels."""

    def __init__(self, X, rows, labels, penalty):
        self.X = X
        self.fitted = Ridge(alpha=rows.size * penalty).fit(X[rows], labels)

    def __call__(self, X):
        return self.fitted.predict(X)

    def at(self, rows):
        return self(self.X[rows])


def test_labels_may_have_several_columns(sample):
    X, y = sample
    plan, pair = gl.Plan.mix(3, 20, real=0.3, penalty=0.1), np.column_stack([y, -2 * y])
    fitted = list(walk(plan, pair, lambda *what: Both(X, *what), np.random.default_rng(0)))
    for each in fitted:
        first, second = each.model(X).T
        np.testing.assert_allclose(second, -2 * first)
        assert each.labels.shape == (20, 2)
    alone = next(walk(plan, y, lambda *what: Both(X, *what), np.random.default_rng(0)))
    np.testing.assert_allclose(fitted[0].model(X)[:, 0], alone.model(X))


def test_noise_of_several_columns_is_independent():
    y = np.zeros((4000, 2))
    plan = gl.Plan.replace(2, 2000, noise=0.5)
    _, last = walk(plan, y, lambda *what: Both(np.ones((4000, 1)), *what), np.random.default_rng(0))
    assert last.labels.std(axis=0) == pytest.approx(0.5, rel=0.1)
    assert abs(np.corrcoef(last.labels.T)[0, 1]) < 0.1


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (gl.Plan.replace(2, [30, 61]), "n_samples of model 1 was 61; there are 60 rows"),
        (gl.Plan([gl.Generation([gl.Source(9, weight=2)])]), "weights in model 0"),
        (gl.Plan([gl.Generation([gl.Source(9, covariance=[1, 1])])]), "covariances of its own"),
        (gl.Plan.replace(2, 9).with_features(5, shared=True), "random features"),
        (gl.Plan.subsample(2, 9, design="fresh"), "rows drawn from a pool"),
    ],
)
def test_a_walk_refuses_what_it_cannot_do(sample, plan, words):
    X, y = sample
    with pytest.raises(gl.InvalidInputError, match=words):
        next(walk(plan, y, lambda *what: Both(X, *what), np.random.default_rng(0)))
