"""The Problem behind a Gram matrix: its leading eigenvalues, continued by a power law.

The eigenvalues of a sample say nothing about directions beyond its size, and theory with those
alone believes that a few thousand rows determine everything. The trace of the kernel is known,
however, and so is the leave-one-out error at every penalty: together they fix what lies beyond.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.equivalents import effective_penalty
from genloss.errors import DataError
from genloss.problem import Problem

Array = npt.NDArray[np.float64]

DIRECTIONS = 20_000
_FEWEST_ROWS = 80
_SHARES = (2, 4, 8)  # parts whose leave-one-out errors are read beside the whole
_PENALTIES = np.logspace(-5, -1, 25)  # of the trace: below, real features are not Gaussian
_NODES = 60


@dataclass(frozen=True)
class Continued:
    """A problem with a continued spectrum.

    ``noise`` is the standard deviation of what the kernel cannot explain, ``leading`` the number of
    eigenvalues read off the sample, ``exponent`` the decay behind them, ``plug_in`` the sample's own
    eigenvalues and coefficients in falling order and nothing beyond.
    """

    problem: Problem
    noise: float
    leading: int
    exponent: float
    plug_in: Problem


def continued(gram: Array, target: Array) -> Continued:
    """The sample's leading eigenvalues and a power law that keeps the trace, with a fitted truth.

    Parameters
    ----------
    gram : ndarray of shape (n_rows, n_rows)
        Kernel matrix of the sample, rows in random order.
    target : ndarray of shape (n_rows,)
        Target, without added noise.

    Raises
    ------
    DataError
        If there are fewer than 80 rows, or the spectrum ends within the leading eigenvalues.

    Notes
    -----
    Energies and noise are nonnegative and such that
    ``loo * (1 - df2 / k) = sum_i truth_i**2 s_i (kappa / (s_i + kappa))**2 + noise**2``
    (`theory.md` 2.2) for the leave-one-out errors of the sample, its halves, quarters and eighths at
    many penalties.
    """
    rows = len(gram)
    if rows < _FEWEST_ROWS:
        raise DataError(f"the sample had {rows} rows; a spectrum needs at least {_FEWEST_ROWS}")
    leading = max(10, rows // 100)
    whole = _Sample.of(gram, target)
    values = whole.values[::-1] / rows
    exponent = _exponent(values, leading)
    rank = np.arange(leading + 1, DIRECTIONS + 1)
    tail = values[leading - 1] * (rank / leading) ** -exponent
    spectrum = np.append(values[:leading], tail)
    parts = [
        _Sample.of(gram[first::share, first::share], target[first::share])
        for share in _SHARES
        for first in range(share)
    ]
    penalty = _PENALTIES * np.trace(gram) / rows
    energy, places, noise = _fit([whole, *parts], penalty, spectrum)
    truth = np.zeros_like(spectrum)
    truth[places] = np.sqrt(energy / spectrum[places])
    problem = Problem(spectrum, truth, gaussian=False)
    return Continued(problem, noise, leading, exponent, whole.plug_in())


def _exponent(values: Array, leading: int) -> float:
    """Decay with which the continuation has the trace that the leading eigenvalues leave."""
    from scipy.optimize import brentq

    if not values[leading - 1] > 1e-12 * values[0]:
        raise DataError(f"the spectrum ends within {leading} directions; nothing is to continue")
    rest = values[leading:].sum() / values[leading - 1]
    rank = np.arange(leading + 1, DIRECTIONS + 1) / leading

    def excess(exponent: float) -> float:
        return float(np.sum(rank**-exponent) - rest)

    steepest = 50.0
    if not rest > 0 or excess(steepest) > 0:
        raise DataError(
            f"the spectrum ends after {leading} directions; there is nothing to continue"
        )
    return float(brentq(excess, 0.0, steepest))


def _fit(
    samples: Sequence[_Sample], penalty: Array, spectrum: Array
) -> tuple[Array, npt.NDArray[np.intp], float]:
    """Signal energies, the directions that carry them, and noise behind leave-one-out errors."""
    from scipy.optimize import nnls

    grid = np.geomspace(spectrum[-1], spectrum[0], _NODES)
    places = np.unique(np.clip(np.searchsorted(-spectrum, -grid), 0, spectrum.size - 1))
    terms = []
    for sample in samples:
        rows = sample.target.size
        found = effective_penalty(spectrum, penalty, rows)
        kappa = found.kappa[:, None]
        bias = (kappa / (spectrum[places] + kappa)) ** 2
        scale = sample.leave_one_out(penalty) * (1 - found.df2 / rows)
        terms.append(np.column_stack([bias, np.ones(penalty.size)]) / scale[:, None])
    design = np.vstack(terms)
    energy = nnls(design, np.ones(len(design)), maxiter=100 * design.shape[1])[0]
    return energy[:-1], places, float(np.sqrt(energy[-1]))


@dataclass(frozen=True)
class _Sample:
    """Eigenvalues and eigenvectors of a Gram matrix, rising, and the target of its rows."""

    values: Array
    vectors: Array
    target: Array

    @classmethod
    def of(cls, gram: Array, target: Array) -> _Sample:
        values, vectors = np.linalg.eigh(gram)
        return cls(np.maximum(values, 0), vectors, target)

    def plug_in(self) -> Problem:
        rows = self.target.size
        spectrum = np.maximum(self.values, 1e-15 * self.values.sum())[::-1] / rows
        return Problem.from_mercer(spectrum, (self.vectors.T @ self.target)[::-1] / np.sqrt(rows))

    def leave_one_out(self, penalty: Array) -> Array:
        """Mean squared leave-one-out error of kernel ridge without intercept, at every penalty."""
        left = penalty[:, None] * self.target.size
        left = left / (self.values + left)
        residual = left * (self.vectors.T @ self.target) @ self.vectors.T
        return np.asarray(np.mean((residual / (left @ (self.vectors**2).T)) ** 2, axis=1))
