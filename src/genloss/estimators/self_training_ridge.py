"""Ridge on rows with and without labels, stopped by leave-one-out of the whole chain."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from genloss import _check
from genloss.errors import InvalidInputError
from genloss.estimators._alphas import check_squares, least, penalties
from genloss.outlook.self_training import SelfTraining
from genloss.weighing.stacked import Fit, Moments, spanning

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

MOST_ROUNDS = 10_000
_FAR = 0.99  # quantile of the labelled rows' leverages beyond which an input is far out


class SelfTrainingRidge(RegressorMixin, BaseEstimator):
    """Self-training with ridge: the model labels rows without labels, and is fitted again.

    Model 0 is ridge on the labelled rows. Every later model is fitted on them and on the unlabelled
    rows, labelled by the model before. Rounds and penalty are those of least leave-one-out error of
    the chain: a labelled row is left out of every fit, its teacher's as well (exact). Where no round
    gains, model 0 stays.

    Parameters
    ----------
    alphas : float or array_like of shape (q,), optional
        Penalties that are tried, as in scikit-learn's ``Ridge``: for model 0 by its own
        leave-one-out error, and one for all later models. Default: 16 half decades, from 3e-7 to 10
        times the trace of the centred Gram matrix of the rows of the fit.
    rounds : int, default 5
        Most models after model 0, up to 10,000.
    weight : float, default 1.0
        Weight of an unlabelled row, a labelled one having 1.
    threshold : float, optional
        Unlabelled rows whose leverage under model 0 is above this many times the labelled rows' mean
        leverage are not used: the model knows nothing of such inputs. Default: all are used.
    keep_labelled : bool, default True
        Whether later models see the real labels too; False is the pure chain of `theory.md` 2.12.

    Attributes
    ----------
    n_rounds_ : int
        Models after model 0, 0 where none gains.
    alpha_ : float
        Penalty of the model that is kept; ``first_alpha_`` is model 0's.
    loo_errors_ : ndarray of shape (rounds + 1, q)
        Mean squared leave-one-out error on the labelled rows after every round, for every penalty of
        the later models ``alphas_``; row 0 is model 0's.
    loo_error_ : float
        The least of them.
    accepted_ : ndarray of bool of shape (n,)
        Unlabelled rows that are used.
    far_share_ : float
        Share of the unlabelled rows beyond the 99 % quantile of the labelled rows' leverages: about
        0.01 where inputs are alike, more where they are shifted; NaN where there are none.
    coef_ : ndarray of shape (p,)
        Coefficients; ``intercept_`` is the intercept, which has no penalty.

    Notes
    -----
    Only the labels are left out of the choice of ``accepted_``, which looks at inputs alone. The
    residual is that of `theory.md` 2.12, carried through labelled rows of every fit.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss.estimators import SelfTrainingRidge
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(600, 30)) * np.arange(1, 31) ** -1.0
    >>> y = X @ np.ones(30) + 0.5 * rng.normal(size=600)
    >>> y[60:] = np.nan
    >>> model = SelfTrainingRidge().fit(X, y)
    >>> bool(model.loo_error_ <= model.loo_errors_[0, 0])
    True
    """

    def __init__(
        self,
        alphas: Any = None,
        *,
        rounds: int = 5,
        weight: float = 1.0,
        threshold: float | None = None,
        keep_labelled: bool = True,
    ) -> None:
        self.alphas = alphas
        self.rounds = rounds
        self.weight = weight
        self.threshold = threshold
        self.keep_labelled = keep_labelled

    def fit(self, X: Any, y: Any) -> Self:
        """Fit model 0, run the rounds, and keep the best model.

        Parameters
        ----------
        X : array_like of shape (n, p)
            Rows.
        y : array_like of shape (n,)
            Labels, NaN where a row has none.

        Returns
        -------
        SelfTrainingRidge
            Itself.

        Raises
        ------
        InvalidInputError
            If a parameter is out of range, or fewer than two rows have labels.
        """
        rounds = _check.integer("rounds", self.rounds, minimum=1, maximum=MOST_ROUNDS)
        weight = _check.positive("weight", self.weight)
        kept = float(_check.boolean("keep_labelled", self.keep_labelled))
        most = None if self.threshold is None else _check.positive("threshold", self.threshold)
        numbers = {"dtype": np.float64, "ensure_min_samples": 2}
        labels = {"dtype": np.float64, "ensure_2d": False, "ensure_all_finite": "allow-nan"}
        X, y = validate_data(self, X, y, validate_separately=(numbers, labels))
        y = column_or_1d(y, warn=True)
        check_consistent_length(X, y)
        known = ~np.isnan(y)
        if known.sum() < 2:
            raise InvalidInputError(f"y had {known.sum()} labels; at least 2 must not be NaN")
        check_squares("X", X)
        check_squares("y", y[known])
        origin, level = X[known].mean(axis=0), float(y[known].mean())
        rows = X - origin
        span = spanning(rows)
        Z = rows if span is None else rows @ span
        labelled = Z[known], y[known] - level
        first = Fit.of(Moments.of(*labelled))
        alphas = penalties(self.alphas, float(first.values.sum()))
        errors = np.mean(first.left_out(*labelled, alphas) ** 2, axis=1)
        self.first_alpha_ = float(alphas[least(errors)])
        self.accepted_ = self._accepted(Z, known, first, most)
        chain = SelfTraining.of(
            *labelled, Z[self.accepted_], first, self.first_alpha_, weight=weight, kept=kept
        )
        self.alphas_ = penalties(self.alphas, chain.trace)
        left_out, models = chain.run(rounds, self.alphas_)
        self.loo_errors_ = np.mean(left_out**2, axis=2)
        self.n_rounds_, at = least(self.loo_errors_)
        self.alpha_ = float(self.alphas_[at]) if self.n_rounds_ else self.first_alpha_
        self.loo_error_ = float(self.loo_errors_[self.n_rounds_, at])
        coefficients, intercept = models[self.n_rounds_][at]
        self.coef_ = coefficients if span is None else span @ coefficients
        self.intercept_ = float(level + intercept - origin @ self.coef_)
        return self

    def _accepted(self, Z: Array, known: Mask, first: Fit, most: float | None) -> Mask:
        """Unlabelled rows near enough to the labelled ones."""
        spread = (Z - first.mean) @ first.basis
        leverage = spread**2 @ first.shrunk(np.array([self.first_alpha_]))[:, 0] + 1 / first.count
        far = leverage > np.quantile(leverage[known], _FAR)
        self.far_share_ = float(far[~known].mean()) if not known.all() else float("nan")
        return ~known & (True if most is None else leverage <= most * leverage[known].mean())

    def predict(self, X: Any) -> Array:
        """Predictions of shape (m,)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(X @ self.coef_ + self.intercept_)
