"""The engine of rehearsals, against scikit-learn and against refitting one row at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge

import genloss as gl
from genloss.outlook import inputs
from genloss.outlook.penalties import by_rehearsals
from genloss.outlook.rehearse import run
from genloss.outlook.ridge import Design, factored, fit, least
from genloss.outlook.sample import Sample
from genloss.outlook.split import folds

SEED = np.random.SeedSequence(5)


@pytest.fixture
def sample(rng):
    X = rng.standard_normal((60, 5)) + 1.0
    return X, X @ np.arange(5.0) + 3.0 + rng.standard_normal(60)


@pytest.mark.parametrize("n", [4, 40])
@pytest.mark.parametrize("penalty", [1e-3, 0.5])
def test_linear_models_are_ridge_with_an_intercept(sample, n, penalty):
    X, y = sample
    models = Design.of(X[:n], None).fit(y[:n, None], np.array([penalty]))
    reference = Ridge(alpha=n * penalty).fit(X[:n], y[:n])
    np.testing.assert_allclose(models(X)[:, 0], reference.predict(X), rtol=1e-8)
    if n > 5:
        quick = factored(X[:n], None, y[:n, None], np.array([penalty]))
        np.testing.assert_allclose(quick(X)[:, 0], reference.predict(X), rtol=1e-8)


@pytest.mark.parametrize("way", ["decomposed", "factored"])
def test_kernel_models_are_kernel_ridge_on_the_centred_kernel(sample, way):
    X, y = sample
    kernel, penalty = gl.Kernel("rbf", gamma=0.1), 0.01
    labels, penalties = np.column_stack([y, y**2])[:40], np.array([penalty, 2 * penalty])
    if way == "decomposed":
        models = Design.of(X[:40], kernel).fit(labels, penalties)
    else:
        models = factored(X[:40], kernel, labels, penalties)
    centre = np.eye(40) - 1 / 40
    gram, cross = kernel(X[:40], X[:40]), kernel(X, X[:40])
    for c in range(2):
        reference = KernelRidge(alpha=40 * penalties[c], kernel="precomputed")
        reference.fit(centre @ gram @ centre, labels[:, c] - labels[:, c].mean())
        expected = reference.predict((cross - gram.mean(axis=0)) @ centre) + labels[:, c].mean()
        np.testing.assert_allclose(models(X)[:, c], expected, rtol=1e-7)


def test_duplicated_rows_and_columns_do_not_break_ridgeless_fits(sample):
    X, y = sample
    rows = np.r_[np.arange(40), np.arange(5)]
    none = np.zeros(1)
    twice = Design.of(np.hstack([X, X])[rows], None).fit(y[rows, None], none)
    once = Design.of(X[rows], None).fit(y[rows, None], none)
    np.testing.assert_allclose(twice(np.hstack([X, X])), once(X), rtol=1e-6)


@pytest.mark.parametrize("kernel", [None, gl.Kernel("rbf", gamma=0.1)])
def test_leave_one_out_is_what_refitting_says(sample, kernel):
    X, y = sample[0][:20], sample[1][:20]
    penalties = np.array([0.05, 0.3])
    residual = Design.of(X, kernel).left_out(y, penalties)
    for i in range(20):
        rest = np.delete(np.arange(20), i)
        # the absolute penalty stays n * penalty when a row is left out
        models = Design.of(X[rest], kernel).fit(np.column_stack([y, y])[rest], penalties * 20 / 19)
        np.testing.assert_allclose(residual[i], y[i] - models(X[i : i + 1])[0], rtol=1e-7)


def test_cv_takes_the_penalty_with_the_least_leave_one_out_error(sample):
    X, y = sample
    design = Design.of(X, gl.Kernel("rbf", gamma=0.1))
    models = fit(lambda: design, np.column_stack([y, y]), np.array([np.nan, 0.3]))
    chosen = design.best(y)
    fine = chosen * np.geomspace(0.1, 10, 41)
    errors = np.mean(design.left_out(y, fine) ** 2, axis=0)
    assert errors[20] < 1.002 * errors.min()
    alone = design.fit(y[:, None], np.array([chosen]))(X)
    np.testing.assert_allclose(models(X)[:, :1], alone, rtol=1e-9)


def test_noiseless_labels_of_a_linear_model_are_refitted_without_a_penalty(sample):
    X, _ = sample
    assert Design.of(X, None).best(X @ np.arange(5.0) + 2.0) == 0


def test_least_is_the_vertex_of_a_parabola_in_logarithms():
    grid = 10.0 ** np.arange(-3, 3)
    curve = np.exp((np.log(grid) - np.log(0.2)) ** 2 / 40)
    penalty, value = least(grid, curve)
    assert penalty == pytest.approx(0.2, rel=1e-9)
    assert value == pytest.approx(1.0, rel=1e-9)


def test_a_flat_curve_is_not_followed_to_its_end():
    grid = 10.0 ** np.arange(-6, 2)
    curve = np.array([1.0, 1.0001, 1.0004, 1.003, 1.1, 1.5, 2.0, 3.0])
    found = by_rehearsals(grid, np.tile(curve, (1, 5, 1)), 5)
    assert found.penalty == 1e-4
    beyond = 10 ** (3 / 32)  # three sixteenths of a step of half decades
    assert (found.low, found.high) == pytest.approx((1e-6 / beyond, 1e-3 * beyond))


def literal(plan, X, y, test, penalties):
    """Every generation on all rows of the pool, by scikit-learn; plans without noise."""
    models, found, labels_so_far = [], [], []
    for t, generation in enumerate(plan):
        labels, first = np.empty(len(y)), 0
        for source in generation.sources:
            here = slice(first, first + source.n_samples)
            first = here.stop
            total = np.zeros(source.n_samples)
            for who, share in source.mixture.items():
                if who == "real":
                    total += share * y[here]
                else:
                    model = models[t - 1 if who == "previous" else who]
                    total += share * model.predict(X[here])
            labels[here] = total
        labels_so_far.append(labels)
        rows, target = X, labels
        if generation.pooled:
            rows, target = np.vstack([X] * (t + 1)), np.concatenate(labels_so_far)
        models.append(Ridge(alpha=len(rows) * penalties[t]).fit(rows, target))
        found.append(models[t].predict(test))
    return np.array(found)


@pytest.mark.parametrize(
    "plan",
    [
        gl.Plan.replace(4, 40),
        gl.Plan.same_design(4, 40),
        gl.Plan.accumulate(4, 40, design="same"),
        gl.Plan.accumulate(4, 40, design="fresh"),
        gl.Plan.mix_labels(4, 40, real=0.3, design="same"),
        gl.Plan.replace(2, 40).then(n_samples=40, labeler={"previous": 0.5, 0: 0.5}),
    ],
)
def test_plans_run_as_scikit_learn_runs_them(sample, plan):
    """A pool of exactly the rows of a generation: all are used every time, in whatever order."""
    X, y = sample
    penalties = np.geomspace(0.01, 0.1, plan.n_models)
    found = run(plan, (X[:40], y[:40]), X[40:], penalties[:, None], None, "recycle", SEED)
    expected = literal(plan, X[:40], y[:40], X[40:], penalties)
    np.testing.assert_allclose(found[:, :, 0], expected, rtol=1e-8)


def test_columns_are_what_each_alone_is(sample):
    X, y = sample
    penalty = np.tile([0.01, 0.3, np.nan], (3, 1))
    plan = gl.Plan.mix(3, 20, real=0.25, noise=0.5)
    both = run(plan, (X, y), X[:7], penalty, None, "copula", SEED)
    for c in range(3):
        alone = run(plan, (X, y), X[:7], penalty[:, c : c + 1], None, "copula", SEED)
        np.testing.assert_allclose(both[:, :, c : c + 1], alone, rtol=1e-8)


def test_rows_are_nobodys_as_long_as_there_are_any(rng):
    pool = inputs.Pool(np.zeros((100, 1)), np.zeros(100), rng)
    taken = [pool.take(20) for _ in range(6)]
    assert len(set(np.concatenate(taken[:5]))) == 100
    assert set(taken[5]) == set(taken[0])
    assert pool.take(150).size == 150


def test_real_labels_come_as_they_are_and_models_with_noise(sample):
    """Averaging labels of constant models shows the noise: pooled least squares on one column."""
    X, y = np.zeros((8000, 1)), np.ones(8000)
    X[::2] = 1.0
    plan = gl.Plan.replace(2, 4000, noise=2.0)
    found = run(plan, (X, y), X[:2], np.zeros((2, 1)), None, "recycle", SEED)[:, :, 0]
    np.testing.assert_allclose(found[0], 1.0)
    assert 0 < abs(found[1] - 1.0).max() < 5 * 2.0 / np.sqrt(2000)


def test_copula_keeps_values_and_correlations(rng):
    X = rng.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], size=3000)
    X = np.column_stack([np.exp(X[:, 0]), X[:, 1] ** 3])
    made = inputs.copula(X, rng)(20_000)
    assert set(made[:, 0]) <= set(X[:, 0])
    np.testing.assert_allclose(np.quantile(made[:, 1], 0.8), np.quantile(X[:, 1], 0.8), rtol=0.1)
    assert np.corrcoef(made.T)[0, 1] == pytest.approx(np.corrcoef(X.T)[0, 1], abs=0.1)


def test_ranks_average_ties():
    ordered, twice = inputs.ranks(np.array([[3.0, 2.0], [1.0, 5.0], [1.0, 1.0]]))
    np.testing.assert_array_equal(twice, [[6, 3, 3], [4, 6, 2]])
    np.testing.assert_array_equal(ordered, [[1, 1, 3], [1, 2, 5]])


def test_unlabelled_rows_are_used_once_before_any_is_used_again(rng):
    draw = inputs.unlabelled(np.arange(30.0)[:, None], rng)
    assert len(set(np.concatenate([draw(10), draw(20)]).ravel())) == 30


@pytest.mark.slow
@pytest.mark.parametrize("source", ["recycle", "boot", "copula"])
def test_chains_on_gaussian_rows_are_the_theory(source):
    problem = gl.Problem.power_law(40, capacity=1.0, source=0.5)
    plan = gl.Plan.replace(4, 200, noise=0.3, penalty=0.05)
    errors = []
    for trial in range(30):
        rng = np.random.default_rng(trial)
        X = rng.standard_normal((2800, 40)) * np.sqrt(problem.spectrum)
        y = X @ problem.truth + 0.3 * rng.standard_normal(2800)
        predicted = run(
            plan,
            (X[:800], y[:800]),
            X[800:],
            np.full((4, 1), 0.05),
            None,
            source,
            np.random.SeedSequence(trial),
        )
        errors.append(np.mean((predicted[:, :, 0] - y[800:]) ** 2, axis=1))
    stderr = np.std(errors, axis=0, ddof=1) / np.sqrt(30)
    theory = gl.predict(problem, plan).risk + 0.09
    assert (np.abs(np.mean(errors, axis=0) - theory) < 0.02 * theory + 4 * stderr).all()


@pytest.mark.parametrize("count", [2, 3, 5])
@given(st.lists(st.integers(1, 60), min_size=5, max_size=9), st.integers(0, 99))
def test_every_fold_has_a_group_of_its_own(count, sizes, seed):
    groups = np.repeat(np.arange(len(sizes)), sizes)
    sample = Sample(np.zeros((groups.size, 1)), np.zeros(groups.size), None, groups=groups)
    splits = folds(sample, count, 2, np.random.default_rng(seed))
    assert len(splits) == 2 * count
    tested = np.concatenate([split.test for split in splits[:count]])
    assert np.array_equal(np.sort(tested), np.arange(groups.size))
    for split in splits:
        assert not np.intersect1d(groups[split.test], groups[split.pool]).size
