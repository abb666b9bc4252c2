"""Units that errors are said, printed and drawn in; inside, all are mean squared errors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from genloss._words import number

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Unit:
    """What an error is written as.

    Attributes
    ----------
    name : str
        As it is asked for.
    noun : str
        What a sentence calls an error in it.
    of_change : str
        Of what changes are.
    heading : str
        Over a column of errors.
    words : str
        What it is.
    """

    name: str
    noun: str
    of_change: str
    heading: str
    words: str

    @property
    def squared(self) -> str:
        """What a sentence calls the mean squared error beside it."""
        return "error" if self.name == "mse" else "mean squared error"

    def written(self, error: npt.ArrayLike, baseline: float) -> Array:
        """Mean squared errors in this unit; ``baseline`` is that of always answering the mean."""
        error = np.asarray(error, dtype=np.float64)
        if self.name == "rmse":
            return np.sqrt(error)
        if self.name == "share":
            return error / baseline
        return 1 - error / baseline if self.name == "r2" else error

    def stderr(self, error: Array, stderr: Array, baseline: float) -> Array:
        """Standard errors of them."""
        if self.name == "mse":
            return stderr
        if self.name == "rmse":
            told = (error > 0) & np.isfinite(error)
            empty = np.full_like(error, np.nan)
            return np.divide(stderr, 2 * np.sqrt(error), out=empty, where=told)
        return stderr / baseline

    def grown(self, growth: npt.ArrayLike) -> Array:
        """Factors of the mean squared error as factors of what changes are of."""
        growth = np.asarray(growth, dtype=np.float64)
        return np.sqrt(np.maximum(growth, 0)) if self.name == "rmse" else growth

    def off(self, relative: npt.ArrayLike) -> Array:
        """Relative differences of mean squared errors as those of what changes are of."""
        return self.grown(1 + np.asarray(relative, dtype=np.float64)) - 1

    def said(self, error: float, baseline: float) -> str:
        """One error in a sentence."""
        digits = r2_digits(error / baseline, 4) if self.name == "r2" else 4
        return number(float(self.written(error, baseline)), digits)


UNITS: Final = {
    unit.name: unit
    for unit in (
        Unit("mse", "error", "error", "error", "mean squared error"),
        Unit(
            "rmse",
            "root error",
            "root error",
            "root\nerror",
            "root of the mean squared error, in units of the target",
        ),
        Unit(
            "share",
            "share of the mean's error",
            "mean squared error",
            "share",
            "mean squared error over that of always answering the mean",
        ),
        Unit("r2", "R2", "mean squared error", "R2", "R2, 1 minus the share of the mean's error"),
    )
}


def r2_digits(share: float, least: int) -> int:
    """Digits of R2 that show two of the share it leaves; no more than a number has."""
    if not 0 < share < math.inf:
        return least
    return min(max(least, 1 - math.floor(math.log10(share))), 16)
