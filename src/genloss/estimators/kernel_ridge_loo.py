"""Kernel ridge whose penalty is chosen by exact leave-one-out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.metrics.pairwise import pairwise_kernels
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from genloss import _check
from genloss.errors import InvalidInputError
from genloss.estimate.decomposition import DEPENDENT, Decomposition
from genloss.estimate.leave_one_out import residuals
from genloss.estimators._alphas import check_squares, least, penalties

Array = npt.NDArray[np.float64]


class KernelRidgeLOO(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """Kernel ridge regression with the penalty of least leave-one-out error.

    One eigendecomposition of the kernel matrix answers every penalty: with its eigenvalues l,
    eigenvectors u and leverages ``h_i = sum_j u_ij**2 l_j / (l_j + alpha)``, the fit without row i
    misses it by ``(y_i - fit_i) / (1 - h_i)``.

    Parameters
    ----------
    alphas : float or array_like of shape (q,), optional
        Penalties that are tried, as in scikit-learn's ``KernelRidge(alpha=...)``; 0 is allowed and
        means the solution of least norm. Default: 16 half decades, from 3e-7 to 10 times the trace
        of the centred kernel matrix.
    kernel : str or callable, default "linear"
        Any kernel of `sklearn.metrics.pairwise.pairwise_kernels`, or "precomputed": X is then the
        kernel matrix, of shape (n, n) in `fit` and (m, n) in `predict`.
    gamma, degree, coef0 : float, default None, 3, 1
        Parameters of the kernel, as in ``KernelRidge``.
    kernel_params : mapping, optional
        Further parameters of a callable kernel.
    fit_intercept : bool, default True
        Whether there is a free intercept. Without it the model is scikit-learn's ``KernelRidge``.

    Attributes
    ----------
    alpha_ : float
        The penalty chosen, one for all targets.
    alphas_, loo_errors_ : ndarray of shape (q,)
        What was tried, and its mean squared leave-one-out error, over all targets.
    loo_error_ : float
        The least of them.
    dual_coef_ : ndarray of shape (n,) or (n, targets)
        Coefficients of the rows; ``intercept_`` is what is added.
    X_fit_ : ndarray of shape (n, p) or (n, n)
        The rows of the fit.

    See Also
    --------
    genloss.estimate.leave_one_out : The residuals alone.

    Notes
    -----
    `theory.md` 2.12 has the residual. A row of weight 2 is not two copies of it: leaving out one of
    two copies leaves the other behind.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss.estimators import KernelRidgeLOO
    >>> X = np.linspace(0, 6, 40)[:, None]
    >>> model = KernelRidgeLOO(kernel="rbf", gamma=1.0).fit(X, np.sin(X[:, 0]))
    >>> bool(model.score(X, np.sin(X[:, 0])) > 0.999)
    True
    """

    def __init__(
        self,
        alphas: Any = None,
        *,
        kernel: Any = "linear",
        gamma: float | None = None,
        degree: float = 3,
        coef0: float = 1,
        kernel_params: dict[str, Any] | None = None,
        fit_intercept: bool = True,
    ) -> None:
        self.alphas = alphas
        self.kernel = kernel
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0
        self.kernel_params = kernel_params
        self.fit_intercept = fit_intercept

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit, and choose the penalty.

        Parameters
        ----------
        X : array_like of shape (n, p), or (n, n) if precomputed
            Rows.
        y : array_like of shape (n,) or (n, targets)
            Labels.
        sample_weight : array_like of shape (n,), optional
            Weights of the rows in the fit and in the error that chooses; a row of weight 0 is in
            neither.

        Returns
        -------
        KernelRidgeLOO
            Itself.

        Raises
        ------
        InvalidInputError
            If a penalty is negative, or none leaves a finite error.
        """
        intercept = _check.boolean("fit_intercept", self.fit_intercept)
        X, y = validate_data(
            self, X, y, dtype=np.float64, multi_output=True, y_numeric=True, ensure_min_samples=2
        )
        if self.kernel == "precomputed" and X.shape[0] != X.shape[1]:
            raise InvalidInputError(
                f"X had shape {X.shape} with kernel='precomputed'; it must be a square matrix"
            )
        weights = None
        if sample_weight is not None:
            weights = _check_sample_weight(
                sample_weight, X, dtype=np.float64, ensure_non_negative=True
            )
            if np.count_nonzero(weights) < 2:
                raise InvalidInputError("sample_weight was zero on all rows but one, or on all")
        used = slice(None) if weights is None else np.flatnonzero(weights)
        check_squares("y", y[used])
        if self.kernel != "precomputed" and not callable(self.kernel):
            check_squares("X", X[used])
        self._origin = np.zeros(X.shape[1])
        if self.kernel == "rbf" or (self.kernel == "linear" and intercept):
            # the model is the same wherever the origin is, and digits are lost far from it
            self._origin = np.average(X, axis=0, weights=weights)
        rows = _Rows.of(
            self._gram(X, None)[used][:, used],
            y.reshape(len(y), -1)[used].astype(np.float64),
            None if weights is None else weights[used],
            intercept=intercept,
        )
        self.alphas_ = penalties(self.alphas, float(rows.directions.values.sum()))
        self.loo_errors_ = rows.errors(self.alphas_)
        (at,) = least(self.loo_errors_)
        self.alpha_, self.loo_error_ = float(self.alphas_[at]), float(self.loo_errors_[at])
        dual, intercepts = rows.solution(self.alpha_)
        whole = np.zeros((len(y), dual.shape[1]))
        whole[used] = dual
        single = y.ndim == 1
        self.dual_coef_ = whole[:, 0] if single else whole
        self.intercept_ = float(intercepts[0]) if single else intercepts
        self.X_fit_ = X
        return self

    def predict(self, X: Any) -> Array:
        """Predictions of shape (m,) or (m, targets)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(self._gram(X, self.X_fit_) @ self.dual_coef_ + self.intercept_)

    def _gram(self, X: Array, Y: Array | None) -> Array:
        if self.kernel == "precomputed":
            return X
        if callable(self.kernel):
            more = self.kernel_params or {}
        else:
            more = {"gamma": self.gamma, "degree": self.degree, "coef0": self.coef0}
        X, Y = X - self._origin, None if Y is None else Y - self._origin
        found = pairwise_kernels(X, Y, metric=self.kernel, filter_params=True, **more)
        return np.asarray(found, dtype=np.float64)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.kernel == "precomputed"
        return tags


@dataclass(frozen=True, eq=False)
class _Uncentred(Decomposition):
    """Rows that were not centred: no direction is the constant's."""

    @property
    def fills(self) -> bool:
        """Whether there is a direction for every row."""
        return self.rank == len(self.left)


