"""What all parts of a forecast share: the rows, the splits, the budget, and how voices combine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.outlook.growth import Growth, growth
from genloss.outlook.losses import Losses, rehearse, work
from genloss.outlook.plans import at_most, sized
from genloss.outlook.sample import Sample
from genloss.outlook.split import MOST_TEST, Split, folds
from genloss.outlook.theory import Theory
from genloss.plan import Plan

Array = npt.NDArray[np.float64]

FOLDS = 5
MANY_FOLDS = 10  # where nearly all rows are needed for training
_NEARLY_ALL = 0.8
_ALWAYS_ALL_KINDS = 8  # rows per row of a fit from which on every kind of inputs is asked
_WIDE = 4  # rows per column below which a copula is not trusted with a kernel


@dataclass(frozen=True, eq=False)
class Study:
    """Rows, theory and random streams of one forecast.

    Attributes
    ----------
    sample : Sample
        All rows it may use.
    theory : Theory or None
        None where there are too few rows for an estimate.
    seed : numpy.random.SeedSequence
        Stream of everything random.
    unlabelled : ndarray of shape (l, p) or None
        Inputs of later models, where the user has some.
    """

    sample: Sample
    theory: Theory | None
    seed: np.random.SeedSequence
    unlabelled: Array | None = None

    def stream(self, number: int) -> np.random.SeedSequence:
        """A random stream of its own for every purpose."""
        key = self.seed.spawn_key
        return np.random.SeedSequence(self.seed.entropy, spawn_key=(*key, number))

    def splits(self, n_samples: int, repeats: int) -> list[Split]:
        """Folds of all rows; more of them where a model needs nearly all."""
        count = MANY_FOLDS if n_samples > _NEARLY_ALL * self.sample.size else FOLDS
        if self.sample.groups is not None:
            count = min(count, max(int(np.unique(self.sample.groups).size), 2))
        rng = np.random.default_rng(self.stream(0))
        return folds(self.sample, count, repeats, rng)

    def room(self, n_samples: int) -> int:
        """Rows of the smallest pool."""
        return min(split.pool.size for split in self.splits(n_samples, 1))

    def sources(self, n_samples: int) -> tuple[str, ...]:
        """Kinds of inputs to ask."""
        if self.unlabelled is not None:
            return ("unlabelled",)
        rows, dim = self.sample.size, self.sample.X.shape[1]
        if self.robust(n_samples):
            return ("recycle", "boot", "copula")
        return ("boot",) if dim * _WIDE > rows else ("boot", "copula")

    def robust(self, n_samples: int) -> bool:
        """Whether rows may be used again soon, so that voices combine by their median."""
        return self.sample.kernel is None or n_samples * 2 <= self.sample.size

    def small(self, n_samples: int) -> bool:
        """Whether theory has a voice."""
        return self.sample.kernel is None or n_samples * _ALWAYS_ALL_KINDS <= self.sample.size

    def affordable(self, plan: Plan, columns: int, each: float, *, few: bool) -> Plan:
        """The plan with rows for the pool, and for a budget of multiplications a run."""
        plan = at_most(plan, self.room(int(plan.n_samples.max())))
        n_test = min(self.sample.size // FOLDS, MOST_TEST)
        while (
            work(plan, self.sample, n_test, columns, few=few) > each and plan.n_samples.max() > 20
        ):
            plan = sized(plan, 0.85)
        return plan

    def rehearse(
        self, plan: Plan, penalty: Array, repeats: int, sources: tuple[str, ...]
    ) -> Losses:
        """Run the plan on every split, for every column of penalties."""
        splits = self.splits(int(plan.n_samples.max()), repeats)
        return rehearse(
            self.sample, plan, penalty, sources, splits, self.stream(1), self.unlabelled
        )

    def growth(self, plan: Plan, losses: Losses, rehearsed: Plan, *, cv: bool = False) -> Growth:
        """Growth at the plan's own rows, from rehearsals with as many or fewer."""
        n = int(plan.n_samples.max())
        theory = None if self.theory is None else self.theory.growth(plan, cv=cv)
        shift = None
        if theory is not None and rehearsed is not plan:
            assert self.theory is not None
            smaller = self.theory.growth(rehearsed, cv=cv)
            shift = None if smaller is None else theory - smaller
        return growth(
            losses,
            self.sample,
            theory=theory if self.small(n) else None,
            shift=shift,
            median=self.robust(n),
        )
