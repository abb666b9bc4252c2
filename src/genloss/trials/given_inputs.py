"""Test error of a downstream ridge model given its inputs: drawn inputs, everything else averaged.

One drawn design, decomposed once, serves every penalty, every noise and every number of generators:
given the inputs the expectation over labels and generators is a sum over eigenvalues
(`paper.md` section 5). What is left to chance is a trace, which hardly varies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss._threads import cores, trial_pool
from genloss.class_rules import check_plain
from genloss.generation import MOST_ROWS
from genloss.problem import Problem

__all__ = ["Downstream", "downstream"]

MOST_DESIGNS = 10**6  # all are kept
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Downstream:
    """The three parts of the risk for every drawn design and every penalty.

    Attributes
    ----------
    penalties : ndarray of shape (n_penalties,)
        Penalties of the downstream model.
    bias : ndarray of shape (trials, n_penalties)
        Risk of the mean model.
    variance : ndarray of shape (trials, n_penalties)
        Risk per unit variance of the downstream label noise.
    amplification : ndarray of shape (trials, n_penalties)
        ``tr(Sigma**-1 M Sigma M)``: risk per unit of ``inherited``, for a labeler that scatters
        around the truth with covariance ``inherited * Sigma**-1``, as least squares does.
    """

    penalties: Array
    bias: Array
    variance: Array
    amplification: Array

    def risk(self, *, noise: float = 0.0, inherited: float = 0.0) -> tuple[Array, Array]:
        """Mean risk over the designs and its standard error, both of shape (n_penalties,).

        Parameters
        ----------
        noise : float, default 0.0
            Standard deviation of the downstream label noise.
        inherited : float, default 0.0
            ``sum_m noise_m**2 / (n_samples_m - dim - 1)`` over least-squares generators.

        Raises
        ------
        InvalidInputError
            If one of them is negative or not finite.
        """
        noise = _check.non_negative("noise", noise)
        inherited = _check.non_negative("inherited", inherited)
        return mean_and_stderr(
            self.bias + noise**2 * self.variance + inherited * self.amplification
        )


def mean_and_stderr(draws: Array) -> tuple[Array, Array]:
    """Mean over the first axis and its standard error."""
    return draws.mean(axis=0), draws.std(axis=0, ddof=1) / np.sqrt(len(draws))


def downstream(
    problem: Problem,
    *,
    n_samples: int,
    penalties: npt.ArrayLike,
    trials: int = 100,
    seed: int = 0,
    workers: int | None = None,
) -> Downstream:
    """Conditional expectations of a ridge model's risk, for many penalties on the same designs.

    Parameters
    ----------
    problem : Problem
        What there is to learn; inputs are drawn as Gaussian.
    n_samples : int
        Rows of the model. The cost does not depend on it once it is at least dim.
    penalties : array_like of shape (n_penalties,)
        Ridge penalties >= 0.
    trials : int, default 100
        Number of designs, 2 to 10**6.
    seed : int, default 0
        Seed; the result does not depend on the number of workers.
    workers : int, optional
        Threads; default: the cores this process may use.

    Returns
    -------
    Downstream
        Bias, variance and amplification of every design and penalty.

    Raises
    ------
    InvalidInputError
        If an argument is out of range.

    Notes
    -----
    `paper.md` sections 2.3 and 5. The Gram matrix is drawn through Bartlett's triangular factor
    where ``n_samples >= dim``, and its eigenvectors are those of the rows otherwise.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.trials.given_inputs import downstream
    >>> parts = downstream(gl.Problem.isotropic(50), n_samples=100, penalties=[0.1, 1.0], trials=20)
    >>> parts.bias.shape
    (20, 2)
    """
    check_plain(_check.instance("problem", problem, Problem), "downstream")
    n_samples = _check.integer("n_samples", n_samples, minimum=1, maximum=MOST_ROWS)
    lams = _check.vector("penalties", penalties, above=">= 0")
    trials = _check.integer("trials", trials, minimum=2, maximum=MOST_DESIGNS)
    seed = _check.integer("seed", seed, minimum=0)
    workers = _check.integer("workers", cores() if workers is None else workers, minimum=1)
    streams = np.random.SeedSequence(seed).spawn(trials)

    def one(stream: np.random.SeedSequence) -> Array:
        return _parts(problem, n_samples, lams, np.random.default_rng(stream))

    with trial_pool(workers) as pool:
        bias, variance, amplification = np.stack(list(pool.map(one, streams)), axis=1)
    return Downstream(lams, bias, variance, amplification)


def _parts(problem: Problem, n: int, lams: Array, rng: np.random.Generator) -> Array:
    """Bias, variance and amplification at every penalty, shape (3, n_penalties)."""
    s = problem.spectrum
    values, vectors = _eigen(s, n, rng)
    size = values[:, None] + lams
    seen = np.divide(values[:, None], size, out=np.zeros_like(size), where=size > 0)
    # M = V diag(seen) V'; what M leaves of the truth
    left = problem.truth[:, None] - vectors @ (seen * (vectors.T @ problem.truth)[:, None])
    bias = s @ left**2
    forward = (vectors.T * s) @ vectors
    inverse = (vectors.T / s) @ vectors
    per_value = np.divide(seen, size, out=np.zeros_like(size), where=size > 0)
    variance = np.diagonal(forward) @ per_value / n
    amplification = np.einsum("jl,jk,kl->l", seen, forward * inverse, seen, optimize=True)
    return np.array([bias, variance, amplification])


def _eigen(s: Array, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Eigenvalues and vectors of ``X'X / n`` without its kernel."""
    import scipy.linalg

    d, root = s.size, np.sqrt(s)
    if n >= d:
        # Bartlett: X'X = L L' with normals below the diagonal and chi on it
        factor = np.tril(rng.standard_normal((d, d)), -1)
        factor[np.diag_indices(d)] = np.sqrt(rng.chisquare(n - np.arange(d)))
        factor *= root[:, None] / np.sqrt(n)
        values, vectors = scipy.linalg.eigh(factor @ factor.T, check_finite=False, driver="evd")
        return np.maximum(values, 0.0), vectors
    X = rng.standard_normal((n, d)) * (root / np.sqrt(n))
    values, rows = scipy.linalg.eigh(X @ X.T, check_finite=False, driver="evd")
    values = np.maximum(values, np.finfo(float).tiny)
    return values, X.T @ (rows / np.sqrt(values))
