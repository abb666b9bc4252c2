"""Covariances along the problem's directions: every matrix is a vector."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.spectrum import Spectrum
from genloss.theory.filters.kinds import Array, Complex, Kinds


class Along(NamedTuple):
    """Covariances (C, p), and how many directions are alike (p,)."""

    sigma: Array
    multiplicity: Array

    @classmethod
    def of(cls, kinds: Kinds, directions: Spectrum) -> Along:
        """The covariances of rows."""
        own = [directions.eigenvalues if c is None else c for c in kinds.covariances]
        return cls(np.array(own, dtype=float), directions.multiplicity)

    @property
    def totals(self) -> Array:
        """Traces."""
        return self.sigma @ self.multiplicity

    def largest(self, kinds: Kinds) -> float:
        """Largest eigenvalue of the mean weighted covariance of the rows."""
        return float((kinds.load() @ self.sigma).max())

    def resolvent(self, level: npt.NDArray[Any], load: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Q, (k, p)."""
        return np.asarray(1 / (level[:, None] + load @ self.sigma))

    def is_positive(self, level: float, load: Array) -> bool:
        """Whether it is."""
        return bool((level + load @ self.sigma > 0).all())

    def traces(self, q: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """``tr Sigma_c Q``."""
        return np.asarray(q @ (self.sigma * self.multiplicity).T)

    def squares(self, q: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """``tr Sigma_c Q Sigma_d Q``."""
        pairs = (self.sigma[:, None] * self.sigma * self.multiplicity).reshape(
            -1, self.multiplicity.size
        )
        return np.asarray((q * q @ pairs.T).reshape(-1, len(self.sigma), len(self.sigma)))

    def products(self, q: Complex, other: Complex) -> Complex:
        """``tr Sigma_c Q_k Sigma_d Q_l``."""
        size = len(self.sigma)
        traces = np.empty((len(q), len(other), size, size), dtype=complex)
        for c in range(size):
            for d in range(c + 1):
                loud = q * (self.sigma[c] * self.sigma[d] * self.multiplicity)
                traces[..., c, d] = traces[..., d, c] = loud @ other.T
        return traces

    def sandwich(self, q: Complex, other: Complex, pairs: Complex) -> Array:
        """Real part of ``sum Q_k pairs_klc Sigma_c Q_l``, summed over directions that are alike."""
        parts = (
            (q * (pairs[..., c] @ other)).sum(axis=0).real * own for c, own in enumerate(self.sigma)
        )
        return np.asarray(sum(parts) * self.multiplicity)

    def weighed(self, q: Complex, other: Complex, weights: Array) -> Complex:
        """Slopes of ``weights @ sandwich`` in its pairs, but for the real part: (k, l, C)."""
        loud = weights * self.multiplicity * self.sigma
        return np.asarray(np.stack([(q * own) @ other.T for own in loud], -1))