@dataclass(frozen=True, eq=False)
class _Rows:
    """A decomposed kernel matrix and its labels, both times the roots of the rows' weights."""

    directions: Decomposition
    labels: Array
    mean: Array
    of_kernel: Array
    root: Array | None
    constant: Array

    @classmethod
    def of(cls, gram: Array, y: Array, weights: Array | None, *, intercept: bool) -> _Rows:
        n = len(y)
        root = None if weights is None else np.sqrt(weights)
        shares = np.full(n, 1 / n) if weights is None else weights / weights.sum()
        mean, of_kernel, constant = np.zeros(y.shape[1]), np.zeros(n), np.zeros(n)
        if intercept:
            mean, of_kernel, constant = shares @ y, shares @ gram, shares
            gram = gram - of_kernel
            gram -= (gram @ shares)[:, None]
        labels = y - mean
        if root is not None:
            gram, labels = gram * np.outer(root, root), labels * root[:, None]
        values, left = np.linalg.eigh(gram)
        kept = values > DEPENDENT * max(values[-1], 0.0)
        kind = Decomposition if intercept else _Uncentred
        return cls(kind(values[kept], left[:, kept]), labels, mean, of_kernel, root, constant)

    def errors(self, alphas: Array) -> Array:
        """Mean squared leave-one-out errors (q,), rows by their weights."""
        found = residuals(self.directions, self.labels, alphas / len(self.labels), self.constant)
        squares = np.mean(found**2, axis=2)  # times the weights already
        total = len(self.labels) if self.root is None else self.root @ self.root
        return np.asarray(squares.sum(axis=1) / total)

    def solution(self, alpha: float) -> tuple[Array, Array]:
        """Dual coefficients (n, targets) and intercepts (targets,)."""
        left = self.directions.left
        dual = left @ ((left.T @ self.labels) / (self.directions.values + alpha)[:, None])
        if self.root is not None:
            dual *= self.root[:, None]
        return dual, self.mean - self.of_kernel @ dual
