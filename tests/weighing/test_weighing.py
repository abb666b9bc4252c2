"""Weights of synthetic rows: every error against literal refits, what is said against what is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

import genloss as gl
from genloss.weighing.apart import apart
from genloss.weighing.held import parent_folds
from genloss.weighing.inputs import area, difference
from genloss.weighing.parents import copies, folds, parents
from genloss.weighing.stacked import LABELERS, Stack
from genloss.weighing.surface import Surface, chained, left_out

GRID = np.array([0.01, 0.3])
WEIGHTS = np.array([0.0, 0.05, 2.0])


def ridge(X, y, alpha, weights=None):
    return Ridge(alpha, solver="cholesky").fit(X, y, sample_weight=weights)


def stacked(X, y, other, labels, weight, penalty):
    rows, all_labels = np.vstack([X, other]), np.append(y, labels)
    counts = np.append(np.ones(len(X)), np.full(len(other), weight))
    return ridge(rows, all_labels, penalty * counts.sum(), counts)


@pytest.fixture
def tables(rng):
    X, other = rng.normal(size=(30, 4)), rng.normal(size=(70, 4)) + 0.3
    y = X @ np.ones(4) + rng.normal(size=30)
    labels = other @ np.array([1.0, 1.0, 1.0, 2.0]) + 0.5 * rng.normal(size=70)
    return X, y, other, labels


def test_left_out_errors_are_those_of_refits(tables):
    X, y, other, labels = tables
    found = left_out(Stack.of(X, y, other, labels), WEIGHTS, GRID)
    for k, (weight, penalty) in enumerate(zip(WEIGHTS, found.penalties, strict=True)):
        for i in (0, 17):
            part = np.delete(X, i, axis=0), np.delete(y, i)
            # the penalty stays times all rows' weights, the row's own included
            kept = penalty * (30 + 70 * weight) / (29 + 70 * weight)
            model = stacked(*part, other, labels, weight, kept)
            missed = y[i] - model.predict(X[i : i + 1])[0]
            assert found.losses[k, i] == pytest.approx(missed**2, rel=1e-8)


def test_chained_errors_are_those_of_teachers_that_lost_the_row(tables, rng):
    X, y, other, _ = tables
    noise = 0.2 * rng.normal(size=70)
    noise -= (
        np.column_stack([np.ones(70), other])
        @ np.linalg.lstsq(np.column_stack([np.ones(70), other]), noise)[0]
    )  # so that it speaks for no penalty
    alpha = float(LABELERS[18] * 30)
    labels = ridge(X, y, alpha).predict(other) + noise
    found = chained(Stack.of(X, y, other, labels), WEIGHTS, GRID)
    for k, (weight, penalty) in enumerate(zip(WEIGHTS, found.penalties, strict=True)):
        for i in (3, 29):
            part = np.delete(X, i, axis=0), np.delete(y, i)
            made = ridge(*part, alpha).predict(other) + noise
            kept = penalty * (30 + 70 * weight) / (29 + 70 * weight)
            model = stacked(*part, other, made, weight, kept)
            missed = y[i] - model.predict(X[i : i + 1])[0]
            assert found.losses[k, i] == pytest.approx(missed**2, rel=1e-8)


def test_parent_folds_let_the_labeler_lose_the_rows_as_well(tables, rng):
    """Copies of rows with labels by a ridge of them: the ridge of every fold is another one."""
    X, y, _, _ = tables
    family = rng.integers(30, size=70)
    other, alpha = X[family] + 1e-2 * rng.normal(size=(70, 4)), float(LABELERS[20] * 30)
    labels = ridge(X, y, alpha).predict(other)
    found = parent_folds((X, y), (other, labels), family, WEIGHTS, GRID, 5)
    fold = folds(30, 5, np.random.default_rng(5))
    held, away = fold == 2, fold[family] == 2
    made = ridge(X[~held], y[~held], alpha).predict(other)
    for k, (weight, penalty) in enumerate(zip(WEIGHTS, found.penalties, strict=True)):
        model = stacked(X[~held], y[~held], other[~away], made[~away], weight, penalty)
        missed = y[held] - model.predict(X[held])
        assert found.losses[k, held] == pytest.approx(missed**2, rel=1e-6)


@pytest.mark.parametrize("jitter", [0.1, 0.5])
@pytest.mark.parametrize("alpha", [0.1, 10.0])
def test_labels_by_a_ridge_of_these_rows_bring_no_gain_whatever_its_penalty(alpha, jitter):
    """They repeat the real rows; a judge that held on to another penalty claimed a quarter of the error."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(80, 10))
    y = X.sum(axis=1) / 2 + 2 * rng.normal(size=80)
    made = X[rng.integers(80, size=600)] + jitter * rng.normal(size=(600, 10))
    found = gl.weigh((X, y), (made, ridge(X, y, alpha).predict(made)), made_from="these rows")
    assert found.advice.gain < 0.02
    assert not found.advice.gain_shown


