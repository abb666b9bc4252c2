"""Entries of a full space as combinations of the few matrices that they share.

What stands between two vectors of directions in ``Q0 - eta`` is a number, or a trace times the covariance of some
rows. So a product with many of its entries is one with every matrix, and sums.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from genloss.pencils.expression import Array, Coefficient

_PROBES = 8  # random signs by which sizes of products are found
_IDENTITY = 0


class Few:
    """The entries of ``count`` unknowns, each a matrix of this width."""

    def __init__(self, count: int, width: int) -> None:
        self.count, self.width = count, width
        self._shared: dict[int, tuple[Coefficient, Array]] = {}

    def add(self, row: int, column: int, value: Coefficient, by: float = 1.0) -> None:
        """Add a number, a diagonal or a matrix to an entry; the same one counts as shared."""
        if np.ndim(value) == 0:
            value, by, key = 1.0, float(value) * by, _IDENTITY
        else:
            key = id(value)  # which it keeps, as the value is kept
        if key not in self._shared:
            self._shared[key] = value, np.zeros((self.count, self.count))
        self._shared[key][1][row, column] += by

    def parts(self, without: frozenset[int] = frozenset()) -> Iterator[tuple[Coefficient, Array]]:
        """The matrices, and what each is times in every entry; ``without`` those of some identities."""
        return (part for key, part in self._shared.items() if key not in without)

    def behind(self, rows: slice, between: slice, G: Array) -> Array:
        """The product of entries with ``G``, of which ``between`` are the rows: of shape (rows, columns)."""
        w = self.width
        stacked = G.reshape(-1, w, G.shape[-1])
        out = np.zeros((rows.stop - rows.start, w, G.shape[-1]))
        for value, by in self.parts():
            for row, numbers in zip(out, by[rows, between], strict=True):
                some = np.flatnonzero(numbers)
                if not some.size:
                    continue
                combined = numbers[some[0]] * stacked[some[0]]
                for place in some[1:]:
                    combined += numbers[place] * stacked[place]
                row += times(value, combined)
        return out.reshape(-1, G.shape[-1])

    def sizes(self) -> Array:
        """Root mean square eigenvalue of every entry."""
        known = [(_whole(value, self.width), by) for value, by in self.parts()]
        squares = np.zeros((self.count, self.count))
        for one, a in known:
            for other, b in known:
                squares += a * b * float(np.einsum("ij,ij->", one, other))
        return np.sqrt(np.maximum(squares, 0.0) / self.width)

    def against(self, G: Array) -> tuple[Array, Array]:
        """Sizes of the entries of ``G``, and of ``K G - 1``, as random signs show them."""
        n, w = self.count, self.width
        z = np.random.default_rng(0).choice([-1.0, 1.0], (w, _PROBES))
        seen = np.zeros((n, w, n, _PROBES))  # all of G that need not vanish is below its diagonal
        for k in range(n):
            below = G[w * k :, w * k : w * (k + 1)] @ z
            seen[k:, :, k] = below.reshape(n - k, w, _PROBES)
        away = np.zeros_like(seen)
        for value, by in self.parts():
            combined = np.tensordot(by, seen, 1).swapaxes(0, 1).reshape(w, -1)
            away += times(value, combined).reshape(w, n, n, _PROBES).swapaxes(0, 1)
        own = np.arange(n)
        away[own, :, own] -= z
        sizes = [
            np.sqrt(np.einsum("awbq,awbq->ab", each, each) / (w * _PROBES)) for each in (seen, away)
        ]
        return sizes[0], sizes[1]


def times(value: Coefficient, matrix: Array) -> Array:
    """A number, a diagonal or a matrix times a matrix."""
    if np.ndim(value) == 2:
        return np.asarray(value @ matrix)
    return np.asarray(value[:, None] * matrix if np.ndim(value) else value * matrix)  # type: ignore[index]


def _whole(value: Coefficient, width: int) -> Array:
    if np.ndim(value) == 2:
        return np.asarray(value)
    return np.asarray(np.diag(np.broadcast_to(value, width)))
