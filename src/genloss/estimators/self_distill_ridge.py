"""Ridge trained on its own predictions, mixed with the labels as leave-one-out says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from genloss import _check
from genloss.estimate.decomposition import Decomposition, decompose
from genloss.estimators._alphas import check_squares, least, penalties
from genloss.weighing.stacked import divided

Array = npt.NDArray[np.float64]

MOST_STEPS = 1000

_ROUNDING = 1e-9  # share of the residuals below which students do not differ


class SelfDistillRidge(RegressorMixin, BaseEstimator):
    """Self-distillation of ridge on one design, tuned in one shot without refits.

    Step j fits the same rows, by the same penalty, to ``(1 - mixing_j) y + mixing_j f_(j-1)``, where
    f_0 is plain ridge. The last student is ``sum_j c_j H**j y`` with weights of sum 1, H being
    ridge's hat matrix: its exact leave-one-out residuals are as linear in c, and the best c is one
    small least-squares problem.

    Parameters
    ----------
    alphas : float or array_like of shape (q,), optional
        Penalties that are tried, as in scikit-learn's ``Ridge``; each with its own best mixing.
        Default: 16 half decades, from 3e-7 to 10 times the trace of the centred Gram matrix.
    steps : int, default 1
        Number of students in turn, at most 1,000.
    mixing : float, optional
        Share of the predictions in every student's labels, any real number; default: by
        leave-one-out, a number for every step.

    Attributes
    ----------
    alpha_ : float
        The penalty chosen.
    mixing_ : ndarray of shape (steps,)
        Share of the predictions in each student's labels.
    loo_error_, teacher_loo_error_ : float
        Mean squared leave-one-out error of the last student, and of plain ridge by the same penalty.
    loo_errors_, alphas_ : ndarray of shape (q,)
        The students' errors for every penalty.
    coef_ : ndarray of shape (p,)
        Coefficients; ``intercept_`` is the intercept, which has no penalty.

    Notes
    -----
    The row that is left out is left out of every fit of the chain (`theory.md` 2.12): its teacher
    never saw it either. Mixing above 1, or below 0, is what theory asks for at penalties below or
    above the best one; at ridge's best penalty for inputs alike in all directions it is 0.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss.estimators import SelfDistillRidge
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 40)) * np.arange(1, 41) ** -1.0
    >>> y = X @ np.ones(40) + rng.normal(size=80)
    >>> model = SelfDistillRidge(alphas=0.1).fit(X, y)
    >>> bool(model.loo_error_ < model.teacher_loo_error_)
    True
    """

    def __init__(self, alphas: Any = None, *, steps: int = 1, mixing: float | None = None) -> None:
        self.alphas = alphas
        self.steps = steps
        self.mixing = mixing

    def fit(self, X: Any, y: Any) -> Self:
        """Fit the chain, and choose penalty and mixing.

        Parameters
        ----------
        X : array_like of shape (n, p)
            Rows.
        y : array_like of shape (n,)
            Labels.

        Returns
        -------
        SelfDistillRidge
            Itself.

        Raises
        ------
        InvalidInputError
            If a parameter is out of range, or no penalty leaves a finite error.
        """
        steps = _check.integer("steps", self.steps, minimum=1, maximum=MOST_STEPS)
        fixed = None if self.mixing is None else _check.finite("mixing", self.mixing)
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2)
        y = y.astype(np.float64)
        check_squares("X", X)
        check_squares("y", y)
        centre, level = X.mean(axis=0), float(y.mean())
        rows = decompose(X, None)
        self.alphas_ = penalties(self.alphas, float(rows.values.sum()))
        students = [
            _Students.of(rows, y - level, float(alpha), steps, fixed) for alpha in self.alphas_
        ]
        self.loo_errors_ = np.array([each.error for each in students])
        (at,) = least(self.loo_errors_)
        chosen = students[at]
        self.alpha_, self.loo_error_ = float(self.alphas_[at]), chosen.error
        self.teacher_loo_error_, self.mixing_ = chosen.teacher_error, mixings(chosen.shares)
        kept = rows.values / (rows.values + self.alpha_)
        along = rows.left.T @ (y - level)
        filtered = np.polynomial.polynomial.polyval(kept, np.append(0.0, chosen.shares)) * along
        self.coef_ = (X - centre).T @ (rows.left @ (filtered / rows.values))
        self.intercept_ = float(level - centre @ self.coef_)
        return self

    def predict(self, X: Any) -> Array:
        """Predictions of shape (m,)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(X @ self.coef_ + self.intercept_)


