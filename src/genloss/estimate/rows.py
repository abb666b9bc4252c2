"""The problem behind real rows: spectrum, truth and noise from a sample held in memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.errors import DataError
from genloss.estimate.decomposition import decompose
from genloss.estimate.kernels import Kernel
from genloss.estimate.readings import Freedom, Part, penalties, read
from genloss.estimate.signal import fit_energies, places
from genloss.estimate.spectrum import NODES, directions, masses, unspread
from genloss.estimate.standardise import Standardiser, unit_target

Array = npt.NDArray[np.float64]

MOST_ROWS = 3000  # rows whose Gram matrix is decomposed
MOST_KERNEL = (
    2000  # of a kernel: with more of them its theory errs as much, for three times the work
)
MOST_CELLS = 300_000
FEWEST_ROWS = 20
_LOWEST, _HIGHEST = 1e-5, 10.0  # penalties, as shares of the trace
_FAINT, _FAINTEST = 1e-9, 1e-12  # the least at which degrees of freedom are looked at
_TAIL_PER_DECADE = 1


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


def estimate(X: Array, y: Array, *, kernel: object = None, seed: int = 0) -> Estimate:
    """Estimate the problem behind rows ``X`` (n_rows, dim), which are standardised first.

    Of more rows than `MOST_ROWS`, or for a linear model than `MOST_CELLS` hold, a random part is used.
    """
    chosen = Kernel.of(kernel)
    most = MOST_ROWS if chosen else max(MOST_ROWS, MOST_CELLS // X.shape[1])
    order = np.random.default_rng(seed).permutation(y.size)[:most]
    rows = Standardiser.of(X)(X[order])
    if chosen is not None:
        chosen.check(rows)
    return estimate_standardised(rows, y[order], chosen)


def estimate_standardised(
    X: Array, y: Array, kernel: Kernel | None, weights: Array | None = None
) -> Estimate:
    """Estimate from rows (k, dim) that are standardised and in random order, with weights (k,).

    Raises
    ------
    DataError
        If there are fewer than 20 rows, or the target or all features are constant.
    """
    if kernel is not None:
        X, y = X[:MOST_KERNEL], y[:MOST_KERNEL]
        weights = None if weights is None else weights[:MOST_KERNEL]
    k = y.size
    if k < FEWEST_ROWS:
        raise DataError(f"the table has {k} rows to learn from; an estimate needs {FEWEST_ROWS}")
    y, unit = unit_target(y)
    exact = kernel is None and X.shape[1] < k - 1
    if weights is not None:
        weights = weights / weights.mean()
    halves = [_half(X, y, kernel, weights, first) for first in range(2)]
    whole = decompose(X, kernel, weights=weights, vectors=exact or k <= MOST_ROWS // 2)
    if not whole.values.sum() > 0:
        raise DataError("no feature varies in the rows seen; there is nothing to learn from")
    values = whole.values / k
    trace = float(values.sum())
    complete = (kernel is None or kernel.finite) and whole.rank < k - 1
    lowest = min(_LOWEST * trace, float(values[0]) / 30) if complete else _LOWEST * trace
    asked = penalties(lowest, _HIGHEST * trace)
    readings = [read(halves, asked)]
    if whole.left.size:
        if kernel is None and not complete:
            # all rows nearly interpolate there: without these, signal in the tail passes for noise
            asked = np.append(penalties(float(values[0]), lowest, _TAIL_PER_DECADE), asked[1:])
        readings.append(read([(whole, y, weights)], asked))
    if complete:
        spectrum = unspread(values, k, weights)
        grid = np.geomspace(spectrum[-1], spectrum[0], NODES)
    else:
        told = penalties((_FAINTEST if kernel is None else _FAINT) * trace, 100 * trace)
        sample = Freedom.of(whole.values, k, told, weights)
        grid = np.geomspace(float(sample.kappa.min()) / 30, 1.5 * trace, NODES)
        spectrum = directions(grid, masses(sample, grid, tail=kernel is None))
    chosen = places(spectrum, grid)
    energy, variance = fit_energies(readings, spectrum, chosen)
    truth = np.zeros_like(spectrum)
    truth[chosen] = np.sqrt(energy / spectrum[chosen])
    return Estimate(spectrum, truth * unit, float(np.sqrt(variance)) * unit)


def _half(X: Array, y: Array, kernel: Kernel | None, weights: Array | None, first: int) -> Part:
    """Every other row, decomposed."""
    own = None
    if weights is not None:
        own = weights[first::2] / weights[first::2].mean()
    return decompose(X[first::2], kernel, weights=own), y[first::2], own
