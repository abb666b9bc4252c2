"""One pass over rows of any sources, one after the other: labels by any rule, rows kept by one, or about centres.

With what `genloss.theory.channels.squared_loss` says of the rows that a step is taken on,

    w' = (1 - eta lam) w + eta (E x y - E x x' w) ,   C' = (1 - eta (lam + s))^2 C + eta^2 (s q + s^2 D)

for the mean of the model and the variance C about it, q its squared error on such rows and D, per direction,
that of w about what the labels pull it to: exact for linear labels on Gaussian rows, else in high dimension.
"""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.filters.sgd import SGD
from genloss.steps import Step
from genloss.theory.channels.evolution import Fit
from genloss.theory.channels.squared_loss import Seen
from genloss.theory.filters.fresh import not_spectral

Array = npt.NDArray[np.float64]

_FEWEST, _MOST, _CELLS = (
    8,
    32,
    20_000,
)  # rows that are looked at together, as the cache holds what they say

MOST_STEPS = 300_000
"""Rows that are followed one by one."""


def solved(step: Step, fit: Fit, sources: list[Seen]) -> tuple[Array, Array]:
    """How fields enter the model (fields, p), and variance of its noise (p,).

    Raises
    ------
    InvalidInputError
        If the steps of the filter would explode.
    NoTheoryError
        If it is another filter than SGD, or takes very many steps.
    """
    how, second, count = step.filter, fit.second, fit.multiplicity
    check(step)
    assert isinstance(how, SGD)
    accepted = sum(rows.number for rows in sources) / step.rows
    loud = [accepted * rows.weight * fit.sigma[rows.sheet] for rows in fit.rows]
    top, length = max(float(s.max()) for s in loud), max(float(s @ count) for s in loud)
    how.check(top, length, step.penalty)
    shares, spread = np.zeros((len(second), count.size)), np.zeros(count.size)
    for rows, own in zip(sources, fit.rows, strict=True):
        s, eta = fit.sigma[own.sheet], how.step * accepted * own.weight
        keep = 1 - how.step * step.penalty - eta * s
        number = round(rows.number)
        size = min(number, max(_FEWEST, min(_MOST, _CELLS // shares.size)))
        chunk = _Chunk.of(rows, second, s, keep, eta, count, size)
        for first in range(0, number, size or 1):
            shares, spread = chunk.after(shares, spread, min(size, number - first))
    return shares, spread


class _Chunk(NamedTuple):
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
        return cls(
            seen,
            second,
            _root(second),
            s,
            pull,
            keep,
            own,
            heard,
            kept,
            owned,
            push,
            unbent,
            echoed,
        )

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


def check(step: Step) -> None:
    """Raise NoTheoryError if the filter of a step is not one that is followed row by row, or of too many."""
    assert step.filter is not None
    if not isinstance(step.filter, SGD):
        raise not_spectral(step.filter)
    if step.rows > MOST_STEPS:
        raise NoTheoryError(
            f"model {step.model} takes {step.rows:,} steps, each of which theory follows, {MOST_STEPS:,} at most; "
            "genloss.simulate(problem, plan) runs it"
        )
