"""Literal runs of a plan over splits and kinds of inputs, and what they cost on every row."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss._threads import cores, trial_pool
from genloss.outlook.measured.task import Task
from genloss.outlook.sample import Sample
from genloss.outlook.split import Split
from genloss.plan import Plan

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Runs:
    """What the models of a plan cost on real labels.

    Attributes
    ----------
    n_samples : int
        Rows per generation (the largest).
    rows : mapping of str to ndarray of shape (n_models, M)
        By score, the mean over the runs that tested a row.
    tested : ndarray of bool of shape (M,)
        Rows that any run tested; ``rows`` is zero for others.
    means : ndarray of shape (S, n_models)
        Mean error over the test rows of each of S runs.
    repeats : ndarray of int of shape (S,)
        Which repeat of the folds a run belongs to.
    variance, shared : ndarray of shape (S, n_models)
        Of such a mean, over the draw of its test rows: its variance, and its covariance with that of
        model 0.
    """

    n_samples: int
    rows: dict[str, Array]
    tested: npt.NDArray[np.bool_]
    means: Array
    repeats: npt.NDArray[np.intp]
    variance: Array
    shared: Array


def run(
    task: Task,
    sample: Sample,
    plan: Plan,
    sources: Sequence[str],
    splits: Sequence[Split],
    seed: np.random.SeedSequence,
    unlabelled: Array | None = None,
) -> Runs:
    """Run a plan once a split; kinds of inputs of later models take turns."""
    chances = task.chances(plan)

    def one(number: int) -> list[dict[str, Array]]:
        split = splits[number]
        X, test = sample.sides(split.pool, split.test)
        key = np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, number))
        source = sources[number % len(sources)]
        weights = None if sample.weights is None else sample.weights[split.pool]
        pool = (X, sample.y[split.pool])
        chain = task.chain(plan, pool, source, key, unlabelled, weights)
        said = (model(test) for model in chain)
        return list(task.scores(said, sample.y[split.test], chances=chances))

    with trial_pool(cores()) as pool:
        # estimators warn, and gain nothing from threads of which each has a fit of its own
        each = range(len(splits))
        found = list(pool.map(one, each) if task.is_ridge(plan) else map(one, each))
    rows = {name: np.zeros((plan.n_models, sample.size)) for name in found[0][0]}
    counts = np.zeros(sample.size)
    means, variance, shared = np.empty((3, len(splits), plan.n_models))
    for number, (split, scores) in enumerate(zip(splits, found, strict=True)):
        counts[split.test] += 1
        for t, score in enumerate(scores):
            for name, values in score.items():
                rows[name][t, split.test] += values
        losses = np.array([score[task.score] for score in scores])
        means[number] = sample.mean(losses.T, split.test)
        apart = losses - losses.mean(axis=1, keepdims=True)
        variance[number] = np.mean(apart**2, axis=1) / split.test.size
        shared[number] = np.mean(apart * apart[:1], axis=1) / split.test.size
    return Runs(
        n_samples=int(plan.n_samples.max()),
        rows={name: values / np.maximum(counts, 1) for name, values in rows.items()},
        tested=counts > 0,
        means=means,
        repeats=np.array([split.repeat for split in splits]),
        variance=variance,
        shared=shared,
    )


@contextmanager
def quiet_fits(*, estimators: bool) -> Iterator[dict[str, int]]:
    """One thread a fit of estimators, and what fits warn of: messages with how often they came."""
    told: dict[str, int] = {}
    if not estimators:
        yield told
        return
    from threadpoolctl import threadpool_limits

    # fits of a few hundred rows wait for threads more than they compute
    with threadpool_limits(1), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield told
    for each in caught:
        first = str(each.message).strip().split("\n")[0]
        told[first] = told.get(first, 0) + 1
