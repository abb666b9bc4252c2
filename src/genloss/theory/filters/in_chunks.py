"""Rows that a pass of SGD takes one by one, many at a time.

What couples the directions are what the mean model says along the fields and its error on the next row: within a chunk of
rows both are convolutions, solved at once. Each row is left with a step of the mean and one of the variance.
"""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from genloss.theory.channels.squared_loss import Seen

Array = npt.NDArray[np.float64]

_FEWEST, _MOST = 8, 32  # rows of a chunk
_CELLS = 20_000  # of what they say, which the cache shall hold


def size_of(fields: int, directions: int) -> int:
    """How many rows are looked at together."""
    return max(_FEWEST, min(_MOST, _CELLS // (fields * directions)))


class Chunk(NamedTuple):
    """Rows of one source that are looked at together: what couples the directions there are convolutions.

    Attributes
    ----------
    seen : Seen
    second, root : ndarray of shape (fields, fields, p)
        Second moments of the fields, and roots of them.
    s, pull, keep, own, heard : ndarray of shape (p,)
        Eigenvalues; what a row adds to the mean, leaves of it and of the variance, and makes of an error.
    kept, owned : ndarray of shape (rows + 1, p)
        Powers of ``keep`` and of ``own``.
    push : ndarray of shape (rows, fields)
        What a mean that starts at zero, and does not bend, says.
    unbent : ndarray of shape (rows * fields, rows * fields)
        What is said, of what would be without a bend.
    echoed : ndarray of shape (rows, rows)
        Errors, of what they would be if no error were heard later.
    """

    seen: Seen
    second: Array
    root: Array
    s: Array
    pull: Array
    keep: Array
    own: Array
    heard: Array
    kept: Array
    owned: Array
    push: Array
    unbent: Array
    echoed: Array

    @classmethod
    def of(
        cls, seen: Seen, second: Array, s: Array, keep: Array, eta: float, count: Array, rows: int
    ) -> Self:
        """So many rows that are alike."""
        pull, heard, fields = eta * s, eta**2 * s * count, len(second)
        own = keep**2 + pull**2
        kept, owned = (base ** np.arange(rows + 1)[:, None] for base in (keep, own))
        lags = np.subtract.outer(np.arange(rows), np.arange(rows)) - 1
        later = lags >= 0
        met = (
            np.einsum("abp,kp->kab", second, kept[:-1] * (s * pull))[lags] * later[..., None, None]
        )
        bent = (met @ seen.bend).swapaxes(1, 2).reshape(rows * fields, rows * fields)
        unbent = np.linalg.inv(np.eye(rows * fields) + bent)
        echo = (owned[:-1] @ (s * heard))[lags] * later
        push = np.einsum("klab,b->ka", met, seen.push)
        echoed = np.linalg.inv(np.eye(rows) - echo)
        known = kept, owned, push, unbent, echoed
        return cls(seen, second, _root(second), s, pull, keep, own, heard, *known)

    def after(self, shares: Array, spread: Array, rows: int) -> tuple[Array, Array]:
        """Shares of the fields and variance after as many rows, or fewer."""
        seen, s, fields = self.seen, self.s, len(shares)
        told = np.einsum("abp,bp->ap", self.second, shares)
        free = (self.kept[:-1] * s) @ told.T + self.push
        said = (self.unbent @ free.ravel()).reshape(-1, fields)[:rows]
        bent = said @ seen.bend
        taken = seen.push - bent
        towards = np.tensordot(taken, self.root, 1)
        sizes, unheard = np.empty_like(towards), np.empty((rows, s.size))
        size = np.einsum("abp,ap->bp", self.root, shares)
        for row, here in enumerate(towards):
            sizes[row] = size
            size = self.keep * size + self.pull * here
        away = np.subtract(towards, sizes, out=towards)
        apart = _squared(away)
        apart *= self.pull**2
        for row, here in enumerate(apart):
            unheard[row] = spread
            spread = self.own * spread + here
        error = seen.square - 2 * said @ seen.push + (bent * said).sum(axis=1)
        error = error + (_squared(sizes) + unheard) @ s
        heard = (self.echoed[:rows, :rows] @ error)[::-1] @ self.owned[:rows]
        shares = self.kept[rows] * shares + self.pull * (taken[::-1].T @ self.kept[:rows])
        return shares, spread + self.heard * heard


def _squared(fields: Array) -> Array:
    """Sums of the squares of fields, of (rows, fields, p)."""
    return np.asarray(np.einsum("kap,kap->kp", fields, fields))


def _root(second: Array) -> Array:
    """Roots of second moments (fields, fields, p)."""
    values, turn = np.linalg.eigh(np.moveaxis(second, -1, 0))
    return np.moveaxis(turn * np.sqrt(np.maximum(values, 0.0))[:, None], 0, -1)
