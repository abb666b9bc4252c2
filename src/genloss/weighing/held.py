"""Folds of the real rows: for rows that are copies of them, and for any estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from genloss._fits import cloned, fitted, predicted
from genloss.errors import InvalidInputError
from genloss.weighing.parents import Codes, folds
from genloss.weighing.stacked import Fit, Moments
from genloss.weighing.surface import Surface, surface

Array = npt.NDArray[np.float64]

FOLDS = 5
FEW_WEIGHTS = np.array([0.0, 0.01, 0.03, 0.1, 0.3, 1.0])
"""Weights that are tried with an estimator, which has to be fitted at each."""

Rows = tuple[Array, Array]


def parent_folds(
    real: Rows, synthetic: Rows, parent: Codes, weights: Array, grid: Array, seed: int
) -> Surface:
    """Errors of real rows under fits without them and without the synthetic rows made from them.

    Parameters
    ----------
    real, synthetic : pair of ndarray
        Features and labels.
    parent : ndarray of int of shape (m,)
        Number of the real row that every synthetic one was made from.
    weights, grid : ndarray of shape (k,) and (q,)
        Weights and penalties.
    seed : int
        Seed of the folds.
    """
    (X, y), (X_other, y_other) = real, synthetic
    fold = folds(len(y), FOLDS, np.random.default_rng(seed))
    found = np.empty((weights.size, grid.size, len(y)))
    for turn in range(FOLDS):
        held, away = fold == turn, fold[parent] == turn
        rest, others = Moments.of(X[~held], y[~held]), Moments.of(X_other[~away], y_other[~away])
        for k, weight in enumerate(weights):
            fit = Fit.of(rest.plus(float(weight), others))
            Z, shrunk = (X[held] - fit.mean) @ fit.basis, fit.shrunk(grid * fit.count)
            said = fit.label + Z @ (fit.along[:, None] * shrunk)
            found[k][:, held] = (y[held][:, None] - said).T
    return surface(weights, grid, found)


def with_estimator(
    estimator: Any, real: Rows, synthetic: Rows, parent: Codes | None, seed: int
) -> Surface:
    """Errors of an estimator, fitted with ``sample_weight``, on folds of the real rows.

    ``parent`` is given where synthetic rows leave the fit along with the row they were made from.
    """
    from threadpoolctl import threadpool_limits

    key = weight_key(estimator)
    (X, y), (X_other, y_other) = real, synthetic
    fold = folds(len(y), FOLDS, np.random.default_rng(seed))
    residuals = np.empty((FEW_WEIGHTS.size, len(y)))
    with threadpool_limits(1):  # fits of a few hundred rows wait for threads more than they compute
        for turn in range(FOLDS):
            held = fold == turn
            used = np.ones(len(y_other), bool) if parent is None else fold[parent] != turn
            for k, weight in enumerate(FEW_WEIGHTS):
                more = used if weight > 0 else np.zeros_like(used)
                rows = np.vstack([X[~held], X_other[more]])
                labels = np.append(y[~held], y_other[more])
                counts = np.append(np.ones(np.sum(~held)), np.full(np.sum(more), weight))
                model = fitted(cloned(estimator), rows, labels, **{key: counts})
                residuals[k, held] = y[held] - predicted(model, X[held])[:, 0]
    return Surface(FEW_WEIGHTS, np.full(FEW_WEIGHTS.size, np.nan), residuals)


def check_regressor(estimator: Any) -> None:
    """Refuse what is no scikit-learn regressor that takes weights."""
    from sklearn.base import is_regressor

    if isinstance(estimator, type) or not hasattr(estimator, "fit") or not is_regressor(estimator):
        raise InvalidInputError(
            f"estimator was {type(estimator).__name__}; it must be a scikit-learn regressor, such as "
            "HistGradientBoostingRegressor()"
        )
    weight_key(estimator)


def weight_key(estimator: Any) -> str:
    """The name by which an estimator, or the last step of a pipeline, takes weights.

    Raises
    ------
    InvalidInputError
        If it takes none.
    """
    from sklearn.utils.validation import has_fit_parameter

    name = type(estimator).__name__
    last, key = estimator, "sample_weight"
    while hasattr(last, "steps"):
        step, last = last.steps[-1]
        key = (
            f"{step}__{key}"
            if "__" not in key
            else f"{key.rpartition('__')[0]}__{step}__sample_weight"
        )
    if not has_fit_parameter(last, "sample_weight"):
        raise InvalidInputError(
            f"estimator was {name}, whose fit has no sample_weight; a weight needs one"
        )
    return key
