"""Models of several classes along a chain: mean and covariance of what they say, per direction.

A model is a matrix W, a column per class. A generation is ridge regression of all columns on the same
rows, so that one resolvent serves all; classes meet in the labels alone (`channels.md` 9).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL
from genloss.problem import Problem
from genloss.spectrum import Spectrum
from genloss.steps import Step

Array = npt.NDArray[np.float64]
Shares = Mapping[int, float]


class Part(NamedTuple):
    """What a model takes of some labelers: ``profile_i * matrix' theta_i`` along direction i.

    The matrix may be another one for every direction, (p, classes, classes).
    """

    shares: Shares
    profile: Array
    matrix: Array


class Models:
    """Moments of all models that may still label, and of model 0.

    Attributes
    ----------
    directions : Spectrum
        Every direction by itself.
    clouds : bool
        Whether every class has a cloud of rows of its own.
    classes : int
        How many there are.
    middle : ndarray of shape (p, clouds)
        Centres of the clouds; a single one at zero where rows are Gaussian.
    means : dict of int to ndarray of shape (p, classes)
        Mean coefficients by number of the model or of one from outside; also the truth's where rows are
        Gaussian.
    covariances : dict of (int, int) to ndarray of shape (p, classes, classes)
        By numbers of two models, in one order.
    """

    def __init__(self, problem: Problem, steps: Sequence[Step]) -> None:
        self._spectrum, self._truth, self._steps = problem.spectrum, problem.truth, steps
        self.directions = Spectrum.of(problem.spectrum)
        self.clouds = problem.means is not None
        self.classes = self._truth.shape[1]
        # Gaussian rows are one cloud about zero
        self.middle = np.zeros((problem.dim, 1)) if problem.means is None else problem.means
        self.means: dict[int, Array] = {} if self.clouds else {REAL: self._truth}
        self.covariances: dict[tuple[int, int], Array] = {}
        for k, outside in enumerate(steps[0].outside):
            who = REAL - 1 - k
            self.means[who], variance = outside.law(self._truth)
            self.covariances[who, who] = variance[:, :, None] * np.eye(self.classes)

    def lose(self, model: int) -> None:
        """Add a model without a mean risk."""
        shape = self._truth.shape
        self.record(model, np.zeros(shape), np.full((*shape, shape[1]), np.inf), [])

    def lost(self, step: Step) -> bool:
        """Whether somebody whom a fit asks has no mean risk."""
        known = [u for u in step.asked if u in self.means and u != REAL]
        return any(not np.isfinite(self.covariances[u, u]).all() for u in known)

    def risk(self, model: int) -> tuple[float, float]:
        """Bias and variance."""
        gap = self.means[model] - self._truth
        clouds = np.sum((self.middle.T @ gap) ** 2) / self.middle.shape[1]
        own = np.einsum("p,pkk->", self._spectrum, self.covariances[model, model])
        return float(np.sum(self._spectrum @ gap**2) + clouds), max(float(own), 0.0)

    def law(self, one: int, other: int) -> tuple[Array, Array]:
        """What two models say of a row: means in every cloud, (clouds, 2 classes), and covariance."""
        s, pair = self._spectrum, (one, other)
        middle = np.concatenate([self.middle.T @ self.means[each] for each in pair], axis=1)
        blocks = [
            [
                (s[:, None] * self.means[a]).T @ self.means[b]
                + np.einsum("p,pkl->kl", s, self.spread({a: 1.0}, {b: 1.0}))
                for b in pair
            ]
            for a in pair
        ]
        return middle, np.block(blocks)

    def linear(self, shares: Shares) -> Shares:
        """Those whose values are linear in a row: in clouds a row's own class is not."""
        return {u: share for u, share in shares.items() if u in self.means}

    def mean(self, shares: Shares) -> Array:
        """Mean coefficients of a mixture, (p, classes)."""
        return sum((c * self.means[u] for u, c in shares.items()), np.zeros_like(self._truth))

    def spread(self, one: Shares, other: Shares) -> Array:
        """Covariance of two mixtures, (p, classes, classes); the truth is not random."""
        classes = self._truth.shape[1]
        total = np.zeros((self._spectrum.size, classes, classes))
        for k, a in one.items():
            for u, b in other.items():
                if (k, u) in self.covariances:
                    total += a * b * self.covariances[k, u]
                elif (u, k) in self.covariances:
                    total += a * b * self.covariances[u, k].swapaxes(1, 2)
        return total

    def record(self, model: int, mean: Array, own: Array, parts: Sequence[Part]) -> None:
        """Add a model, and forget those that label no later one."""
        alive = [u for u in self.means if u <= 0 or self._steps[u].last_use > model]
        for u in alive:
            if u != REAL:
                self.covariances[model, u] = sum(
                    (
                        part.profile[:, None, None]
                        * (part.matrix.swapaxes(-1, -2) @ self.spread(part.shares, {u: 1.0}))
                        for part in parts
                    ),
                    np.zeros_like(own),
                )
        self.means = {u: self.means[u] for u in alive} | {model: mean}
        self.covariances = {
            pair: each for pair, each in self.covariances.items() if {*pair} <= {*self.means}
        }
        self.covariances[model, model] = own
