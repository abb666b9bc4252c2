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
from genloss.theory.predict import predict
from genloss.theory.routes import has_closed_route

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Theory:
    """State evolution of an estimated problem, in terms of the error on real labels."""

    problem: Problem
    noise: float

    @classmethod
    def of(cls, estimate: Estimate) -> Theory:
        """Theory of models with an unpenalised intercept.

        The intercept is a direction of very large variance along which the truth is zero.
        """
        # no larger than needed: the grid of penalties chosen anew scales with the largest variance
        constant = 1e3 * estimate.spectrum.sum()
        spectrum = np.append(estimate.spectrum, constant)
        truth = np.append(estimate.truth, 0.0)
        return cls(Problem(spectrum, truth, gaussian=False), estimate.noise)

    def error(self, plan: Plan) -> Array | None:
        """Mean squared error of every model of a plan on real labels; None where nothing is known."""
        try:
            ready = with_own_noise(plan, self.noise)
            if not has_closed_route(ready):
                return None
            found = predict(self.problem, ready).risk + self.noise**2
        except GenlossError:
            return None
        return found if np.isfinite(found).all() and (found > 0).all() else None

    def growth(self, plan: Plan, *, cv: bool = False) -> Array | None:
        """Logarithm of every model's error over model 0's, as planned or with penalties anew."""
        try:
            error = self.error(plan.with_penalty("cv") if cv else plan)
        except GenlossError:
            return None
        return None if error is None else np.log(error / error[0])


def with_own_noise(plan: Plan, noise: float) -> Plan:
    """The plan with the noise that real labels carry by themselves."""

    def noisy(generation: Generation) -> Generation:
        sources = tuple(replace(s, real_noise=noise) for s in generation.sources)
        return replace(generation, sources=sources)

    return Plan(tuple(noisy(generation) for generation in plan))
