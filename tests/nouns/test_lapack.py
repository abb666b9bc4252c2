"""LAPACK by pointers is LAPACK by SciPy's wrappers, and opens no more of SciPy than it needs."""

import subprocess
import sys

import numpy as np
import pytest

from genloss import _lapack


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("pointers", [True, False])
def test_factors_and_solutions(monkeypatch, kind, pointers):
    if not pointers:
        monkeypatch.setattr(_lapack, "_function", lambda *_: None)
    rng = np.random.default_rng(0)
    X, right = rng.standard_normal((30, 12)), rng.standard_normal((3, 12))
    matrix = X.T @ X
    factor, solved = matrix.astype(kind), right.astype(kind)
    assert _lapack.factorise(factor) == 0
    tolerance = 1e-4 if kind is np.float32 else 1e-12
    np.testing.assert_allclose(
        np.triu(factor).T @ np.triu(factor), matrix, rtol=tolerance, atol=tolerance
    )
    _lapack.substitute(factor, solved)
    np.testing.assert_allclose(solved @ matrix, right, rtol=tolerance, atol=tolerance)
    assert _lapack.factorise(np.array([[1.0, 2.0], [2.0, 1.0]], dtype=kind)) == 2


@pytest.mark.parametrize("pointers", [True, False])
def test_of_many_systems_those_are_solved_that_can_be(monkeypatch, pointers):
    if not pointers:
        monkeypatch.setattr(_lapack, "_function", lambda *_: None)
    matrices = np.array(
        [[[2.0, 1.0], [1.0, 2.0]], [[1.0, 2.0], [2.0, 1.0]], [[4.0, 0.0], [0.0, 1.0]]]
    )
    rights = np.array([[3.0, 3.0], [1.0, 1.0], [8.0, 3.0]])
    assert _lapack.solve_each(matrices, rights).tolist() == [True, False, True]
    np.testing.assert_allclose(rights[[0, 2]], [[1.0, 1.0], [2.0, 3.0]])


@pytest.mark.slow
def test_the_room_around_the_pointers_is_opened_by_whoever_asks_for_it():
    code = (
        "import sys, numpy as np; from genloss import _lapack; _lapack.factorise(np.eye(2));"
        "assert 'scipy.linalg' not in sys.modules;"
        "import scipy.linalg.cython_lapack as again, scipy.linalg;"
        "assert scipy.linalg.cython_lapack is again and 'dpotrf' in again.__pyx_capi__;"
        "assert scipy.linalg.cholesky(np.eye(2)).trace() == 2"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
