from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel, rbf_kernel

import genloss as gl
from genloss.estimate import Nystrom


@pytest.mark.parametrize(
    ("kernel", "reference"),
    [
        (gl.Kernel("linear"), lambda A, B: A @ B.T),
        (gl.Kernel("rbf"), rbf_kernel),
        (gl.Kernel("rbf", gamma=0.7), lambda A, B: rbf_kernel(A, B, gamma=0.7)),
        (
            gl.Kernel("poly", degree=2, coef0=0.5),
            lambda A, B: polynomial_kernel(A, B, 2, coef0=0.5),
        ),
    ],
)
def test_kernels_are_those_of_scikit_learn(kernel, reference, rng):
    A, B = rng.standard_normal((7, 3)), rng.standard_normal((5, 3))
    np.testing.assert_allclose(kernel(A, B), reference(A, B), rtol=1e-12)


@pytest.mark.parametrize("scale", [1.0, 1e4, 1e8])
def test_no_value_of_rbf_is_above_one(scale, rng):
    rows = scale * rng.standard_normal((40, 5))
    for kind in (np.float64, np.float32):
        own = rows.astype(kind)
        assert gl.Kernel("rbf", gamma=1.0)(own, own).max() <= 1 + 1e-12


def test_nystrom_features_on_all_rows_give_the_kernel(rng):
    X = rng.standard_normal((30, 4))
    kernel = gl.Kernel("rbf")
    features = Nystrom.fit(kernel, X)(X)
    np.testing.assert_allclose(features @ features.T, kernel(X, X), atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "rbff"}, "kernel was 'rbff'; it must be one of"),
        ({"name": "rbf", "gamma": 0}, "gamma was 0; it must be > 0"),
        ({"name": "polynomial", "degree": 0}, "degree was 0; it must be >= 1"),
        ({"name": "polynomial", "coef0": -1}, "coef0 was -1; it must be >= 0"),
    ],
)
def test_bad_kernels_are_refused(arguments, message):
    with pytest.raises(gl.InvalidInputError, match=message):
        gl.Kernel(**arguments)


@pytest.mark.parametrize("kernel", [None, "linear", gl.Kernel("linear")])
def test_linear_has_many_names(kernel):
    assert gl.Kernel.of(kernel) is None


def test_a_kernel_refuses_rows_of_different_length():
    with pytest.raises(gl.InvalidInputError, match=r"A had shape \(2, 3\) and B \(2, 4\)"):
        gl.Kernel("rbf")(np.ones((2, 3)), np.ones((2, 4)))


def test_a_kernel_must_be_a_kernel():
    with pytest.raises(gl.InvalidInputError, match="kernel was 3"):
        gl.Kernel.of(3)


@pytest.mark.parametrize(
    ("kernel", "words"),
    [
        (gl.Kernel("polynomial", degree=900), "too large for numbers, take a smaller degree"),
        (gl.Kernel("rbf", gamma=1e40), "too large for numbers, take a smaller gamma"),
        (gl.Kernel("rbf", gamma=1e-300), "the same for all rows, take a larger gamma"),
        (gl.Kernel("polynomial", gamma=1e-20, coef0=1.0), "the same for all rows"),
    ],
)
def test_kernels_that_are_no_numbers_or_tell_no_rows_apart_are_refused(kernel, words):
    rng = np.random.default_rng(0)
    X = 5 * rng.normal(size=(60, 3))
    for call in (
        lambda: gl.forecast(X, X[:, 0] + rng.normal(size=60), kernel=kernel),
        lambda: gl.Problem.from_kernel(kernel, X, X[:, 0]),
        lambda: gl.weigh((X, X[:, 0]), (X, X[:, 0]), kernel=kernel),
    ):
        with pytest.raises(gl.InvalidInputError, match=f"kernel was .*{words}"):
            call()


def test_kernels_on_the_edge_are_not_refused():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    for kernel in (gl.Kernel("rbf", gamma=1e-7), gl.Kernel("rbf", gamma=1e20)):
        kernel.check(X)
