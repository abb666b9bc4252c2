"""Chains through two numbers per model: exact in law, O(1) per fit, O(dim) with a penalty.

Where only the truth has a direction, a model is its component along the truth and the length of the
rest. That is so under identity covariance, and for least squares with rows to spare under any, in
whitened coordinates. What a fit then does to its labeler depends on a few normal, beta and
chi-squared variables (`paper.md` section 4), and with a penalty on a bidiagonal matrix of chi
variables: O(dim), whatever the number of rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from genloss.generation import REAL
from genloss.problem import Problem
from genloss.steps import Step
from genloss.trials.engine import Engine, needs_rows, vectors
from genloss.trials.tally import Batch

Array = npt.NDArray[np.float64]


class Radial(NamedTuple):
    """Component along the truth and length of the rest, of one model of every trial."""

    along: Array
    across: Array


def refuses(problem: Problem, steps: Sequence[Step]) -> str | None:
    """Whether a labeler is neither the truth nor the last model, or a fit sees another direction."""
    isotropic = problem.is_isotropic
    for step in steps:
        model, block = step.model, step.blocks[0]
        if why := needs_rows(step):
            return why
        if not step.is_new or step.is_pooled:
            return f"rows of model {model} are used before"
        if len(step.blocks) > 1 or block.covariance is not None:
            return f"model {model} has several sources or a covariance of its own"
        if not {*block.shares} <= {REAL, model - 1}:
            return f"model {model} is labelled by an earlier model than the last"
        if not isotropic and (step.penalty != 0 or step.rows < problem.dim):
            return f"model {model} shrinks its labeler, more along some directions than others"
    return None


def run(problem: Problem, steps: Sequence[Step], rng: np.random.Generator, count: int) -> Batch:
    """Run the plan ``count`` times."""
    length = math.sqrt(problem.signal)
    risks = np.empty((count, len(steps)))
    along, aside = np.empty((len(steps), 1)), np.empty(len(steps))
    before = Radial(np.full(count, length), np.zeros(count))
    for model, step in enumerate(steps):
        shares = step.blocks[0].shares
        real, share = shares.get(REAL, 0.0), shares.get(model - 1, 0.0) if model else 0.0
        labeler = Radial(real * length + share * before.along, abs(share) * before.across)
        before = _fit(problem, step, labeler, rng)
        error = before.along - length
        risks[:, model] = error**2 + before.across**2
        along[model], aside[model] = error.sum(), before.across @ before.across
    return Batch(risks, along, aside)


def _fit(problem: Problem, step: Step, labeler: Radial, rng: np.random.Generator) -> Radial:
    [block], d = step.blocks, problem.dim
    if step.penalty > 0:
        penalty = step.penalty / (block.weight * float(problem.spectrum[0]))
        return _ridge(d, block.rows, penalty, block.noise, labeler, rng)
    if block.rows >= d:
        return _least_squares(d, block.rows, block.noise, labeler, rng)
    return _minimum_norm(d, block.rows, block.noise, labeler, rng)


def _least_squares(d: int, n: int, noise: float, labeler: Radial, rng: Generator) -> Radial:
    """The labeler plus ``noise * z / sqrt(q)``, q chi-squared with n - d + 1 degrees of freedom."""
    if noise == 0:
        return labeler
    count = labeler.along.size
    scale = noise / np.sqrt(rng.chisquare(n - d + 1, count))
    along = labeler.along + scale * rng.standard_normal(count)
    if d == 1:
        return Radial(along, labeler.across)
    beside = labeler.across + scale * rng.standard_normal(count)
    return Radial(along, np.sqrt(beside**2 + scale**2 * _chi_squared(d - 2, count, rng)))


def _minimum_norm(d: int, n: int, noise: float, labeler: Radial, rng: Generator) -> Radial:
    """The labeler projected on a uniform subspace, plus noise of uniform direction in it.

    ``inside`` is the share of the labeler's squared length in the subspace; ``tilt`` and ``apart``
    are the coordinates of the truth's other direction along the projected labeler and across it.
    """
    count = labeler.along.size
    inside = rng.beta(n / 2, (d - n) / 2, count)
    tilt, apart = rng.standard_normal(count), np.sqrt(_chi_squared(n - 1, count, rng))
    other = np.sqrt(tilt**2 + apart**2 + _chi_squared(d - n - 1, count, rng))
    scale = noise / np.sqrt(rng.chisquare(d - n + 1, count)) if noise > 0 else np.zeros(count)
    first, second = rng.standard_normal((2, count)) if n > 1 else (rng.standard_normal(count), 0.0)
    size = np.hypot(*labeler)
    projected = size * np.sqrt(inside) + scale * first
    on = np.sqrt(inside) * projected
    off = (np.sqrt(1 - inside) * tilt * projected + apart * scale * second) / other
    square = projected**2 + scale**2 * (second**2 + _chi_squared(n - 2, count, rng))
    return _turned(labeler, on, off, square)


def _ridge(d: int, n: int, penalty: float, noise: float, labeler: Radial, rng: Generator) -> Radial:
    """Shrinking, in the basis in which the design is bidiagonal and the labeler comes first.

    Golub and Kahan's vectors, started at the labeler's direction, turn n standard normal rows into
    ``B`` with chi(n), chi(n - 1), ... on the diagonal and chi(d - 1), chi(d - 2), ... beside it, so
    that ``(B'B + n penalty) w = B'(B labeler + noise)`` is a tridiagonal system.
    """
    from scipy.linalg.lapack import dptsv

    count, u, v = labeler.along.size, min(n, d), min(n + 1, d)
    on_diagonal = np.sqrt(rng.chisquare(n - np.arange(u), (count, u)))
    beside = np.sqrt(rng.chisquare(d - 1 - np.arange(v - 1), (count, v - 1)))
    size = np.hypot(*labeler)
    labels = noise * rng.standard_normal((count, u))
    labels[:, 0] += on_diagonal[:, 0] * size
    right = np.zeros((count, v))
    right[:, :u] = on_diagonal * labels
    right[:, 1:] += beside * labels[:, : v - 1]
    diagonal = np.full((count, v), n * penalty)
    diagonal[:, :u] += on_diagonal**2
    diagonal[:, 1:] += beside**2
    across = on_diagonal[:, : v - 1] * beside
    if v == 1:
        model = right / diagonal
    else:
        systems = zip(diagonal, across, right, strict=True)
        model = np.stack([dptsv(*system)[2] for system in systems])
    on, square = model[:, 0], np.einsum("ti,ti->t", model, model)
    # the truth's other direction is uniform among those across the labeler's
    first = rng.standard_normal(count) if d > 1 else np.zeros(count)
    other = np.sqrt(first**2 + _chi_squared(d - 2, count, rng))
    rest = np.sqrt(np.maximum(square - on**2, 0.0))
    return _turned(labeler, on, rest * np.divide(first, other, where=other > 0, out=first), square)


def _turned(labeler: Radial, on: Array, off: Array, square: Array) -> Radial:
    """From the labeler's direction and the one across it to the truth's direction and the rest."""
    size = np.hypot(*labeler)
    with np.errstate(invalid="ignore"):
        a, b = np.where(size > 0, np.array(labeler) / size, [[1.0], [0.0]])
    along = a * on + b * off
    return Radial(along, np.sqrt(np.maximum(square - along**2, 0.0)))


def _chi_squared(freedom: int, count: int, rng: Generator) -> Array:
    """Chi-squared variables; zero for no degrees of freedom."""
    return rng.chisquare(freedom, count) if freedom > 0 else np.zeros(count)


def draws(step: Step) -> object:
    """Rows, and whether there is noise, and a penalty."""
    return step.penalty > 0, [(block.rows, block.noise > 0) for block in step.blocks]


ENGINE = Engine(
    "exact, two numbers per model", 1.0, 64, 256, refuses, run, draws, sized=vectors(2**18)
)
