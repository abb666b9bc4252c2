"""Chains under identity covariance through two numbers per model: exact in law, O(dim^2) per fit.

Nothing but the truth has a direction, so a model is its component along the truth and the length of
the rest. The eigenvectors of a design are uniform: what a fit does to its labeler depends on a
uniform direction and on the eigenvalues, drawn from a bidiagonal matrix of chi variables
(`paper.md` section 4). Without penalty not even those are needed: O(dim).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL, Generation
from genloss.plan import Plan
from genloss.problem import Problem

Array = npt.NDArray[np.float64]

NAME, BLOCK, LOOK = "exact, isotropic", 16, 64


def applies(problem: Problem, plan: Plan) -> bool:
    """Whether covariances are the identity, designs fresh, and labelers the truth or the last model."""
    return problem.is_isotropic and all(
        generation.design == "fresh"
        and not generation.pooled
        and len(generation.sources) == 1
        and generation.sources[0].covariance is None
        and set(generation.sources[0].labeler_numbers(model)) <= {REAL, model - 1}
        for model, generation in enumerate(plan)
    )


def run(problem: Problem, plan: Plan, rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    """Run the plan ``count`` times; returns what `literal.run` returns.

    Lengths are in the metric of the inputs, whitened: a penalty is divided by the eigenvalue.
    """
    d, eigenvalue = problem.dim, float(problem.spectrum[0])
    whitened = math.sqrt(eigenvalue) * problem.truth
    length = math.sqrt(problem.signal)
    forward = whitened / length if length > 0 else np.eye(1, d)[0]
    risks = np.empty((count, plan.n_models))
    along, across = np.zeros((2, plan.n_models))
    for trial in range(count):
        before = (length, 0.0)
        for model, generation in enumerate(plan):
            shares = generation.sources[0].labeler_numbers(model)
            share = shares.get(model - 1, 0.0) if model else 0.0
            labeler = (
                shares.get(REAL, 0.0) * length + share * before[0],
                abs(share) * before[1],
            )
            before = _fit(d, eigenvalue, generation, labeler, rng)
            risks[trial, model] = (before[0] - length) ** 2 + before[1] ** 2
            along[model] += before[0] - length
            across[model] += before[1] ** 2
    # errors across the truth have uniform directions: only the expected length of their sum matters
    sums = np.sqrt(across)[:, None] * _perpendicular(forward)
    return risks, along[:, None] * forward + sums


def _perpendicular(direction: Array) -> Array:
    """Some unit vector across a direction; zero in one dimension."""
    least = int(np.argmin(np.abs(direction)))
    other = -direction[least] * direction
    other[least] += 1
    size = float(np.linalg.norm(other))
    return other / size if direction.size > 1 else np.zeros(1)


def _fit(
    d: int,
    eigenvalue: float,
    generation: Generation,
    labeler: tuple[float, float],
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Component along the truth, and length of the rest, of the model fitted to a labeler's rows."""
    source = generation.sources[0]
    n, noise = source.n_samples, source.label_noise
    penalty = generation.penalty / (source.weight * eigenvalue)
    k, size = min(n, d), math.hypot(*labeler)
    # the labeler's direction and one across it, in the eigenvectors that the rows span
    u, v = _orthonormal(d, k, rng)
    if penalty == 0:
        seen = size * u
        if noise > 0:
            # label noise has a uniform direction in the span, and a length without the rows
            scale = noise * rng.standard_normal(k)
            seen = seen + scale / math.sqrt(rng.chisquare(abs(n - d) + 1))
    else:
        values = _eigenvalues(n, d, rng) / n
        shrunk = values / (values + penalty)
        seen = size * shrunk * u
        if noise > 0:
            spread = noise * np.sqrt(values / n) / (values + penalty)
            seen = seen + spread * rng.standard_normal(k)
    on, off = float(seen @ u), float(seen @ v)
    a, b = (labeler[0] / size, labeler[1] / size) if size > 0 else (1.0, 0.0)
    # the truth is a times the labeler's direction plus b times the one across it
    forward = a * on + b * off
    return forward, math.sqrt(max(float(seen @ seen) - forward**2, 0.0))


def _orthonormal(d: int, k: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """First k coordinates of two orthonormal vectors, uniform in d dimensions."""
    first, second = rng.standard_normal((2, k))
    if d == 1:
        return np.sign(first), np.zeros(1)
    hidden = d - k
    # of the hidden coordinates only lengths and the inner product matter
    rest = math.sqrt(rng.chisquare(hidden)) if hidden else 0.0
    shared = rng.standard_normal() if hidden else 0.0
    across = rng.chisquare(hidden - 1) if hidden > 1 else 0.0
    square = float(first @ first) + rest**2
    inner = (float(first @ second) + rest * shared) / square
    u = first / math.sqrt(square)
    other = second - inner * first
    hidden_square = (shared - inner * rest) ** 2 + across
    return u, other / math.sqrt(float(other @ other) + hidden_square)


def _eigenvalues(n: int, d: int, rng: np.random.Generator) -> Array:
    """Eigenvalues of ``X'X`` for n standard normal rows in d dimensions that are not surely zero."""
    from scipy.linalg import eigvalsh_tridiagonal

    k, long = min(n, d), max(n, d)
    diagonal = np.sqrt(rng.chisquare(long - np.arange(k)))
    below = np.sqrt(rng.chisquare(k - 1 - np.arange(k - 1))) if k > 1 else np.empty(0)
    square = diagonal**2
    square[1:] += below**2
    return np.maximum(eigvalsh_tridiagonal(square, below * diagonal[:-1], check_finite=False), 0.0)
