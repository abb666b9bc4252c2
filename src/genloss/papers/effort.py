"""How much work a reproduction may do, and the runs it makes with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from genloss._threads import cores, trial_pool
from genloss.plan import Plan
from genloss.problem import Problem

if TYPE_CHECKING:
    from genloss.trials.given_inputs import Downstream

Array = npt.NDArray[np.float64]
T = TypeVar("T")


@dataclass(frozen=True)
class Effort:
    """How much work a reproduction may do, and on what.

    Parameters
    ----------
    quick : bool, default False
        Few runs and small grids, seconds instead of minutes.
    seed : int, default 0
        Seed of everything random.
    workers : int, optional
        Threads; default: one per core.
    options : mapping of str to str
        What an experiment takes beyond these, by the names in `Study.options`.
    """

    quick: bool = False
    seed: int = 0
    workers: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    def pick(self, quick: T, full: T) -> T:
        """``quick`` or ``full``, as this effort is."""
        return quick if self.quick else full

    def risks(
        self, problem: Problem, plan: Plan, trials: int, *, method: str = "literal", shift: int = 0
    ) -> tuple[Array, Array]:
        """Mean risk of every model and its standard error, by `genloss.simulate`.

        ``shift`` is added to the seed.
        """
        from genloss.trials.simulate import simulate

        runs = simulate(
            problem,
            plan,
            trials=trials,
            seed=self.seed + shift,
            method=method,
            workers=self.workers,
        )
        assert runs.stderr is not None
        return runs.risk, runs.stderr

    def each(self, count: int, run: Callable[[np.random.SeedSequence], T]) -> list[T]:
        """So many runs in threads, each with a stream of its own; in order, whatever the workers."""
        streams = np.random.SeedSequence(self.seed).spawn(count)
        with trial_pool(self.workers or cores()) as pool:
            return list(pool.map(run, streams))

    def designs(
        self, problem: Problem, n_samples: int, penalties: npt.ArrayLike, trials: int
    ) -> Downstream:
        """`genloss.trials.given_inputs.downstream` with this seed, apart for every ``n_samples``."""
        from genloss.trials.given_inputs import downstream

        return downstream(
            problem,
            n_samples=n_samples,
            penalties=penalties,
            trials=trials,
            seed=self.seed + n_samples,
            workers=self.workers,
        )
