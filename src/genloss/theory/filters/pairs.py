"""Ridge fits of complex penalties to the same rows of several weights, covariances or lengths (`filters.md`).

Those of two penalties vary together by

    Q_k ( sum_s n_s omega_s**2 e_sk e_sl tau_s(k, l) Sigma_s ) Q_l ,
    tau_s(k, l) = noise_s**2 + E (theta_s - w_k)' Sigma_s (theta_s - w_l)

with ``w_k`` fitted to other rows, whose own variance feeds back.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from genloss.theory.filters.nodes import Nodes
from genloss.theory.filters.rows import Complex, Rows

Array = npt.NDArray[np.float64]


class Pairs:
    """Ridge fits of the penalties of nodes, all to the same rows.

    Attributes
    ----------
    rows : Rows
    nodes : Nodes
    e, q : ndarray of shape (2k, S) and (2k, p)
        Fixed points at the nodes and at their mirror images.
    """

    def __init__(self, rows: Rows, nodes: Nodes) -> None:
        self.rows, self.nodes = rows, nodes
        e, q = rows.solved(nodes.penalty)
        self.e, self.q = np.concatenate([e, e.conj()]), np.concatenate([q, q.conj()])
        self.size = len(e)

    def kept(self, by: Array) -> Complex:
        """What each fit keeps of each of T labelers who label shares by (S, T) of kinds of rows: (2k, T, p)."""
        rows = self.rows
        strength = self.e * (rows.number * rows.loud)
        each = self._sums(strength[:, None] * by.T)
        return np.asarray((each @ rows.sigma) * self.q[:, None])

    def variance(self, coefficients: Complex, other: Complex, noise: Array, gap: Complex) -> Array:
        """Covariance of two filters of these coefficients (k,), summed over directions that are alike.

        ``noise`` (S,) are variances of the labels and ``gap`` (k, 2k, S) how far fits of two penalties miss
        the labelers together.
        """
        rows, half = self.rows, self.size
        both = self.e[:half, None] * self.e
        gain = rows.number * rows.weight**2 * rows.length
        told = self._sums(both * gain * (noise + rows.length * gap))
        loud = told + self._feeds * (self._solve @ (self._traces @ told[..., None]))[..., 0]
        theirs = np.concatenate([other, other.conj()])
        pairs = coefficients[:, None, None] * theirs[:, None] * loud
        along = np.tensordot(pairs, self.q, ([1], [0]))  # (k, C, p)
        return np.asarray(
            2 * np.einsum("kp,kcp,cp->p", self.q[:half], along, rows.sigma).real * rows.count
        )

    def _sums(self, values: Complex) -> Complex:
        """Sums over the kinds of rows of each covariance, (..., S) to (..., C)."""
        rows = self.rows
        return np.asarray(
            values @ (rows.shape[:, None] == np.arange(len(rows.sigma))).astype(float)
        )

    @cached_property
    def _feeds(self) -> Complex:
        """What the variance of fits of two penalties brings into their errors: (k, 2k, C)."""
        rows = self.rows
        gain = rows.number * rows.loud**2
        return self._sums(self.e[: self.size, None] * self.e * gain)

    @cached_property
    def _traces(self) -> Complex:
        """``tr Sigma_c Q_k Sigma_d Q_l``, (k, 2k, C, C)."""
        sigma, half = self.rows.sigma, self.size
        traces = np.empty((half, 2 * half, len(sigma), len(sigma)), dtype=complex)
        for c, one in enumerate(sigma):
            for d, other in enumerate(sigma[: c + 1]):
                loud = self.q[:half] * (one * other * self.rows.count)
                traces[..., c, d] = traces[..., d, c] = loud @ self.q.T
        return traces

    @cached_property
    def _solve(self) -> Complex:
        one = np.eye(len(self.rows.sigma))
        return np.asarray(np.linalg.inv(one - self._traces * self._feeds[..., None, :]))
