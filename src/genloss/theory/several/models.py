"""Models of several classes along a chain: mean and covariance of what they say, per direction.

A model is a matrix W, a column per class. A generation is ridge regression of all columns on the same
rows, so that one resolvent serves all; classes meet in the labels alone (`channels.md` 9).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss import class_means
from genloss.class_rules import rule_of
from genloss.generation import REAL
from genloss.problem import Problem
from genloss.spectrum import Spectrum
from genloss.steps import Block, Step
from genloss.theory.closed import is_even
from genloss.theory.several.targets import Targets, targets
from genloss.theory.weighted import Rows, resolvent

Array = npt.NDArray[np.float64]
Shares = Mapping[int, float]


class Part(NamedTuple):
    """What a model takes of some labelers: ``profile_i * matrix' theta_i`` along direction i."""

    shares: Shares
    profile: Array
    matrix: Array


class Used(NamedTuple):
    """Effective penalty and degrees of freedom of a fit, and effective directions of its noise."""

    kappa: float
    df1: float
    df2: float
    directions: float


class Models:
    """Moments of all models that may still label, and of model 0.

    Attributes
    ----------
    means : dict of int to ndarray of shape (p, classes)
        Mean coefficients by number of the model; also the truth's where rows are Gaussian.
    """

    def __init__(self, problem: Problem, steps: Sequence[Step]) -> None:
        self._spectrum, self._truth, self._steps = problem.spectrum, problem.truth, steps
        self._directions_apart = Spectrum.of(problem.spectrum)
        count = self._truth.shape[1]
        self._one = np.eye(count)
        self._clouds = problem.means is not None
        # Gaussian rows are one cloud about zero
        self._middle = np.zeros((problem.dim, 1)) if problem.means is None else problem.means
        self._said = np.zeros((1, count))
        if problem.means is not None:
            self._said = class_means.vertices(problem.means)
        self.means: dict[int, Array] = {} if self._clouds else {REAL: self._truth}
        self._covariance: dict[tuple[int, int], Array] = {}

    def fit(self, step: Step) -> Used:
        """Add the model of a step on new rows."""
        s, rows = self._spectrum, Rows.of(step, self._directions_apart)
        e, q = resolvent(*rows, rows.number.sum() * step.penalty)
        pull = rows.number * rows.weight * e
        profiles = pull[:, None] * rows.sigma * q
        labels = [self._labels(b, sigma) for b, sigma in zip(step.blocks, rows.sigma, strict=True)]
        parts = [
            Part(self._models_of(block.shares), profile, found.slope)
            for block, profile, found in zip(step.blocks, profiles, labels, strict=True)
        ]
        if step.towards is not None:
            parts.append(Part({step.towards: 1.0}, 1 - profiles.sum(axis=0), self._one))
        mean = sum(
            (part.profile[:, None] * (self._mean(part.shares) @ part.matrix) for part in parts),
            np.zeros_like(self._truth),
        )
        mean, seen = self._pulled(mean, pull.sum() * q, pull / pull.sum(), labels)
        between = [[self._spread(a.shares, b.shares) for b in parts] for a in parts]
        spread = sum(
            (
                _through(a, b, between[i][j])
                for i, a in enumerate(parts)
                for j, b in enumerate(parts)
            ),
            np.zeros((s.size, *self._one.shape)),
        )
        missed = []
        for k, (sigma, found) in enumerate(zip(rows.sigma, labels, strict=True)):
            cross = (sigma[:, None] * self._mean(parts[k].shares)).T @ mean
            for j, other in enumerate(parts):
                cross += np.einsum("p,pkl->kl", sigma * other.profile, between[k][j]) @ other.matrix
            told = found.mean.T @ seen / len(seen) + found.slope.T @ cross
            own = (sigma[:, None] * mean).T @ mean + np.einsum("p,pkl->kl", sigma, spread)
            missed.append(found.square - told - told.T + own + seen.T @ seen / len(seen))
        # a row's own noise comes back in what the model says of others
        loud = rows.number * (rows.weight * e) ** 2
        coupling = (rows.sigma * q) @ (rows.sigma * q).T * loud
        left = np.linalg.inv(np.eye(len(loud)) - coupling)
        noise = np.einsum("s,st,tkl->skl", loud, left, np.array(missed))
        gain = np.einsum("sp,skl->pkl", rows.sigma * q**2, noise)
        self._record(step.model, mean, spread + gain, parts)
        return _used(step, s, profiles.sum(axis=0), np.einsum("pkk->p", gain))

    def lose(self, model: int) -> None:
        """Add a model without a mean risk."""
        shape = self._truth.shape
        self._record(model, np.zeros(shape), np.full((*shape, shape[1]), np.inf), [])

    def lost(self, step: Step) -> bool:
        """Whether somebody whom a fit asks has no mean risk."""
        known = [u for u in step.asked if u in self.means and u != REAL]
        return any(not np.isfinite(self._covariance[u, u]).all() for u in known)

    def risk(self, model: int) -> tuple[float, float]:
        """Bias and variance."""
        gap = self.means[model] - self._truth
        clouds = np.sum((self._middle.T @ gap) ** 2) / self._middle.shape[1]
        own = np.einsum("p,pkk->", self._spectrum, self._covariance[model, model])
        return float(np.sum(self._spectrum @ gap**2) + clouds), max(float(own), 0.0)

    def law(self, one: int, other: int) -> tuple[Array, Array]:
        """What two models say of a row: means in every cloud, (clouds, 2 classes), and covariance."""
        s, pair = self._spectrum, (one, other)
        middle = np.concatenate([self._middle.T @ self.means[each] for each in pair], axis=1)
        blocks = [
            [
                (s[:, None] * self.means[a]).T @ self.means[b]
                + np.einsum("p,pkl->kl", s, self._spread({a: 1.0}, {b: 1.0}))
                for b in pair
            ]
            for a in pair
        ]
        return middle, np.block(blocks)

    def _models_of(self, shares: Shares) -> Shares:
        """Those whose values are linear in a row: in clouds a row's own class is not."""
        return {u: share for u, share in shares.items() if u in self.means}

    def _labels(self, block: Block, sigma: Array) -> Targets:
        """Moments of the labels of a source, whose rows have a covariance."""
        known = self._models_of(block.shares)
        mean = self._mean(known)
        covariance = (sigma[:, None] * mean).T @ mean
        covariance = covariance + np.einsum("p,pkl->kl", sigma, self._spread(known, known))
        middle = self._middle.T @ mean
        if self._clouds:
            middle = middle + block.shares.get(REAL, 0.0) * self._said
        return targets(rule_of(block, clouds=self._clouds), middle, covariance, block.noise)

    def _pulled(
        self, mean: Array, reach: Array, shares: Array, labels: Sequence[Targets]
    ) -> tuple[Array, Array]:
        """Mean coefficients with what the clouds' centres add, and what the model says at these."""
        middle = self._middle
        told = np.einsum("s,skl->kl", shares, np.array([each.mean for each in labels]))
        raised = reach[:, None] * middle / middle.shape[1]
        inner = middle.T @ raised
        seen = np.linalg.solve(np.eye(len(inner)) + inner, middle.T @ mean + inner @ told)
        return mean + raised @ (told - seen), seen

    def _mean(self, shares: Shares) -> Array:
        return sum((c * self.means[u] for u, c in shares.items()), np.zeros_like(self._truth))

    def _spread(self, one: Shares, other: Shares) -> Array:
        """Covariance of two mixtures, (p, classes, classes); the truth is not random."""
        classes = self._truth.shape[1]
        total = np.zeros((self._spectrum.size, classes, classes))
        for k, a in one.items():
            for u, b in other.items():
                if (k, u) in self._covariance:
                    total += a * b * self._covariance[k, u]
                elif (u, k) in self._covariance:
                    total += a * b * self._covariance[u, k].swapaxes(1, 2)
        return total

    def _record(self, model: int, mean: Array, own: Array, parts: Sequence[Part]) -> None:
        """Add a model, and forget those that label no later one."""
        alive = [u for u in self.means if u == 0 or u == REAL or self._steps[u].last_use > model]
        for u in alive:
            if u != REAL:
                self._covariance[model, u] = sum(
                    (
                        part.profile[:, None, None]
                        * (part.matrix.T @ self._spread(part.shares, {u: 1.0}))
                        for part in parts
                    ),
                    np.zeros_like(own),
                )
        self.means = {u: self.means[u] for u in alive} | {model: mean}
        self._covariance = {
            pair: each for pair, each in self._covariance.items() if {*pair} <= {*self.means}
        }
        self._covariance[model, model] = own


def _through(one: Part, other: Part, between: Array) -> Array:
    """Covariance of two parts, from that of their labelers."""
    profile = (one.profile * other.profile)[:, None, None]
    return profile * (one.matrix.T @ between @ other.matrix)


def _used(step: Step, spectrum: Array, shrunk: Array, gain: Array) -> Used:
    """Degrees of freedom from how much of its labelers a fit keeps, and directions of its noise."""
    loud = spectrum * gain
    directions = 1 / (float(loud @ loud) / max(float(loud.sum()) ** 2, 1e-300) + 1 / step.rows)
    if not is_even(step):
        return Used(np.nan, np.nan, np.nan, directions)
    # shrunk = s / (s + kappa)
    kappa = float(spectrum[0] * (1 - shrunk[0]) / shrunk[0])
    return Used(kappa, float(shrunk.sum()), float(np.sum(shrunk**2)), directions)
