"""A plan run literally on real rows: on rows held out for it, or rehearsed on recycled ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import scipy.linalg

from genloss import _linalg
from genloss.data.kernels import LINEAR, Kernel
from genloss.errors import InvalidInputError
from genloss.generation import REAL, Generation
from genloss.plan import Plan

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

MOST_SCORED = 3000  # rows on which a rehearsed model is scored


class Model(Protocol):
    """A fitted model."""

    def __call__(self, X: Array) -> Array:
        """Predictions for any rows."""

    def at(self, rows: Rows) -> Array:
        """Predictions for rows of the pool it was fitted on."""


class Fitted(NamedTuple):
    """One model of a chain, with the rows it was fitted on."""

    model: Model
    rows: Rows
    labels: Array
    real: npt.NDArray[np.bool_]


def walk(
    plan: Plan,
    labels: Array,
    fit: Callable[[Rows, Array, float], Model],
    rng: np.random.Generator,
) -> Iterator[Fitted]:
    """Run a plan on a pool of rows with real ``labels``, yielding every model.

    A fresh design takes the rows that were used longest ago: nobody's, as long as there are any.
    Real labels come as they are; a source's noise is added to what models say. Labels may have any
    number of columns, shape (n_rows,) or (n_rows, k).

    Raises
    ------
    InvalidInputError
        If a generation has more rows than there are, or weights, covariances, features or drawn rows,
        which rows of data do not have.
    """
    _check_runs(plan, len(labels))
    last_used = np.full(len(labels), -1)
    models: dict[int, Model] = {}
    rows, pooled = np.empty(0, dtype=np.intp), []
    for t, generation in enumerate(plan):
        if generation.design == "fresh":
            rows = _smallest(last_used + rng.random(len(labels)), generation.n_samples)
            last_used[rows] = t
        block = (rows, *_label(generation, t, rows, labels, models, rng))
        pooled.append(block)
        used = (
            tuple(np.concatenate(parts) for parts in zip(*pooled, strict=True))
            if generation.pooled
            else block
        )
        models[t] = fit(used[0], used[1], generation.fixed_penalty)
        yield Fitted(models[t], *used)


def _check_runs(plan: Plan, n_rows: int) -> None:
    """Raise InvalidInputError, before any work, for what a walk on rows of data cannot do."""
    for model, generation in enumerate(plan):
        if generation.n_samples > n_rows:
            raise InvalidInputError(
                f"n_samples of model {model} was {generation.n_samples}; there are {n_rows} rows, it "
                "must be at most that"
            )
        sources = generation.sources
        refused = {
            "weights": any(source.weight != 1 for source in sources),
            "covariances of its own": any(source.covariance is not None for source in sources),
            "random features": generation.features is not None,
            "rows drawn from a pool": generation.subsample is not None,
        }
        for what in (name for name, there in refused.items() if there):
            raise InvalidInputError(
                f"plan has {what} in model {model}; a chain on rows of data cannot have them, "
                "predict and simulate can"
            )


def _smallest(values: Array, count: int) -> Rows:
    """Where the smallest values are, in their order, without sorting the others."""
    found = np.argpartition(values, count - 1)[:count]
    return found[np.argsort(values[found])]


def _label(
    generation: Generation,
    t: int,
    rows: Rows,
    labels: Array,
    models: dict[int, Model],
    rng: np.random.Generator,
) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Labels of one generation's rows, and which of them a real label took part in."""
    made, real, first = np.empty(labels[rows].shape), np.zeros(rows.size, dtype=bool), 0
    for source in generation.sources:
        block = slice(first, first + source.n_samples)
        first, made[block] = block.stop, 0.0
        for number, share in source.labeler_numbers(t).items():
            if number == REAL:
                made[block] += share * labels[rows[block]]
                real[block] = True
            else:
                made[block] += share * models[number].at(rows[block])
        spread = source.noise * math.hypot(
            *(c for who, c in source.mixture.items() if who != "real")
        )
        made[block] += spread * rng.standard_normal(made[block].shape)
    return made, real


@dataclass(frozen=True)
class _KernelModel:
    """Kernel ridge with an unpenalised intercept, in dual form."""

    kernel: Kernel
    pool: Array
    rows: Rows
    dual: Array
    intercept: float

    def __call__(self, X: Array) -> Array:
        return self.kernel(X, self.pool[self.rows]) @ self.dual + self.intercept

    def at(self, rows: Rows) -> Array:
        return self(self.pool[rows])


@dataclass(frozen=True)
class _LinearModel:
    """Ridge with an unpenalised intercept."""

    pool: Array
    weights: Array
    intercept: float

    def __call__(self, X: Array) -> Array:
        return X @ self.weights + self.intercept

    def at(self, rows: Rows) -> Array:
        return self(self.pool[rows])


def fit_rows(X: Array, kernel: Kernel | None, rows: Rows, labels: Array, penalty: float) -> Model:
    """Fit the model of a plan on some rows of ``X``, primal or dual, whichever is smaller."""
    if kernel is None and rows.size > X.shape[1]:
        return _fit_linear(X, rows, labels, penalty)
    gram = kernel or LINEAR
    dual, intercept = fit_dual(gram(X[rows], X[rows]), labels, penalty)
    if kernel is None:
        return _LinearModel(X, dual @ X[rows], intercept)
    return _KernelModel(kernel, X, rows, dual, intercept)