def test_parent_folds_hold_children_out(tables, rng):
    X, y, _, _ = tables
    family = rng.integers(30, size=70)
    other, labels = X[family] + 1e-3 * rng.normal(size=(70, 4)), y[family]
    assert np.array_equal(parents(X, y, other, labels), family)
    found = parent_folds((X, y), (other, labels), family, WEIGHTS, GRID, 5)
    fold = folds(30, 5, np.random.default_rng(5))
    held, away = fold == 2, fold[family] == 2
    for k, (weight, penalty) in enumerate(zip(WEIGHTS, found.penalties, strict=True)):
        model = stacked(X[~held], y[~held], other[~away], labels[~away], weight, penalty)
        assert found.losses[k, held] == pytest.approx((y[held] - model.predict(X[held])) ** 2)
    assert copies(X, y, other, labels) == 1.0


def test_worth_is_that_of_noise_and_shift(rng):
    n, m, dim, shift = 400, 1600, 20, 0.05
    found = []
    errors = []
    for _ in range(40):
        X, other = rng.normal(size=(n, dim)), rng.normal(size=(m, dim))
        truth = rng.normal(size=dim)
        moved = truth + np.sqrt(shift / dim) * rng.choice([-1, 1], dim)
        y = X @ truth + rng.normal(size=n)
        labels = other @ moved + 2 * rng.normal(size=m)
        two = apart(Stack.of(X, y, other, labels), other, labels, np.array([1e-6]))
        found.append((two.real, two.synthetic, two.off, two.noise_factor))
        errors.append(((two.off - shift) / two.off_error, two.real_error))
    real, synthetic, squared, noise = np.mean(found, axis=0)
    assert np.std([z for z, _ in errors]) == pytest.approx(1, abs=0.35)  # of 40 it is known to 0.11
    spread = np.std([each[0] for each in found]) / real
    assert np.mean([error for _, error in errors]) == pytest.approx(spread, rel=0.5)
    # excess error of least squares with an intercept: noise**2 (dim + 1) / (rows - dim - 2), about
    assert real == pytest.approx(21 / 378, rel=0.06)
    assert synthetic == pytest.approx(4 * 21 / 1578, rel=0.06)
    assert squared == pytest.approx(shift, rel=0.15)
    assert noise == pytest.approx(0.25, rel=0.1)


@given(st.integers(0, 10**6), st.floats(1e-4, 20))
def test_the_weight_is_the_nearest_of_those_alike(seed, formula):
    rng = np.random.default_rng(seed)
    weights = np.append(0.0, np.logspace(-2, 1, 5))
    found = Surface(weights, np.ones(6), rng.normal(size=(6, 12)) + rng.normal(size=12))
    alike = found.alike(1.0)
    assert alike[found.least]
    place = found.nearest(formula)
    assert alike[place]
    apart = np.abs(np.log(np.maximum(weights, 1e-4) / formula))
    assert apart[place] == apart[alike].min()
    low, high = found.plausible
    assert low <= weights[place] <= high


def test_other_inputs_and_shifted_labels_are_seen(rng):
    X = rng.normal(size=(200, 5))
    y = X.sum(axis=1) + rng.normal(size=200)

    def seen(other, shift):
        labels = other.sum(axis=1) + shift * other[:, 0] + rng.normal(size=len(other))
        return difference(Stack.of(X, y, other, labels), (other, labels), (X, other), 1e-2, 0)

    alike = seen(rng.normal(size=(800, 5)), 0.0)
    shifted = seen(rng.normal(size=(800, 5)), 1.0)
    moved = seen(rng.normal(size=(800, 5)) + 0.7, 0.0)
    wide = seen(rng.normal(size=(800, 5)) * np.where(rng.random((800, 1)) < 0.1, 4, 1), 0.0)
    assert (alike.other_inputs, alike.label_shift) == (False, False)
    assert (shifted.other_inputs, shifted.label_shift) == (False, True)
    assert moved.other_inputs
    assert moved.auc > 0.75
    assert wide.other_inputs
    assert wide.far_share > 0.05


def test_area_counts_pairs(rng):
    low, high = rng.integers(6, size=40), rng.integers(2, 9, size=30)
    pairs = high[:, None] - low
    assert area(low, high) == pytest.approx(np.mean((pairs > 0) + 0.5 * (pairs == 0)))
