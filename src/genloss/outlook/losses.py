"""Rehearsals over many splits and kinds of inputs, and the losses they leave on every row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss._threads import cores, trial_pool
from genloss.outlook.plans import fitted_rows
from genloss.outlook.rehearse import run
from genloss.outlook.sample import Sample
from genloss.outlook.split import Split
from genloss.plan import Plan

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Losses:
    """Squared errors of the models of a plan on real labels.

    Attributes
    ----------
    n_samples : int
        Rows per generation (the largest) of what was rehearsed.
    runs : ndarray of shape (K, S, n_models, C)
        Mean over the test rows of each of S runs, for K sources of inputs and C columns.
    repeats : ndarray of int of shape (S,)
        Which repeat of the folds a run belongs to.
    rows : ndarray of shape (K, n_models, M)
        Of every row, the mean over the runs that tested it, in the first column.
    tested : ndarray of bool of shape (M,)
        Rows that any run tested; ``rows`` is zero for others.
    original : ndarray of shape (K, n_models, M) or None
        ``rows`` on the scale before the logarithm.
    """

    n_samples: int
    runs: Array
    repeats: npt.NDArray[np.intp]
    rows: Array
    tested: npt.NDArray[np.bool_]
    original: Array | None


def rehearse(
    sample: Sample,
    plan: Plan,
    penalty: Array,
    sources: Sequence[str],
    splits: Sequence[Split],
    seed: np.random.SeedSequence,
    unlabelled: Array | None = None,
) -> Losses:
    """Run a plan once a split and source; splits and noise are common to all sources and columns."""
    seeds = [
        np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, i))
        for i in range(len(splits))
    ]

    def one(task: tuple[int, str]) -> Array:
        number, source = task
        split = splits[number]
        X, test = sample.sides(split.pool, split.test)
        pool = (X, sample.y[split.pool])
        weights = None if sample.weights is None else sample.weights[split.pool]
        return run(
            plan, pool, test, penalty, sample.kernel, source, seeds[number], unlabelled, weights
        )

    n_models, columns = penalty.shape
    runs = np.empty((len(sources), len(splits), n_models, columns))
    rows = np.zeros((len(sources), n_models, sample.size))
    original = np.zeros((len(sources), n_models, sample.size)) if sample.log else None
    counts = np.zeros(sample.size)
    for split in splits:
        counts[split.test] += 1
    tasks = [(i, source) for i in range(len(splits)) for source in sources]
    with trial_pool(cores()) as pool:
        for (i, source), predicted in zip(tasks, pool.map(one, tasks), strict=True):
            k, test = sources.index(source), splits[i].test
            squares = sample.squares(predicted - sample.y[test, None])
            runs[k, i] = sample.mean(squares.swapaxes(0, 1), test)
            rows[k][:, test] += squares[:, :, 0]
            if original is not None:
                told = np.exp(np.minimum(predicted[:, :, 0], 300.0))
                original[k][:, test] += (told - np.exp(sample.y[test])) ** 2
    tested = counts > 0
    seen = np.maximum(counts, 1)
    return Losses(
        n_samples=int(plan.n_samples.max()),
        runs=runs,
        repeats=np.array([split.repeat for split in splits]),
        rows=rows / seen,
        tested=tested,
        original=None if original is None else original / seen,
    )


def work(plan: Plan, sample: Sample, n_test: int, columns: int, *, few: bool) -> float:
    """Multiplications of one run, roughly."""
    total, dim = 0.0, sample.X.shape[1]
    for generation, fitted in zip(plan, fitted_rows(plan).tolist(), strict=True):
        n, asked = fitted, n_test + generation.n_samples
        if sample.kernel is None and n > dim:
            solved = dim**3 / 3 if few else 10.0 * dim**3
            total += 2.0 * n * dim**2 + solved + 2.0 * (n + asked) * dim * columns
        elif sample.kernel is None or not few:
            total += 10.0 * n**3 + 2.0 * n * (n + asked) * (dim + columns)
        else:
            total += n**3 / 3 + 2.0 * n * (n + asked) * (dim + columns + 10)
    return total
