"""Risks as pencils, against formulas and literal runs."""

from __future__ import annotations

import numpy as np
import pytest
from small_pencils import DIM, EYE, SIGMA, SPECTRUM, TRUTH, F, W, design, ridge

import genloss as gl
from genloss.pencils import (
    Chain,
    Space,
    diagonal,
    gaussian,
    identity,
    noise,
    overlap,
    quadratic,
    risk,
    vector,
)


@pytest.mark.parametrize("n", [60, 300])
@pytest.mark.parametrize("penalty", [1e-5, 0.05])
def test_ridge_is_the_workhorse(n, penalty):
    rows, X = design(n)
    found = risk(ridge(X, X @ W + noise(rows, 0.4), n, penalty) - W, SIGMA)
    theory = gl.predict(
        gl.Problem(SPECTRUM, TRUTH), gl.Plan.replace(1, n, penalty=penalty, noise=0.4)
    )
    assert found.bias == pytest.approx(theory.bias[0], rel=1e-8)
    assert found.variance == pytest.approx(theory.variance[0], rel=1e-8)
    assert found.residual < 1e-10


def test_two_covariances_weights_and_truths():
    """`theory.md` 2.4 with two truths that are both given, so that model 1 is not random."""
    n, m, other = 90, 70, SPECTRUM[::-1]
    rows1, X1 = design(n, "real rows")
    rows2, X2 = design(m, "surrogate rows", diagonal(F, np.sqrt(other)))
    V = vector(F, TRUTH + 0.05)
    gram = X1.T @ X1 + 0.4 * X2.T @ X2 + 1.5 * EYE
    y1, y2 = X1 @ W + noise(rows1, 0.3), X2 @ V + noise(rows2, 0.2)
    found = risk(gram.inv() @ (X1.T @ y1 + 0.4 * X2.T @ y2) - W, SIGMA)
    # the same by the formulas
    s, omega, rows = np.array([SPECTRUM, other]), np.array([1, 0.4]), np.array([n, m])
    c = np.ones(2)
    for _ in range(3000):
        Q = 1 / ((rows * omega * c) @ s + 1.5)
        c = 1 / (1 + omega * (s @ Q))
    theta = np.array([TRUTH, TRUTH + 0.05])
    bar = Q * ((rows * omega * c)[:, None] * s * theta).sum(axis=0)
    v = rows * omega**2 * c**2
    coupling = (s * Q) @ (s * Q).T * v
    gap = (s * (theta - bar) ** 2).sum(axis=1) + np.array([0.3, 0.2]) ** 2
    tau2 = np.linalg.solve(np.eye(2) - coupling, gap)
    assert found.bias == pytest.approx(SPECTRUM @ (TRUTH - bar) ** 2, rel=1e-8)
    assert found.variance == pytest.approx((v * tau2) @ (s * Q**2) @ SPECTRUM, rel=1e-8)


def random_features(n, m, penalty):
    rows, X = design(n)
    hidden = Space("hidden", m)
    A = gaussian(hidden, F, name="A") / np.sqrt(m)
    H = X @ A.T
    y = X @ W + noise(rows, 0.5)
    return A.T @ (H.T @ H / n + penalty * identity(hidden)).inv() @ (H.T @ y) / n


@pytest.mark.parametrize(("n", "m"), [(100, 60), (60, 150)])
def test_random_features(n, m):
    penalty = 0.03
    found = risk(random_features(n, m, penalty) - W, SIGMA)
    # `theory.md` 2.5; it has no 1/m in the features, ours has one in their Gram matrix
    from scipy.optimize import brentq

    def df(k):
        return np.sum(SPECTRUM / (SPECTRUM + k))

    gap = lambda k: k * (1 - df(k) / n) * (1 - df(k) / m) - penalty
    low = brentq(lambda k: min(n, m) - df(k), 1e-9, 1e3)
    k = brentq(gap, low, 1e4, xtol=1e-15, rtol=1e-14)
    R, u2 = 1 / (SPECTRUM + k), SPECTRUM * TRUTH**2
    S = SPECTRUM * R
    trR2, df2 = np.sum(SPECTRUM * R**2), np.sum(S**2)
    square = k**2 * trR2 / (m - df2)
    gap_u = np.sum(u2 * ((k * R) ** 2 + square * SPECTRUM * R**2))
    D2 = df2 + k**2 * trR2**2 / (m - df2)
    tau2 = (0.25 + gap_u) / (1 - D2 / n)
    assert found.risk == pytest.approx(gap_u + tau2 * D2 / n, rel=1e-8)


