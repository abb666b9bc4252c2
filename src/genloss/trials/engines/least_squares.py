"""Least-squares chains without drawing a row: exact in law, O(dim) per generation.

With at least as many Gaussian rows as directions, ``X^+ E`` is multivariate t: in whitened
coordinates ``noise * z / sqrt(q)`` with z standard normal and q chi-squared with n - dim + 1 degrees
of freedom (`paper.md` section 4). Fits on the same design share it: k of them are matrix t,
``L^-T Z`` (k rows) with LL' Wishart in k dimensions with n - dim + k degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL
from genloss.problem import Problem
from genloss.steps import Step
from genloss.trials.engine import Engine, needs_rows, vectors
from genloss.trials.tally import Batch

Array = npt.NDArray[np.float64]


def refuses(problem: Problem, steps: Sequence[Step]) -> str | None:
    """Whether a model is not one least-squares fit with one labeler on n >= dim rows of one design."""
    for step in steps:
        model, block = step.model, step.blocks[0]
        if why := needs_rows(step):
            return why
        if step.penalty != 0 or step.rows < problem.dim:
            return f"model {model} shrinks its labeler"
        if step.is_pooled or len(step.blocks) > 1 or block.covariance is not None:
            return f"model {model} pools rows, or has several sources or a covariance of its own"
        if not step.is_new and step.design != steps[model - 1].design:
            return f"model {model} goes back to an earlier design"
    return None


def run(problem: Problem, steps: Sequence[Step], rng: np.random.Generator, count: int) -> Batch:
    """Draw the errors of ``count`` runs."""
    whitened = np.sqrt(problem.spectrum) * problem.truth
    risks = np.empty((count, len(steps)))
    sums = np.empty((len(steps), problem.dim))
    errors: dict[int, Array] = {}
    for design in _designs(steps):
        increments = _increments(problem.dim, design, rng, count)
        for step, increment in zip(design, increments, strict=True):
            error, shares = increment, step.blocks[0].shares
            for number, share in shares.items():
                if number != REAL:
                    error = error + (errors[number] if share == 1 else share * errors[number])
            offset = sum(shares.values()) - 1
            if offset:
                error = error + offset * whitened
            risks[:, step.model] = np.einsum("ti,ti->t", error, error)
            sums[step.model] = error.sum(axis=0)
            errors[step.model] = error
            for number in [u for u in errors if steps[u].last_use <= step.model]:
                del errors[number]
    return Batch(risks, sums)


def _designs(steps: Sequence[Step]) -> list[list[Step]]:
    """The stretches of steps on one design."""
    return [list(some) for _, some in groupby(steps, lambda step: step.design)]


def _increments(
    dim: int, design: Sequence[Step], rng: np.random.Generator, count: int
) -> list[Array]:
    """``X^+ E`` of every model of one stretch, each of shape (count, dim)."""
    noises = [step.blocks[0].noise for step in design]
    freedom, k = design[0].rows - dim, len(design)
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
    # upper triangular, so that solving is substitution alone
    together = np.asarray(np.linalg.solve(factor.transpose(0, 2, 1), z), dtype=np.float64)
    return [noise * together[:, j] for j, noise in enumerate(noises)]


ENGINE = Engine("exact increments", 2.0, 64, 256, refuses, run, sized=vectors(2**16))
