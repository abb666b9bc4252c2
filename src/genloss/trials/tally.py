"""What is kept of runs: their number, mean and spread, whatever their number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from genloss.curve import Curve

Array = npt.NDArray[np.float64]


class Batch(NamedTuple):
    """Runs as an engine returns them.

    Attributes
    ----------
    risks : ndarray of shape (count, n_models)
        Excess risk of every model of every run.
    sums : ndarray of shape (n_models, k)
        Sum over the runs of the error ``sqrt(spectrum) * (w - truth)``, in the k orthonormal
        coordinates that the engine knows.
    aside : ndarray of shape (n_models,), or 0.0 where k is the number of directions
        Summed squared length of what is left of the errors. Its directions are uniform and
        independent from run to run: the expected square of the sum is the sum of squares.
    scores : mapping of str to ndarray of shape (count, n_models)
        Other columns of the curve, by name.
    """

    risks: Array
    sums: Array
    aside: Array | float = 0.0
    scores: Mapping[str, Array] = MappingProxyType({})


class Tally(NamedTuple):
    """Moments of any number of runs; joining two tallies is as good as having seen all runs."""

    runs: int
    mean: Array
    scatter: Array
    """Summed squared deviations of the risks from their mean."""
    sums: Array
    aside: Array
    scores: Mapping[str, tuple[Array, Array]] = MappingProxyType({})
    """Mean, and summed squared deviations, of the other columns."""

    @classmethod
    def of(cls, batches: Iterable[Batch]) -> Self:
        """Count the runs of some batches."""
        risks, sums, aside, scores = zip(*batches, strict=True)
        found = {
            name: _moments(np.concatenate([each[name] for each in scores])) for name in scores[0]
        }
        together = np.concatenate(risks)
        whole = np.sum(sums, axis=0), np.sum(aside, axis=0)
        return cls(len(together), *_moments(together), *whole, found)

    def joined(self, other: Self) -> Self:
        """Both sets of runs together."""
        runs = self.runs + other.runs

        def both(one: tuple[Array, Array], two: tuple[Array, Array]) -> tuple[Array, Array]:
            step = two[0] - one[0]
            mean = one[0] + step * (other.runs / runs)
            return mean, one[1] + two[1] + step**2 * (self.runs * (other.runs / runs))

        return type(self)(
            runs,
            *both((self.mean, self.scatter), (other.mean, other.scatter)),
            self.sums + other.sums,
            self.aside + other.aside,
            {name: both(self.scores[name], other.scores[name]) for name in self.scores},
        )

    @property
    def stderr(self) -> Array:
        """Standard error of the mean risks."""
        return np.sqrt(self.scatter / (self.runs - 1) / self.runs)

    def precise(self, goal: float) -> bool:
        """Whether every model's standard error is at most ``goal`` times its mean."""
        # a standard error from a handful of runs is itself too uncertain
        return self.runs >= 16 and bool((self.stderr <= goal * self.mean).all())

    def enough(self, goal: float | None) -> float:
        """How many runs would be as precise, by the scatter so far; infinite without a goal."""
        if goal is None:
            return np.inf
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ratio = np.nan_to_num(self.stderr / (goal * self.mean))
            return float(self.runs * np.square(max(ratio.max(), 1.0)))

    def curve(
        self, method: str, warnings: tuple[str, ...] = (), n_agents: int | None = None
    ) -> Curve:
        """The runs' averages."""
        # E |mean error|^2 = bias + variance / count
        square = (np.sum(self.sums**2, axis=1) + self.aside) / self.runs**2
        variance = (self.mean - square) * self.runs / (self.runs - 1)
        more: dict[str, Any] = {name: mean for name, (mean, _) in self.scores.items()}
        if "error" in more:
            spread = self.scores["error"][1]
            more["error_stderr"] = np.sqrt(spread / (self.runs - 1) / self.runs)
        return Curve(
            risk=self.mean,
            bias=self.mean - variance,
            variance=variance,
            stderr=self.stderr,
            method=method,
            warnings=warnings,
            trials=self.runs,
            n_agents=n_agents,
            **more,
        )


def _moments(values: Array) -> tuple[Array, Array]:
    """Mean over the first axis and summed squared deviations from it."""
    mean = values.mean(axis=0)
    return mean, np.sum((values - mean) ** 2, axis=0)
