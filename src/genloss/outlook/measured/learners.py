"""What is fitted: ridge on vectors of classes, logistic regression, or any scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss._fits import chances_said, fitted, predicted
from genloss.estimate.kernels import Kernel
from genloss.outlook.measured.world import chances_of
from genloss.outlook.ridge import Design, Models, factored, few_penalties, least, mean_of
from genloss.steps import Step
from genloss.trials.loop import Rows
from genloss.weighing.held import weight_key

Array = npt.NDArray[np.float64]
Learner = Callable[[Step, Rows, Models | None], Models]


class RidgeClasses:
    """Ridge or kernel ridge, one column of labels a class and one penalty for all.

    Parameters
    ----------
    penalty : ndarray of shape (n_models,)
        NaN stands for the best by leave-one-out on the model's own labels.
    kernel : Kernel or None
        None for linear models.
    weighted : bool
        Whether the last column of inputs is the weight of the row, of which models know nothing.
    """

    def __init__(self, penalty: Array, kernel: Kernel | None, *, weighted: bool = False) -> None:
        self._penalty, self._kernel, self._weighted = penalty, kernel, weighted

    def __call__(self, step: Step, rows: Rows, towards: Models | None) -> Models:
        """Scores (n, classes) that sum to one."""
        if towards is not None:
            rest = self(step, rows._replace(y=rows.y - towards(rows.X)), None)
            return lambda X: towards(X) + rest(X)
        X, weights = parted(rows.X, weighted=self._weighted)
        model = self._fitted(step, X, weights, rows.y)
        width = X.shape[1]
        return model if weights is None else lambda X: model(X[:, :width])

    def _fitted(self, step: Step, X: Array, weights: Array | None, labels: Array) -> Models:
        kept = ~np.isnan(labels[:, 0])
        # n of the penalty are the rows as written, also those that are not kept
        penalty = float(self._penalty[step.model]) * len(kept) / max(int(kept.sum()), 1)
        if not kept.all():
            X, labels = X[kept], labels[kept]
            weights = None if weights is None else weights[kept]
        if not len(X):
            return _uniform(labels.shape[1])
        each = np.full(labels.shape[1], penalty)
        if few_penalties(X, self._kernel, each):
            models = factored(X, self._kernel, labels, each, weights)
            if models is not None:
                return models
        design = Design.of(X, self._kernel, weights)
        if np.isnan(penalty):
            grid = design.grid()
            each[:] = least(grid, left_out(design, labels, grid))[0]
        return design.fit(labels, each)


def left_out(design: Design, labels: Array, penalties: Array) -> Array:
    """Mean squared leave-one-out residual of all columns together at every penalty, shape (G,)."""
    squares = sum(design.left_out(column, penalties) ** 2 for column in labels.T)
    return mean_of(np.asarray(squares), design.weights)


class Fitted:
    """Any estimator with ``fit`` and ``predict``, cloned for every fit.

    Parameters
    ----------
    make : callable
        ``make(step, rows)``: a new estimator for a fit of so many rows.
    n_classes : int
        0 for numbers.
    rng : numpy.random.Generator
        Of the estimator's own draws.
    weighted : bool
        Whether the last column of inputs is the weight of the row.
    kept : list, optional
        Gets every fitted estimator.
    """

    def __init__(
        self,
        make: Callable[[Step, int], Any],
        n_classes: int,
        rng: np.random.Generator,
        *,
        weighted: bool = False,
        kept: list[Any] | None = None,
    ) -> None:
        self._make, self._n_classes, self._rng, self._weighted = make, n_classes, rng, weighted
        self._kept = kept

    def __call__(self, step: Step, rows: Rows, towards: Models | None) -> Models:
        """What it says: numbers (n, 1), or chances (n, classes)."""
        del towards  # plans with it are refused
        X, own = parted(rows.X, weighted=self._weighted)
        width = X.shape[1]
        weights = own if rows.weights is None else rows.weights * (1.0 if own is None else own)
        model = self._fitted(step, X, rows.y, weights)
        return model if own is None else lambda Z: model(Z[:, :width])

    def _fitted(self, step: Step, X: Array, y: Array, weights: Array | None) -> Models:
        kept = ~np.isnan(y[:, 0])
        if not kept.all():
            X, y, weights = X[kept], y[kept], None if weights is None else weights[kept]
        model = seeded(self._make(step, len(kept)), self._rng)
        model, says = taught(model, X, y, weights, self._n_classes)
        if self._kept is not None:
            self._kept.append(model)
        return says


def taught(
    model: Any, X: Array, y: Array, weights: Array | None, n_classes: int
) -> tuple[Any, Models]:
    """Fit an estimator, or what stands for it where labels are of one class; and what it then says.

    Parameters
    ----------
    model : object
        What is fitted.
    X, y : ndarray of shape (n, p) and (n, columns)
        Rows, and numbers in one column or vectors of classes, which may be chances.
    weights : ndarray of shape (n,) or None
        Of the rows.
    n_classes : int
        0 for numbers.
    """
    if not n_classes:
        fitted(model, X, y[:, 0], **_weighted(model, weights))
        return model, lambda Z: predicted(model, Z)
    codes = y.argmax(axis=1)
    if not np.all((y == 0) | (y == 1)):  # every row once a class, by its chance
        chances = chances_of(y)
        X, codes = np.repeat(X, n_classes, axis=0), np.tile(np.arange(n_classes), len(y))
        weights = chances.ravel() * (1.0 if weights is None else np.repeat(weights, n_classes))
        X, codes, weights = X[weights > 0], codes[weights > 0], weights[weights > 0]
    if not len(X):
        X, codes, weights = np.zeros((n_classes, X.shape[1])), np.arange(n_classes), None
        model = _dummy("uniform")
    elif np.all(codes == codes[0]):  # a chain may lose all classes but one
        model = _dummy("prior")
    fitted(model, X, codes, **_weighted(model, weights))
    return model, lambda Z: chances_said(model, Z, n_classes)


def seeded(model: Any, rng: np.random.Generator) -> Any:
    """The same, with a random state for every part that has none."""
    unset = [
        name
        for name, value in model.get_params().items()
        if value is None and (name == "random_state" or name.endswith("__random_state"))
    ]
    return model.set_params(**{name: int(rng.integers(2**31 - 1)) for name in sorted(unset)})


def parted(X: Array, *, weighted: bool) -> tuple[Array, Array | None]:
    """Inputs, and the weights that stand in their last column."""
    return (X[:, :-1], X[:, -1]) if weighted else (X, None)


def _uniform(width: int) -> Models:
    """A model of no rows."""
    return lambda X: np.full((len(X), width), 1 / width)


def _dummy(strategy: str) -> Any:
    """A classifier that says the same chances of every row."""
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy=strategy)


def _weighted(model: Any, weights: Array | None) -> dict[str, Array]:
    return {} if weights is None else {weight_key(model): weights}