def measure(
    plan: Plan, X: Array, y: Array, kernel: Kernel | None, n_test: int, rng: np.random.Generator
) -> Array:
    """Mean squared error of every model of one run, against the real labels of ``n_test`` rows.

    The test rows are drawn first, and the plan runs on the others.
    """
    order = rng.permutation(y.size)
    test, pool = order[:n_test], order[n_test:]
    here = X[pool]
    models = walk(plan, y[pool], partial(fit_rows, here, kernel), rng)
    return np.array([np.mean((each.model(X[test]) - y[test]) ** 2) for each in models])


def _fit_linear(X: Array, rows: Rows, labels: Array, penalty: float) -> _LinearModel:
    chosen = X[rows]
    mean, offset = chosen.mean(axis=0), labels.mean()
    chosen = chosen - mean
    gram = chosen.T @ chosen
    gram.flat[:: len(gram) + 1] += rows.size * penalty
    weights = _positive_solve(gram, chosen.T @ (labels - offset))
    return _LinearModel(X, weights, float(offset - mean @ weights))


def _positive_solve(gram: Array, right: Array) -> Array:
    """Solve with a positive matrix; the minimum-norm solution if it is numerically singular."""
    if right.ndim == 1:
        solution = _linalg.solve_positive(gram, right)
    else:
        factor = _linalg.cholesky(gram)
        solution = None if factor is None else _linalg.solve(factor, right)
    if solution is not None:
        return solution
    return np.asarray(scipy.linalg.pinvh(gram, rtol=1e-12) @ right)


def _centred(gram: Array, penalty: float) -> Array:
    """Regularised Gram matrix of the centred features.

    The constant, in which no centred label has a part, gets the mean eigenvalue instead of zero.
    """
    n, mean = len(gram), gram.mean(axis=0)
    offset = mean - mean.mean()
    matrix = gram - offset
    matrix -= mean[:, None]
    matrix += np.trace(matrix) / n**2
    matrix.ravel()[:: n + 1] += n * penalty
    return matrix


def fit_dual(gram: Array, labels: Array, penalty: float) -> tuple[Array, float]:
    """Coefficients of the rows and unpenalised intercept of kernel ridge regression.

    They solve ``(K + n penalty) dual + intercept = labels`` with ``sum(dual) = 0``.
    """
    offset = labels.mean()
    system = gram.copy()
    system.ravel()[:: len(gram) + 1] += len(gram) * penalty
    factor = _linalg.cholesky(system, overwrite=True)
    if factor is None:
        dual = _positive_solve(_centred(gram, penalty), labels - offset)
        return dual, float(offset - gram.mean(axis=0) @ dual)
    rights = np.array([labels - offset, np.ones(len(gram))]).T
    of_labels, of_constant = _linalg.solve(factor, rights).T
    intercept = of_labels.sum() / of_constant.sum()
    return of_labels - intercept * of_constant, float(offset + intercept)


def leave_one_out(X: Array, kernel: Kernel | None, labels: Array, penalty: float) -> Array:
    """Exact leave-one-out predictions of the model fitted on all rows of ``X``.

    Linear models with more rows than columns: the residual over one minus the leverage. Otherwise
    label minus ``dual_i / C_ii``, C the inverse Gram matrix with the constant projected out.
    """
    n = labels.size
    if kernel is None and n > X.shape[1]:
        centred = X - X.mean(axis=0)
        gram = centred.T @ centred
        gram.flat[:: len(gram) + 1] += n * penalty
        leverage = 1 / n + np.sum(centred * _positive_solve(gram, centred.T).T, axis=1)
        residual = labels - _fit_linear(X, np.arange(n), labels, penalty)(X)
        return labels - residual / np.maximum(1 - leverage, np.finfo(float).tiny)
    gram = (kernel or LINEAR)(X, X)
    matrix = _centred(gram, penalty)
    inverse = _positive_solve(matrix, np.eye(n))
    dual = inverse @ (labels - labels.mean())
    slack = np.diagonal(inverse) - 1 / matrix.sum()
    return labels - dual / np.maximum(slack, np.finfo(float).tiny)


def rehearse(
    plan: Plan, X: Array, y: Array, kernel: Kernel | None, rng: np.random.Generator
) -> Array:
    """Mean squared error of the models of a plan, run and scored on the rows of one sample.

    A model is scored on rows whose real label no model before it has seen and that it was not
    fitted on; where those are few, also on its own rows, by leave-one-out predictions. Rows recycle
    when the plan needs more than there are. Stops when a tenth of the sample is left to score, so
    that the result may be shorter than the plan.

    Parameters
    ----------
    plan : Plan
        What to run; each generation needs at most half of the rows.
    X, y : ndarray of shape (k, dim) and (k,)
        The sample.
    kernel : Kernel or None
        Kernel of the models; None for linear ones.
    rng : numpy.random.Generator
        Source of randomness.
    """
    unseen = np.ones(y.size, dtype=bool)
    errors: list[float] = []
    for t, fitted in enumerate(walk(plan, y, partial(fit_rows, X, kernel), rng)):
        rows, penalty = fitted.rows, plan.generations[t].fixed_penalty
        apart = unseen.copy()
        apart[rows] = False
        enough = apart.sum() >= min(2000, y.size // 3)
        if not enough and unseen.sum() < y.size / 10:
            break
        scored = rng.permutation(np.flatnonzero(apart))[:MOST_SCORED]
        squares = (fitted.model.at(scored) - y[scored]) ** 2
        if not enough:
            own = (leave_one_out(X[rows], kernel, fitted.labels, penalty) - y[rows])[unseen[rows]]
            squares = np.append(squares, own**2)
        errors.append(float(squares.mean()))
        unseen[rows[fitted.real]] = False
    return np.array(errors)
