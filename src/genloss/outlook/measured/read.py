"""From what runs cost on every row to errors and changes with their intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.outlook.growth import NORMAL, variance_of_mean
from genloss.outlook.measured.runs import Runs
from genloss.outlook.sample import Sample

Array = npt.NDArray[np.float64]

# All from coverage on real tables (docs/estimator-accuracy.md).
_SHARED = 0.7  # doubt that training rows add which all runs share, at as many as there are rows
_SAME = 0.15  # share of the scatter between chains that stays where all are of the same rows
_LATER = 1.2  # what a level of a later model is wider than all that says
_FLOOR = 0.02  # what no statistic of the sample shows of a growth
_WIDER = 1.25  # squared errors have heavy tails, of which a sample shows too little


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
    wide = 1.0 if score == "error" else _WIDER**2

    def doubt(times: Array | float) -> Array:
        """Variance of the error less so many times model 0's."""
        of_rows = rows - np.multiply.outer(times * np.ones(len(rows)), rows[0])
        of_runs = runs.means - times * runs.means[:, :1]
        within = runs.variance - 2 * times * runs.shared + times**2 * runs.variance[:, :1]
        chains = np.maximum(of_runs.var(axis=0, ddof=1) - within.mean(axis=0), 0.0)
        by_rows = variance_of_mean(of_rows.T, sample, kept)
        return np.asarray(
            by_rows * share * wide + chains * (1 / len(of_runs) + _SAME * used) + half**2
        )

    level = np.sqrt(doubt(0.0))
    level[1:] *= _LATER
    safe = np.maximum(error, half)
    ratio = safe / safe[0]
    change = error - error[0]
    changed = doubt(1.0) + (_FLOOR * change) ** 2
    relative = doubt(ratio) / safe**2 + _FLOOR**2
    changed[0] = relative[0] = 0.0
    return Reading(
        error=error,
        error_se=level,
        change=change,
        change_se=np.sqrt(changed),
        growth=np.log(ratio),
        growth_se=np.sqrt(relative),
        most=1.0 if score == "error" else np.inf,
    )
