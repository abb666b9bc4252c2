"""Moments of rows that come in blocks, and estimates from them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import genloss as gl
from genloss.estimate.moments import ROWS_PER_DIRECTION, Moments, estimate_from_moments

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
from streams import assert_same, true_problem


@given(
    sizes=st.lists(st.integers(0, 40), min_size=2, max_size=6),
    dim=st.integers(1, 4),
    seed=st.integers(0, 10**6),
    centre=st.sampled_from([0.0, -3.0, 1e8]),
)
@example(sizes=[1, 1], dim=1, seed=0, centre=1e8)
def test_merging_is_associative_and_equals_one_block(sizes, dim, seed, centre):
    rng = np.random.default_rng(seed)
    rows = centre + rng.standard_normal((sum(sizes), dim + 1))
    blocks = np.split(rows, np.cumsum(sizes)[:-1])
    parts = [Moments.of(block[:, :-1], block[:, -1]) for block in blocks]
    left, right = parts[0], parts[-1]
    for part in parts[1:]:
        left = left.merged(part)
    for part in parts[-2::-1]:
        right = part.merged(right)
    assert_same(left, Moments.of_rows(rows))
    assert_same(right, left)


def test_moments_of_badly_scaled_columns_are_those_of_exact_arithmetic():
    from fractions import Fraction

    rows = 1e8 + np.random.default_rng(0).standard_normal((200, 2))
    merged = Moments.of_rows(rows[:90]).merged(Moments.of_rows(rows[90:]))
    exact = [[Fraction(value) for value in row] for row in rows.tolist()]
    mean = [sum(column) / 200 for column in zip(*exact, strict=True)]
    product = sum((a - mean[0]) * (b - mean[1]) for a, b in exact)
    square = sum((a - mean[0]) ** 2 for a, _ in exact)
    assert merged.xx[0, 0] == pytest.approx(float(square), rel=1e-10)
    assert merged.xy[0] == pytest.approx(float(product), abs=1e-10 * float(square))


def test_rows_can_be_taken_out_again():
    rows = np.random.default_rng(0).standard_normal((300, 4)) * [1, 1e3, 1e-3, 1] + 1e6
    assert_same(
        Moments.of_rows(rows).without(Moments.of_rows(rows[:120])), Moments.of_rows(rows[120:])
    )


def test_estimate_from_moments_recovers_a_known_problem():
    rng, n, dim, noise = np.random.default_rng(3), 200_000, 12, 0.7
    mixing = rng.standard_normal((dim, dim)) * np.geomspace(1, 0.1, dim)[:, None]
    weights = rng.standard_normal(dim)
    X = rng.standard_normal((n, dim)) @ mixing
    y = X @ weights + noise * rng.standard_normal(n)
    found = estimate_from_moments(Moments.of(X + 1e5, y - 1e6))
    spectrum, energy = true_problem(mixing.T @ mixing, weights)
    assert (np.abs(found.spectrum / spectrum - 1) < 4 * np.sqrt(2 / n)).all()
    assert abs(found.noise / noise - 1) < 4 / np.sqrt(2 * n)
    signal = float(np.sum(found.spectrum * found.truth**2))
    # the sample's signal varies by 2 signal**2 / n, its fit by 4 signal noise**2 / n
    stderr = np.sqrt((2 * energy.sum() ** 2 + 4 * energy.sum() * noise**2) / n)
    assert abs(signal - energy.sum()) < 4 * stderr


@pytest.mark.slow
def test_noise_has_the_correction_for_degrees_of_freedom():
    found = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((ROWS_PER_DIRECTION * 4, 4))
        y = X.sum(axis=1) + rng.standard_normal(len(X))
        found.append(estimate_from_moments(Moments.of(X, y)).noise ** 2)
    stderr = np.std(found, ddof=1) / np.sqrt(len(found))
    assert abs(np.mean(found) - 1) < 4 * stderr
    assert stderr < 0.01


def test_few_rows_per_column_give_no_estimate_and_collinear_columns_count_once():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((ROWS_PER_DIRECTION * 6, 6))
    y = X.sum(axis=1) + rng.standard_normal(len(X))
    assert estimate_from_moments(Moments.of(X[:-1], y[:-1])) is None
    twice = estimate_from_moments(Moments.of(np.hstack([X, X, np.ones((len(X), 1))]), y))
    assert twice.spectrum.size == 6
    assert twice.spectrum.sum() == pytest.approx(12, rel=0.02)


def test_what_does_not_vary_has_no_estimate():
    X = np.random.default_rng(0).standard_normal((500, 2))
    with pytest.raises(gl.DataError, match="target does not vary"):
        estimate_from_moments(Moments.of(X, np.full(500, 0.1)))
    with pytest.raises(gl.DataError, match="no feature varies"):
        estimate_from_moments(Moments.of(np.full((500, 2), 0.1), X[:, 0]))
