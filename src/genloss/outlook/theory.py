"""The theory of an estimated problem, as the error on real labels of a model with an intercept."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from genloss.errors import GenlossError
from genloss.estimate.rows import Estimate
from genloss.generation import Generation
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.source import Source
from genloss.theory.forever.limit import Limit, limit
from genloss.theory.predict import predict
from genloss.theory.routes import has_closed_route

Array = npt.NDArray[np.float64]


_GROUPS = 8  # of rows by weight, each of which theory sees with one weight


@dataclass(frozen=True)
class Theory:
    """State evolution of an estimated problem, in terms of the error on real labels.

    Attributes
    ----------
    problem : Problem
        With the intercept.
    noise : float
        That real labels carry.
    weights : ndarray of shape (M,) or None
        Of the table's rows, rising, with mean one: those that any rows of a plan are drawn from.
    """

    problem: Problem
    noise: float
    weights: Array | None = None

    @classmethod
    def of(cls, estimate: Estimate, weights: Array | None = None) -> Theory:
        """Theory of models with an unpenalised intercept.

        The intercept is a direction of very large variance along which the truth is zero.
        """
        # no larger than needed: the grid of penalties chosen anew scales with the largest variance
        constant = 1e3 * estimate.spectrum.sum()
        spectrum = np.append(estimate.spectrum, constant)
        truth = np.append(estimate.truth, 0.0)
        if weights is not None:
            weights = np.sort(weights / weights.mean())
        return cls(Problem(spectrum, truth, gaussian=False), estimate.noise, weights)

    def error(self, plan: Plan) -> Array | None:
        """Mean squared error of every model of a plan on real labels; None where nothing is known."""
        try:
            ready = self._ready(plan)
            if not has_closed_route(ready):
                return None
            found = predict(self.problem, ready).risk + self.noise**2
        except GenlossError:
            return None
        return found if np.isfinite(found).all() and (found > 0).all() else None

    def end(self, plan: Plan) -> Limit | None:
        """What the last model becomes if the plan's end is repeated for ever; None where it is not known."""
        try:
            return limit(self.problem, self._ready(plan))
        except GenlossError:
            return None

    def _ready(self, plan: Plan) -> Plan:
        """The plan with the noise and the weights of the table's rows."""
        ready = with_own_noise(plan, self.noise)
        return ready if self.weights is None else with_row_weights(ready, self.weights)

    def growth(self, plan: Plan, *, cv: bool = False) -> Array | None:
        """Logarithm of every model's error over model 0's, as planned or with penalties anew."""
        try:
            error = self.error(plan.with_penalty("cv") if cv else plan)
        except GenlossError:
            return None
        return None if error is None else np.log(error / error[0])


def with_row_weights(plan: Plan, weights: Array) -> Plan:
    """The plan with new rows of the weights that a table's rows have, independent of all else.

    Parameters
    ----------
    plan : Plan
        Of rows that count alike.
    weights : ndarray of shape (M,)
        Rising. Every source is cut into a few, one for the lightest rows up to one for the heaviest.
    """
    before = np.append(0.0, np.cumsum(weights))

    def groups(source: Source) -> list[Source]:
        if source.n_samples is None:
            return [source]
        ends = np.unique(np.linspace(0, source.n_samples, _GROUPS + 1).round().astype(int))
        reached = np.interp(ends / source.n_samples * weights.size, np.arange(before.size), before)
        means = np.diff(reached) * source.n_samples / weights.size / np.diff(ends)
        return [
            replace(source, n_samples=int(rows), weight=float(mean))
            for rows, mean in zip(np.diff(ends), means, strict=True)
        ]

    def told(generation: Generation) -> Generation:
        return replace(
            generation, sources=tuple(g for source in generation.sources for g in groups(source))
        )

    return Plan(tuple(told(generation) for generation in plan))


def with_own_noise(plan: Plan, noise: float) -> Plan:
    """The plan with the noise that real labels carry by themselves."""

    def noisy(generation: Generation) -> Generation:
        sources = tuple(replace(s, real_noise=noise) for s in generation.sources)
        return replace(generation, sources=sources)

    return Plan(tuple(noisy(generation) for generation in plan))
