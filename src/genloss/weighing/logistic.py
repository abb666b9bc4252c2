"""Logistic regression on real and synthetic rows, and what it says of every real row when it has not seen it.

Scores of K classes are ``C z``, C (K, K - 1) with orthonormal columns across the constant, z = theta'(1, x).
Without the real row i, one Newton step from the fit of all rows moves them by

    z_i + H_i (1 - W_i H_i)^-1 g_i ,    g_i = C'(q_i - y_i) ,   W_i = C'(diag q_i - q_i q_i')C ,

H_i (K - 1, K - 1) being the row's blocks of the inverse Hessian: near to a refit, which a few more steps reach.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from genloss.equivalents import NotSolvedError

Array = npt.NDArray[np.float64]

_STEPS, _NEAR, _LEAST = 40, 1e-6, 1e-8
_BLOCK, _STILL = 50, 1e-3  # rows at a time; change of a score that is none
_LEVEL = 1e-6
"""Pull on intercepts, as a share of the rows: classes that no row has stay finite."""


def contrasts(n_classes: int) -> Array:
    """Orthonormal columns (K, K - 1) across the constant."""
    steps = (
        np.tril(np.ones((n_classes, n_classes)), -1)[:, :-1]
        - np.diag(np.arange(n_classes, 0, -1) - 1.0)[:, :-1]
    )
    return np.asarray(steps / np.linalg.norm(steps, axis=0))


def with_ones(X: Array) -> Array:
    """Rows with a column of ones before them."""
    return np.column_stack([np.ones(len(X)), X])


def chances(scores: Array) -> Array:
    """Softmax of scores (..., K)."""
    scores = scores - scores.max(axis=-1, keepdims=True)
    grown = np.exp(scores)
    return np.asarray(grown / grown.sum(axis=-1, keepdims=True))


@dataclass(frozen=True, eq=False)
class Labelled:
    """Rows ``X`` (n, p + 1) with ones before them, labels ``Y`` (n, K) as vectors, ``counts`` (n,)."""

    X: Array
    Y: Array
    counts: Array

    @classmethod
    def of(cls, X: Array, Y: Array) -> Labelled:
        """Rows that count one each."""
        return cls(with_ones(X), Y, np.ones(len(X)))

    def plus(self, weight: float, other: Labelled) -> Labelled:
        """These rows and others that count ``weight`` each; without them at weight 0."""
        if weight == 0:
            return self
        return Labelled(
            np.vstack([self.X, other.X]),
            np.vstack([self.Y, other.Y]),
            np.append(self.counts, weight * other.counts),
        )

    def only(self, rows: npt.NDArray[np.bool_]) -> Labelled:
        """Some of them."""
        return Labelled(self.X[rows], self.Y[rows], self.counts[rows])


@dataclass(frozen=True, eq=False)
class Logistic:
    """One fit.

    Attributes
    ----------
    theta : ndarray of shape (p + 1, K - 1)
        Coefficients in contrasts, intercepts first.
    rows : Labelled
        What it was fitted to.
    penalty : float
        By the package's convention.
    """

    theta: Array
    rows: Labelled
    penalty: float

    @classmethod
    def fit(cls, rows: Labelled, penalty: float, start: Array | None = None) -> Logistic:
        """Minimise ``sum_i c_i loss_i + N penalty |B|^2`` by Newton steps, N the sum of counts.

        B are scikit-learn's coefficients, so that ``C = 1 / (2 N penalty)`` gives the same model.

        Raises
        ------
        NotSolvedError
            If the minimum was not found.
        """
        base = contrasts(rows.Y.shape[1])
        pull = _pull(rows, penalty)
        theta = np.zeros((rows.X.shape[1], base.shape[1])) if start is None else start
        value = _value(rows, theta, base, pull)
        for _ in range(_STEPS):
            q = chances(rows.X @ theta @ base.T)
            slope = rows.X.T @ (rows.counts[:, None] * ((q - rows.Y) @ base))
            slope += pull[:, None] * theta
            step = np.linalg.solve(_hessian(rows, q, base, pull), slope.ravel())
            step, size = step.reshape(theta.shape), 1.0
            while (new := _value(rows, theta - size * step, base, pull)) > value and size > _LEAST:
                size /= 2
            theta, value = theta - size * step, min(new, value)
            if np.sum(slope * step) <= _NEAR * abs(value):  # the next step would be its square
                return cls(theta, rows, penalty)
        raise NotSolvedError(
            f"a logistic regression was not found in {_STEPS} steps of Newton's method: rows are too far apart for it; "
            "leave those far out away, take another kernel, or give an estimator"
        )

    @cached_property
    def inverse(self) -> Array:
        """Inverse of the Hessian of the summed loss, shape (p + 1, K - 1, p + 1, K - 1)."""
        base = contrasts(self.rows.Y.shape[1])
        q = chances(self.rows.X @ self.theta @ base.T)
        hessian = _hessian(self.rows, q, base, _pull(self.rows, self.penalty))
        return np.asarray(np.linalg.inv(hessian).reshape(2 * self.theta.shape), np.float64)

    def scores(self, X: Array) -> Array:
        """Contrasts (n, K - 1) of rows with ones before them."""
        return np.asarray(X @ self.theta)

    def left_out(self, rows: Labelled, *, steps: int = 1) -> Array:
        """Contrasts (n, K - 1) of rows that count one, first among those of the fit, each without itself.

        After one Newton step for every row; ``steps`` of them, fewer where they no longer move, end at a refit.
        """
        base = contrasts(rows.Y.shape[1])
        q = chances(self.scores(rows.X) @ base.T)
        lifted = np.tensordot(rows.X, self.inverse, axes=(1, 2))  # (n, p + 1, K - 1, K - 1)
        reach = np.einsum("ij,ijab->iab", rows.X, lifted)
        slack = np.eye(base.shape[1]) - curvature(q, base) @ reach
        step = np.linalg.solve(slack, ((q - rows.Y) @ base)[:, :, None])[:, :, 0]
        if steps == 1:
            return self.scores(rows.X) + np.asarray(np.einsum("iab,ib->ia", reach, step))
        theta = self.theta + np.einsum("ijab,ib->ija", lifted, step)
        found = np.empty_like(step)
        for at in range(0, len(theta), _BLOCK):
            block = np.arange(at, min(at + _BLOCK, len(theta)))
            found[block] = self._refitted(rows, block, theta[block], steps - 1)
        return found

    def _refitted(
        self, rows: Labelled, block: npt.NDArray[np.intp], theta: Array, steps: int
    ) -> Array:
        """What some rows (b,) get from models (b, p + 1, K - 1) without them, after so many damped Newton steps."""
        base, every = contrasts(rows.Y.shape[1]), self.rows
        pull, width = _pull(every, self.penalty), base.shape[1]
        counts = np.tile(every.counts, (len(block), 1))
        counts[np.arange(len(block)), block] = 0.0
        for _ in range(steps):
            q = chances(every.X @ theta @ base.T)
            slope = every.X.T @ (counts[:, :, None] * ((q - every.Y) @ base))
            slope += pull[:, None] * theta
            bent = curvature(q, base) * counts[:, :, None, None]
            hessian = np.empty((len(block), *2 * theta.shape[1:]))
            for a in range(width):
                for b in range(a, width):
                    part = np.swapaxes(every.X * bent[:, :, a, b, None], 1, 2) @ every.X
                    hessian[:, :, a, :, b] = hessian[:, :, b, :, a] = part
            size = theta[0].size
            square = hessian.reshape(-1, size, size) + np.diag(np.repeat(pull, width))
            step = np.linalg.solve(square, slope.reshape(-1, size, 1)).reshape(theta.shape)
            far = np.sqrt(2) * np.abs(every.X @ step).max(axis=(1, 2))
            # of self-concordant losses like this one: the longest step that surely goes down
            theta = theta - (np.log1p(far) / np.maximum(far, 1e-300))[:, None, None] * step
            if far.max() < _STILL:
                break
        return np.asarray(np.einsum("ij,ija->ia", rows.X[block], theta))


def curvature(q: Array, base: Array) -> Array:
    """Second derivatives (..., K - 1, K - 1) of the loss in contrasts, of chances (..., K)."""
    mean = q @ base
    square = np.einsum("...k,ka,kb->...ab", q, base, base)
    return np.asarray(square - mean[..., :, None] * mean[..., None, :])


def path(rows: Labelled, grid: Array) -> Iterator[Logistic]:
    """A fit for every penalty, strongest first; each starts where the last one ended."""
    start: Array | None = None
    for penalty in sorted(grid, reverse=True):
        fit = Logistic.fit(rows, float(penalty), start)
        start = fit.theta
        yield fit


def _pull(rows: Labelled, penalty: float) -> Array:
    """Second derivative (p + 1,) of the penalty in every contrast."""
    each = 4.0 if rows.Y.shape[1] == 2 else 2.0  # the logit of two classes is sqrt(2) contrasts
    pull = np.full(rows.X.shape[1], each * penalty)
    pull[0] = _LEVEL
    return pull * rows.counts.sum()


def _value(rows: Labelled, theta: Array, base: Array, pull: Array) -> float:
    scores = rows.X @ theta @ base.T
    top = scores.max(axis=1)
    loss = np.log(np.exp(scores - top[:, None]).sum(axis=1)) + top - (scores * rows.Y).sum(axis=1)
    return float(rows.counts @ loss + pull @ (theta**2).sum(axis=1) / 2)


def _hessian(rows: Labelled, q: Array, base: Array, pull: Array) -> Array:
    found = products(rows.X, curvature(q, base) * rows.counts[:, None, None])
    return found + np.diag(np.repeat(pull, base.shape[1]))


def products(X: Array, metric: Array) -> Array:
    """Sum over rows of ``x x'`` times their metrics (n, K - 1, K - 1), as one square matrix."""
    width, p = metric.shape[1], X.shape[1]
    found = np.empty((p, width, p, width))
    for a in range(width):
        for b in range(a, width):
            found[:, a, :, b] = found[:, b, :, a] = (X * metric[:, a, b, None]).T @ X
    return found.reshape(p * width, p * width)
