"""Theory beside estimators that are ridge regression of numbers, and none beside others."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import (
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    RidgeCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import genloss as gl
from genloss.outlook.measured.linear import Linear

NOISY = gl.Plan.replace(4, 60, noise=1.0)


def table(rows=900, dim=12, seed=0):
    """Columns of very different scales."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, dim)) * np.geomspace(0.3, 3, dim)
    return X, X @ (1 / np.geomspace(0.3, 3, dim)) + rng.normal(size=rows)


@pytest.mark.slow
@pytest.mark.parametrize(
    "estimator",
    [
        Ridge(20.0),
        LinearRegression(),
        make_pipeline(StandardScaler(), Ridge(20.0)),
        make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 3, 9))),
        make_pipeline(StandardScaler(), KernelRidge(alpha=20.0, kernel="linear")),
    ],
)
def test_theory_stands_beside_ridge_of_any_name(estimator):
    X, y = table()
    found = gl.forecast(X, y - y.mean(), NOISY, estimator=estimator, trials=2)
    grown = found.theory.risk / found.theory.risk[0]
    assert found.theory.risk[0] == pytest.approx(found.error[0])
    assert grown[-1] > 1.5
    assert np.all((grown > 0.9 * found.own.growth_low) & (grown < 1.1 * found.own.growth_high))
    assert any("theory is of a Gaussian problem" in note for note in found.notes)
    assert "theory" in found.to_frame("pandas").columns


@pytest.mark.parametrize(
    "estimator",
    [
        Lasso(),
        Ridge(fit_intercept=False),
        Ridge(positive=True),
        KernelRidge(kernel="laplacian"),
        RidgeClassifier(),
        LogisticRegression(),
        make_pipeline(MinMaxScaler(), Ridge()),
    ],
)
def test_what_theory_does_not_know_has_none(estimator):
    assert Linear.of(estimator) is None


def test_a_missing_intercept_that_matters_is_no_ridge_with_one():
    X, y = table(300)
    found = gl.forecast(X, y + 50, gl.Plan.replace(2, 60), estimator=KernelRidge(), trials=2)
    assert found.theory is None
