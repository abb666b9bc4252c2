"""What happens to models of a table: long literal chains, run by numerics of their own.

A chain draws its rows fresh from the whole table (those used longest ago, where it is short of them)
and scores every model on rows that no model of the chain was fitted on. One decomposition per design
gives all penalties, shares of real labels and noises at once, on the same rows and draws. Nothing
here comes from the package. Truths are kept in a cache folder, outside the repository, and refined
by running again with more chains.

    OPENBLAS_NUM_THREADS=1 python benchmarks/forecast_truths.py --data DIR --chains 40
    python benchmarks/forecast_truths.py --check
"""

from __future__ import annotations

import argparse
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from forecast_tables import Table, load, sources

Array = npt.NDArray[np.float64]

CACHE = Path("/tmp/genloss-truths")
MODELS = 10
RELATIVE = np.geomspace(1e-7, 10, 33)  # penalties over the trace: quarter decades
SHARES = np.array([0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7])
NOISES = np.array([0, 0.5])  # of model-made labels, in standard deviations of the target
FIFTH = 4  # place of the share 0.2
MOST_TESTS = 1000
KERNELS = ("linear", "rbf")


class Population(NamedTuple):
    """Standardised features, target, trace of the features' covariance, and the kernel's name."""

    X: Array
    y: Array
    trace: float
    kernel: str

    @classmethod
    def of(cls, table: Table, kernel: str) -> Population:
        X = (table.X - table.X.mean(axis=0)) / table.X.std(axis=0)
        trace = float(X.shape[1])
        if kernel == "rbf":
            few = X[np.random.default_rng(0).permutation(len(X))[:1500]]
            trace = 1 - float(rbf(few, few).mean())
        return cls(X, table.y, trace, kernel)


def rbf(A: Array, B: Array) -> Array:
    """exp(-|a - b|^2 / p)."""
    squares = np.sum(A**2, axis=1)[:, None] + np.sum(B**2, axis=1) - 2 * A @ B.T
    return np.exp(-np.maximum(squares, 0) / A.shape[1])


@dataclass(frozen=True)
class Design:
    """Centred features of some rows as ``left * singular @ right``: every ridge fit at once."""

    X: Array
    mean: Array
    left: Array  # (n, k)
    right: Array  # (k features or n rows, k)
    squares: Array  # (k,), eigenvalues of the centred Gram matrix
    kernel: str

    @classmethod
    def of(cls, X: Array, kernel: str) -> Design:
        if kernel == "linear":
            mean = X.mean(axis=0)
            left, singular, right = np.linalg.svd(X - mean, full_matrices=False)
            kept = singular > 1e-10 * singular[0]
            return cls(
                X, mean, left[:, kept], right[kept].T * singular[kept], singular[kept] ** 2, kernel
            )
        gram = rbf(X, X)
        mean = gram.mean(axis=0)
        values, vectors = np.linalg.eigh(gram - mean - mean[:, None] + mean.mean())
        kept = values > 1e-13 * values[-1]
        return cls(X, mean, vectors[:, kept], vectors[:, kept], values[kept], kernel)

    def at(self, X: Array) -> Array:
        """Matrix from spectral coefficients to values at rows ``X``."""
        rows = X if self.kernel == "linear" else rbf(X, self.X)
        return (rows - self.mean) @ self.right

    def coefficients(self, labels: Array, penalty: Array) -> Array:
        """Ridge fits, one a column, in coordinates for `at`; labels are centred."""
        return (self.left.T @ labels) / (self.squares[:, None] + len(self.X) * penalty)

    def best_by_leave_one_out(self, labels: Array, penalties: Array) -> float:
        """The penalty with the smallest leave-one-out error on one column of labels."""
        kept = self.squares[:, None] / (self.squares[:, None] + len(self.X) * penalties)
        residual = labels[:, None] - self.left @ (kept * (self.left.T @ labels)[:, None])
        slack = 1 - 1 / len(self.X) - self.left**2 @ kept
        return float(penalties[np.argmin(np.mean((residual / slack) ** 2, axis=0))])


class Columns(NamedTuple):
    """What each column of a chain does: penalty (NaN: re-tuned), real share, noise."""

    penalty: Array
    share: Array
    noise: Array

    @classmethod
    def every(cls, penalties: Array, shares: Array, noises: Array) -> Columns:
        grid = np.meshgrid(shares, noises, penalties, indexing="ij")
        return cls(*(grid[i].ravel() for i in (2, 0, 1)))


