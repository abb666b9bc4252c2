"""Ridge fits of complex penalties to the same rows of several weights, covariances or lengths (`filters.md`).

Those of two penalties vary together by

    Q_k ( sum_s n_s omega_s**2 e_sk e_sl tau_s(k, l) Sigma_s ) Q_l ,
    tau_s(k, l) = noise_s**2 + E (theta_s - w_k)' Sigma_s (theta_s - w_l)

with ``w_k`` fitted to other rows, whose own variance feeds back.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from genloss.theory.filters.kinds import Array, Complex, Kinds, Space
from genloss.theory.filters.nodes import Nodes


class Pairs:
    """Ridge fits of the penalties of nodes, all to the same rows.

    Attributes
    ----------
    kinds : Kinds
    space : Space
    nodes : Nodes
    e, q : ndarray of shape (2k, S) and (2k, ...)
        Fixed points at the nodes and at their mirror images.
    """

    def __init__(self, kinds: Kinds, space: Space, nodes: Nodes) -> None:
        self.kinds, self.space, self.nodes = kinds, space, nodes
        e, q = kinds.solved(space, nodes.penalty)
        self.e, self.q = np.concatenate([e, e.conj()]), np.concatenate([q, q.conj()])
        self.size = len(e)

    def strength(self, by: Array) -> Complex:
        """Loads of the covariances by labeler, who label shares by (S, T) of kinds of rows: (2k, T, C)."""
        kinds = self.kinds
        each = self.e * (kinds.number * kinds.loud)
        return np.asarray(kinds.sums(each[:, None] * by.T))

    def variance(self, one: Complex, other: Complex, noise: Array, gap: Complex | float) -> Array:
        """Covariance of two filters of coefficients (k,), beside that of the labelers.

        ``noise`` (S,) are variances of the labels and ``gap`` (k, 2k, S) how far fits of two penalties to
        other rows miss the labelers together, but for their own variance.
        """
        kinds = self.kinds
        gain = kinds.number * kinds.weight**2 * kinds.length
        told = kinds.sums(self._both * gain * (noise + kinds.length * gap))
        fed = (self._solve @ (self._traces @ told[..., None]))[..., 0]
        theirs = np.concatenate([other, other.conj()])
        pairs = one[:, None, None] * theirs[:, None] * (told + self._feeds * fed)
        return 2 * self.space.sandwich(self.q[: self.size], self.q, pairs)

    def heard(self, one: Complex, other: Complex, traced: Complex) -> Complex:
        """Slopes of a sum of a `variance` in ``noise + length gap`` of pairs of penalties, (k, 2k, S).

        ``traced`` (k, 2k, C) are those of the same sum of a `Space.sandwich` in its pairs.
        """
        kinds, theirs = self.kinds, np.concatenate([other, other.conj()])
        pairs = 2 * one[:, None, None] * theirs[:, None] * traced
        fed = np.swapaxes(self._solve @ self._traces, -1, -2) @ (self._feeds * pairs)[..., None]
        told = pairs + fed[..., 0]
        gain = kinds.number * kinds.weight**2 * kinds.length
        return np.asarray(told[..., kinds.shape] * self._both * gain)

    @cached_property
    def _both(self) -> Complex:
        return np.asarray(self.e[: self.size, None] * self.e)

    @cached_property
    def _feeds(self) -> Complex:
        """What the variance of fits of two penalties brings into their errors: (k, 2k, C)."""
        kinds = self.kinds
        return np.asarray(kinds.sums(self._both * (kinds.number * kinds.loud**2)))

    @cached_property
    def _traces(self) -> Complex:
        return self.space.products(self.q[: self.size], self.q)

    @cached_property
    def _solve(self) -> Complex:
        one = np.eye(len(self.kinds.covariances))
        return np.asarray(np.linalg.inv(one - self._traces * self._feeds[..., None, :]))
