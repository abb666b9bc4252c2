"""One runner for every engine: blocks of trials with random streams of their own, on threads."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import chain, islice, pairwise
from types import ModuleType
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from genloss._threads import trial_pool
from genloss.cautions import fitted_rows, freedom, near_interpolation
from genloss.errors import InvalidInputError
from genloss.plan import Plan
from genloss.problem import Problem

MOST_TRIALS = 10**12
T = TypeVar("T")


def engine_for(problem: Problem, plan: Plan, method: str) -> ModuleType:
    """The cheapest engine that is exact for the plan, or the literal one."""
    from genloss.trials import literal  # slow to import

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
    from genloss.trials import least_squares, triangular_rows, two_numbers

    if plan.has_features or plan.has_subsamples or plan.has_cv:
        return []
    return [
        each
        for each in (two_numbers, least_squares, triangular_rows)
        if each.applies(problem, plan)
    ]


def blocks(trials: int, size: int) -> Iterator[int]:
    """Numbers of runs that share one random stream."""
    return (min(size, trials - start) for start in range(0, trials, size))


def rounds(
    run: Callable[[np.random.SeedSequence, int], T],
    sizes: Iterable[int],
    seed: int,
    workers: int,
    per_round: int,
) -> Generator[list[T]]:
    """Blocks of trials, each with its own random stream, in rounds of a fixed number of blocks."""
    streams = ((np.random.SeedSequence(seed, spawn_key=(k,)), n) for k, n in enumerate(sizes))

    def share(some: list[tuple[np.random.SeedSequence, int]]) -> list[T]:
        return [run(*block) for block in some]

    with trial_pool(workers) as pool:
        while this_round := list(islice(streams, per_round)):
            few = min(workers, len(this_round))
            cuts = [len(this_round) * k // few for k in range(few + 1)]
            shares = [this_round[a:b] for a, b in pairwise(cuts)]
            yield list(chain.from_iterable(pool.map(share, shares)))


def check_finite(risks: npt.NDArray[np.float64]) -> None:
    """Raise InvalidInputError if errors left the range of numbers."""
    bad = np.flatnonzero(~(np.square(risks) < np.inf).all(axis=0))
    if bad.size:
        raise InvalidInputError(
            f"the error of model {bad[0]} was too large for a number; measure inputs or labels of "
            "problem and plan in other units"
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
