"""Nonnegative least squares meets its conditions, and SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import nnls

from genloss.estimate.nonnegative import nonnegative


@pytest.mark.parametrize("seed", range(6))
def test_it_errs_as_little_as_scipy_does(seed):
    """Also where columns are nearly collinear, as curves of penalties are."""
    rng = np.random.default_rng(seed)
    if seed % 2:
        matrix, goal = rng.standard_normal((60, 25)), rng.standard_normal(60)
    else:
        nodes, kappa = np.geomspace(1e-4, 1, 60), np.geomspace(1e-4, 10, 90)
        matrix = nodes / (nodes + kappa[:, None])
        goal = matrix @ rng.exponential(size=60) * rng.lognormal(0, 1e-3, 90)
    found, right = nonnegative(matrix, goal), nnls(matrix, goal)
    assert (found >= 0).all()
    assert (
        np.linalg.norm(matrix @ found - goal) <= right[1] * (1 + 1e-6) + 1e-9 * np.abs(goal).max()
    )
    slope = matrix.T @ (goal - matrix @ found)
    size = np.abs(matrix.T @ goal).max()
    assert slope.max() < 1e-9 * size
    assert np.abs(slope[found > 0]).max(initial=0) < 1e-9 * size


def test_nothing_positive_is_nothing():
    np.testing.assert_array_equal(nonnegative(np.eye(3), -np.ones(3)), np.zeros(3))
