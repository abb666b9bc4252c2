"""Folds of the real rows: for rows that are copies of them, and for any estimator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss._fits import chances_said, cloned, fitted, predicted, searches
from genloss.errors import InvalidInputError
from genloss.weighing.maker import Maker, Says
from genloss.weighing.parents import Codes, folds
from genloss.weighing.stacked import Fit, Moments
from genloss.weighing.surface import Surface, surface

Array = npt.NDArray[np.float64]

FOLDS = 5
FEW_WEIGHTS = np.array([0.0, 0.01, 0.03, 0.1, 0.3, 1.0])
"""Weights that are tried with an estimator, which has to be fitted at each."""

Rows = tuple[Array, Array]
Mask = npt.NDArray[np.bool_]


def parent_folds(
    real: Rows, synthetic: Rows, parent: Codes, weights: Array, grid: Array, seed: int
) -> Surface:
    """Errors of real rows under fits without them and without the synthetic rows made from them.

    Labels of the other synthetic rows lose what a model of the real rows had from them (`Maker`).

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
    maker = Maker.ridge(real, synthetic, y[parent])
    found = np.empty((weights.size, grid.size, len(y)))
    for turn in range(FOLDS):
        held, away = fold == turn, fold[parent] == turn
        labels = (y_other + maker.without(held))[~away]
        rest, others = Moments.of(X[~held], y[~held]), Moments.of(X_other[~away], labels)
        for k, weight in enumerate(weights):
            fit = Fit.of(rest.plus(float(weight), others))
            Z, shrunk = (X[held] - fit.mean) @ fit.basis, fit.shrunk(grid * fit.count)
            said = fit.label + Z @ (fit.along[:, None] * shrunk)
            found[k][:, held] = (y[held][:, None] - said).T
    return surface(weights, grid, found)


def with_estimator(
    estimator: Any, real: Rows, synthetic: Rows, made: tuple[Codes, Maker] | None, seed: int
) -> Surface:
    """Errors of a regressor, fitted with ``sample_weight``, on folds of the real rows.

    ``made`` is given where the synthetic rows were made from the real ones: their parents, with which they leave
    a fit, and what made their labels, which then loses these rows too.
    """
    y, labels = real[1], synthetic[1]
    parent, maker = (None, None) if made is None else made
    fold = folds(len(y), FOLDS, np.random.default_rng(seed))

    def labels_without(held: Mask) -> Array:
        return labels if maker is None else labels + maker.without(held)

    said = folded(estimator, real, labels_without, synthetic[0], (fold, parent))
    return Surface(FEW_WEIGHTS, np.full(FEW_WEIGHTS.size, np.nan), (y - said[:, :, 0]) ** 2)


def saying(estimator: Any, real: Rows, made: Array) -> Says:
    """What a regressor of some real rows says of the synthetic ones."""
    from threadpoolctl import threadpool_limits

    X, y = real

    def says(rows: Mask) -> Array:
        with threadpool_limits(1):
            return predicted(fitted(cloned(estimator), X[rows], y[rows]), made)[:, 0]

    return says


def folded(
    estimator: Any,
    real: tuple[Array, npt.NDArray[Any]],
    labels: Callable[[Mask], npt.NDArray[Any]],
    made: Array,
    places: tuple[Codes, Codes | None],
    n_classes: int = 0,
) -> Array:
    """What an estimator says (k, n, 1) of real rows held out at every weight, or chances (k, n, classes).

    Parameters
    ----------
    estimator : object
        Fitted with ``sample_weight``.
    real : pair of ndarray
        Features and labels.
    labels : callable
        Labels (m,) of the synthetic rows when the real rows of a mask are held out.
    made : ndarray of shape (m, p)
        Synthetic rows.
    places : pair
        The fold of every real row, and the parent of every synthetic one if these leave together.
    n_classes : int
        Of labels that are places; 0 for numbers.
    """
    from threadpoolctl import threadpool_limits

    key, (X, y), (fold, parent) = weight_key(estimator), real, places
    said = np.empty((FEW_WEIGHTS.size, len(y), max(n_classes, 1)))
    with threadpool_limits(1):  # fits of a few hundred rows wait for threads more than they compute
        for turn in range(FOLDS):
            held = fold == turn
            used = np.ones(len(made), bool) if parent is None else fold[parent] != turn
            y_made = labels(held)
            for k, weight in enumerate(FEW_WEIGHTS):
                more = used if weight > 0 else np.zeros_like(used)
                rows = np.vstack([X[~held], made[more]])
                own = np.append(y[~held], y_made[more])
                counts = np.append(np.ones(np.sum(~held)), np.full(np.sum(more), weight))
                said[k, held] = _said(estimator, (rows, own), {key: counts}, X[held], n_classes)
    return said


def _said(estimator: Any, rows: Rows, counts: dict[str, Array], X: Array, n_classes: int) -> Array:
    """What a new fit says of rows."""
    if not n_classes:
        return predicted(fitted(cloned(estimator), *rows, **counts), X)
    codes = rows[1].astype(np.intp)
    if np.all(codes == codes[0]):  # few rows may be of one class
        return np.repeat(np.eye(n_classes)[codes[:1]], len(X), axis=0)
    return chances_said(fitted(cloned(estimator), rows[0], codes, **counts), X, n_classes)


def check_weighable(estimator: Any, *, classes: bool) -> None:
    """Refuse what is no scikit-learn regressor, or classifier, that takes weights."""
    from sklearn.base import is_classifier, is_regressor

    fits, kind = (is_classifier, "classifier") if classes else (is_regressor, "regressor")
    if isinstance(estimator, type) or not hasattr(estimator, "fit") or not fits(estimator):
        target = "classes" if classes else "a number"
        raise InvalidInputError(
            f"estimator was {type(estimator).__name__}; the target is taken as {target}, so that it must be a "
            f"scikit-learn {kind}, such as HistGradientBoosting{kind.title()}()"
        )
    weight_key(estimator)


def weight_key(estimator: Any) -> str:
    """The name by which an estimator, the last step of a pipeline or what a search fits takes weights.

    Raises
    ------
    InvalidInputError
        If it takes none.
    """
    from sklearn.utils.validation import has_fit_parameter

    name, last, within = type(estimator).__name__, estimator, ""
    while hasattr(last, "steps") or searches(last):
        if hasattr(last, "steps"):
            step, last = last.steps[-1]
            within += f"{step}__"
        else:
            last = last.estimator
    if not has_fit_parameter(last, "sample_weight"):
        raise InvalidInputError(
            f"estimator was {name}, whose fit has no sample_weight; a weight needs one"
        )
    return f"{within}sample_weight"
