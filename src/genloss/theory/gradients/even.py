"""Fits to new rows of one source, forwards and backwards (`theory.md` 2.2).

With ``x = sum_k a_k theta_k`` the labeler, less the model b that the penalty pulls to if there is one,

    mean = b + S x ,   variance = var(b + S x) + (gap @ E x**2 + noise**2) gain ,
    gap = s (kappa r)**2 ,   gain = s r**2 / (n - df2) ,   r = 1 / (s + kappa) .

A constant keeps all of its labeler, and its gain is that of rows apart from their mean (2.9).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.equivalents import solve
from genloss.spectrum import Spectrum
from genloss.theory.gradients.tape import Tape, pair

Array = npt.NDArray[np.float64]


class Asked(NamedTuple):
    """One fit: its number, who labels it (less the base), noise variance, base, who comes later."""

    model: int
    labeler: Mapping[int, float]
    noise: float
    base: int | None
    along: Sequence[int]
    """Models that label later ones, as this one does: its covariances with them are needed."""


class Even:
    """All fits of one source in a plan, their fixed points found in one call.

    Parameters
    ----------
    directions : Spectrum
    asked : sequence of Asked
    n, penalty : ndarray of shape (fits,)
        Rows, and penalty over their weight.
    """

    def __init__(
        self, directions: Spectrum, asked: Sequence[Asked], n: Array, penalty: Array
    ) -> None:
        self.at = {fit.model: (place, fit) for place, fit in enumerate(asked)}
        self.s, self.count, self.n = directions.eigenvalues, directions.multiplicity, n
        self.kappa, self.df1, *_ = solve(directions, penalty, n)
        k = self.kappa[:, None]
        self.r = 1 / (self.s + k)
        self.shrink = self.s * self.r
        self.keen = self.shrink * self.r
        """``s r**2``, minus the slope of the shrinkage in kappa."""
        profile = self.count * self.keen
        with np.errstate(divide="ignore", invalid="ignore"):
            curved = n * penalty / self.kappa + self.kappa * profile.sum(axis=1)
        # n - df2, and n - dim - 1 for least squares (`paper.md` 2.1)
        self.left = np.where(self.kappa > 0, curved, n - directions.dim - 1)
        self.gap = k * k * self.keen
        profile /= self.left[:, None]
        # of a constant, over the rows
        self.apart = np.where(self.kappa > 0, 1.0, 2.0) if directions.constant else 0 * self.n
        if directions.constant:
            self.shrink[:, -1], self.gap[:, -1] = 1.0, 0.0
            profile[:, -1] *= 1 - self.apart / n
        self.gain, self.square = profile, self.shrink * self.shrink
        self.seen: dict[int, tuple[Array, Array, Array]] = {}  # of the labelers, by place
        # slopes in shrink, gap and gain
        none: list[Array] = [np.zeros(self.r.shape) for _ in range(3)]
        self.of_shrink, self.of_gap, self.of_gain = none

    def forward(self, tape: Tape, model: int) -> None:
        """Add a model to the tape."""
        at, (_, labeler, noise, base, along) = self.at[model]
        shrink = self.shrink[at]
        mean, spread = _mean(tape, labeler), _spread(tape, labeler)
        second = tape.directions.energy * mean**2 + spread
        self.seen[at] = mean, spread, second
        variance = self.square[at] * spread + (self.gap[at] @ second + noise) * self.gain[at]
        filter_ = shrink * mean
        if base is not None:
            filter_ = filter_ + tape.filters[base]
            variance = variance + tape.spread(base, base) + 2 * shrink * _along(tape, labeler, base)
        tape.filters[model], tape.covariance[model, model] = filter_, variance
        for u in along:
            both = shrink * _along(tape, labeler, u)
            tape.covariance[pair(u, model)] = both if base is None else both + tape.spread(base, u)

    def backward(self, tape: Tape, model: int) -> tuple[dict[int, float], float]:
        """Hand slopes on to the labelers; slopes in their shares and in the noise's variance."""
        at, (_, labeler, noise, base, along) = self.at[model]
        shrink, gap = self.shrink[at], self.gap[at]
        of_filter, of_variance, of_along = tape.asked(model, along)
        mean, spread, second = self.seen[at]
        of_error = float(of_variance @ self.gain[at])
        of_heard = of_error * gap
        of_mean = shrink * of_filter + (2 * tape.directions.energy) * (of_heard * mean)
        of_spread = self.square[at] * of_variance + of_heard
        self.of_shrink[at] = of_filter * mean + 2 * (of_variance * (shrink * spread))
        self.of_gap[at] = of_error * second
        self.of_gain[at] = (float(gap @ second) + noise) * of_variance
        handed = {u: shrink * slope for u, slope in of_along.items()}
        for u, slope in of_along.items():
            self.of_shrink[at] += slope * _along(tape, labeler, u)
        if base is not None:
            self.of_shrink[at] += 2 * of_variance * _along(tape, labeler, base)
            handed[base] = handed.get(base, 0.0) + 2 * shrink * of_variance
            tape.add_filter(base, of_filter)
            tape.add_spread(base, base, of_variance)
            for u, slope in of_along.items():
                tape.add_spread(base, u, slope)
        of_shares = {}
        for k, share in labeler.items():
            tape.add_filter(k, share * of_mean)
            of_shares[k] = float(of_mean @ tape.filters[k])
            of_shares[k] += 2 * float(of_spread @ _along(tape, labeler, k))
            for l, other in labeler.items():
                tape.add_spread(k, l, (share * other) * of_spread)
            for u, slope in handed.items():
                of_shares[k] += float(slope @ tape.spread(k, u))
                tape.add_spread(k, u, share * slope)
        return of_shares, of_error

    def slopes(self) -> tuple[Array, Array]:
        """Slopes in rows and penalties of all fits, once all were gone through backwards."""
        n, kappa = self.n, self.kappa
        shrunk, gained = kappa > 0, self.of_gain * self.gain
        whole = gained.sum(axis=1)
        of_left = -whole / self.left
        of_shrinkage = self.shrink * self.of_gap
        of_shrinkage *= 2 * kappa[:, None]
        of_shrinkage -= self.of_shrink
        if self.apart.any():
            of_shrinkage[:, -1] = 0.0
        of_kappa = np.vecdot(self.keen, of_shrinkage) - 2 * np.vecdot(gained, self.r)
        of_kappa -= 2 * whole * np.vecdot(self.gain, self.shrink)
        # kappa (1 - df1 / n) = penalty, of which the slope is left / n
        of_rows = of_left - np.where(shrunk, of_kappa * kappa * self.df1 / (n * self.left), 0.0)
        if self.apart.any():
            of_rows += gained[:, -1] * self.apart / (n * (n - self.apart))
        return of_rows, np.where(shrunk, of_kappa * n / self.left, np.nan)


def _mean(tape: Tape, labeler: Mapping[int, float]) -> Array:
    if len(labeler) == 1:
        [(k, share)] = labeler.items()
        return tape.filters[k] if share == 1 else share * tape.filters[k]
    return np.sum([share * tape.filters[k] for k, share in labeler.items()], axis=0)


def _spread(tape: Tape, labeler: Mapping[int, float]) -> Array:
    if len(labeler) == 1:
        [(k, share)] = labeler.items()
        return tape.spread(k, k) if share == 1 else share**2 * tape.spread(k, k)
    pairs = [(k, l) for k in labeler for l in labeler]
    return np.sum([labeler[k] * labeler[l] * tape.spread(k, l) for k, l in pairs], axis=0)


def _along(tape: Tape, labeler: Mapping[int, float], other: int) -> Array:
    if len(labeler) == 1:
        [(k, share)] = labeler.items()
        return tape.spread(k, other) if share == 1 else share * tape.spread(k, other)
    return np.sum([share * tape.spread(k, other) for k, share in labeler.items()], axis=0)