@dataclass(frozen=True, eq=False)
class _Students:
    """The best student at one penalty: weights of ``H**1 y, H**2 y, ...``, and errors."""

    shares: Array
    error: float
    teacher_error: float

    @classmethod
    def of(
        cls, rows: Decomposition, y: Array, alpha: float, steps: int, fixed: float | None
    ) -> _Students:
        chain = left_out_chain(rows, y, alpha, steps + 1)
        teacher, apart = chain[0], chain[1:] - chain[0]
        if not np.isfinite(chain).all():
            return cls(np.eye(steps + 1)[0], np.inf, np.inf)
        if fixed is None:
            apart_by, rounding = np.linalg.norm(apart, 2), _ROUNDING * np.linalg.norm(teacher)
            more = np.zeros(steps)
            if apart_by > rounding:
                share = max(1e-8, float(rounding / apart_by))
                more = np.linalg.lstsq(apart.T, -teacher, rcond=share)[0]
        else:
            # f_j = (1 - mixing) H y + mixing H f_(j-1)
            more = (1 - fixed) * fixed ** np.arange(1.0, steps + 1)
            more[-1] = fixed**steps
        residual = teacher + more @ apart
        shares = np.append(1 - more.sum(), more)
        return cls(shares, float(np.mean(residual**2)), float(np.mean(teacher**2)))


def left_out_chain(rows: Decomposition, y: Array, alpha: float, length: int) -> Array:
    """Leave-one-out residuals (length, n) of ``H y, H**2 y, ...`` on centred labels.

    Parameters
    ----------
    rows : Decomposition
        The centred rows.
    y : ndarray of shape (n,)
        Labels of mean zero.
    alpha : float
        The penalty.
    length : int
        Number of fits in turn; each is on the predictions of the one before, without row i.

    Notes
    -----
    In coordinates z_i along the directions, with ``s = l / (l + alpha)``, what leaving i out changes
    in fit j is ``sum_a D_ja s**a z_i / (l + alpha)``: only the numbers D_ja differ between rows. The
    intercept is one more direction, with s = 1 and leverage 1/n.
    """
    n, squares = len(y), rows.left**2
    kept = rows.values / (rows.values + alpha)
    # sum over directions of s**(a + 1), the leverage of a step that is shrunk a times more
    reach = [squares @ kept ** (a + 1) + 1 / n for a in range(length)]
    slack = 1 - reach[0]
    along = rows.left.T @ y
    changes = list[Array]()
    found = np.empty((length, n))
    label = y
    for j in range(length):
        fitted = rows.left @ (kept ** (j + 1) * along)
        shift = sum((c * reach[a + 1] for a, c in enumerate(changes)), start=np.zeros(n))
        # the fit to what is left misses row i's own label, whatever it is, by this
        missed = divided(label - (fitted - shift), slack)
        found[j] = y - (label - missed)
        # and leaving row i out is as if its label were predicted right
        changes = [missed, *changes]
        label = y - found[j]
    return found


def mixings(shares: Array) -> Array:
    """Share of predictions in every student's labels, the last student's weights of H**j y given."""
    found = np.zeros(len(shares) - 1)
    for step in range(len(found) - 1, -1, -1):
        found[step] = 1 - shares[0]
        if found[step] == 0:
            break
        shares = shares[1:] / found[step]
    return found
