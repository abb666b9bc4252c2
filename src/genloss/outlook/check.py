"""The honest check: a forecast from rows seen beside the plan run literally on rows held out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from genloss._threads import cores, trial_pool
from genloss.outlook.growth import NORMAL
from genloss.outlook.level import level
from genloss.outlook.losses import work
from genloss.outlook.plans import at_most, sized
from genloss.outlook.prepare import MOST_TEST, estimated
from genloss.outlook.rehearse import run
from genloss.outlook.sample import Sample
from genloss.outlook.split import folds
from genloss.outlook.study import FOLDS, Study
from genloss.outlook.theory import Theory
from genloss.plan import Plan
from genloss.steps import resolve

Array = npt.NDArray[np.float64]

FORECAST_SPLITS = 3
_MOST_SEEN = 4_000
_WORK = 8e9  # multiplications of one literal run
_MOST_KERNEL = 1_000  # rows behind the theory of a kernel, whose eigenvalues cost their cube
_STEADY = 40  # rows per model from which on one chain a split tells its error well enough


@dataclass(frozen=True, eq=False)
class Check:
    """What was forecast and what was measured, for every model.

    Attributes
    ----------
    plan : Plan
        What was run: the plan, with fewer rows where the table has no more to spare.
    predicted, low, high : ndarray of shape (n_models,)
        Forecast from seen rows and its interval.
    log_growth, growth_se : ndarray of shape (n_models,)
        Its log growth and standard error.
    runs : ndarray of shape (trials, n_models)
        Measured errors, one row a split.
    sizes : dict
        Rows seen, in the pool and in the test set.
    fresh : int
        Fresh rows that the plan asks for.
    """

    plan: Plan
    predicted: Array
    low: Array
    high: Array
    log_growth: Array
    growth_se: Array
    runs: Array
    sizes: dict[str, int]
    fresh: int


def check(study: Study, plan: Plan, penalty: Array, trials: int) -> Check:
    """Split the rows three ways, several times; forecast from one part, run on another, score."""
    sample = study.sample
    rng = np.random.default_rng(study.stream(10))
    splits = folds(sample, _count(sample), -(-trials // _count(sample)), rng, MOST_TEST)
    while len(splits) < trials:
        splits = [*splits, *folds(sample, _count(sample), 1, rng, MOST_TEST)]
    splits = splits[:trials]
    left = min(split.pool.size for split in splits)
    smaller = at_most(plan, left // 2)
    few = not np.isnan(penalty).any()
    while (
        work(smaller, sample, splits[0].test.size, 1, few=few) > _WORK
        and smaller.n_samples.max() > 20
    ):
        smaller = sized(smaller, 0.85)
    fresh = sum(block.rows for step in resolve(smaller) for block in step.new)
    chains = -(-_STEADY // int(smaller.n_samples.max()))
    n_pool = min(chains * fresh, left // 2)

    def literal(number: int) -> Array:
        split = splits[number]
        X, test = sample.sides(split.pool[:n_pool], split.test)
        pool = (X, sample.y[split.pool[:n_pool]])
        weights = None if sample.weights is None else sample.weights[split.pool[:n_pool]]
        squares = np.zeros((plan.n_models, split.test.size))
        for chain in range(chains):
            key = (11, number, chain) if chain else (11, number)
            seed = np.random.SeedSequence(study.seed.entropy, spawn_key=key)
            said = run(
                smaller, pool, test, penalty, sample.kernel, "recycle", seed, weights=weights
            )
            squares += sample.squares(said[:, :, 0] - sample.y[split.test]) / chains
        return sample.mean(squares.T, split.test)

    with trial_pool(cores()) as pool:
        runs = np.stack(list(pool.map(literal, range(trials))))
    seen = [
        split.pool[n_pool:][:_MOST_SEEN]
        for split in splits[: FORECAST_SPLITS if sample.kernel is None else 2]
    ]
    parts = [_forecast(study, rows, smaller, penalty, i, chains) for i, rows in enumerate(seen)]
    error, doubt, growth, growth_se = (np.array(part) for part in zip(*parts, strict=True))
    center, half = error.mean(axis=0), NORMAL * doubt.mean(axis=0)
    return Check(
        plan=smaller,
        predicted=np.exp(center),
        low=np.exp(center - half),
        high=np.exp(center + half),
        log_growth=growth.mean(axis=0),
        growth_se=growth_se.mean(axis=0),
        runs=runs,
        sizes={"seen": left - n_pool, "pool": n_pool, "test": splits[0].test.size},
        fresh=fresh,
    )


def _count(sample: Sample) -> int:
    if sample.groups is None:
        return FOLDS
    return min(FOLDS, max(int(np.unique(sample.groups).size), 2))


def _forecast(
    study: Study,
    rows: npt.NDArray[np.intp],
    plan: Plan,
    penalty: Array,
    number: int,
    repeats: int,
) -> tuple[Array, Array, Array, Array]:
    """Log error, its standard error, log growth and its own, from some of the rows."""
    sample = study.sample.take(rows)
    seed = np.random.SeedSequence(study.seed.entropy, spawn_key=(12, number))
    part = Study(sample, None, seed, study.unlabelled)
    few = not np.isnan(penalty).any()
    n = int(plan.n_samples.max())
    rehearsed = part.affordable(plan, 1, _WORK / 8, few=few)
    theory = None
    if part.small(n) or rehearsed is not plan:
        some = (
            sample if sample.kernel is None else sample.take(np.arange(sample.size)[:_MOST_KERNEL])
        )
        estimate = estimated(some)
        theory = None if estimate is None else Theory.of(estimate, some.weights)
        part = replace(part, theory=theory)
    losses = part.rehearse(rehearsed, penalty, repeats, part.sources(n))
    grown = part.growth(plan, losses, rehearsed, cv=not few)
    kept = np.flatnonzero(losses.tested)
    first = level(losses.rows[:, 0, kept].mean(axis=0), losses.n_samples, sample, kept)
    start = np.log(first.error)
    if rehearsed is not plan and theory is not None:
        both = theory.error(plan), theory.error(rehearsed)
        if both[0] is not None and both[1] is not None:
            start += float(np.log(both[0][0] / both[1][0]))
    return start + grown.log, np.hypot(first.se, grown.se), grown.log, grown.se
