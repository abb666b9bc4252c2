"""A row of weight 2 is as good as two copies; noise is counted by rows and not by weights."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl
from genloss.estimate import Standardiser, estimate_standardised, leave_one_out
from genloss.estimate.decomposition import decompose
from genloss.estimate.moments import Moments, estimate_from_moments
from genloss.estimate.row_weights import balance, effective
from genloss.estimate.sketch import Columns, Sketch
from genloss.outlook.ridge import Design, factored

RBF = gl.Kernel("rbf", gamma=0.2)
RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 3)) + 5
Y = X[:, 0] ** 2 + RNG.standard_normal(40)
COUNTS = RNG.integers(1, 4, 40)
COPIES = np.repeat(np.arange(40), COUNTS)
WEIGHTS = 0.7 * COUNTS  # only ratios matter


def test_moments_and_scales_are_those_of_copies():
    whole = Moments.of(X[COPIES], Y[COPIES])
    parts = [Moments.of(X[i::3], Y[i::3], COUNTS[i::3].astype(float)) for i in range(3)]
    found = parts[0].merged(parts[1]).merged(parts[2])
    for name in ("mean", "scatter", "deviation"):
        np.testing.assert_allclose(getattr(found, name), getattr(whole, name), rtol=1e-11)
    assert (found.count, found.total) == (40, COPIES.size)
    assert found.effective == pytest.approx(effective(COUNTS))
    left = found.without(parts[2])
    np.testing.assert_allclose(left.scatter, parts[0].merged(parts[1]).scatter, rtol=1e-9)
    one, other = Standardiser.of(X, WEIGHTS), Standardiser.of(X[COPIES])
    np.testing.assert_allclose([one.mean, one.scale], [other.mean, other.scale], rtol=1e-12)
    one, other = Columns.of(X, COUNTS), Columns.of(X[COPIES])
    np.testing.assert_allclose([one.mean, one.squares], [other.mean, other.squares], rtol=1e-12)
    test = RNG.standard_normal((3, 2))
    one, other = Sketch.of(X, Y, test, COUNTS), Sketch.of(X[COPIES], Y[COPIES], test)
    for mine, copied in zip(one.centred(test), other.centred(test), strict=True):
        np.testing.assert_allclose(mine, copied, rtol=1e-11)


@pytest.mark.parametrize("kernel", [None, RBF])
def test_fits_are_those_of_copies(kernel):
    penalties, new = np.array([1e-3, 0.1]), RNG.standard_normal((5, 3)) + 5
    labels = np.column_stack([Y, X[:, 1]])
    copied = Design.of(X[COPIES], kernel).fit(labels[COPIES], penalties)(new)
    np.testing.assert_allclose(Design.of(X, kernel, WEIGHTS).fit(labels, penalties)(new), copied)
    by_factors = factored(X, kernel, labels, penalties, WEIGHTS)
    np.testing.assert_allclose(by_factors(new), copied)
    values = decompose(X[COPIES], kernel).values / COPIES.size
    mine = decompose(X, kernel, weights=WEIGHTS / WEIGHTS.mean()).values / 40
    np.testing.assert_allclose(mine[-10:], values[-10:], rtol=1e-9)


@pytest.mark.parametrize("kernel", [None, RBF])
def test_leaving_a_row_out_leaves_all_its_copies_out(kernel):
    penalties = np.array([1e-3, 0.1])
    found = Design.of(X, kernel, WEIGHTS).left_out(Y, penalties)
    np.testing.assert_allclose(
        found, leave_one_out(X, Y, kernel, penalties, weights=COUNTS / COUNTS.mean()).T
    )
    for row in (0, 17):
        rest = COPIES[row != COPIES]
        scaled = penalties * COPIES.size / rest.size  # the penalty's factor stays that of all rows
        model = Design.of(X[rest], kernel).fit(np.tile(Y[rest, None], 2), scaled)
        np.testing.assert_allclose(found[row], Y[row] - model(X[row : row + 1])[0], rtol=1e-8)


def test_degrees_of_freedom_balance():
    left = np.array([1e-6, 0.3, 20.0, 38.9])
    weights = RNG.lognormal(0, 1, 40)
    weights /= weights.mean()
    y, kept, each = balance(weights, 40, left)
    share = y[:, None] / (y[:, None] + weights * (40 - left)[:, None])
    np.testing.assert_allclose(share.sum(axis=1), left)
    np.testing.assert_allclose(share @ weights, y)
    np.testing.assert_allclose(1 - (40 - left) * each, kept, atol=1e-12)
    even = balance(np.ones(40), 40, left)
    for mine, plain in zip(even, balance(None, 40, left), strict=True):
        np.testing.assert_allclose(mine, plain, rtol=1e-9)


def table(seed: int, spectrum: np.ndarray, rows: int, noise: float):
    rng = np.random.default_rng(seed)
    rows_of = rng.standard_normal((rows, spectrum.size)) * np.sqrt(spectrum)
    truth = np.full(spectrum.size, 0.3)
    weights = rng.lognormal(0, 0.8, rows)
    return rows_of, rows_of @ truth + noise * rng.standard_normal(rows), weights


def test_noise_truth_and_spectrum_are_found_under_weights():
    """Of rows with weights that differ, both estimates find what rows of one weight would show."""
    spectrum = np.repeat([1.0, 0.2], 10)
    found = []
    for seed in range(20):
        rows, y, weights = table(seed, spectrum, 300, 0.5)
        whole = estimate_standardised(
            rows - np.average(rows, axis=0, weights=weights), y, None, weights
        )
        found.append([whole.noise**2, whole.spectrum[:10].mean(), whole.spectrum[-10:].mean()])
        energy = float(np.sum(whole.spectrum * whole.truth**2))
        found[-1].append(energy)
    mean, se = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(20)
    goal = [0.25, 1.0, 0.2, 0.09 * spectrum.sum()]
    assert (np.abs(mean - goal) < 4 * se + 0.03 * np.array(goal)).all()
    again = estimate_standardised(
        rows - np.average(rows, axis=0, weights=weights), y, None, 8 * weights
    )
    np.testing.assert_allclose(again.spectrum, whole.spectrum)


def test_streamed_moments_of_weighted_rows_find_the_noise():
    """Rows count for the noise, weights do not: 400 rows worth 210 leave it unbiased."""
    noises = []
    for seed in range(40):
        rows, y, weights = table(seed, np.ones(3), 400, 0.5)
        stream = estimate_from_moments(Moments.of(rows, y, weights))
        noises.append(stream.noise**2)
        if seed == 0:
            Z = Standardiser.of(rows, weights)(rows)
            whole = estimate_standardised(Z, y, None, weights)
            assert stream.noise == pytest.approx(whole.noise, rel=0.05)
            np.testing.assert_allclose(stream.spectrum, whole.spectrum, rtol=0.02)
    assert abs(np.mean(noises) - 0.25) < 4 * np.std(noises) / np.sqrt(40)
