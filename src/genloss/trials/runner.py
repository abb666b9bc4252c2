"""One runner for every engine: blocks of trials with random streams of their own, on threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from itertools import chain, islice, pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from genloss._threads import trial_pool
from genloss.cautions import fitted_rows, freedom, near_interpolation
from genloss.errors import InvalidInputError
from genloss.plan import Plan
from genloss.problem import Problem, beyond
from genloss.steps import Step, resolve
from genloss.trials.engine import Engine, able, all_engines, literal

MOST_TRIALS = 10**12
T = TypeVar("T")


def engine_for(problem: Problem, plan: Plan, method: str) -> Engine:
    """The cheapest engine that is exact for the plan, or the one that is asked for."""
    steps = resolve(plan)
    if method == "literal":
        return literal().sized_for(problem, steps)
    found = [each for each in able(problem, steps) if method in ("auto", "exact", each.method)]
    if method != "auto" and not found:
        raise InvalidInputError(_refusal(problem, steps, method))
    always = [each for each in found if each.pays is None]
    best = always[0] if always else literal() if method == "auto" else found[0]
    for each in found:
        if each.pays is not None and each.pays(problem, steps, best):
            best = each
    return best.sized_for(problem, steps)


def _refusal(problem: Problem, steps: Sequence[Step], method: str) -> str:
    if kind := beyond(problem):
        return (
            f"method was {method!r}, which knows one number on Gaussian rows; problem has {kind}: use 'auto' or "
            "'literal'"
        )
    refused: dict[str | None, list[str]] = {}
    for each in all_engines():
        if each.exact and method in ("exact", each.method):
            name = each.name.removeprefix("exact, ")
            refused.setdefault(each.refuses(problem, steps), []).append(name)
    reasons = [f"{', '.join(names)}: {reason}" for reason, names in refused.items()]
    return (
        f"method was {method!r}; no such engine runs the plan without its rows "
        f"({'; '.join(reasons)}): use 'auto' or 'literal'"
    )


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
    """Blocks of trials, each with its own random stream, in rounds of a fixed number of blocks.

    Several workers begin the next round while the last block of one is waited for; who stops after a
    round pays for that one in vain.
    """
    streams = ((np.random.SeedSequence(seed, spawn_key=(k,)), n) for k, n in enumerate(sizes))

    def share(some: list[tuple[np.random.SeedSequence, int]]) -> list[T]:
        return [run(*block) for block in some]

    def shares() -> Iterator[list[list[tuple[np.random.SeedSequence, int]]]]:
        while this_round := list(islice(streams, per_round)):
            few = min(workers, len(this_round))
            cuts = [len(this_round) * k // few for k in range(few + 1)]
            yield [this_round[a:b] for a, b in pairwise(cuts)]

    begun: deque[list[Future[list[T]]]] = deque()
    with trial_pool(workers) as pool:
        try:
            for parts in shares():
                begun.append([pool.submit(share, part) for part in parts])
                if len(begun) == min(workers, 2):
                    yield list(chain.from_iterable(part.result() for part in begun.popleft()))
            while begun:
                yield list(chain.from_iterable(part.result() for part in begun.popleft()))
        finally:
            for part in chain.from_iterable(begun):
                part.cancel()


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
    steps = resolve(plan)
    rows, free = np.array(fitted_rows(steps)), np.array(freedom(steps, problem.dim))
    close = near_interpolation(rows, free, np.array([step.penalty for step in steps]))
    noisy = np.array([any(block.noise > 0 for block in step.blocks) for step in steps])
    pooled = np.logical_or.accumulate(noisy) & [step.is_pooled for step in steps]
    near = np.flatnonzero(close & (pooled | noisy)).tolist()
    if not near:
        return ()
    return (
        f"models {near}: n_samples within 3 of dim {problem.dim} (or of the number of random features) "
        "without penalty, the risk has no "
        "variance (within 1: no mean), so that its average over runs does not settle",
    )
