"""Ridge and kernel ridge on one design for many labels and penalties at once, by one decomposition.

The intercept is free. With the centred Gram matrix ``U diag(s) U'`` the fit to labels y is
``ybar + U diag(s / (s + n penalty)) U' (y - ybar)``, and what leaving row i out changes is known from
the leverages ``1/n + sum_j U_ij^2 s_j / (s_j + n penalty)``. Rows of weights w, of mean one, are centred by
weighted means and scaled by ``sqrt(w)``: one of weight 2 is as good as two copies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss import _linalg
from genloss.estimate.decomposition import Decomposition
from genloss.estimate.kernels import LINEAR, Kernel
from genloss.estimate.leave_one_out import residuals
from genloss.outlook import kernel_ridge

Array = npt.NDArray[np.float64]
Models = Callable[[Array], Array]
"""Predictions (rows, columns) of a bundle of models, one for every column of labels."""

GRID = 10.0 ** np.arange(-6.5, 1.25, 0.5)
"""Penalties looked at, as shares of the trace of the features' covariance."""

RANK = 1e-12
_FEW = 3  # penalties up to which a factorisation each is cheaper than one decomposition
_SMALL = 40


@dataclass(frozen=True, eq=False)
class Design:
    """The rows of one fit, decomposed.

    Attributes
    ----------
    rows : ndarray of shape (n, p)
        Features.
    kernel : Kernel or None
        None for a linear model.
    values, left : ndarray of shape (r,) and (n, r)
        Positive eigenvalues of the centred Gram matrix, and its eigenvectors.
    lift : ndarray
        What turns ``left' y / (s + n penalty)`` into coefficients: of columns (p, r) if there are
        more rows than columns and no kernel, else of rows (n, r).
    centre : ndarray
        Mean of the features, or of the Gram matrix' rows.
    primal : bool
        Whether coefficients are of columns.
    """

    rows: Array
    kernel: Kernel | None
    values: Array
    left: Array
    lift: Array
    centre: Array
    primal: bool
    weights: Array | None = None

    @classmethod
    def of(cls, rows: Array, kernel: Kernel | None, weights: Array | None = None) -> Design:
        """Decompose the smaller of the two matrices; positive weights (n,) count by their ratios."""
        n, dim = rows.shape
        if weights is not None:
            weights = weights / weights.mean()
        root = None if weights is None else np.sqrt(weights)
        if kernel is None and n > dim:
            centre = mean_of(rows, weights)
            centred = rows - centre
            if root is not None:
                centred *= root[:, None]
            values, right = np.linalg.eigh(centred.T @ centred)
            kept = values > RANK * max(values[-1], 1e-300)
            values, right = values[kept], right[:, kept]
            left = centred @ (right / np.sqrt(values))
            return cls(rows, None, values, left, right * np.sqrt(values), centre, True, weights)
        gram = (kernel or LINEAR)(rows, rows)
        centre = mean_of(gram, weights)
        centred = gram - centre - centre[:, None] + mean_of(centre, weights)
        if root is not None:
            centred *= np.outer(root, root)
        values, left = np.linalg.eigh(centred)
        kept = values > RANK * max(values[-1], 1e-300)
        left = left[:, kept]
        lift = left if root is None else root[:, None] * left
        return cls(rows, kernel, values[kept], left, lift, centre, False, weights)

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.rows)

    @property
    def trace(self) -> float:
        """Trace of the features' covariance."""
        return float(self.values.sum() / self.n)

    def fit(self, labels: Array, penalty: Array) -> Models:
        """Models of labels (n, C) with one penalty a column; least norm where it is zero."""
        offset = mean_of(labels, self.weights)
        along = self.left.T @ self._scaled(labels - offset)
        coefficients = self.lift @ (along / (self.values[:, None] + self.n * penalty))
        return self._models(coefficients, offset - self.centre @ coefficients)

    def _models(self, coefficients: Array, intercept: Array) -> Models:
        if self.primal:
            return lambda X: X @ coefficients + intercept
        kernel = self.kernel
        if kernel is None:
            columns = self.rows.T @ coefficients
            return lambda X: X @ columns + intercept
        return lambda X: kernel(X, self.rows) @ coefficients + intercept

    def left_out(self, labels: Array, penalties: Array) -> Array:
        """Exact leave-one-out residuals (n, G) of one column of labels at G penalties."""
        decomposed = Decomposition(self.values, self.left)
        centred = self._scaled((labels - mean_of(labels, self.weights))[:, None])
        constant = np.full(self.n, 1 / self.n) if self.weights is None else self.weights / self.n
        found = residuals(decomposed, centred, penalties, constant)[:, :, 0].T
        return found if self.weights is None else found / np.sqrt(self.weights)[:, None]

    def _scaled(self, values: Array) -> Array:
        """Values (n, C) of the rows, as they enter a sum of squares."""
        return values if self.weights is None else np.sqrt(self.weights)[:, None] * values

    def grid(self) -> Array:
        """Penalties to choose from; none at all where least squares are determined."""
        scaled = self.trace * GRID
        determined = self.primal and self.n > self.values.size + 2
        return np.append(0.0, scaled) if determined else scaled

    def best(self, labels: Array) -> float:
        """The penalty with the least leave-one-out error, between the points of the grid."""
        grid = self.grid()
        return least(grid, mean_of(self.left_out(labels, grid) ** 2, self.weights))[0]


