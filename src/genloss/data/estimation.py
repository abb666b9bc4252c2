"""The problem behind real rows: spectrum, truth and noise from a sample.

Nothing is read off the sample's eigenvectors, which mix signal with noise. At every penalty a sample
of k rows tells two numbers without bias: the population's effective penalty kappa, and the
leave-one-out error. Both are linear in what is sought (`theory.md` 2.2):

    df1(kappa)              = sum_j mass_j s_j / (s_j + kappa)
    loo * (1 - df2 / k)     = sum_j energy_j kappa**2 / (s_j + kappa)**2 + noise**2

so that two nonnegative least-squares fits over many penalties give masses and energies
(``truth_j**2 s_j``) on a grid of eigenvalues, with a tail that the sample only implies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from genloss.data.kernels import LINEAR, Kernel, Nystrom
from genloss.errors import DataError

Array = npt.NDArray[np.float64]

MOST_ROWS = 3000  # rows whose Gram matrix is decomposed
MOST_DIRECTIONS = 4000
FEWEST_ROWS = 20
_NODES = 80
_PENALTIES = 40


@dataclass(frozen=True)
class Estimate:
    """What `estimate` found, on standardised features and the target's own scale.

    Attributes
    ----------
    spectrum, truth : ndarray of shape (p,)
        A `Problem` without the intercept.
    noise : float
        Standard deviation of what no linear model of these features explains. Only its sum with the
        unlearnable tail of the truth is well determined.
    """

    spectrum: Array
    truth: Array
    noise: float


@dataclass(frozen=True)
class Reading:
    """What k rows say at every penalty: effective penalty, degrees of freedom, leave-one-out error."""

    rows: int
    penalty: Array
    kappa: Array
    df1: Array
    loo: Array


@dataclass(frozen=True)
class Standardiser:
    """Centre and scale by the statistics of one sample; columns constant there become zero."""

    mean: Array
    scale: Array

    @classmethod
    def of(cls, X: Array) -> Standardiser:
        """Statistics of ``X``."""
        mean, deviation = X.mean(axis=0), X.std(axis=0)
        varies = deviation > 1e-12 * np.maximum(np.abs(mean), 1e-300)
        return cls(mean, np.where(varies, deviation, np.inf))

    def __call__(self, X: Array) -> Array:
        """Standardised copy."""
        return (X - self.mean) / self.scale


def estimate(X: Array, y: Array, *, kernel: object = None, seed: int = 0) -> Estimate:
    """Estimate the problem behind rows ``X`` (n_rows, dim), which are standardised first."""
    order = np.random.default_rng(seed).permutation(y.size)[:MOST_ROWS]
    return estimate_standardised(Standardiser.of(X)(X)[order], y[order], Kernel.of(kernel))


def estimate_standardised(X: Array, y: Array, kernel: Kernel | None) -> Estimate:
    """Estimate from rows that are standardised and in random order."""
    if y.size < FEWEST_ROWS:
        raise DataError(f"X had {y.size} rows; an estimate needs at least {FEWEST_ROWS}")
    if not y.std() > 1e-12 * np.abs(y).max():
        raise DataError("the target does not vary in the rows seen; there is nothing to learn")
    scale = float(np.mean(np.sum((X - X.mean(axis=0)) ** 2, axis=1)))
    if not scale > 0:
        raise DataError("no feature varies in the rows seen; there is nothing to learn from")
    if kernel is not None:
        few = kernel(X[:500], X[:500])
        scale = float(np.mean(np.diagonal(few)) - few.mean())
    penalty = scale * np.logspace(-9, 2, _PENALTIES)
    k = y.size
    whole = _read(X, y, kernel, penalty, errors=k <= MOST_ROWS // 2)
    parts = [
        _read(X[i::share], y[i::share], kernel, penalty)
        for share in (2, 4)
        for i in range(share)
        if k >= 10 * share
    ]
    readings = [whole, *parts] if whole.loo.size or not parts else parts

    linear_rank = None
    low = max(float(whole.kappa.min()) / 30, 1e-13 * scale)
    if kernel is None:
        values = np.linalg.eigvalsh(np.cov(X.T, bias=True).reshape(X.shape[1], -1))
        values = values[values > 1e-10 * values[-1]]
        if X.shape[1] < k - 1:
            linear_rank, low = values.size, min(low, float(values[0]))
    grid = np.geomspace(low, 1.5 * scale, _NODES)
    mass = _fit_masses(whole, grid, linear_rank)
    spectrum = _directions(grid, mass)
    places = _places(spectrum, grid)
    energy, noise = _fit_energies(readings, spectrum, places)
    truth = np.zeros_like(spectrum)
    truth[places] = np.sqrt(energy / spectrum[places])
    return Estimate(spectrum, truth, float(np.sqrt(noise)))


def _read(
    X: Array, y: Array, kernel: Kernel | None, penalty: Array, *, errors: bool = True
) -> Reading:
    """Effective penalty and exact leave-one-out error of ridge with a free intercept.

    Centring costs one row: kappa = penalty / (1 - df1/n) becomes k penalty / (k - 1 - df1).
    """
    k = y.size
    values, vectors = _eigen(X, kernel, vectors=errors)
    fitted = values / (values + k * penalty[:, None])
    df1 = fitted.sum(axis=1)
    # k penalty / (k - 1 - df1), the difference as a sum of what every direction leaves
    left = (k - 1 - values.size) + (1 - fitted).sum(axis=1)
    loo = np.empty(0)
    if errors:
        centred = y - y.mean()
        residual = centred - (fitted * (vectors.T @ centred)) @ vectors.T
        slack = 1 - 1 / k - fitted @ (vectors**2).T
        held_out = residual / np.maximum(slack, 1e-12)
        loo = np.mean(held_out**2, axis=1) * (k - 1) / k
    return Reading(k, penalty, k * penalty / left, df1, loo)


def _eigen(X: Array, kernel: Kernel | None, *, vectors: bool) -> tuple[Array, Array]:
    """Eigenvalues and left singular vectors of the centred features, the constant left out."""
    k, dim = X.shape
    if kernel is None and dim < k - 1:
        centred = X - X.mean(axis=0)
        values, right = np.linalg.eigh(centred.T @ centred)
        kept = values > 1e-12 * values[-1]
        return values[kept], centred @ right[:, kept] / np.sqrt(values[kept])
    gram = (kernel or LINEAR)(X, X)
    mean = gram.mean(axis=0)
    gram = gram - mean - mean[:, None] + mean.mean()
    # push the constant below the spectrum, where it is the first eigenvector
    gram -= np.trace(gram) / k * np.full((k, k), 1 / k)
    if not vectors:
        return np.maximum(np.linalg.eigvalsh(gram)[1:], 0), np.empty((k, 0))
    values, left = np.linalg.eigh(gram)
    return np.maximum(values[1:], 0), left[:, 1:]


def _fit_masses(reading: Reading, grid: Array, rank: int | None) -> Array:
    """Nonnegative masses with the measured df1 at every kappa, and the known rank if there is one."""
    rows = grid / (grid + reading.kappa[:, None]) / reading.df1[:, None]
    goal = np.ones(reading.kappa.size)
    if rank is not None:
        rows = np.vstack([rows, np.full(grid.size, 10 / rank)])
        goal = np.append(goal, 10.0)
    scale = np.linalg.norm(rows, axis=0)
    return np.asarray(nnls(rows / scale, goal, maxiter=50 * grid.size)[0] / scale)


def _directions(grid: Array, mass: Array) -> Array:
    """Explicit eigenvalues: each takes one unit of mass and its mean eigenvalue, keeping the trace.

    Beyond the most directions, units grow; those act through their trace only.
    """
    s, m = grid[::-1], mass[::-1]
    total, trace = np.append(0.0, np.cumsum(m)), np.append(0.0, np.cumsum(m * s))
    count = min(max(round(total[-1]), 1), MOST_DIRECTIONS)
    values = np.diff(np.interp(np.arange(count + 1.0), total, trace))
    rest = trace[-1] - values.sum()
    if total[-1] > count + 1:
        extra = min(int(np.ceil(rest / max(values[-1], rest / count))), count)
        values = np.append(values, np.full(extra, rest / extra))
    else:
        values[-1] += rest
    return np.asarray(np.sort(values[values > 0])[::-1])


def _places(spectrum: Array, grid: Array) -> npt.NDArray[np.intp]:
    """Directions that may carry signal: the neighbours of every node of the grid."""
    below = np.searchsorted(-spectrum, -grid)
    return np.unique(np.clip(np.append(below, below - 1), 0, spectrum.size - 1))


def _fit_energies(
    readings: list[Reading], spectrum: Array, places: npt.NDArray[np.intp]
) -> tuple[Array, float]:
    """Signal energies at ``places`` and noise variance that explain the leave-one-out errors."""
    rows, goal = [], []
    for reading in readings:
        kappa = reading.kappa[:, None]
        bias = kappa / (spectrum + kappa)
        n = reading.rows - 1
        # 1 - df2/n as a sum of positive terms, which does not cancel at tiny penalties
        free = reading.penalty * reading.rows / n / reading.kappa
        free = free + (bias * (1 - bias)).sum(axis=1) / n
        terms = np.column_stack([bias[:, places] ** 2, np.ones(kappa.size)])
        rows.append(terms / (reading.loo * free)[:, None] * np.sqrt(reading.rows))
        goal.append(np.full(kappa.size, np.sqrt(reading.rows)))
    found = nnls(np.vstack(rows), np.concatenate(goal), maxiter=100 * places.size)[0]
    return found[:-1], float(found[-1])


def nystrom_features(X: Array, kernel: Kernel, landmarks: int, seed: int) -> Nystrom:
    """Features for more rows than a Gram matrix can hold."""
    chosen = np.random.default_rng(seed).permutation(len(X))[:landmarks]
    return Nystrom.fit(kernel, X[chosen])
