"""Rows of two tables with classes as labels, as logistic regression sees them, judged by its log loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss._fits import chances_said, cloned, fitted
from genloss.errors import InvalidInputError
from genloss.estimate.kernels import Kernel
from genloss.weighing.apart import Apart, root
from genloss.weighing.features import Columns, Features, columns_of
from genloss.weighing.held import FEW_WEIGHTS, FOLDS, folded
from genloss.weighing.inputs import Difference, difference
from genloss.weighing.logistic import (
    Labelled,
    Logistic,
    chances,
    contrasts,
    curvature,
    path,
    products,
    with_ones,
)  # fmt: skip
from genloss.weighing.pair import Pair
from genloss.weighing.parents import folds_of_classes
from genloss.weighing.stacked import Stack
from genloss.weighing.surface import Surface

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

WEIGHTS = np.append(0.0, np.logspace(-3, 1, 9))
"""Weights of a synthetic row that are tried."""

MOST_NUMBERS = 1000
"""Coefficients of the largest model; beyond, an estimator has to be given."""

_GRID = np.logspace(-4, 0, 7)
_LANDMARKS = 150
_STEPS, _REFITTED = (
    6,
    1e8,
)  # Newton steps to a refit; rows times rows times squared coefficients up to which they are made
_RIDGE = 0.01  # penalty of the ridge that tells tables apart
_SURE = 0.75
"""Standard errors by which a weight has to be better than none on folds, which an estimator is judged by."""
_ALIKE = 0.25
"""Standard errors within which a stronger penalty is as good: the least of several losses of few rows flatters."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ClassRows(Features):
    """Both tables with classes as labels.

    Attributes
    ----------
    y, y_synthetic : ndarray of int of shape (n,) and (m,)
        Places of classes.
    """

    y: Codes
    y_synthetic: Codes

    @classmethod
    def of(cls, pair: Pair, kernel: Kernel | None, seed: int) -> ClassRows:
        """Places of classes, features of a kernel if there is one."""
        columns, scale = columns_of(pair, kernel, _LANDMARKS, seed)
        y, y_synthetic = pair.y.astype(np.intp), pair.y_synthetic.astype(np.intp)
        return cls(*columns, scale * _GRID, levels=pair.levels, y=y, y_synthetic=y_synthetic)

    @property
    def real(self) -> Labelled:
        """Real rows with labels as vectors."""
        return Labelled.of(self.X, self._vectors(self.y))

    def synthetic(self, codes: Codes) -> Labelled:
        """Synthetic rows with such labels."""
        return Labelled.of(self.X_synthetic, self._vectors(codes))

    def points(self) -> Columns:
        """Columns and classes, each of these a column too; no labels of numbers."""
        sides = (self.plain, self.y), (self.plain_synthetic, self.y_synthetic)
        X, other = (np.hstack([rows, self._vectors(codes)]) for rows, codes in sides)
        return X, np.zeros(self.n), other, np.zeros(self.m)

    def apart(self) -> Apart:
        """What two fits at one penalty say of each other, in the metric of the curvature."""
        self._check_size()
        real, made = self.real, self.synthetic(self.y_synthetic)
        fits = list(path(real, self.grid))
        cost = [self._losses(fit.left_out(real))[0].mean() for fit in fits]
        at = int(np.argmin(cost))
        one, penalty = fits[at], float(np.sort(self.grid)[::-1][at])
        two = Logistic.fit(made, penalty)
        base = contrasts(len(self.levels))
        metric = curvature(chances(one.scores(real.X) @ base.T), base)
        half = root(products(real.X, metric) / self.n)
        own, more = (_moves(fit, rows, half) for fit, rows in ((one, real), (two, made)))
        return Apart.of(own, more, half @ (two.theta - one.theta).ravel(), penalty)

    def difference(self, penalty: float, seed: int) -> Difference:
        """Other inputs, other labels; one column of labels for every class but the first."""
        del penalty  # of another loss
        real, made = self._vectors(self.y), self._vectors(self.y_synthetic)
        first, *further = (
            (Stack.of(self.X, real[:, k], self.X_synthetic, made[:, k]), made[:, k])
            for k in range(1, len(self.levels))
        )
        sides = (self.X_synthetic, first[1]), (self.plain, self.plain_synthetic)
        return difference(first[0], *sides, _RIDGE, seed, further)

    def judged(self, made_from: str, copied: bool, seed: int) -> tuple[Surface, str]:
        """Log losses against the weight, and how they were found."""
        self._check_size()
        if made_from == "these rows":
            return self._in_folds(copied, seed), "5 folds, labels made without them"
        real, made = self.real, self.synthetic(self.y_synthetic)
        found = []
        for weight in WEIGHTS:
            fits = path(real.plus(float(weight), made), self.grid)
            steps = self._steps(float(weight))
            found.append([self._losses(fit.left_out(real, steps=steps)) for fit in fits])
        return _best(found, self.grid), "leave-one-out"

    def _steps(self, weight: float) -> int:
        """Newton steps without a row: one is off where real rows are few, and nothing outweighs them."""
        numbers = (len(self.levels) - 1) * (self.X.shape[1] + 1)
        quick = self.n * (self.n + self.m) * numbers**2 <= _REFITTED
        return _STEPS if quick and weight * self.m < self.n else 1

    def fitted(self, estimator: Any, pair: Pair, made_from: str, seed: int) -> Surface:
        """Losses of an estimator on folds: of its chances, or of its classes where it has none."""
        fold = folds_of_classes(self.y, FOLDS, np.random.default_rng(seed))
        whose: Codes | None = None
        chosen: Callable[[Mask], Codes] = self._as_given
        if made_from == "these rows":
            whose = self.parents()

            def says(rows: Mask) -> Codes:
                model = fitted(cloned(estimator), pair.X[rows], self.y[rows])
                return chances_said(model, pair.X_synthetic, len(self.levels)).argmax(axis=1)

            chosen = self._relabelling(says)
        said = folded(
            estimator, (pair.X, self.y), chosen, pair.X_synthetic, (fold, whose), len(self.levels)
        )
        wrong = (said.argmax(axis=2) != self.y).astype(np.float64)
        losses = wrong
        if hasattr(estimator, "predict_proba"):
            losses = _log_loss(said[:, np.arange(self.n), self.y], self.n)
        return Surface(FEW_WEIGHTS, np.full(FEW_WEIGHTS.size, np.nan), losses, wrong)

    def chosen(self, found: Surface, worth: float | None, *, wary: bool) -> int:
        """Place of the weight: of the least loss by leave-one-out; on folds 0 unless that is clearly better."""
        at = found.least
        if worth is not None:
            return at
        gain, shown = found.errors[0] - found.errors[at], found.plausible[0] > 0
        sure = shown or (not wary and gain > _SURE * found.apart(at)[0])
        return at if sure else 0

    def _as_given(self, held: Mask) -> Codes:
        """Labels of the synthetic rows, whatever real rows are held out."""
        del held
        return self.y_synthetic

    def _vectors(self, codes: Codes) -> Array:
        return np.eye(len(self.levels))[codes]

    def _losses(self, scores: Array, codes: Codes | None = None) -> Array:
        """Log loss, and 1 for another class, (2, n) of real rows by their contrasts."""
        y = self.y if codes is None else codes
        q = chances(scores @ contrasts(len(self.levels)).T)
        own = q[np.arange(len(y)), y]
        return np.stack([_log_loss(own, self.n), (q.argmax(axis=1) != y).astype(np.float64)])

    def _in_folds(self, copied: bool, seed: int) -> Surface:
        """Losses of real rows under fits without them, to labels that a model without them makes."""
        real, descending = self.real, np.sort(self.grid)[::-1]
        fold = folds_of_classes(self.y, FOLDS, np.random.default_rng(seed))
        parent = self.parents() if copied else None
        base = contrasts(len(self.levels))
        said = [
            (fit.scores(with_ones(self.X_synthetic)) @ base.T).argmax(axis=1)
            for fit in path(real, self.grid)
        ]
        agreed = [np.mean(each == self.y_synthetic) for each in said]
        penalty = float(descending[int(np.argmax(agreed))])  # the one that its labels speak for

        def says(rows: Mask) -> Codes:
            scores = Logistic.fit(real.only(rows), penalty).scores(with_ones(self.X_synthetic))
            return np.asarray((scores @ base.T).argmax(axis=1))

        labels = self._relabelling(says)
        found = np.empty((WEIGHTS.size, descending.size, 2, self.n))
        for turn in range(FOLDS):
            held = fold == turn
            made = self.synthetic(labels(held))
            if parent is not None:
                made = made.only(fold[parent] != turn)
            rest, X = real.only(~held), real.X[held]
            for k, weight in enumerate(WEIGHTS):
                for q, fit in enumerate(path(rest.plus(float(weight), made), self.grid)):
                    found[k, q][:, held] = self._losses(fit.scores(X), self.y[held])
        return _best(found, self.grid)

    def _relabelling(self, says: Callable[[Mask], Codes]) -> Callable[[Mask], Codes]:
        """Labels of the synthetic rows as a model of these rows would have made them without some.

        Only labels that the model gives are taken for its own.
        """
        everything = says(np.ones(self.n, dtype=bool))

        def labels(held: Mask) -> Codes:
            return np.where(everything == self.y_synthetic, says(~held), self.y_synthetic)

        return labels

    def _check_size(self) -> None:
        numbers = (len(self.levels) - 1) * (self.X.shape[1] + 1)
        if numbers > MOST_NUMBERS:
            raise InvalidInputError(
                f"{len(self.levels)} classes by {self.X.shape[1]} columns need {numbers:,} coefficients; logistic "
                f"regression is weighed with at most {MOST_NUMBERS:,}: give an estimator, such as "
                "LogisticRegression()"
            )


