"""Leave-one-out residuals from one decomposition are those of leaving one out."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl
from genloss.estimate import leave_one_out


def without_one(X, y, kernel, penalty, weights):
    """Fit n times, each time without a row, by a system that shares nothing with the package."""
    n, found = len(y), np.empty(len(y))
    for i in range(n):
        o = np.arange(n) != i
        w = weights[o]
        if kernel is None:
            mean, offset = np.average(X[o], axis=0, weights=w), np.average(y[o], weights=w)
            A = np.sqrt(w)[:, None] * (X[o] - mean)
            A = np.vstack([A, np.sqrt(n * penalty) * np.eye(X.shape[1])])
            b = np.append(np.sqrt(w) * (y[o] - offset), np.zeros(X.shape[1]))
            found[i] = y[i] - offset - (X[i] - mean) @ np.linalg.lstsq(A, b, rcond=1e-9)[0]
        else:
            K = kernel(X[o], X[o]) + n * penalty * np.diag(1 / w)
            one = np.ones((n - 1, 1))
            system = np.block([[K, one], [one.T, np.zeros((1, 1))]])
            solution = np.linalg.solve(system, np.append(y[o], 0.0))
            found[i] = y[i] - (kernel(X[[i]], X[o]) @ solution[:-1])[0] - solution[-1]
    return found


@pytest.mark.parametrize("dim", [1, 5, 18, 19, 20, 40])
@pytest.mark.parametrize("kernel", [None, gl.Kernel("rbf", gamma=0.3)])
@pytest.mark.parametrize("weighted", [False, True])
def test_residuals_are_those_of_fits_without_the_row(rng, dim, kernel, weighted):
    X, y = rng.standard_normal((20, dim)), rng.standard_normal((20, 2))
    if dim == 5:  # columns that depend, and a row alone in its indicator
        X = np.c_[X, X[:, 0], X[:, 1] - X[:, 2], np.arange(20) == 3]
    weights = rng.uniform(0.5, 2, 20) if weighted else np.ones(20)
    # one Gaussian column makes a Gram matrix that no direct solver can invert
    penalties = [1e-3, 1.0] if kernel and dim == 1 else [0.0, 1e-9, 1e-3, 1.0]
    found = leave_one_out(X, y, kernel, penalties, weights=weights if weighted else None)
    assert found.shape == (len(penalties), 20, 2)
    for residuals, penalty in zip(found, penalties, strict=True):
        for target in range(2):
            expected = without_one(X, y[:, target], kernel, penalty, weights)
            scale = np.abs(expected).max()
            np.testing.assert_allclose(residuals[:, target], expected, rtol=0, atol=1e-6 * scale)


def test_one_target_and_several_give_the_same(rng):
    X, y = rng.standard_normal((30, 4)), rng.standard_normal(30)
    one = leave_one_out(X, y, None, [0.1, 1.0])
    np.testing.assert_allclose(one, leave_one_out(X, y[:, None], None, [0.1, 1.0])[..., 0])
