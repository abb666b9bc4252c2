"""Any chain at a cost that does not depend on the number of rows: exact in law, O(dim^3) per fit.

With ``X = Q R`` and ``Q`` of orthonormal columns, a fit sees its rows through ``X'X = R'R`` and
``X'y = R' Q'y`` alone. For Gaussian rows ``R`` is Bartlett's triangular factor, and the label noise
``Q'e`` is again standard normal: the dim rows of ``R`` stand for any number of rows of ``X``, whoever
labels them, however often they are labelled anew, and with whatever other rows they are pooled.

All is done in whitened coordinates, ``sqrt(spectrum) * w``, in which rows of the problem's covariance
are standard normal and the penalty is one number per direction.
"""

from __future__ import annotations

from functools import lru_cache, reduce
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss import _linalg
from genloss.generation import REAL, Generation, Source
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.simulate import literal

Array = npt.NDArray[np.float64]

NAME, BLOCK, LOOK = "exact, compressed rows", 4, 16


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


def run(problem: Problem, plan: Plan, rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    """Run the plan ``count`` times; returns what `literal.run` returns."""
    d, truth = problem.dim, np.sqrt(problem.spectrum) * problem.truth
    risks = np.empty((count, plan.n_models))
    errors = np.zeros((plan.n_models, d))
    pools = any(generation.pooled for generation in plan)
    last_use = plan.last_labelled()
    parts = [[Part.of(problem, s, model) for s in g.sources] for model, g in enumerate(plan)]
    for trial in range(count):
        models = {REAL: truth}
        factors: list[Array] = []
        pool: Gram | None = None
        for model, generation in enumerate(plan):
            if generation.design == "fresh":
                factors = [_rows(d, part, rng) for part in parts[model]]
            labelled = list(zip(parts[model], factors, strict=True))
            labels = [_labels(part, rows, models, rng) for part, rows in labelled]
            if generation.n_samples < d:
                v = _fit_few(problem, factors, labels, generation)
            else:
                gram = reduce(Gram.joined, map(_gram, parts[model], factors, labels))
                if pools:
                    pool = gram if pool is None else pool.joined(gram)
                v = _fit(problem, pool if pool and generation.pooled else gram, generation.penalty)
            error = v - truth
            risks[trial, model] = error @ error
            errors[model] += error
            models[model] = v
            for number in [k for k in models if k >= 0 and last_use.get(k, -1) <= model]:
                del models[number]
    return risks, errors


@lru_cache(maxsize=8)
def _above(d: int) -> npt.NDArray[np.intp]:
    """Flat indices above the diagonal."""
    rows, columns = np.triu_indices(d, 1)
    return rows * d + columns


def _rows(d: int, part: Part, rng: np.random.Generator) -> Array:
    """Rows that stand for the rows of a source: its own if they are few, else a triangle."""
    if part.n_samples <= d:
        rows = rng.standard_normal((part.n_samples, d))
    else:
        above = _above(d)
        flat = np.zeros(d * d)
        flat[above] = rng.standard_normal(above.size)
        flat[:: d + 1] = np.sqrt(rng.chisquare(part.n_samples - np.arange(d)))
        rows = flat.reshape(d, d)
    return rows if part.spread is None else rows * part.spread


def _labels(part: Part, rows: Array, models: dict[int, Array], rng: np.random.Generator) -> Array:
    theta = sum(share * models[number] for number, share in part.shares)
    labels = rows @ theta
    return labels + part.noise * rng.standard_normal(len(rows)) if part.noise > 0 else labels


def _gram(part: Part, rows: Array, labels: Array) -> Gram:
    matrix, right = rows.T @ rows, labels @ rows
    if part.weight != 1:
        matrix, right = part.weight * matrix, part.weight * right
    return Gram(matrix, right, part.n_samples)


def _fit(problem: Problem, gram: Gram, penalty: float) -> Array:
    matrix = gram.matrix.copy()
    matrix.ravel()[:: problem.dim + 1] += gram.rows * penalty / problem.spectrum
    solution = _linalg.solve_positive(matrix, gram.right)
    if solution is not None:
        return solution
    # directions of very different variance are no ill-conditioning: scale them away
    scale = 1 / np.sqrt(np.diagonal(matrix))
    matrix *= np.outer(scale, scale)
    return scale * np.linalg.lstsq(matrix, scale * gram.right, rcond=None)[0]


def _fit_few(
    problem: Problem, factors: list[Array], labels: list[Array], generation: Generation
) -> Array:
    """Fewer rows than directions: none was compressed, and there is no Gram matrix to solve with."""
    weights = np.concatenate([np.full(s.n_samples, s.weight) for s in generation.sources])
    root, y = np.sqrt(problem.spectrum), np.concatenate(labels)
    return root * literal.fit(
        np.concatenate(factors) * root, y, weights, penalty=generation.penalty
    )