def _best(found: Any, grid: Array) -> Surface:
    """For every weight the strongest penalty that is as good as the best; ``found`` has losses (k, q, 2, n)."""
    descending, every = np.sort(grid)[::-1], np.asarray(found)
    losses, rows = every[:, :, 0], np.arange(len(every))
    more = losses - losses[rows, losses.mean(axis=2).argmin(axis=1)][:, None]
    slack = _ALIKE * more.std(axis=2, ddof=1) / np.sqrt(more.shape[2])
    at = np.argmax(more.mean(axis=2) <= slack, axis=1)
    picked = every[rows, at]
    return Surface(WEIGHTS, descending[at], picked[:, 0], picked[:, 1])


def _log_loss(own: Array, n: int) -> Array:
    """Of the chances of the right classes; from n rows none is known better than to half a row."""
    return np.asarray(-np.log(np.maximum(own, 0.5 / n)))


def _moves(fit: Logistic, rows: Labelled, half: Array) -> Array:
    """What the noise of every row moves a fit by: slopes of rows left out, through the fit, times a metric's root."""
    base = contrasts(rows.Y.shape[1])
    slopes = (chances(fit.left_out(rows) @ base.T) - rows.Y) @ base
    summed = (rows.X[:, :, None] * slopes[:, None, :]).reshape(len(slopes), -1)
    return np.asarray(summed @ fit.inverse.reshape(fit.theta.size, -1) @ half)
