"""The theory of an estimated problem, corrected by a rehearsal of the plan on the rows seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss._threads import cores, trial_pool
from genloss.data.chain import MOST_SCORED, rehearse
from genloss.data.kernels import Kernel
from genloss.generation import Generation
from genloss.plan import Plan
from genloss.predict import predict
from genloss.problem import Problem

Array = npt.NDArray[np.float64]
Stream = np.random.SeedSequence

REHEARSALS = (4, 16)  # fewest and most; as many as the work below allows
REHEARSAL_WORK = 1e10  # multiplications
MODEL_DOUBT = 0.02  # relative error of a forecast that no statistic of the sample shows


@dataclass(frozen=True)
class Theory:
    """State evolution of an estimated problem, in terms of the error on real labels."""

    problem: Problem
    noise: float

    @classmethod
    def of(cls, problem: Problem, noise: float) -> Theory:
        """Theory of models with an unpenalised intercept.

        The intercept is a direction of very large variance along which the truth is zero.
        """
        constant = 1e6 * problem.spectrum.sum()
        spectrum, truth = np.append(problem.spectrum, constant), np.append(problem.truth, 0.0)
        return cls(Problem(spectrum, truth, gaussian=False), noise)

    def ready(self, plan: Plan) -> Plan:
        """The plan with the noise that real labels carry by themselves."""

        def noisy(generation: Generation) -> Generation:
            sources = tuple(replace(s, real_noise=self.noise) for s in generation.sources)
            return replace(generation, sources=sources)

        return Plan(tuple(noisy(generation) for generation in plan))

    def error(self, plan: Plan) -> Array:
        """Mean squared error of every model of a plan on real labels."""
        return predict(self.problem, self.ready(plan)).risk + self.noise**2


class Expected(NamedTuple):
    """Corrected error of every model, its ratio to the theory, and log spread of a single run."""

    error: Array
    ratio: Array
    spread: Array


@dataclass(frozen=True)
class Correction:
    """The theory times the ratio by which rehearsals on the rows seen depart from it.

    Gaussian equivalence holds where the penalty is not small; where it is, real features depart
    from it by tens of percent, and no better spectrum helps. A rehearsal departs with them.
    """

    theory: Theory
    X: Array
    y: Array
    kernel: Kernel | None
    seed: Stream

    def __call__(self, plan: Plan) -> Expected:
        """Expected error of every model of a plan."""
        smaller = at_most(plan, self.y.size // 2)

        def run(stream: Stream) -> Array:
            return rehearse(smaller, self.X, self.y, self.kernel, np.random.default_rng(stream))

        # features may determine the target exactly, and errors be rounding
        least = 1e-12 * self.y.var()
        runs = np.maximum(parallel(run, self._streams(smaller)), least)
        length = runs.shape[1]
        gap = np.log(runs.mean(axis=0) / np.maximum(self.theory.error(smaller)[:length], least))
        single = np.log(runs).std(axis=0, ddof=1)
        # where rehearsals are noisier than their distance from the theory, the theory counts more
        doubt = np.median(single) / np.sqrt(len(runs)) + 0.01
        gap = gap * (np.max(gap**2) / (np.max(gap**2) + doubt**2))
        gap, single = (
            np.append(values, np.full(plan.n_models - length, values[-1]))
            for values in (gap, single)
        )
        sampling = MODEL_DOUBT + 1 / np.sqrt(self.y.size)
        spread = np.sqrt(single**2 + (gap / 2) ** 2 + sampling**2)
        theory = np.maximum(self.theory.error(plan), least)
        return Expected(theory * np.exp(gap), np.exp(gap), spread)

    def _streams(self, plan: Plan) -> list[Stream]:
        """Random streams of the rehearsals; the same ones for every plan that needs as many."""
        n = plan.n_samples.astype(float)
        work = np.sum(n**3 + n * (n + MOST_SCORED) * self.X.shape[1])
        count = int(np.clip(REHEARSAL_WORK / work, *REHEARSALS))
        key = self.seed.spawn_key
        return [Stream(self.seed.entropy, spawn_key=(*key, i)) for i in range(count)]


def at_most(plan: Plan, limit: int) -> Plan:
    """The plan with the rows of all generations cut down in proportion, to at most ``limit``."""
    if plan.n_samples.max() <= limit:
        return plan
    factor = limit / plan.n_samples.max()

    def smaller(generation: Generation) -> Generation:
        sources = (
            replace(s, n_samples=max(int(s.n_samples * factor), 1)) for s in generation.sources
        )
        return replace(generation, sources=tuple(sources))

    return Plan(tuple(smaller(generation) for generation in plan))


def parallel(run: Callable[[Stream], Array], streams: list[Stream]) -> Array:
    """Independent runs on threads that hold BLAS to one each; results cut to the shortest."""
    with trial_pool(cores()) as pool:
        results = list(pool.map(run, streams))
    shortest = min(result.size for result in results)
    return np.stack([result[:shortest] for result in results])
