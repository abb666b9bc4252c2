"""Any chain at a cost that does not depend on the number of rows: exact in law, O(dim^3) per fit.

With ``X = Q R`` and ``Q`` of orthonormal columns, a fit sees its rows through ``X'X = R'R`` and
``X'y = R' Q'y`` alone. For Gaussian rows ``R`` is Bartlett's triangular factor, and the label noise
``Q'e`` is again standard normal: the dim rows of ``R`` stand for any number of rows of ``X``, whoever
labels them, however often they are labelled anew, and with whatever other rows they are pooled.

All is done in whitened coordinates, ``sqrt(spectrum) * w``, in which rows of the problem's covariance
are standard normal and the penalty is one number per direction. Arrays have one entry per trial first.
"""

from __future__ import annotations

from functools import lru_cache, reduce
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genloss import _linalg
from genloss.generation import REAL, Generation, Source
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.trials import literal
from genloss.trials.tally import Batch

Array = npt.NDArray[np.float64]

NAME, BLOCK, LOOK = "exact, compressed rows", 4, 16
SINGLE = True


class Gram(NamedTuple):
    """Weighted ``X'X``, ``X'y`` and number of the rows of a fit."""

    matrix: Array
    right: Array
    rows: int

    def joined(self, other: Gram) -> Gram:
        """Both sets of rows together."""
        return Gram(self.matrix + other.matrix, self.right + other.right, self.rows + other.rows)


class Part(NamedTuple):
    """What a source asks for, looked up once for all trials."""

    n_samples: int
    shares: tuple[tuple[int, float], ...]
    noise: float
    weight: float
    spread: Array | None

    @classmethod
    def of(cls, problem: Problem, source: Source, model: int) -> Part:
        """Part of a source of one model; ``spread`` scales rows of another covariance."""
        spread = None
        if source.covariance is not None:
            spread = np.sqrt(source.covariance / problem.spectrum)
        shares = tuple(source.labeler_numbers(model).items())
        return cls(source.n_samples, shares, source.label_noise, source.weight, spread)


def applies(problem: Problem, plan: Plan) -> bool:
    """Whether there are rows to compress, and nothing needs the rows one by one.

    A design that is divided among other labelers when it is reused does, and so do pooled rows that
    are too few for a Gram matrix of full rank.
    """
    sizes = [[source.n_samples for source in generation.sources] for generation in plan]
    wide = max(max(each) for each in sizes) > problem.dim
    kept = all(
        generation.design == "fresh" or sizes[model] == sizes[model - 1]
        for model, generation in enumerate(plan)
    )
    pools = any(generation.pooled for generation in plan)
    return wide and kept and not (pools and min(min(each) for each in sizes) < problem.dim)


def run(
    problem: Problem,
    plan: Plan,
    rng: np.random.Generator,
    count: int,
    dtype: type[np.float64 | np.float32] = np.float64,
) -> Batch:
    """Run the plan ``count`` times, with rows and products of rows in ``dtype``."""
    d, truth = problem.dim, np.sqrt(problem.spectrum) * problem.truth
    risks = np.empty((plan.n_models, count))
    errors = np.empty((plan.n_models, d))
    pools = any(generation.pooled for generation in plan)
    last_use = plan.last_labelled()
    models = {REAL: np.broadcast_to(truth, (count, d))}
    factors: list[Array] = []
    pool: Gram | None = None
    for model, generation in enumerate(plan):
        parts = [Part.of(problem, source, model) for source in generation.sources]
        if generation.design == "fresh":
            factors = [_rows(d, part, rng, count, dtype) for part in parts]
        labels = [
            _labels(part, rows, models, rng) for part, rows in zip(parts, factors, strict=True)
        ]
        if generation.n_samples < d:
            fitted = _fit_few(problem, factors, labels, generation)
        else:
            gram = reduce(Gram.joined, map(_gram, parts, factors, labels))
            if pools:
                pool = gram if pool is None else pool.joined(gram)
            fitted = _fit(
                problem, pool if pool and generation.pooled else gram, generation.fixed_penalty
            )
        error = fitted - truth
        risks[model] = np.vecdot(error, error)
        errors[model] = error.sum(axis=0)
        models[model] = fitted
        for number in [k for k in models if k >= 0 and last_use.get(k, -1) <= model]:
            del models[number]
    return Batch(risks.T, errors)


@lru_cache(maxsize=8)
def _above(d: int) -> npt.NDArray[np.intp]:
    """Flat indices above the diagonal."""
    rows, columns = np.triu_indices(d, 1)
    return rows * d + columns


def _rows(
    d: int, part: Part, rng: np.random.Generator, count: int, dtype: type[np.float64 | np.float32]
) -> Array:
    """Rows that stand for the rows of a source: its own if they are few, else a triangle."""
    rows: Any
    if part.n_samples <= d:
        rows = rng.standard_normal((count, part.n_samples, d), dtype=dtype)
    else:
        above = _above(d)
        flat = np.zeros((count, d * d), dtype=dtype)
        for trial in flat:
            trial[above] = rng.standard_normal(above.size, dtype=dtype)
        flat[:, :: d + 1] = np.sqrt(rng.chisquare(part.n_samples - np.arange(d), (count, d)))
        rows = flat.reshape(count, d, d)
    if part.spread is not None:
        rows *= part.spread.astype(dtype)
    return np.asarray(rows)


def _labels(part: Part, rows: Array, models: dict[int, Array], rng: np.random.Generator) -> Array:
    theta = sum(share * models[number] for number, share in part.shares)
    labels = np.matmul(rows, np.asarray(theta, dtype=rows.dtype)[..., None])[..., 0]
    if part.noise > 0:
        labels += part.noise * rng.standard_normal(labels.shape, dtype=rows.dtype)
    return labels


def _gram(part: Part, rows: Array, labels: Array) -> Gram:
    matrix, right = rows.transpose(0, 2, 1) @ rows, (labels[:, None] @ rows)[:, 0]
    if part.weight != 1:
        matrix, right = part.weight * matrix, part.weight * right
    return Gram(matrix, right, part.n_samples)


def _fit(problem: Problem, gram: Gram, penalty: float) -> Array:
    d = problem.dim
    systems = gram.matrix.astype(np.float64)
    systems.reshape(-1, d * d)[:, :: d + 1] += gram.rows * penalty / problem.spectrum
    fitted = _linalg.solve_positives(systems.copy(), gram.right)
    for trial in np.flatnonzero(np.isnan(fitted[:, 0])):
        # directions of very different variance are no ill-conditioning: scale them away
        scale = 1 / np.sqrt(np.diagonal(systems[trial]))
        scaled, right = systems[trial] * np.outer(scale, scale), scale * gram.right[trial]
        fitted[trial] = scale * np.linalg.lstsq(scaled, right, rcond=None)[0]
    return fitted


def _fit_few(
    problem: Problem, factors: list[Array], labels: list[Array], generation: Generation
) -> Array:
    """Fewer rows than directions: none was compressed, and there is no Gram matrix to solve with."""
    weights = np.concatenate([np.full(s.n_samples, s.weight) for s in generation.sources])
    root = np.sqrt(problem.spectrum)
    inputs = np.concatenate(factors, axis=1) * root.astype(factors[0].dtype)
    samples = zip(inputs, np.concatenate(labels, axis=1), strict=True)
    fits = [literal.fit(X, y, weights, penalty=generation.fixed_penalty) for X, y in samples]
    return root * np.array(fits)
