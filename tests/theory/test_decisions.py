"""Shares of wrong classes, against closed forms however small they are, and against very many rows."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from genloss.theory.several.decisions import MOST_EXACT, differ, wrong


@pytest.mark.slow
@pytest.mark.parametrize("classes", [2, 4, 10])
@pytest.mark.parametrize("apart", [1.0, 5.0, 9.0])
def test_alike_clouds_are_told_apart_as_an_integral_says(classes, apart):
    """Every class has a value of its own, higher in its cloud: 1 - E Phi(x + apart)^(classes - 1)."""

    def missed(x):
        return norm.pdf(x - apart) * -np.expm1((classes - 1) * norm.logcdf(x))

    share, _ = quad(missed, -40, 60, points=[0, apart / 2, apart], epsabs=0, limit=400)
    found = wrong(apart * np.eye(classes), np.eye(classes))
    assert found == pytest.approx(share, rel=1e-3)


def pair(classes, apart, seed=0):
    """Covariance of what a model says and of another one that is off by some noise."""
    root = np.random.default_rng(seed).standard_normal((classes, classes))
    own = root @ root.T
    return np.block([[own, 1.3 * own], [1.3 * own, 1.69 * own + apart**2 * np.eye(classes)]])


@pytest.mark.parametrize("apart", [1e-6, 1e-3, 1.0])
def test_two_classes_differ_by_an_angle(apart):
    law, off = pair(2, apart), np.array([1.0, -1.0])
    a, b, c = (off @ law[i : i + 2, j : j + 2] @ off for i, j in ((0, 0), (0, 2), (2, 2)))
    share = np.arctan2(np.sqrt(a * c - b * b), b) / np.pi
    assert differ(np.zeros((1, 4)), law) == pytest.approx(share, rel=1e-4)


def test_models_that_are_nearly_one_differ_in_proportion():
    far, near = (differ(np.zeros((1, 8)), pair(4, apart)) for apart in (1e-3, 1e-6))
    assert far / near == pytest.approx(1e3, rel=0.01)
    assert differ(np.zeros((1, 8)), pair(4, 0.0)) == 0.0


@pytest.mark.parametrize("classes", [3, 6, MOST_EXACT + 1])
def test_clouds_of_many_rows(classes):
    rng = np.random.default_rng(classes)
    law, middle = pair(classes, 0.8), 2 * rng.standard_normal((classes, 2 * classes))
    values = rng.standard_normal((200_000 // classes, len(law))) @ np.linalg.cholesky(law).T
    said = (middle[:, None] + values).reshape(classes, -1, 2, classes).argmax(axis=3)
    apart = np.mean(said[..., 0] != said[..., 1])
    assert differ(middle, law) == pytest.approx(apart, abs=0.006)
    own = np.mean(said[..., 0] != np.arange(classes)[:, None])
    assert wrong(middle[:, :classes], law[:classes, :classes]) == pytest.approx(own, abs=0.006)
