"""The literal engine: draw every row, fit every model. Nothing here knows any theory."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.linalg

from genloss import _linalg
from genloss.generation import REAL, Generation
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.trials.leave_one_out import chosen_penalty
from genloss.trials.tally import Batch

Array = npt.NDArray[np.float64]

NAME, BLOCK, LOOK = "literal", 1, 16
"""What the curve calls it, trials that share one random generator, and trials between two looks at
the standard error."""
SINGLE = True
"""Whether it has matrix products that single precision makes quicker."""

_STEEP = 1e-3  # squared ratio of pivots below which a fit in single precision is not trusted


def run(
    problem: Problem,
    plan: Plan,
    rng: np.random.Generator,
    count: int,
    dtype: type[np.float64 | np.float32] = np.float64,
) -> Batch:
    """Run the plan ``count`` times, with rows and products of rows in ``dtype``."""
    root = np.sqrt(problem.spectrum)
    risks = np.empty((count, plan.n_models))
    errors = np.zeros((plan.n_models, problem.dim))
    for trial in range(count):
        for model, w in enumerate(_chain(problem, plan, rng, dtype)):
            error = root * (w - problem.truth)
            risks[trial, model] = error @ error
            errors[model] += error
    return Batch(risks, errors)


def _chain(
    problem: Problem, plan: Plan, rng: np.random.Generator, dtype: type[np.float64 | np.float32]
) -> list[Array]:
    models = {REAL: problem.truth}
    X: Array = np.empty((0, problem.dim))
    F: Array = np.empty((problem.dim, 0))
    pool: list[tuple[Array, Array, Array]] = []
    keep = any(generation.pooled for generation in plan)
    for model, generation in enumerate(plan):
        if generation.design == "fresh":
            X = _inputs(problem, generation, rng, dtype)
        rows = (X, _labels(X, generation, model, models, rng), _weights(generation))
        if keep:
            pool.append(rows)
        if generation.pooled:
            rows = tuple(np.concatenate(parts) for parts in zip(*pool, strict=True))  # type: ignore[assignment]
        if generation.subsample is not None:
            drawn = rng.choice(len(rows[0]), generation.subsample, replace=False)
            rows = tuple(part[drawn] for part in rows)  # type: ignore[assignment]
        if generation.features is None:
            models[model] = fit(*rows, penalty=_penalty(generation, *rows))
            continue
        if generation.feature_map == "fresh":
            entries = rng.standard_normal((problem.dim, generation.features), dtype=dtype)
            F = np.asarray(entries / dtype(np.sqrt(generation.features)))
        inputs, labels, weights = rows
        rows = inputs @ F, labels, weights
        models[model] = F @ fit(*rows, penalty=_penalty(generation, *rows))
    return [models[model] for model in range(plan.n_models)]


def _inputs(
    problem: Problem,
    generation: Generation,
    rng: np.random.Generator,
    dtype: type[np.float64 | np.float32],
) -> Array:
    blocks: list[npt.NDArray[Any]] = []
    for source in generation.sources:
        variances = problem.spectrum if source.covariance is None else np.array(source.covariance)
        rows: npt.NDArray[Any] = rng.standard_normal((source.n_samples, problem.dim), dtype=dtype)
        rows *= np.sqrt(variances).astype(dtype)
        blocks.append(rows)
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def _labels(
    X: Array,
    generation: Generation,
    model: int,
    models: dict[int, Array],
    rng: np.random.Generator,
) -> Array:
    labels, first = np.empty(len(X), dtype=X.dtype), 0
    for source in generation.sources:
        block = slice(first, first + source.n_samples)
        shares = source.labeler_numbers(model)
        theta = np.asarray(sum(share * models[u] for u, share in shares.items()), dtype=X.dtype)
        noise = rng.standard_normal(source.n_samples, dtype=X.dtype)
        labels[block] = X[block] @ theta + source.label_noise * noise
        first = block.stop
    return labels


def _weights(generation: Generation) -> Array:
    return np.concatenate([np.full(s.n_samples, s.weight) for s in generation.sources])


def _penalty(generation: Generation, X: Array, y: Array, weights: Array) -> float:
    return chosen_penalty(X, y, weights) if generation.penalty == "cv" else generation.penalty


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
