"""Ridge on real and synthetic rows, weight and penalty by leave-one-out on the real rows."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from genloss import _check
from genloss.errors import InvalidInputError
from genloss.estimators._alphas import check_squares, least, penalties
from genloss.weighing.stacked import WEIGHTS, Stack, spanning

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


class MixedRidgeCV(RegressorMixin, BaseEstimator):
    """Ridge regression on real and synthetic rows; only errors on real rows choose.

    Every weight of a synthetic row, and every penalty, is judged by the exact leave-one-out error of
    the real rows. The fit that is kept is scikit-learn's
    ``Ridge(alpha_).fit(X, y, sample_weight=np.where(synthetic, weight_, 1))``.

    Parameters
    ----------
    weights : float or array_like of shape (k,), optional
        Weights of a synthetic row that are tried, a real one having 1. Default: 0 and 17 steps from
        0.001 to 10.
    alphas : float or array_like of shape (q,), optional
        Penalties that are tried, as in scikit-learn's ``Ridge``. Default: 16 half decades, from 3e-7
        to 10 times the trace of the centred Gram matrix of the rows as weighted.

    Attributes
    ----------
    weight_, alpha_ : float
        The weight and the penalty chosen.
    weights_ : ndarray of shape (k,)
        What was tried; ``alphas_`` of shape (k, q) has the penalties at every weight.
    loo_errors_ : ndarray of shape (k, q)
        Mean squared leave-one-out error of the real rows.
    loo_error_ : float
        The least of them.
    coef_ : ndarray of shape (p,)
        Coefficients; ``intercept_`` is the intercept, which has no penalty.

    See Also
    --------
    genloss.weigh : From two tables to a weight, the range that cannot be told apart, and advice.

    Notes
    -----
    The method is on `estimators.md` 2. Rows that were made *from* the real rows (by a model of them, by
    jitter, by a copula) contain the labels that are left out, so that the error falls with the
    weight whatever they are worth: see ``made_from`` of `genloss.weigh`.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss.estimators import MixedRidgeCV
    >>> rng = np.random.default_rng(0)
    >>> X, truth = rng.normal(size=(400, 20)), rng.normal(size=20)
    >>> y = X @ truth + rng.normal(size=400)
    >>> model = MixedRidgeCV().fit(X, y, synthetic=np.arange(400) >= 50)
    >>> bool(model.loo_error_ < 0.8 * model.loo_errors_[0].min())
    True
    """

    def __init__(self, weights: Any = None, alphas: Any = None) -> None:
        self.weights = weights
        self.alphas = alphas

    def fit(self, X: Any, y: Any, sample_weight: Any = None, synthetic: Any = None) -> Self:
        """Fit, and choose weight and penalty.

        Parameters
        ----------
        X : array_like of shape (n, p)
            Rows, real and synthetic.
        y : array_like of shape (n,)
            Labels.
        sample_weight : array_like of shape (n,), optional
            Weights of the rows beside the weight that is chosen; of a real row also in the error
            that chooses. A row of weight 0 is in neither.
        synthetic : array_like of bool of shape (n,), optional
            True on synthetic rows; without it all rows are real.

        Returns
        -------
        MixedRidgeCV
            Itself.

        Raises
        ------
        InvalidInputError
            If fewer than two rows are real, a weight or penalty is negative, or none leaves a finite
            error.
        """
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2)
        y = y.astype(np.float64)
        there = mask(synthetic, len(y))
        given = np.ones(len(y))
        if sample_weight is not None:
            given = _check_sample_weight(
                sample_weight, X, dtype=np.float64, ensure_non_negative=True
            )
        check_squares("X", X[given > 0])
        check_squares("y", y[given > 0])
        real = ~there & (given > 0)
        if real.sum() < 2:
            raise InvalidInputError(
                f"synthetic left {real.sum()} real rows of positive weight; at least 2 are needed"
            )
        self.weights_ = WEIGHTS
        if self.weights is not None:
            self.weights_ = _check.vector("weights", np.atleast_1d(self.weights), above=">= 0")
        if not there.any():
            self.weights_ = self.weights_[-1:]  # of nothing
        origin, scale = X[real].mean(axis=0), y[real].mean()
        rows = X - origin
        span = spanning(rows)
        Z = rows if span is None else rows @ span
        stack = Stack.of(
            Z[real],
            y[real] - scale,
            Z[there],
            y[there] - scale,
            None if sample_weight is None else given[real],
            None if sample_weight is None else given[there],
        )
        fits = list(stack.fits(self.weights_))
        self.alphas_ = np.array([penalties(self.alphas, float(f.values.sum())) for f in fits])
        squares = (stack.left_out(f, a) ** 2 for f, a in zip(fits, self.alphas_, strict=True))
        self.loo_errors_ = np.array([np.average(s, axis=1, weights=given[real]) for s in squares])
        at, place = least(self.loo_errors_)
        self.weight_ = float(self.weights_[at]) if there.any() else 0.0
        self.alpha_ = float(self.alphas_[at, place])
        self.loo_error_ = float(self.loo_errors_[at, place])
        coefficients, intercept = fits[at].model(self.alpha_)
        self.coef_ = coefficients if span is None else span @ coefficients
        self.intercept_ = float(scale + intercept - origin @ self.coef_)
        return self

    def predict(self, X: Any) -> Array:
        """Predictions of shape (m,)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(X @ self.coef_ + self.intercept_)


def mask(synthetic: Any, rows: int) -> Mask:
    """Which rows are synthetic: booleans, or numbers 0 and 1.

    Raises
    ------
    InvalidInputError
        If it has another length or other entries.
    """
    if synthetic is None:
        return np.zeros(rows, dtype=bool)
    found = _check.numbers("synthetic", synthetic, ndim=1, flags=True)
    if len(found) != rows:
        raise InvalidInputError(f"synthetic had {len(found)} entries; X has {rows} rows")
    if not np.isin(found, (0.0, 1.0)).all():
        raise InvalidInputError("synthetic had entries beside True and False; it must be a mask")
    return found.astype(bool)
