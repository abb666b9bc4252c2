"""Ridge on real and synthetic rows together: one decomposition a weight, all penalties at once.

With weight w on a synthetic row, N = n + w m and mu the weighted mean of all rows,

    G = G_r + w G_s - N mu mu' = V diag(l) V' ,     h_i = |z_i|^2_{1/(l + alpha)} + 1/N ,   z_i = V'(x_i - mu)

and the fit without the real row i leaves ``(y_i - fit_i) / (1 - h_i)`` on it. G_r, G_s and the identity
are three matrices, so that one decomposition serves all penalties at one weight, not all weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.estimate.decomposition import DEPENDENT

Array = npt.NDArray[np.float64]

WEIGHTS = np.append(0.0, np.logspace(-3, 1, 17))
"""Weights of a synthetic row that are tried; a real one has 1."""

LABELERS = np.logspace(-5, 2, 36)
"""Penalties that a ridge that made labels may have had."""

ALONE = 1e-9
"""Slack ``1 - h`` below which a row decides its own fit, and says nothing of others."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over rows: weights, features, labels, and their products.

    Attributes
    ----------
    count : float
        Sum of the rows' weights.
    total : ndarray of shape (p,)
        Sum of the features; ``label`` that of the labels.
    gram : ndarray of shape (p, p)
        Sum of ``x x'``; ``cross`` of shape (p,) that of ``x y``.
    """

    count: float
    total: Array
    label: float
    gram: Array
    cross: Array

    @classmethod
    def of(cls, X: Array, y: Array, weights: Array | None = None) -> Moments:
        """Sums over rows ``X`` (k, p) with labels ``y`` (k,)."""
        weighted = X if weights is None else X * weights[:, None]
        count = float(len(X) if weights is None else weights.sum())
        label = float(y.sum() if weights is None else y @ weights)
        return cls(count, weighted.sum(axis=0), label, weighted.T @ X, weighted.T @ y)

    def plus(self, weight: float, other: Moments) -> Moments:
        """Sums over these rows and others, which count ``weight`` each."""
        return Moments(
            self.count + weight * other.count,
            self.total + weight * other.total,
            self.label + weight * other.label,
            self.gram + weight * other.gram,
            self.cross + weight * other.cross,
        )


@dataclass(frozen=True, eq=False)
class Fit:
    """Ridge of some rows at all penalties, in the eigenbasis of their centred Gram matrix.

    Attributes
    ----------
    count, mean, label : float, ndarray of shape (p,) and float
        Sum of weights, weighted mean of features and of labels.
    values, basis : ndarray of shape (r,) and (p, r)
        Eigenvalues above rounding, and their eigenvectors.
    along : ndarray of shape (r,)
        Centred products with the labels, in the basis.
    """

    count: float
    mean: Array
    label: float
    values: Array
    basis: Array
    along: Array

    @classmethod
    def of(cls, sums: Moments) -> Fit:
        """Decompose."""
        mean, label = sums.total / sums.count, sums.label / sums.count
        values, basis = np.linalg.eigh(sums.gram - np.outer(sums.total, mean))
        kept = values > DEPENDENT * max(values[-1], 0.0)
        values, basis = values[kept], basis[:, kept]
        return cls(
            sums.count, mean, label, values, basis, basis.T @ (sums.cross - sums.total * label)
        )

    def shrunk(self, alphas: Array) -> Array:
        """``1 / (l + alpha)`` of shape (r, q)."""
        return 1 / (self.values[:, None] + alphas)

    def model(self, alpha: float) -> tuple[Array, float]:
        """Coefficients (p,) and intercept."""
        coefficients = self.basis @ (self.along / (self.values + alpha))
        return coefficients, self.label - float(self.mean @ coefficients)

    def left_out(self, X: Array, y: Array, alphas: Array, weights: Array | None = None) -> Array:
        """Leave-one-out residuals (q, n) of rows that are in the fit; infinite where one is alone."""
        Z, shrunk = (X - self.mean) @ self.basis, self.shrunk(alphas)
        leverage = Z**2 @ shrunk + 1 / self.count
        if weights is not None:
            leverage *= weights[:, None]
        residual = y[:, None] - self.label - Z @ (self.along[:, None] * shrunk)
        return divided(residual, 1 - leverage).T


def divided(residual: Array, slack: Array) -> Array:
    """Residual over slack, infinite where there is none."""
    known = slack > ALONE
    return np.where(known, residual / np.where(known, slack, 1.0), np.inf)


@dataclass(frozen=True, eq=False)
class Stack:
    """Real rows ``X`` (n, p) with labels ``y`` (n,), synthetic ones as moments about the same origin.

    Features are moved to the real rows' mean beforehand, so that no digits are lost.
    """

    X: Array
    y: Array
    real: Moments
    synthetic: Moments
    row_weights: Array | None = None

    @classmethod
    def of(
        cls,
        X: Array,
        y: Array,
        X_synthetic: Array,
        y_synthetic: Array,
        row_weights: Array | None = None,
        synthetic_weights: Array | None = None,
    ) -> Stack:
        """Take the sums."""
        return cls(
            X,
            y,
            Moments.of(X, y, row_weights),
            Moments.of(X_synthetic, y_synthetic, synthetic_weights),
            row_weights,
        )

    def fits(self, weights: Array) -> Iterator[Fit]:
        """The fit of all rows, for every weight."""
        for weight in weights:
            yield Fit.of(self.real.plus(float(weight), self.synthetic))

    def left_out(self, fit: Fit, alphas: Array) -> Array:
        """Leave-one-out residuals (q, n) of the real rows."""
        return fit.left_out(self.X, self.y, alphas, self.row_weights)

    def closest(self, fit: Fit, alphas: Array) -> int:
        """Place of the penalty at which a fit comes nearest to the synthetic labels."""
        sums, missed = self.synthetic, []
        for alpha in alphas:
            slopes, level = fit.model(float(alpha))
            own = slopes @ sums.gram @ slopes + level * (
                2 * slopes @ sums.total + level * sums.count
            )
            missed.append(float(own - 2 * (slopes @ sums.cross + level * sums.label)))
        return int(np.argmin(missed))


def spanning(rows: Array) -> Array | None:
    """Orthonormal basis (p, r) of what the rows span; None where features are no more than rows.

    Ridge never leaves the span, so that wide tables are fitted in fewer coordinates, exactly.
    """
    if rows.shape[1] <= len(rows):
        return None
    return np.linalg.svd(rows, full_matrices=False)[2].T
