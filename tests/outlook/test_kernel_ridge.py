"""A factor in single precision, refined, is as good as one in double; where it is not, double is used."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl
from genloss.outlook import kernel_gradients, kernel_ridge

RNG = np.random.default_rng(0)
X = RNG.standard_normal((150, 4))
Y = np.column_stack([np.sin(X[:, 0]), X[:, 1] ** 2]) + 3
NEW = RNG.standard_normal((20, 4))
POLYNOMIAL = gl.Kernel("polynomial", gamma=0.2)


def solved(kernel: gl.Kernel, penalty: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """By one dense system for every column."""
    n, found = len(X), []
    for y, value in zip(Y.T, penalty, strict=True):
        diagonal = np.full(n, n * value) if weights is None else n * value / weights
        system = np.ones((n + 1, n + 1))
        system[:n, :n], system[n, n] = kernel(X, X) + np.diag(diagonal), 0
        dual = np.linalg.solve(system, np.append(y, 0))
        found.append(kernel(NEW, X) @ dual[:n] + dual[n])
    return np.array(found).T


@pytest.mark.parametrize("kernel", [gl.Kernel("rbf", gamma=0.25), POLYNOMIAL])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("penalty", [[1e-2, 1e-2], [1e-3, 1.0], [1e-9, 1e-7]])
def test_fits_solve_the_system(kernel, weighted, penalty):
    weights = RNG.uniform(0.5, 2, 150) if weighted else None
    weights = None if weights is None else weights / weights.mean()
    right = solved(kernel, np.array(penalty), weights)
    found = kernel_ridge.fit(X, kernel, Y, np.array(penalty), weights)(NEW)
    np.testing.assert_allclose(found, right, rtol=1e-10 if penalty[0] > 1e-8 else 1e-5)
    quick = kernel_ridge.fit(X, kernel, Y, np.array(penalty), weights, single=True)(NEW)
    assert quick.dtype == np.float64
    np.testing.assert_allclose(quick, right, rtol=1e-4)


def test_refinement_says_where_it_fails():
    kernel = gl.Kernel("rbf", gamma=0.02)  # smooth, so that its matrix is nearly singular
    whole, size = kernel_ridge.upper_half(X, kernel)
    assert size >= np.linalg.eigvalsh(kernel(X, X))[-1]
    np.testing.assert_allclose(np.triu(whole), np.triu(kernel(X, X)), rtol=1e-14)
    for added, safe in ((1e-3, True), (1e-9, False)):
        short = np.triu(whole).astype(np.float32)
        assert (kernel_ridge._refined(whole, short, Y, added * size) is not None) == safe


@pytest.mark.parametrize("kernel", [gl.Kernel("rbf", gamma=0.1), POLYNOMIAL])
@pytest.mark.parametrize("weighted", [False, True])
def test_one_column_needs_no_factor(kernel, weighted, monkeypatch):
    weights = RNG.uniform(0.5, 2, 150) if weighted else None
    weights = None if weights is None else weights / weights.mean()
    monkeypatch.setattr(kernel_gradients, "FEWEST", 100)
    monkeypatch.setattr(kernel_ridge, "_refined", None)  # not asked
    found = kernel_ridge.fit(X, kernel, Y[:, :1], np.array([0.1]), weights)(NEW)
    right = solved(kernel, np.array([0.1, 0.1]), weights)[:, :1]
    np.testing.assert_allclose(found, right, rtol=1e-10)


def test_small_penalties_ask_for_a_factor():
    kernel = gl.Kernel("rbf", gamma=0.5)
    whole = np.triu(kernel(X, X))
    short = whole.astype(np.float32)
    assert kernel_gradients.fit(whole, short, X, kernel, Y[:, 0], 1e-3) is None
    assert kernel_gradients.fit(whole, short, X, kernel, Y[:, 0], 10.0) is not None


def test_a_matrix_without_a_factor_is_none():
    twice = np.vstack([X[:60], X[:60]])
    assert kernel_ridge.fit(twice, POLYNOMIAL, Y[:120], np.zeros(2)) is None


def test_single_kernels_are_single():
    kernel = gl.Kernel("rbf", gamma=0.25)
    found = kernel(X.astype(np.float32), NEW.astype(np.float32))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, kernel(X, NEW), rtol=1e-5)
