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
