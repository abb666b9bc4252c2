"""The error of model 0: by exact leave-one-out, or on the folds of the rehearsals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.outlook.growth import NORMAL, variance_of_mean
from genloss.outlook.losses import Losses
from genloss.outlook.sample import Sample

Array = npt.NDArray[np.float64]

# Both from coverage on public tables (docs/forecast-accuracy.md).
_WIDER = 1.25  # squared errors have heavy tails, of which a sample shows too little
_SHARED = 0.7  # models on nearly all rows are nearly one model: their losses share its luck


@dataclass(frozen=True)
class Level:
    """An error and the standard error of its logarithm."""

    error: float
    se: float

    @property
    def low(self) -> float:
        """Lower end of the interval, nominal 90 %."""
        return float(self.error * np.exp(-NORMAL * self.se))

    @property
    def high(self) -> float:
        """Upper end of the interval, nominal 90 %."""
        return float(self.error * np.exp(NORMAL * self.se))


def level(
    squares: Array, n_samples: int, sample: Sample, rows: npt.NDArray[np.intp] | None = None
) -> Level:
    """Mean of the rows' squared errors; its doubt grows with the training rows all of them share."""
    error = max(float(sample.mean(squares, rows)), 1e-300)
    spread = float(np.sqrt(variance_of_mean(squares / error, sample, rows)))
    share = min(n_samples / squares.size, 1.0)
    return Level(error, _WIDER * spread * float(np.sqrt(1 + _SHARED * share)))


def by_draws(losses: Losses) -> float:
    """Standard error of log model 0's error that the draws of its training rows leave."""
    numbers = np.unique(losses.repeats)
    if numbers.size < 2:
        return 0.0
    means = np.array([losses.runs[0, losses.repeats == r, 0, 0].mean() for r in numbers])
    relative = means / max(float(means.mean()), 1e-300)
    return float(relative.std(ddof=1) / np.sqrt(numbers.size))
