"""Covariances that are matrices."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.covariances import matrix
from genloss.theory.filters.kinds import Array, Complex, Kinds


class Across(NamedTuple):
    """Covariances (C, p, p)."""

    sigma: Array

    @classmethod
    def of(cls, kinds: Kinds, spectrum: Array) -> Across:
        """The covariances of rows."""
        own = [np.diag(spectrum) if c is None else matrix(c) for c in kinds.covariances]
        return cls(np.array(own))

    @property
    def totals(self) -> Array:
        """Traces."""
        return np.einsum("cii->c", self.sigma)

    def largest(self, kinds: Kinds) -> float:
        """Largest eigenvalue of the mean weighted covariance of the rows."""
        return float(np.linalg.eigvalsh(np.tensordot(kinds.load(), self.sigma, 1))[-1])

    def resolvent(self, level: npt.NDArray[Any], load: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Q, (k, p, p)."""
        one = np.eye(self.sigma.shape[-1])
        return np.asarray(
            np.linalg.inv(level[:, None, None] * one + np.tensordot(load, self.sigma, 1))
        )

    def is_positive(self, level: float, load: Array) -> bool:
        """Whether it is."""
        least = np.linalg.eigvalsh(np.tensordot(load, self.sigma, 1))[0]
        return bool(level + least > 0)

    def traces(self, q: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """``tr Sigma_c Q``."""
        return np.asarray(np.tensordot(q, self.sigma, ([1, 2], [1, 2])))

    def squares(self, q: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """``tr Sigma_c Q Sigma_d Q``."""
        each = q[:, None] @ self.sigma
        turned = np.swapaxes(each, -1, -2)
        size = len(self.sigma)
        flat, back = (m.reshape(len(q), size, -1) for m in (each, turned))
        return np.asarray(flat @ np.swapaxes(back, 1, 2))

    def products(self, q: Complex, other: Complex) -> Complex:
        """``tr Sigma_c Q_k Sigma_d Q_l``."""
        size = len(self.sigma)
        traces = np.empty((len(q), len(other), size, size), dtype=complex)
        # Q and Sigma are symmetric: (Sigma_d Q_l)' = Q_l Sigma_d
        each = [(q @ own).reshape(len(q), -1) for own in self.sigma]
        turned = [np.swapaxes(other @ own, 1, 2).reshape(len(other), -1) for own in self.sigma]
        for c in range(size):
            for d in range(size):
                traces[..., c, d] = each[c] @ turned[d].T
        return traces

    def sandwich(self, q: Complex, other: Complex, pairs: Complex) -> Array:
        """Real part of ``sum Q_k pairs_klc Sigma_c Q_l``, (p, p)."""
        total = np.zeros(self.sigma.shape[1:])
        for c, own in enumerate(self.sigma):
            for one, inner in zip(q, np.tensordot(pairs[..., c], other, 1), strict=True):
                total += (one @ (own @ inner)).real
        return total

    def weighed(self, q: Complex, other: Complex, weights: Array) -> Complex:
        """Slopes of the sum of ``weights * sandwich`` in its pairs, but for the real part: (k, l, C)."""
        one = (weights @ q).reshape(len(q), -1)
        each = [np.swapaxes(own @ other, 1, 2).reshape(len(other), -1) for own in self.sigma]
        return np.asarray(np.stack([one @ own.T for own in each], -1))
