"""What is found of a plan: its errors, and their slopes in everything that it says in numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from genloss.steps import Step

Array = npt.NDArray[np.float64]
Objective = Callable[[Array], Array]
"""The slopes of an objective in the errors, from the errors."""


class Gradient(NamedTuple):
    """Slopes of a sum of errors in everything that a plan says in numbers.

    Attributes
    ----------
    risk : ndarray of shape (n_models,)
        The errors.
    penalty : ndarray of shape (n_models,)
        Slope in every penalty; NaN for least squares, where the error jumps.
    n_samples, weight, noise : list of ndarray of shape (n_sources,)
        Slopes in rows, as if they were any number, weights, and `Source.label_noise` of the sources
        of every model.
    shares : list of list of dict
        Slopes in the coefficients of the labelers of every source.
    """

    risk: Array
    penalty: Array
    n_samples: list[Array]
    weight: list[Array]
    noise: list[Array]
    shares: list[list[dict[int, float]]]

    @classmethod
    def blank(cls, models: int) -> Self:
        """To be filled model by model."""
        none = [np.zeros(0)] * models
        return cls(none[0], np.zeros(models), [*none], [*none], [*none], [[]] * models)

    def fill(self, step: Step, labelers: Sequence[int], slopes: Slopes) -> None:
        """Put in what was found of one fit."""
        model = step.model
        self.penalty[model] = slopes.penalty
        self.n_samples[model], self.weight[model] = slopes.n, slopes.weight
        self.noise[model] = slopes.noise * [2 * block.noise for block in step.blocks]
        rows = [dict(zip(labelers, row, strict=True)) for row in slopes.shares.tolist()]
        self.shares[model] = [
            {k: own[k] for k in block.shares} for own, block in zip(rows, step.blocks, strict=True)
        ]


class Slopes(NamedTuple):
    """Slopes in what the sources of one fit are: arrays (S,), shares (S, k), and its penalty."""

    n: Array
    weight: Array
    noise: Array
    """Of the noise's variance."""
    shares: Array
    penalty: float

    def plus(self, other: Slopes) -> Slopes:
        """The sum of both."""
        return Slopes(
            self.n + other.n,
            self.weight + other.weight,
            self.noise + other.noise,
            self.shares + other.shares,
            self.penalty + other.penalty,
        )

    def of_sources(self, lengths: int) -> Slopes:
        """The same of sources whose rows were told apart by so many lengths."""
        n, weight, noise, shares = (
            each.reshape(-1, lengths, *each.shape[1:])
            for each in (self.n, self.weight, self.noise, self.shares)
        )
        return Slopes(n.mean(1), weight.sum(1), noise.sum(1), shares.sum(1), self.penalty)
