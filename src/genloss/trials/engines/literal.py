"""The literal engine: draw every row, fit every model. Nothing here knows any theory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.linalg

from genloss import _linalg
from genloss.generation import REAL
from genloss.problem import Problem
from genloss.steps import Block, Step
from genloss.trials import loop
from genloss.trials.engine import Engine
from genloss.trials.leave_one_out import chosen_penalty
from genloss.trials.tally import Batch

Array = npt.NDArray[np.float64]
Precision = type[np.float64 | np.float32]

_STEEP = 1e-3  # squared ratio of pivots below which a fit in single precision is not trusted


def run(
    problem: Problem,
    steps: Sequence[Step],
    rng: np.random.Generator,
    count: int,
    dtype: Precision = np.float64,
) -> Batch:
    """Run the plan ``count`` times, with rows and products of rows in ``dtype``."""
    root = np.sqrt(problem.spectrum)
    risks = np.empty((count, len(steps)))
    errors = np.zeros((len(steps), problem.dim))
    world = Gaussian(problem, rng, dtype)
    for trial in range(count):
        chain = loop.models(steps, world, Ridge(rng, dtype), {REAL: problem.truth})
        for model, w in enumerate(chain):
            error = root * (w - problem.truth)
            risks[trial, model] = error @ error
            errors[model] += error
    return Batch(risks, errors)


class Gaussian:
    """A Gaussian problem as a world (`genloss.trials.loop`): every row is new and normal."""

    def __init__(
        self, problem: Problem, rng: np.random.Generator, dtype: Precision = np.float64
    ) -> None:
        self._problem, self._rng, self._dtype = problem, rng, dtype

    def inputs(self, step: Step) -> Array:
        """Normal rows of every new block."""
        blocks: list[npt.NDArray[Any]] = []
        for block in step.blocks:
            if block.design != step.model:
                continue
            own = block.covariance
            variances = self._problem.spectrum if own is None else np.array(own)
            rows: npt.NDArray[Any] = self._rng.standard_normal(
                (block.rows, self._problem.dim), dtype=self._dtype
            )
            rows *= np.sqrt(variances).astype(self._dtype)
            blocks.append(rows)
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)

    def labels(self, block: Block, X: Array, models: Mapping[int, loop.Model]) -> Array:
        """What the labelers say, and normal noise."""
        noise = self._rng.standard_normal(len(X), dtype=X.dtype)
        return loop.said(block.shares, models, X) + block.noise * noise

    def chosen(self, count: int, drawn: int) -> npt.NDArray[np.int64]:
        """Some of the rows, without replacement."""
        return self._rng.choice(count, drawn, replace=False)


class Ridge:
    """Ridge regression as a learner (`genloss.trials.loop`), on random features where a step has them."""

    def __init__(self, rng: np.random.Generator, dtype: Precision = np.float64) -> None:
        self._rng, self._dtype = rng, dtype
        self._map: Array = np.empty((0, 0))

    def __call__(self, step: Step, rows: loop.Rows) -> Array:
        """Coefficients of the model."""
        if step.features is None:
            return self._fit(step, *rows)
        X, y, weights = rows
        if step.map == step.model:
            shape = X.shape[1], step.features
            entries = self._rng.standard_normal(shape, dtype=self._dtype)
            self._map = np.asarray(entries / self._dtype(np.sqrt(step.features)))
        return self._map @ self._fit(step, X @ self._map, y, weights)

    def _fit(self, step: Step, X: Array, y: Array, weights: Array | None) -> Array:
        penalty = chosen_penalty(X, y, weights) if step.retuned else step.penalty
        return fit(X, y, weights, penalty=penalty)


def fit(X: Array, y: Array, weights: Array | None = None, *, penalty: float = 0.0) -> Array:
    """Ridge regression, or minimum-norm least squares without penalty.

    Minimises ``(1/n) sum_i weights_i (x_i'w - y_i)**2 + penalty |w|**2``, as scikit-learn's
    ``Ridge(alpha=n * penalty, fit_intercept=False)`` does. Of rows in single precision only the Gram
    matrix is computed in it, or nothing if that matrix turns out to be ill-conditioned.
    """
    if weights is not None and (weights != 1).any():
        root = np.sqrt(weights).astype(X.dtype)
        X, y = X * root[:, None], y * root
    n, d = X.shape
    gram = np.asarray(X @ X.T if n < d else X.T @ X, dtype=np.float64)
    gram.flat[:: len(gram) + 1] += n * penalty
    # rows or columns of very different scale are no ill-conditioning: scale them away
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 1 / np.sqrt(np.diagonal(gram))
        factor = _linalg.cholesky(gram * np.outer(scale, scale))
    if X.dtype != np.float64 and (factor is None or _linalg.steepness(factor) < _STEEP):
        return fit(X.astype(np.float64), y.astype(np.float64), penalty=penalty)
    if factor is None:
        return _least_squares(X, y, n * penalty)
    if n < d:
        return X.T @ (scale * _linalg.solve(factor, scale * y))
    return scale * _linalg.solve(factor, scale * (X.T @ y))


def _least_squares(X: Array, y: Array, absolute: float) -> Array:
    """Minimum-norm solution by orthogonal factorisation, for rows or columns that coincide."""
    if absolute > 0:
        X = np.concatenate([X, np.sqrt(absolute) * np.eye(X.shape[1])])
        y = np.concatenate([y, np.zeros(X.shape[1])])
    return np.asarray(scipy.linalg.lstsq(X, y, cond=1e-12)[0])


ENGINE = Engine(
    name="literal",
    cost=float("inf"),
    block=1,
    look=16,
    refuses=lambda _problem, _steps: None,
    run=run,
    single=True,
    exact=False,
)
