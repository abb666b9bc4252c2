"""scikit-learn's own checks, and every leave-one-out against refits without the row."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import genloss as gl
from genloss.estimators import (
    KernelRidgeLOO,
    MixedRidgeCV,
    RealFolds,
    SelfDistillRidge,
    SelfTrainingRidge,
)

WEIGHTS_ARE_NOT_COPIES = {
    "check_sample_weight_equivalence_on_dense_data": "leaving out one of two copies leaves the other"
}


def expected(estimator):
    weighted = isinstance(estimator, KernelRidgeLOO | MixedRidgeCV)
    return WEIGHTS_ARE_NOT_COPIES if weighted else {}


@parametrize_with_checks(
    [
        KernelRidgeLOO(),
        MixedRidgeCV(),
        SelfDistillRidge(),
        SelfTrainingRidge(),
    ],
    expected_failed_checks=expected,
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.fixture
def rows(rng):
    X = rng.normal(size=(40, 6)) * np.arange(1, 7) ** -0.5
    return X, X @ np.ones(6) + np.sin(2 * X[:, 0]) + 0.3 * rng.normal(size=40)


def without(i, *arrays):
    return tuple(np.delete(array, i, axis=0) for array in arrays)


# --- KernelRidgeLOO -----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("kernel", ["linear", "rbf"])
@pytest.mark.parametrize("weighted", [False, True])
def test_kernel_errors_are_those_of_refits_by_scikit_learn(rows, rng, kernel, weighted):
    X, y = rows
    alphas, weights = np.array([1e-2, 0.3, 10.0]), rng.uniform(0.2, 2.0, size=40)
    given = weights if weighted else None
    found = KernelRidgeLOO(alphas, kernel=kernel, gamma=None, fit_intercept=False)
    found.fit(X, y, sample_weight=given)
    for alpha, error in zip(alphas, found.loo_errors_, strict=True):
        model = KernelRidge(alpha=alpha, kernel=kernel)
        missed = []
        for i in range(40):
            part, labels, w = without(i, X, y, weights)
            model.fit(part, labels, sample_weight=w if weighted else None)
            missed.append(y[i] - model.predict(X[i : i + 1])[0])
        assert error == pytest.approx(np.average(np.square(missed), weights=given), rel=1e-8)
    best = KernelRidge(alpha=found.alpha_, kernel=kernel).fit(X, y, sample_weight=given)
    assert found.predict(X[:5]) == pytest.approx(best.predict(X[:5]), rel=1e-9)


def test_kernel_with_intercept_is_ridge_and_precomputed_is_the_same(rows):
    X, y = rows
    two = np.column_stack([y, y**2])
    found = KernelRidgeLOO([0.1, 1.0]).fit(X, two)
    assert found.predict(X) == pytest.approx(Ridge(found.alpha_).fit(X, two).predict(X))
    kernel = rbf_kernel(X, gamma=0.5)
    direct = KernelRidgeLOO(kernel="rbf", gamma=0.5).fit(X, y)
    given = KernelRidgeLOO(kernel="precomputed").fit(kernel, y)
    assert given.loo_errors_ == pytest.approx(direct.loo_errors_)
    assert given.predict(kernel[:3]) == pytest.approx(direct.predict(X[:3]))
    assert cross_val_score(KernelRidgeLOO(kernel="precomputed"), kernel, y).size == 5  # pairwise


def test_kernel_penalty_zero_is_the_solution_of_least_norm(rows):
    X, y = rows
    least = KernelRidgeLOO(0.0).fit(X, y)
    assert least.predict(X) == pytest.approx(Ridge(0).fit(X, y).predict(X))
    through = KernelRidgeLOO(0.0, kernel="rbf", gamma=2.0, fit_intercept=False).fit(X, y)
    inverse = np.linalg.inv(rbf_kernel(X, gamma=2.0))
    assert through.predict(X) == pytest.approx(y)
    expected = np.mean((inverse @ y / np.diag(inverse)) ** 2)
    assert through.loo_error_ == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_kernel_keeps_its_digits_far_from_the_origin(rows, kernel):
    X, y = rows
    near = KernelRidgeLOO(kernel=kernel).fit(X, y)
    far = KernelRidgeLOO(kernel=kernel).fit(X + 1e9, y + 1e9)  # times in seconds, say
    assert far.alpha_ == pytest.approx(near.alpha_, rel=1e-5)
    assert far.predict(X + 1e9) - 1e9 == pytest.approx(near.predict(X), abs=1e-5)
    heavy = np.where(np.arange(len(y)) == 3, 1e12, 1.0)
    model = KernelRidgeLOO(1.0).fit(X, y, sample_weight=heavy)
    right = Ridge(1.0, solver="svd").fit(X - X[3], y - y[3], sample_weight=heavy)
    assert model.predict(X) == pytest.approx(right.predict(X - X[3]) + y[3], abs=1e-3)


def test_wide_rows_keep_their_digits_far_from_the_origin(rng):
    X = rng.normal(size=(12, 30))
    y = X[:, 0] + rng.normal(size=12)
    near, far = (SelfDistillRidge(1.0).fit(Z, y) for Z in (X, X + 1e9))
    assert far.loo_error_ == pytest.approx(near.loo_error_, rel=1e-5)


@pytest.mark.parametrize("unit", [1e-200, 1e200])
@pytest.mark.parametrize(
    "model", [KernelRidgeLOO(), MixedRidgeCV(), SelfDistillRidge(), SelfTrainingRidge()]
)
def test_what_has_no_squares_is_refused(rows, model, unit):
    X, y = rows
    y = np.where(np.arange(len(y)) == 0, np.nan, y) if isinstance(model, SelfTrainingRidge) else y
    with pytest.raises(gl.InvalidInputError, match=r"^X varied by .*; give it in other units"):
        model.fit(X * unit, y)
    with pytest.raises(gl.InvalidInputError, match=r"^y varied by .*; give it in other units"):
        model.fit(X, y * unit)


@pytest.mark.parametrize("X", [[[0.0], [1.0]], [[1.0], [1.0], [1.0]]])
def test_students_that_do_not_differ_are_their_teacher(X):
    y = np.arange(len(X)) * 2.0
    model = SelfDistillRidge(steps=2).fit(X, y)
    assert model.loo_error_ == pytest.approx(model.teacher_loo_error_)
    assert model.mixing_ == pytest.approx(0)
    assert (np.abs(model.predict(X) - y.mean()) <= 2).all()


def test_kernel_rows_without_weight_are_not_there(rows, rng):
    X, y = rows
    weights = np.where(np.arange(40) < 5, 0.0, rng.uniform(0.5, 1.5, 40))
    whole = KernelRidgeLOO(kernel="rbf").fit(X, y, sample_weight=weights)
    part = KernelRidgeLOO(kernel="rbf").fit(X[5:], y[5:], sample_weight=weights[5:])
    assert whole.alpha_ == pytest.approx(part.alpha_)
    assert whole.predict(X) == pytest.approx(part.predict(X))


# --- MixedRidgeCV -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("dim", [6, 120])
def test_mixed_errors_are_those_of_refits(rng, dim):
    X, truth = rng.normal(size=(90, dim)), rng.normal(size=dim) / np.sqrt(dim)
    y = X @ truth + 0.5 * rng.normal(size=90) + 3
    there, weights = np.arange(90) >= 25, rng.uniform(0.5, 2.0, 90)
    found = MixedRidgeCV([0.0, 0.1, 2.0], [0.3, 5.0]).fit(X, y, weights, there)
    for k, weight in enumerate(found.weights_):
        for q, alpha in enumerate((0.3, 5.0)):
            total = np.where(there, weight, 1.0) * weights
            missed = []
            for i in range(25):
                part, labels, w = without(i, X, y, total)
                model = Ridge(alpha, solver="cholesky").fit(part, labels, sample_weight=w)
                missed.append(y[i] - model.predict(X[i : i + 1])[0])
            expected = np.average(np.square(missed), weights=weights[:25])
            assert found.loo_errors_[k, q] == pytest.approx(expected, rel=1e-7)
    total = np.where(there, found.weight_, 1.0) * weights
    kept = Ridge(found.alpha_).fit(X, y, sample_weight=total)
    assert found.predict(X) == pytest.approx(kept.predict(X))


def test_mixed_is_routed_through_pipeline_and_search(rng):
    X, y, there = rng.normal(size=(60, 3)), rng.normal(size=60), np.arange(60) >= 30
    X = X + y[:, None]
    with sklearn.config_context(enable_metadata_routing=True):
        model = MixedRidgeCV().set_fit_request(synthetic=True)
        search = GridSearchCV(
            make_pipeline(StandardScaler(), model),
            {"mixedridgecv__weights": [[0.0], [0.5, 1.0]]},
            cv=RealFolds(3, random_state=0).set_split_request(synthetic=True),
        )
        search.fit(X, y, synthetic=there)
    assert search.best_estimator_[-1].weight_ in (0.0, 0.5, 1.0)
    assert "MixedRidgeCV" in search.best_estimator_[-1]._repr_html_()


@pytest.mark.parametrize(
    ("mask", "words"),
    [([True] * 4, "4 entries"), (np.full(9, 2), "mask"), ([True] * 8 + [False], "1 real row")],
)
def test_mixed_refuses_masks_that_are_none(mask, words):
    with pytest.raises(gl.InvalidInputError, match=words):
        MixedRidgeCV().fit(np.arange(18.0).reshape(9, 2), np.arange(9.0), synthetic=mask)


# --- RealFolds ----------------------------------------------------------------------------------


def test_folds_score_every_real_row_once_and_train_on_all_others(rng):
    there = rng.permutation(np.arange(40) >= 17)
    tested = []
    for train, test in RealFolds(4, synthetic=there, random_state=1).split(np.zeros((40, 2))):
        assert not there[test].any()
        assert sorted([*train, *test]) == list(range(40))
        tested += [*test]
    assert sorted(tested) == list(np.flatnonzero(~there))


def test_children_leave_with_their_parents_by_group_or_by_distance(rng):
    X, y = rng.normal(size=(30, 4)), rng.normal(size=30)
    parent = rng.integers(30, size=90)
    everything = np.vstack([X, X[parent] + 1e-3 * rng.normal(size=(90, 4))])
    labels = np.append(y, y[parent])
    there, family = np.arange(120) >= 30, np.append(np.arange(30), parent)
    by_group = RealFolds(5, synthetic=there, random_state=3)
    by_distance = RealFolds(5, synthetic=there, parents=True, random_state=3)
    splits = [
        list(by_group.split(everything, labels, family)),
        list(by_distance.split(everything, labels)),
    ]
    for (train, test), (same_train, same_test) in zip(*splits, strict=True):
        assert np.array_equal(train, same_train)
        assert np.array_equal(test, same_test)
        assert not np.isin(family[train], family[test]).any()


# --- SelfDistillRidge ---------------------------------------------------------------------------


def students(X, y, alpha, mixing):
    """Chain of literal fits: a model after every step."""
    model = Ridge(alpha, solver="cholesky").fit(X, y)
    for share in mixing:
        labels = (1 - share) * y + share * model.predict(X)
        model = Ridge(alpha, solver="cholesky").fit(X, labels)
    return model


@pytest.mark.slow
@pytest.mark.parametrize("dim", [6, 60])
@pytest.mark.parametrize(("steps", "mixing"), [(1, None), (3, None), (2, 0.6), (2, -1.5)])
def test_distilled_chain_is_the_literal_one_and_its_errors_those_of_refits(rng, dim, steps, mixing):
    X = rng.normal(size=(40, dim)) * np.arange(1, dim + 1) ** -0.7
    y = X @ np.ones(dim) + rng.normal(size=40)
    found = SelfDistillRidge([0.05, 3.0], steps=steps, mixing=mixing).fit(X, y)
    literal = students(X, y, found.alpha_, found.mixing_)
    assert found.predict(X) == pytest.approx(literal.predict(X), rel=1e-6, abs=1e-8)
    missed = []
    for i in range(40):
        model = students(*without(i, X, y), found.alpha_, found.mixing_)
        missed.append(y[i] - model.predict(X[i : i + 1])[0])
    assert found.loo_error_ == pytest.approx(np.mean(np.square(missed)), rel=1e-6)
    if mixing is None:
        assert found.loo_error_ <= found.teacher_loo_error_


# --- SelfTrainingRidge --------------------------------------------------------------------------


def self_trained(X, y, more, first_alpha, alpha, rounds, *, weight, kept):
    """Chain of literal fits: the model after the last round."""
    model = Ridge(first_alpha, solver="cholesky").fit(X, y)
    for _ in range(rounds):
        rows = np.vstack([X, more]) if kept else more
        labels = np.append(y, model.predict(more)) if kept else model.predict(more)
        weights = np.append(np.ones(len(X)), np.full(len(more), weight))[-len(rows) :]
        model = Ridge(alpha, solver="cholesky").fit(rows, labels, sample_weight=weights)
    return model


@pytest.mark.slow
@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("dim", [5, 90])
def test_self_training_is_the_literal_chain_and_its_errors_those_of_refits(rng, kept, dim):
    X = rng.normal(size=(75, dim)) * np.arange(1, dim + 1) ** -0.7
    y = X @ np.ones(dim) + rng.normal(size=75) + 2
    hidden = y.copy()
    hidden[30:] = np.nan
    found = SelfTrainingRidge([0.5, 20.0], rounds=3, weight=0.7, keep_labelled=kept).fit(X, hidden)
    for q, alpha in enumerate((0.5, 20.0)):
        for t in range(4):
            missed = []
            for i in range(30):
                part, labels = without(i, X[:30], y[:30])
                chain = part, labels, X[30:], found.first_alpha_, alpha, t
                model = self_trained(*chain, weight=0.7, kept=kept)
                missed.append(y[i] - model.predict(X[i : i + 1])[0])
            expected = np.mean(np.square(missed))
            assert found.loo_errors_[t, q] == pytest.approx(expected, rel=1e-7)
    chain = X[:30], y[:30], X[30:], found.first_alpha_, found.alpha_, found.n_rounds_
    literal = self_trained(*chain, weight=0.7, kept=kept)
    assert found.predict(X) == pytest.approx(literal.predict(X))


def test_self_training_sees_and_leaves_out_inputs_that_are_far_out(rng):
    X = rng.normal(size=(400, 4))
    X[300:] *= 10
    y = X @ np.ones(4) + rng.normal(size=400)
    y[100:] = np.nan
    found = SelfTrainingRidge(threshold=6.0).fit(X, y)
    assert found.far_share_ > 0.3
    assert found.accepted_[100:300].mean() > 0.9
    assert found.accepted_[300:].mean() < 0.1
    alike = SelfTrainingRidge().fit(X[:300], y[:300])
    assert alike.far_share_ < 0.08
    with pytest.raises(gl.InvalidInputError, match="1 label"):
        SelfTrainingRidge().fit(X[:3], [1.0, np.nan, np.nan])


@pytest.mark.parametrize(
    "model", [KernelRidgeLOO(), MixedRidgeCV(), SelfDistillRidge(), SelfTrainingRidge()]
)
def test_names_of_frames_are_kept_and_parameters_refused(rows, model):
    import pandas as pd

    X, y = rows
    frame = pd.DataFrame(X, columns=list("abcdef"))
    assert list(clone(model).fit(frame, y).feature_names_in_) == list("abcdef")
    with pytest.raises(gl.InvalidInputError, match=r"alphas\[1\] was -1.0"):
        clone(model).set_params(alphas=[1.0, -1.0]).fit(X, y)