def chain(
    population: Population,
    n: int,
    columns: Columns,
    rng: np.random.Generator,
    *,
    models: int = MODELS,
    accumulate: bool = False,
    keep: bool = False,
) -> Array:
    """Mean squared error on unused real rows, (models, columns), of one chain a column."""
    X, y, trace, kernel = population
    grid = RELATIVE * trace
    order = rng.permutation(y.size)
    n_test = min(y.size // 4, MOST_TESTS)
    test, pool = order[:n_test], order[n_test:]
    last_used = np.full(pool.size, -1.0)
    taken = np.arange(n)[:, None] < np.round(columns.share * n)
    before, values, offset = None, np.empty(0), np.empty(0)
    past_rows, past_labels = np.empty(0, int), np.empty((0, columns.share.size))
    risks = np.empty((models, columns.share.size))
    for t in range(models):
        place = np.argpartition(last_used + rng.random(pool.size), n - 1)[:n]
        last_used[place] = t
        rows = pool[place]
        labels = np.repeat(y[rows][:, None], columns.share.size, axis=1)
        draws = y.std() * rng.standard_normal((n, 1)) * columns.noise
        if before is not None:
            made = before.at(X[rows]) @ values + offset + draws
            labels = np.where(taken, labels, made)
        if accumulate:
            past_rows = rows = np.concatenate([past_rows, rows])
            past_labels = labels = np.concatenate([past_labels, labels])
        elif keep and t == 0:
            past_rows, past_labels = rows, labels
        elif keep:
            rows, labels = np.append(past_rows, rows), np.concatenate([past_labels, labels])
        design = Design.of(X[rows], kernel)
        offset = labels.mean(axis=0)
        centred = labels - offset
        penalty = columns.penalty.copy()
        for column in np.flatnonzero(np.isnan(penalty)):
            penalty[column] = design.best_by_leave_one_out(centred[:, column], grid)
        before, values = design, design.coefficients(centred, penalty)
        risks[t] = _mean_squares(design.at(X[test]), values, y[test], offset)
    return risks


def _mean_squares(features: Array, values: Array, target: Array, offset: Array) -> Array:
    """Mean over rows of (target - offset - features @ values)^2, columnwise, from moments."""
    rows = len(features)
    gram, sums = features.T @ features / rows, features.mean(axis=0)
    centre = target.mean()
    cross = (features.T @ (target - centre) / rows)[:, None] + np.outer(sums, centre - offset)
    squares = target.var() + (centre - offset) ** 2
    return squares + np.sum(values * (gram @ values - 2 * cross), axis=0)


@dataclass(frozen=True)
class Truth:
    """Chains of one table, kernel and number of rows; the first axis counts chains.

    ``replace`` has axes (chains, models, shares, noises, penalties), ``cv`` (chains, models,
    shares 0 and 0.2, noises).
    """

    penalties: Array
    replace: Array
    cv: Array


Seed = tuple[int, ...]


def replaced(population: Population, n: int, seed: Seed) -> dict[str, Array]:
    """Chains that replace all rows, or all but a share of real ones, at every generation."""
    fixed = Columns.every(RELATIVE * population.trace, SHARES, NOISES)
    tuned = Columns.every(np.array([np.nan]), SHARES[[0, FIFTH]], NOISES)
    columns = Columns(*(np.append(a, b) for a, b in zip(fixed, tuned, strict=True)))
    risks = chain(population, n, columns, np.random.default_rng(seed))
    replace, cv = np.split(risks, [fixed.share.size], axis=1)
    return {
        "replace": replace.reshape(MODELS, SHARES.size, NOISES.size, RELATIVE.size),
        "cv": cv.reshape(MODELS, 2, NOISES.size),
    }


def accumulated(population: Population, n: int, seed: Seed) -> dict[str, Array]:
    """Chains fitted to all rows so far: (models, noises, every other penalty)."""
    columns = Columns.every(RELATIVE[::2] * population.trace, SHARES[:1], NOISES)
    risks = chain(population, n, columns, np.random.default_rng(seed), accumulate=True)
    return {"accumulate": risks.reshape(MODELS, NOISES.size, -1)}


def kept(population: Population, n: int, seed: Seed) -> dict[str, Array]:
    """Chains fitted to the first real rows beside the newest: (models, noises, every other penalty)."""
    columns = Columns.every(RELATIVE[::2] * population.trace, SHARES[:1], NOISES)
    risks = chain(population, n, columns, np.random.default_rng(seed), keep=True)
    return {"kept": risks.reshape(MODELS, NOISES.size, -1)}


def level(population: Population, n: int, seed: Seed) -> dict[str, Array]:
    """Error of model 0 alone, (penalties,)."""
    columns = Columns.every(RELATIVE * population.trace, SHARES[:1], NOISES[:1])
    return {"level": chain(population, n, columns, np.random.default_rng(seed), models=1)[0]}


KINDS = {"replace": replaced, "accumulate": accumulated, "kept": kept, "level": level}


def path(name: str, kernel: str, n: int, kind: str) -> Path:
    """Where a truth is kept."""
    return CACHE / f"{name}-{kernel}-{n}-{kind}.npz"


def known(name: str, kernel: str, n: int, kind: str) -> dict[str, Array] | None:
    """A truth as far as it is known, chains along the first axis."""
    where = path(name, kernel, n, kind)
    if not where.exists():
        return None
    with np.load(where) as file:
        return {key: file[key].astype(float) for key in file}


def truth(name: str, kernel: str, n: int) -> Truth | None:
    """Chains that replace, as far as they are known."""
    found = known(name, kernel, n, "replace")
    return None if found is None else Truth(**found)


def refine(table: Table, kernel: str, n: int, kind: str, chains: int) -> None:
    """Run what is missing to ``chains`` chains."""
    old = known(table.name, kernel, n, kind)
    first = next((key for key in old if key != "penalties"), "") if old else ""
    done = len(old[first]) if old else 0
    if done >= chains:
        return
    population = Population.of(table, kernel)
    tag = zlib.crc32(f"{table.name}-{kernel}-{n}-{kind}".encode())
    new = [KINDS[kind](population, n, (tag, i)) for i in range(done, chains)]
    found = {key: np.array([each[key] for each in new], dtype=np.float32) for key in new[0]}
    if old:
        found = {
            key: np.concatenate([old[key], new]).astype(np.float32) for key, new in found.items()
        }
    # whole or not at all: measurements read while truths are refined
    where = path(table.name, kernel, n, kind)
    partial = where.with_suffix(".partial.npz")
    np.savez(partial, penalties=RELATIVE * population.trace, **found)
    partial.replace(where)


def stages(table: Table, chains: int) -> Iterator[tuple[str, int, str, int]]:
    """Kernel, rows, kind and number of chains of all that is wanted of a table."""
    rows = table.y.size
    for kernel in KERNELS:
        for n in (40, 120, 300):
            if rows >= 10 * n:
                yield kernel, n, "replace", chains if n < 300 else max(chains // 3, 4)
        for n in (240, 320, 960):
            if rows >= 2 * n:
                yield (
                    kernel,
                    n,
                    "level",
                    min(chains, 48) if n < 960 else min(max(chains // 3, 4), 8),
                )
        if table.X.shape[1] < 100 and rows >= 400:
            yield kernel, 40, "accumulate", min(max(chains // 3, 4), 16)
            yield kernel, 40, "kept", min(chains, 24)


def check() -> None:
    """One chain by scikit-learn, fit by fit, on the same draws."""
    from sklearn.base import BaseEstimator
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.kernel_ridge import KernelRidge
    from sklearn.linear_model import Ridge
    from sklearn.metrics.pairwise import rbf_kernel
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, KernelCenterer, StandardScaler

    def model(rows: Array, kernel: str, penalty: float) -> BaseEstimator:
        if kernel == "linear":
            return Ridge(alpha=len(rows) * penalty)
        gram = FunctionTransformer(lambda X: rbf_kernel(X, rows, gamma=1 / rows.shape[1]))
        ridge = KernelRidge(alpha=len(rows) * penalty, kernel="precomputed")
        centred = make_pipeline(gram, KernelCenterer(), ridge)
        return TransformedTargetRegressor(centred, transformer=StandardScaler(with_std=False))

    n, models = 40, 5
    for kernel in KERNELS:
        population = Population.of(load(None, "diabetes"), kernel)
        X, y = population.X, population.y
        for place, share, noise in ((8, 0.0, 0.0), (20, 0.2, 0.5), (30, 0.0, 0.5)):
            penalty = RELATIVE[place] * population.trace
            columns = Columns(np.array([penalty]), np.array([share]), np.array([noise]))
            found = chain(population, n, columns, np.random.default_rng(5), models=models)[:, 0]
            rng = np.random.default_rng(5)
            order = rng.permutation(y.size)
            test, pool = order[: y.size // 4], order[y.size // 4 :]
            last_used, before = np.full(pool.size, -1.0), None
            for t in range(models):
                place = np.argpartition(last_used + rng.random(pool.size), n - 1)[:n]
                last_used[place] = t
                rows, labels = pool[place], y[pool[place]].copy()
                extra = noise * y.std() * rng.standard_normal(n)
                if before is not None:
                    made, real = before.predict(X[rows]) + extra, round(share * n)
                    labels[real:] = made[real:]
                before = model(X[rows], kernel, penalty).fit(X[rows], labels)
                risk = np.mean((before.predict(X[test]) - y[test]) ** 2)
                assert abs(found[t] / risk - 1) < 1e-7, (kernel, t, found[t], risk)
        print(f"{kernel}: the same as scikit-learn's")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with the larger data sets")
    parser.add_argument("--chains", type=int, default=40, help="at n = 40 and 120; a third at 300")
    parser.add_argument("--sizes", type=int, nargs="*", help="only these numbers of rows")
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), help="only these kinds")
    parser.add_argument("--only", default="", help="part of a table's name")
    parser.add_argument("--check", action="store_true", help="compare with scikit-learn and stop")
    arguments = parser.parse_args()
    if arguments.check:
        check()
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    for name in sources(arguments.data):
        if arguments.only in name:
            start = time.process_time()
            table = load(arguments.data, name)
            for kernel, n, kind, chains in stages(table, arguments.chains):
                if kind in arguments.kinds and n in (arguments.sizes or [n]):
                    refine(table, kernel, n, kind, chains)
            print(f"{name}: {time.process_time() - start:.1f} s", flush=True)


if __name__ == "__main__":
    main()
