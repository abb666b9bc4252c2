"""The power law nearest to a problem: capacity and source by regression over a range of ranks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss.class_rules import check_plain
from genloss.errors import InvalidInputError
from genloss.problem import Problem

Array = npt.NDArray[np.float64]

_FEWEST = 6  # ranks in a fit


@dataclass(frozen=True)
class PowerFit:
    """Eigenvalues ``scale * i**-capacity``, signal ``signal * i**-(1 + 2 capacity source)``.

    Attributes
    ----------
    capacity, source, scale, signal : float
        The fitted law.
    first, last : int
        Ranks it was fitted over.
    spectrum_residual : float
        Root mean square of log eigenvalue minus its line.
    signal_residual : float
        Root mean square, over octaves of rank, of log signal minus its line.
    """

    capacity: float
    source: float
    scale: float
    signal: float
    first: int
    last: int
    spectrum_residual: float
    signal_residual: float


def fit_power_law(problem: Problem) -> PowerFit:
    """Power law fitted to a problem's spectrum and truth.

    Parameters
    ----------
    problem : Problem
        Any problem, for example one estimated from data.

    Raises
    ------
    InvalidInputError
        If there are too few ranks, or the fitted exponents are outside the laws
        (capacity > 1, source >= 0).

    Notes
    -----
    Over ranks from a twentieth of the directions, 20 at most, to half of them, 400 at most (all of
    fewer than 24). The spectrum by log-log least squares with equal weight per unit of log rank. The signal by
    Gamma regression with a log link: coefficients are noisy and may be zero, so that their means
    are fitted, not their logs; unlike sums over the tail it is not bent by the last rank.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.scaling.fitting import fit_power_law
    >>> found = fit_power_law(gl.Problem.power_law(400, capacity=1.5, source=0.375))
    >>> round(found.capacity, 6), round(found.source, 6), found.first, found.last
    (1.5, 0.375, 20, 200)
    """
    check_plain(_check.instance("problem", problem, Problem), "a scaling law")
    order = np.argsort(problem.spectrum)[::-1]
    eigenvalues = problem.spectrum[order]
    signal = eigenvalues * problem.truth[order] ** 2
    few = problem.dim < 4 * _FEWEST
    low = 1 if few else max(1, min(20, problem.dim // 20))
    high = problem.dim if few else min(400, problem.dim // 2)
    if high < _FEWEST:
        raise InvalidInputError(
            f"problem had {high} directions; a power law is fitted over at least {_FEWEST} ranks"
        )
    rank = np.arange(low, high + 1, dtype=np.float64)
    x, weight = np.log(rank), 1 / rank
    log_spectrum = np.log(eigenvalues[low - 1 : high])
    level, slope = _line(x, log_spectrum, weight)
    residual = log_spectrum - level - slope * x
    capacity = -slope
    if capacity <= 1:
        raise InvalidInputError(
            f"problem had a spectrum that falls with exponent {capacity:.3g} over ranks {low} to "
            f"{high}; the scaling laws need it to fall faster than rank**-1"
        )
    values = signal[low - 1 : high]
    signal_level, signal_slope = _gamma_line(x, values, weight)
    source = (-signal_slope - 1) / (2 * capacity)
    if source < -1e-9:
        raise InvalidInputError(
            f"problem had a signal that falls like rank**{signal_slope:.3g} over ranks {low} to "
            f"{high}; the scaling laws need it to fall at least like rank**-1"
        )
    return PowerFit(
        float(capacity),
        max(float(source), 0.0),
        float(np.exp(level)),
        float(np.exp(signal_level)),
        low,
        high,
        float(np.sqrt(weight @ residual**2 / weight.sum())),
        _octave_residual(rank, values, np.exp(signal_level + signal_slope * x)),
    )


def _line(x: Array, y: Array, weight: Array) -> tuple[float, float]:
    """Level and slope of the weighted least-squares line."""
    mean_x, mean_y = np.average(x, weights=weight), np.average(y, weights=weight)
    slope = weight @ ((x - mean_x) * (y - mean_y)) / (weight @ (x - mean_x) ** 2)
    return float(mean_y - slope * mean_x), float(slope)


def _gamma_line(x: Array, values: Array, weight: Array) -> tuple[float, float]:
    """Level and slope of the log mean: where ``weight @ (line + values exp(-line))`` is least.

    There, values over the line are one on average, and ``x`` has the same mean whether they count or not.
    """
    from scipy.optimize import brentq
    from scipy.special import logsumexp

    some = values > 0
    if not some.any():
        raise InvalidInputError("problem had no signal over the fitted ranks; it must have some")
    middle = np.average(x, weights=weight)
    x = x - middle
    if not x[some].min() < 0 < x[some].max():
        raise InvalidInputError(
            f"problem had signal in {some.sum()} of {x.size} fitted ranks, all early or all late ones; a "
            "power law is fitted to signal in both"
        )
    logs, x = np.log(weight[some]) + np.log(values[some]), x[some]

    def off(slope: float) -> float:
        tilted = logs - slope * x
        return float(np.exp(tilted - tilted.max()) @ x)

    low, high = -1.0, 1.0
    while off(low) < 0:
        low *= 2
    while off(high) > 0:
        high *= 2
    slope = float(brentq(off, low, high, xtol=1e-13))
    level = logsumexp(logs - slope * x) - np.log(weight.sum())
    return float(level - slope * middle), slope


def _octave_residual(rank: Array, values: Array, fitted: Array) -> float:
    edges = rank[0] * 2.0 ** np.arange(np.ceil(np.log2(rank[-1] / rank[0])) + 1)
    octave = np.digitize(rank, edges)
    ratios = np.array(
        [values[octave == which].sum() / fitted[octave == which].sum() for which in set(octave)]
    )
    logs = np.log(np.maximum(ratios, 1e-300))
    return float(np.sqrt(np.mean(logs**2)))
