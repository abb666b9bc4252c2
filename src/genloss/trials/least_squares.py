"""Least-squares chains without drawing a row: exact in law, O(dim) per generation.

With at least as many Gaussian rows as directions, ``X^+ E`` is multivariate t: in whitened
coordinates ``noise * z / sqrt(q)`` with z standard normal and q chi-squared with n - dim + 1 degrees
of freedom (`paper.md` section 4). Fits on the same design share it: k of them are matrix t,
``L^-T Z`` (k rows) with LL' Wishart in k dimensions with n - dim + k degrees of freedom.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.linalg

from genloss.generation import REAL
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.trials.tally import Batch

Array = npt.NDArray[np.float64]

SINGLE = False
NAME, BLOCK, LOOK = "exact increments", 64, 256


def applies(problem: Problem, plan: Plan) -> bool:
    """Whether every generation is one least-squares fit with one labeler on n >= dim rows."""
    return all(
        generation.penalty == 0
        and not generation.pooled
        and len(generation.sources) == 1
        and generation.sources[0].covariance is None
        and generation.n_samples >= problem.dim
        for generation in plan
    )


def run(problem: Problem, plan: Plan, rng: np.random.Generator, count: int) -> Batch:
    """Draw the errors of ``count`` runs."""
    whitened = np.sqrt(problem.spectrum) * problem.truth
    risks = np.empty((count, plan.n_models))
    sums = np.empty((plan.n_models, problem.dim))
    errors: dict[int, Array] = {}
    last_use = plan.last_labelled()
    for first, after in _runs(plan):
        increments = _increments(problem.dim, plan, first, after, rng, count)
        for model, increment in zip(range(first, after), increments, strict=True):
            error = increment
            shares = plan.generations[model].sources[0].labeler_numbers(model)
            for number, share in shares.items():
                if number != REAL:
                    error = error + (errors[number] if share == 1 else share * errors[number])
            offset = sum(shares.values()) - 1
            if offset:
                error = error + offset * whitened
            risks[:, model] = np.einsum("ti,ti->t", error, error)
            sums[model] = error.sum(axis=0)
            errors[model] = error
            for number in [u for u in errors if last_use.get(u, -1) <= model]:
                del errors[number]
    return Batch(risks, sums)


def _runs(plan: Plan) -> list[tuple[int, int]]:
    """First and after-last model of every stretch on one design."""
    starts = [t for t, generation in enumerate(plan) if generation.design == "fresh"]
    return list(zip(starts, [*starts[1:], plan.n_models], strict=True))


def _increments(
    dim: int, plan: Plan, first: int, after: int, rng: np.random.Generator, count: int
) -> list[Array]:
    """``X^+ E`` of every model of one stretch, each of shape (count, dim)."""
    noises = [g.sources[0].label_noise for g in plan.generations[first:after]]
    freedom, k = plan.generations[first].n_samples - dim, after - first
    if k == 1:
        if noises[0] == 0:
            return [np.zeros((count, dim))]
        z = rng.standard_normal((count, dim))
        z *= (noises[0] / np.sqrt(rng.chisquare(freedom + 1, count)))[:, None]
        return [z]
    # Bartlett: the lower triangular factor of a Wishart matrix with freedom + k degrees of freedom
    factor = np.zeros((count, k, k))
    below = np.tril_indices(k, -1)
    factor[:, below[0], below[1]] = rng.standard_normal((count, below[0].size))
    diagonal = np.arange(k)
    factor[:, diagonal, diagonal] = np.sqrt(rng.chisquare(freedom + k - diagonal, (count, k)))
    z = rng.standard_normal((count, k, dim))
    joint = [
        scipy.linalg.solve_triangular(lower, rows, lower=True, trans=1)
        for lower, rows in zip(factor, z, strict=True)
    ]
    together = np.stack(joint)
    return [noise * together[:, j] for j, noise in enumerate(noises)]
