"""The best penalty of the first and of the last model, and which ones cannot be told from it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from genloss.outlook.growth import variance_of_mean
from genloss.outlook.ridge import GRID, Design, least
from genloss.outlook.sample import Sample

Array = npt.NDArray[np.float64]

ALIKE = 0.005
"""Difference in error that is none, however well it is known."""

_FLAT = 1e-3
_BEYOND = float(GRID[1] / GRID[0]) ** (3 / 16)
"""Three sixteenths of a step are added to ranges: what ends them lies between two points of the grid.

How much, from coverage on public tables (docs/forecast-accuracy.md).
"""


@dataclass(frozen=True, eq=False)
class Best:
    """A curve of errors over penalties, and its least place.

    Attributes
    ----------
    grid, error : ndarray of shape (G,)
        Penalties in rising order, and the error with each.
    penalty : float
        Where the error is least, also between the points of the grid.
    low, high : float
        Ends of the range that cannot be told apart.
    least : float
        The error at ``penalty``.
    """

    grid: Array
    error: Array
    penalty: float
    low: float
    high: float
    least: float

    def at(self, penalty: float) -> float:
        """Error with any penalty, interpolated in logarithms."""
        if penalty <= 0 and self.grid[0] == 0:
            return float(self.error[0])
        kept = self.grid > 0
        logs = np.log(np.maximum(self.error[kept], 1e-300))
        return float(np.exp(np.interp(np.log(max(penalty, 1e-300)), np.log(self.grid[kept]), logs)))

    def through(self, penalty: float, error: float) -> Best:
        """The same curve at the height of a known error, unless that lies beyond the curve's low end."""
        if penalty < self.grid[0]:
            return self  # between there and no penalty at all, errors may go to infinity
        factor = error / self.at(penalty)
        if not np.isfinite(factor):
            return self
        return replace(self, error=self.error * factor, least=self.least * factor)

    def scaled(self, factor: float) -> Best:
        """The same curve where every best penalty is so many times larger."""
        if factor == 1:
            return self
        return Best(
            self.grid * factor,
            self.error,
            self.penalty * factor,
            self.low * factor,
            self.high * factor,
            self.least,
        )


def grid_of(sample: Sample, n_samples: int) -> Array:
    """Penalties to look at: half decades of the features' trace; none, where that is determined."""
    if sample.kernel is None:
        features = sample.features()
        trace = float(sample.mean((features - sample.mean(features)) ** 2).sum())
    else:
        gram = sample.kernel(sample.X[:500], sample.X[:500])
        trace = float(np.mean(np.diagonal(gram)) - gram.mean())
    determined = sample.kernel is None and n_samples > sample.X.shape[1] + len(sample.texts) + 3
    return np.append(0.0, trace * GRID) if determined else trace * GRID


def by_leaving_out(sample: Sample, grid: Array) -> tuple[Best, Array]:
    """The best penalty of a model of all rows, and the leave-one-out losses (M, G)."""
    design = Design.of(sample.X, sample.kernel, sample.weights)
    squares = sample.squares(design.left_out(sample.y, grid))
    error = np.asarray(sample.mean(squares))
    at = int(np.argmin(error))
    lowest = max(float(error[at]), 1e-300)
    apart = (squares - squares[:, at : at + 1]) / lowest
    doubt = np.sqrt(variance_of_mean(apart, sample))
    return _best(grid, error, error / lowest - 1 <= np.maximum(doubt, ALIKE)), squares


def by_rehearsals(grid: Array, runs: Array, folds: int) -> Best:
    """The best penalty from runs (K, S, G) of one model on common draws; K kinds of inputs."""
    mean = np.maximum(runs.mean(axis=0), 1e-300)  # (S, G)
    error = np.exp(np.mean(np.log(np.maximum(runs.mean(axis=1), 1e-300)), axis=0))
    at = int(np.argmin(error))
    apart = mean / mean[:, at : at + 1] - 1
    sd = apart.std(axis=0, ddof=1) if len(mean) > 1 else np.zeros(grid.size)
    doubt = 0.5 * sd * np.sqrt(1 / len(mean) + 1 / max(folds - 1, 1))
    return _best(grid, error, error / error[at] - 1 <= np.maximum(doubt, ALIKE))


def _best(grid: Array, error: Array, same: npt.NDArray[np.bool_]) -> Best:
    at = int(np.argmin(error))
    first, last = at, at
    while first > 0 and same[first - 1]:
        first -= 1
    while last < grid.size - 1 and same[last + 1]:
        last += 1
    penalty, lowest = least(grid, error)
    edge = int(np.flatnonzero(grid > 0)[0])
    if at == edge:
        # nothing is gained by going that low, and rows that nearly coincide make it dangerous
        while at < grid.size - 1 and error[at + 1] <= (1 + _FLAT) * error[edge]:
            at += 1
        penalty, lowest = float(grid[at]), float(error[at])
    low, high = min(float(grid[first]), penalty), max(float(grid[last]), penalty)
    return Best(grid, error, penalty, low / _BEYOND, high * _BEYOND, lowest)
