"""The directions that theory is computed in: equal ones together, very many of them compressed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from genloss.equivalents import LONG, Nodes, compress
from genloss.problem import Problem

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Directions:
    """Eigen-directions of a problem, those of one eigenvalue taken together.

    The moments of a model depend on a direction through its eigenvalue and the truth's square alone,
    so that only sums over the directions of one eigenvalue are needed.
    """

    spectrum: Array
    """Eigenvalues, shape (p,)."""
    count: Array
    """How many directions have each of them; need not be a whole number."""
    signal: Array
    """Sum of the truth's squared coordinates along them."""
    dim: int
    """Number of directions."""

    @classmethod
    def of(cls, problem: Problem, *, apart: bool) -> Self:
        """Directions of a problem; ``apart`` keeps every one, for sources of other covariances."""
        s, energy, dim = problem.spectrum, problem.truth**2, problem.dim
        if apart:
            return cls(s, np.ones_like(s), energy, dim)
        if problem.is_isotropic:
            return cls(s[:1], np.array([float(dim)]), energy.sum(keepdims=True), dim)
        if dim < LONG:
            return cls(s, np.ones_like(s), energy, dim)
        # Gauss nodes of two measures, each with no mass at the nodes of the other
        every, loud = compress(s), compress(s, energy)
        none, silent = np.zeros_like(every.weights), np.zeros_like(loud.weights)
        return cls(
            np.concatenate([every.values, loud.values]),
            np.concatenate([every.weights, silent]),
            np.concatenate([none, loud.weights]),
            dim,
        )

    @property
    def trace(self) -> float:
        """Trace of the covariance."""
        return float(self.spectrum @ self.count)

    @property
    def nodes(self) -> Nodes:
        """Eigenvalues and how often they occur, for effective penalties."""
        return Nodes(self.spectrum, self.count, float(self.dim))
