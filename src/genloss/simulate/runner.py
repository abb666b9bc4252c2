"""One runner for every engine: blocks of trials with random streams of their own, on threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from types import ModuleType

import numpy as np
import numpy.typing as npt

from genloss._threads import trial_pool
from genloss.cautions import fitted_rows, freedom, near_interpolation
from genloss.curve import Curve
from genloss.errors import InvalidInputError
from genloss.plan import Plan
from genloss.problem import Problem

Array = npt.NDArray[np.float64]
Run = Callable[[Problem, Plan, np.random.Generator, int], tuple[Array, Array]]


def engine_for(problem: Problem, plan: Plan, method: str) -> ModuleType:
    """The cheapest engine that is exact for the plan, or the literal one."""
    from genloss.simulate import literal  # slow to import

    able = exact_engines(problem, plan)
    if method == "exact" and not able:
        raise InvalidInputError(
            f"method was 'exact'; no source has more than dim = {problem.dim} rows, or a source of a "
            "plan that pools rows has fewer, or a reused design is divided anew among labelers, "
            "or features are random, or rows are drawn from a pool, or a penalty is chosen by "
            "leave-one-out ('cv'): single rows matter then, use "
            "'auto' or 'literal'"
        )
    return literal if method == "literal" or not able else able[0]


def exact_engines(problem: Problem, plan: Plan) -> list[ModuleType]:
    """The engines that are exact for the plan, the cheapest first."""
    from genloss.simulate import compressed, increments, radial

    if plan.has_features or plan.has_subsamples or plan.has_cv:
        return []
    return [each for each in (radial, increments, compressed) if each.applies(problem, plan)]


def rounds(
    run: Run,
    problem: Problem,
    plan: Plan,
    sizes: list[int],
    seed: int,
    workers: int,
    per_round: int,
) -> Iterator[tuple[list[Array], Array]]:
    """Blocks of trials, each with its own random stream, in rounds of a fixed number of blocks."""
    streams = np.random.SeedSequence(seed).spawn(len(sizes))

    def blocks(those: npt.NDArray[np.intp]) -> list[tuple[Array, Array]]:
        return [run(problem, plan, np.random.default_rng(streams[i]), sizes[i]) for i in those]

    with trial_pool(workers) as pool:
        for start in range(0, len(sizes), per_round):
            this_round = np.arange(start, min(start + per_round, len(sizes)))
            shares = np.array_split(this_round, min(workers, len(this_round)))
            results = list(chain.from_iterable(pool.map(blocks, shares)))
            yield [risk for risk, _ in results], np.sum([error for _, error in results], axis=0)


def precise(risks: Array, goal: float) -> bool:
    """Whether every model's standard error is at most ``goal`` times its mean."""
    if len(risks) < 16:  # a standard error from a handful of runs is itself too uncertain
        return False
    mean, stderr = risks.mean(axis=0), risks.std(axis=0, ddof=1) / np.sqrt(len(risks))
    return bool((stderr <= goal * mean).all())


def curve(risks: Array, errors: Array, method: str, warnings: tuple[str, ...]) -> Curve:
    """Average runs (n_trials, n_models), with the summed errors of every model (n_models, dim)."""
    count = len(risks)
    risk = risks.mean(axis=0)
    # E |mean error|^2 = bias + variance / count
    variance = (risk - np.sum((errors / count) ** 2, axis=1)) * count / (count - 1)
    return Curve(
        risk=risk,
        bias=risk - variance,
        variance=variance,
        stderr=risks.std(axis=0, ddof=1) / np.sqrt(count),
        method=method,
        warnings=warnings,
        trials=count,
    )


def cautions(problem: Problem, plan: Plan) -> tuple[str, ...]:
    """Sentences about models whose average does not settle."""
    rows, free = np.array(fitted_rows(plan)), np.array(freedom(plan, problem.dim))
    close = near_interpolation(rows, free, plan.penalty)
    noisy = [any(source.label_noise > 0 for source in each.sources) for each in plan]
    pooled = np.logical_or.accumulate(noisy) & [generation.pooled for generation in plan]
    near = np.flatnonzero(close & (pooled | noisy)).tolist()
    if not near:
        return ()
    return (
        f"models {near}: n_samples within 3 of dim {problem.dim} (or of the number of random features) "
        "without penalty, the risk has no "
        "variance (within 1: no mean), so that its average over runs does not settle",
    )