def mean_of(values: Array, weights: Array | None) -> Array:
    """Mean over rows, the first axis, with weights of mean one."""
    if weights is None:
        return np.asarray(values.mean(axis=0))
    return np.asarray(weights @ values / len(values))


def least(grid: Array, values: Array) -> tuple[float, float]:
    """Where a curve over penalties is least, by a parabola in log penalty, and its value there."""
    at = int(np.argmin(values))
    if not 0 < at < grid.size - 1 or grid[at - 1] <= 0 or not np.all(values[at - 1 : at + 2] > 0):
        return float(grid[at]), float(values[at])
    before, here, after = np.log(values[at - 1 : at + 2])
    bend = before - 2 * here + after
    shift = 0.5 * (before - after) / bend if bend > 0 else 0.0
    step = np.log(grid[at + 1] / grid[at])
    lowest = here - 0.25 * (before - after) * shift
    return float(grid[at] * np.exp(shift * step)), float(np.exp(lowest))


def fit(design: Callable[[], Design], labels: Array, penalty: Array) -> Models:
    """Fit every column; NaN as penalty stands for the best by leave-one-out on its own labels."""
    chosen = penalty
    if np.isnan(penalty).any():
        decomposed = design()
        chosen = np.array(
            [
                decomposed.best(labels[:, c]) if np.isnan(lam) else lam
                for c, lam in enumerate(penalty)
            ]
        )
    return design().fit(labels, chosen)


def factored(
    rows: Array,
    kernel: Kernel | None,
    labels: Array,
    penalty: Array,
    weights: Array | None = None,
    *,
    single: bool = False,
) -> Models | None:
    """The same as `fit` by one Cholesky factor for every penalty; None where one is not positive.

    ``single``: of kernels, in single precision where that is safe.
    """
    if weights is not None:
        weights = weights / weights.mean()
    if kernel is None:
        return _factored_columns(rows, labels, penalty, weights)
    return kernel_ridge.fit(rows, kernel, labels, penalty, weights, single=single)


def _factored_columns(
    rows: Array, labels: Array, penalty: Array, weights: Array | None
) -> Models | None:
    """Linear models of more rows than columns."""
    centre, offset = mean_of(rows, weights), mean_of(labels, weights)
    centred, off = rows - centre, labels - offset
    if weights is not None:
        root = np.sqrt(weights)[:, None]
        centred, off = root * centred, root * off
    gram, right = centred.T @ centred, centred.T @ off
    coefficients = np.empty_like(right)
    for value in set(penalty.tolist()):
        system, here = gram.copy(), penalty == value
        system.flat[:: len(gram) + 1] += len(rows) * value
        factor = _linalg.cholesky(system, overwrite=True)
        if factor is None:
            return None
        coefficients[:, here] = _linalg.solve(factor, right[:, here])
    intercept = offset - centre @ coefficients
    return lambda X: X @ coefficients + intercept


def few_penalties(rows: Array, kernel: Kernel | None, penalty: Array) -> bool:
    """Whether factorisations are the cheaper way, and a safe one."""
    n, dim = rows.shape
    if np.isnan(penalty).any() or len(set(penalty.tolist())) > _FEW:
        return False
    if kernel is None:
        return n > dim + 1
    return n > _SMALL and bool((penalty > 0).all())