def test_random_features_literally(rng):
    n, m, penalty, draws = 100, 60, 0.03, []
    for _ in range(400):
        X = rng.standard_normal((n, DIM)) * np.sqrt(SPECTRUM)
        A = rng.standard_normal((m, DIM)) / np.sqrt(m)
        H, y = X @ A.T, X @ TRUTH + 0.5 * rng.standard_normal(n)
        w = A.T @ np.linalg.solve(H.T @ H / n + penalty * np.eye(m), H.T @ y / n)
        draws.append(SPECTRUM @ (w - TRUTH) ** 2)
    limit, stderr = risk(random_features(n, m, penalty) - W, SIGMA).risk, np.std(draws) / 20
    assert stderr < 0.01 * limit * 2
    assert abs(np.mean(draws) - limit) < 0.02 * limit + 4 * stderr


def test_second_moments_are_those_of_the_doubled_pencil():
    """E |M w|^2 by the linear pass, and as the one long expression w' M' Sigma M w."""
    _, X = design(80)
    _, Y = design(60, "rows 2")
    S, T = X.T @ X / 80, Y.T @ Y / 60
    M = (T + 0.1 * EYE).inv() @ T @ (S + 0.2 * EYE).inv() @ (S + 0.3 * T)
    found = Chain(M @ W, W)
    long = quadratic(M.T @ SIGMA @ M, TRUTH)
    assert found.risk(M @ W, SIGMA).risk == pytest.approx(float(long), rel=1e-10)
    assert found.overlap(M @ W, W, SIGMA) == pytest.approx(
        float(quadratic(SIGMA @ M, TRUTH)), rel=1e-10
    )


def test_units_do_not_matter():
    """Truth and noise a million times smaller: risks 1e-12 as large, to rounding."""
    rows, X = design(80)

    def found(unit):
        w = vector(F, unit * TRUTH)
        return risk(ridge(X, X @ w + noise(rows, 0.4 * unit), 80, 0.05) - w, SIGMA)

    assert found(1e-6).bias == pytest.approx(1e-12 * found(1.0).bias, rel=1e-10, abs=0)
    assert found(1e-6).variance == pytest.approx(1e-12 * found(1.0).variance, rel=1e-10, abs=0)
    assert found(1e-6).residual < 1e-10


def test_a_small_variance_is_no_difference_of_large_terms():
    n = 10**9
    rows, X = design(n)
    found = risk(ridge(X, X @ W + noise(rows, 1e-3), n, 0.05) - W, SIGMA)
    theory = gl.predict(
        gl.Problem(SPECTRUM, TRUTH), gl.Plan.replace(1, n, penalty=0.05, noise=1e-3)
    )
    assert found.variance < 1e-6 * found.bias
    assert found.variance == pytest.approx(theory.variance[0], rel=1e-8, abs=0)


def test_overlap_of_two_models_on_one_design(rng):
    n, penalties, draws = 90, (0.02, 0.3), []
    rows, X = design(n)
    y = X @ W + noise(rows, 0.5)
    one, other = (ridge(X, y, n, penalty) for penalty in penalties)
    limit = overlap(one, other, SIGMA)
    for _ in range(400):
        A = rng.standard_normal((n, DIM)) * np.sqrt(SPECTRUM)
        b = A @ TRUTH + 0.5 * rng.standard_normal(n)
        fits = [np.linalg.solve(A.T @ A / n + p * np.eye(DIM), A.T @ b / n) for p in penalties]
        draws.append(SPECTRUM @ (fits[0] * fits[1]))
    stderr = np.std(draws) / 20
    assert stderr < 0.01 * limit * 2
    assert abs(np.mean(draws) - limit) < 0.02 * limit + 4 * stderr


def test_telescoping_identity():
    """`theory.md` 2.6: exact for any design, so for the limits too."""
    rows1, X1 = design(80, "rows 1")
    rows2, X2 = design(60, "rows 2")
    rows3, X3 = design(70, "rows 3")
    penalties, model, labels, telescoped = (4.0, 7.0, 2.0), W, 0 * W, W
    gram, before = 0 * EYE, 0.0
    for rows, X, penalty in zip((rows1, rows2, rows3), (X1, X2, X3), penalties, strict=True):
        e = noise(rows, 0.3)
        gram = gram + X.T @ X
        labels = labels + X.T @ (X @ model + e)
        R = (gram + penalty * EYE).inv()
        model = R @ labels
        telescoped = telescoped + R @ (X.T @ e - (penalty - before) * telescoped)
        before = penalty
    both = Chain(model - W, telescoped - W, model - telescoped)
    one, other = both.risk(model - W, SIGMA), both.risk(telescoped - W, SIGMA)
    assert one.bias == pytest.approx(other.bias, rel=1e-8)
    assert one.variance == pytest.approx(other.variance, rel=1e-8)
    assert abs(both.risk(model - telescoped, SIGMA).risk) < 1e-10 * one.risk
