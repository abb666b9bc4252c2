"""The honest check: measured on rows seen, beside the plan run literally on rows held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.curve import Curve
from genloss.outlook.growth import NORMAL
from genloss.outlook.measured.read import read
from genloss.outlook.measured.runs import run
from genloss.outlook.measured.task import Task
from genloss.outlook.plans import at_most
from genloss.outlook.prepare import MOST_TEST
from genloss.outlook.split import Split, folds
from genloss.outlook.study import FOLDS, Study
from genloss.plan import Plan
from genloss.steps import resolve

Array = npt.NDArray[np.float64]

_RECUR = 1.5  # times the rows of the pool up to which only late models meet rows again
_SEEN = 2
"""Splits whose seen rows give a forecast."""


@dataclass(frozen=True, eq=False)
class Checked:
    """Forecast and measurement of the models of ``plan``, arrays of shape (n_models,).

    Attributes
    ----------
    plan : Plan
        What was run: the plan, with fewer rows where the table has no more to spare.
    error, low, high : ndarray
        Forecast from rows seen and its interval.
    change, change_se : ndarray
        Its error less model 0's.
    runs : ndarray of shape (trials, n_models)
        Measured errors, one row a split.
    sizes : dict
        Rows seen, in the pool and in the test set.
    recurs : bool
        Whether late generations meet rows of the pool again.
    """

    plan: Plan
    error: Array
    low: Array
    high: Array
    change: Array
    change_se: Array
    runs: Array
    sizes: dict[str, int]
    recurs: bool

    @property
    def agrees(self) -> bool:
        """Whether the last model's change differs by no more than both intervals."""
        if self.plan.n_models == 1:
            return True
        changes = self.runs - self.runs[:, :1]
        trials = len(changes)
        se = float(changes[:, -1].std(ddof=1)) / np.sqrt(trials)
        few = 1 + 2 / (trials - 1)  # a scatter known from few splits
        doubt = NORMAL * float(np.hypot(few * se, self.change_se[-1]))
        least = 0.03 * float(self.runs[:, 0].mean())
        return bool(abs(changes[:, -1].mean() - self.change[-1]) <= doubt + least)

    def curves(self, metric: str) -> tuple[Curve, Curve]:
        """Both as curves."""
        trials = len(self.runs)
        return (
            Curve(risk=self.error, method="measured on rows seen", metric=metric),
            Curve(
                risk=self.runs.mean(axis=0),
                stderr=self.runs.std(axis=0, ddof=1) / np.sqrt(trials),
                method=f"literal chain on held-out rows, {trials} splits",
                metric=metric,
                trials=trials,
            ),
        )


def check(study: Study, task: Task, plan: Plan, trials: int) -> Checked:
    """Split the rows three ways, several times; measure on one part, run on another, score."""
    sample = study.sample
    rng = np.random.default_rng(study.stream(10))
    count = FOLDS
    if sample.groups is not None:
        count = min(FOLDS, max(int(np.unique(sample.groups).size), 2))
    splits: list[Split] = []
    while len(splits) < trials:
        splits += folds(sample, count, 1, rng, MOST_TEST)
    splits = splits[:trials]
    left = min(split.pool.size for split in splits)
    smaller = at_most(plan, left // 2)
    fresh = sum(block.rows for step in resolve(smaller) for block in step.new)
    n_pool = min(fresh, left // 2)
    literal = [
        Split(split.pool[:n_pool], split.test, number) for number, split in enumerate(splits)
    ]
    runs = run(task, sample, smaller, ("recycle",), literal, study.stream(11)).means
    readings = []
    for number, split in enumerate(splits[:_SEEN]):
        part = Study(
            sample.take(split.pool[n_pool:]), None, study.stream(20 + number), study.unlabelled
        )
        seen = at_most(smaller, part.room(int(smaller.n_samples.max())))
        found = run(
            task,
            part.sample,
            seen,
            sources(part, seen),
            part.splits(int(seen.n_samples.max()), 1),
            part.stream(1),
            study.unlabelled,
        )
        readings.append(read(found, part.sample, task.score))
    return Checked(
        plan=smaller,
        error=np.mean([each.error for each in readings], axis=0),
        low=np.mean([each.low for each in readings], axis=0),
        high=np.mean([each.high for each in readings], axis=0),
        change=np.mean([each.change for each in readings], axis=0),
        change_se=np.mean([each.change_se for each in readings], axis=0),
        runs=runs,
        sizes={"seen": left - n_pool, "pool": n_pool, "test": int(splits[0].test.size)},
        recurs=fresh > n_pool,
    )


def sources(study: Study, plan: Plan) -> tuple[str, ...]:
    """Kinds of inputs of later models: rows used longest ago, and rows drawn again where they recur.

    As long as there are rows that no model has seen, they are what fresh rows are. Rows drawn again may
    have been seen by the model that labels them, as may rows that are used a second time.
    """
    if study.unlabelled is not None:
        return ("unlabelled",)
    fresh = sum(block.rows for step in resolve(plan) for block in step.new)
    room = study.room(int(plan.n_samples.max()))
    return ("recycle",) if fresh <= _RECUR * room else ("recycle", "boot")
