"""From what runs cost on every row to errors and changes with their intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.outlook.growth import NORMAL, freedom_of_mean, variance_of_mean
from genloss.outlook.measured.runs import Runs
from genloss.outlook.sample import Sample

Array = npt.NDArray[np.float64]

# All from coverage on real tables (docs/estimator-accuracy.md).
_SHARED = 0.7  # doubt that training rows add which all runs share, at as many as there are rows
_SAME = (
    0.35  # share of the scatter between chains that a level keeps where all are of the same rows
)
_FLOOR = 0.02  # what no statistic of the sample shows of a growth
_FEW = 2 / 3  # one over degrees of freedom: an interval of fewer says nothing
# log of Student's 95 % quantile over the normal one, over that: off by less than 1e-6 up to _FEW, where
# SciPy's would open a room that takes longer than all other parts of a small forecast
_STUDENT = (-0.001683, 0.024689, -0.100646, 0.061402, 0.434417, 0.926385)
_GAUSS = 1.6448536


@dataclass(frozen=True, eq=False)
class Reading:
    """Errors of all models, and their change since model 0; arrays of shape (n_models,).

    Attributes
    ----------
    error, error_se : ndarray
        Mean error and its standard error.
    change, change_se : ndarray
        Difference from model 0's error.
    growth, growth_se : ndarray
        Logarithm of the error over model 0's.
    most : float
        The largest error that there is: 1 of classes, else infinite.
    """

    error: Array
    error_se: Array
    change: Array
    change_se: Array
    growth: Array
    growth_se: Array
    most: float = np.inf

    @property
    def low(self) -> Array:
        """Lower end of the error's interval, nominal 90 %."""
        return np.asarray(self.error * np.exp(-NORMAL * self._relative))

    @property
    def high(self) -> Array:
        """Upper end."""
        grown = np.maximum(self.error, self._least) * np.exp(NORMAL * self._relative)
        return np.asarray(np.minimum(grown, self.most))

    @property
    def changes(self) -> tuple[Array, Array]:
        """Interval of the change, within what errors can be."""
        half = NORMAL * self.change_se
        return np.maximum(self.change - half, -self.most), np.minimum(self.change + half, self.most)

    @property
    def _least(self) -> Array:
        return np.asarray(np.where(self.error > 0, 0.0, self.error_se))

    @property
    def _relative(self) -> Array:
        return np.asarray(self.error_se / np.maximum(self.error, self.error_se))


def read(runs: Runs, sample: Sample, score: str) -> Reading:
    """Means over rows, with what rows and runs leave open."""
    kept = np.flatnonzero(runs.tested)
    rows = runs.rows[score][:, kept]  # (T, M)
    error = np.asarray(sample.mean(rows.T, kept))
    share = 1 + _SHARED * min(runs.n_samples / kept.size, 1.0)
    used = np.minimum(runs.n_samples * np.arange(1, len(rows) + 1) / kept.size, 1.0)
    # a rate from so many rows is not known better than to half a row
    half = 0.5 / kept.size if score == "error" else 1e-12 * max(float(error[0]), 1e-300)
    free = max(len(runs.means) - len(set(runs.repeats.tolist())), 1)

    def doubt(times: Array | float, same: Array | float = 0.0) -> Array:
        """Standard error of the error less so many times model 0's, as wide as few draws make it."""
        of_rows = (rows - np.multiply.outer(times * np.ones(len(rows)), rows[0])).T
        within = runs.variance - 2 * times * runs.shared + times**2 * runs.variance[:, :1]
        scatter = within_repeats(runs.means - times * runs.means[:, :1], runs.repeats) / free
        chains = np.maximum(scatter - within.mean(axis=0), 0.0) * (1 / len(within) + same)
        by_rows = variance_of_mean(of_rows, sample, kept) * share
        part = by_rows / np.maximum(by_rows + chains, 1e-300)
        few = part**2 / freedom_of_mean(of_rows, sample, kept) + (1 - part) ** 2 / free
        return np.asarray(np.sqrt(by_rows + chains + half**2) * wider(few))

    safe = np.maximum(error, half)
    ratio = safe / safe[0]
    later = np.minimum(np.arange(len(rows)), 1.0)
    return Reading(
        error=error,
        error_se=doubt(0.0, _SAME * used),
        change=error - error[0],
        change_se=later * np.hypot(doubt(1.0), _FLOOR * error[0]),
        growth=np.log(ratio),
        growth_se=later * np.hypot(doubt(ratio) / safe, _FLOOR),
        most=1.0 if score == "error" else np.inf,
    )


def within_repeats(means: Array, repeats: npt.NDArray[np.intp]) -> Array:
    """Sum of squares of runs (S, n_models) about the mean of their repeat, whose folds share all rows."""
    return np.asarray(
        sum(
            np.sum((part - part.mean(axis=0)) ** 2, axis=0)
            for part in (means[repeats == number] for number in sorted(set(repeats.tolist())))
        )
    )


def wider(few: Array) -> Array:
    """Student's 95 % quantile over the normal one, by one over the degrees of freedom."""
    few = np.clip(few, 0.0, _FEW)
    return np.asarray(np.exp(few * np.polyval(_STUDENT, few)) * (_GAUSS / NORMAL))
