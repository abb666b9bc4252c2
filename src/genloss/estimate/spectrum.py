"""The population's eigenvalues behind a sample's.

A sample spreads them: the largest come out too large, the smallest too small, and with fewer rows than
columns most are missing. But its degrees of freedom at any penalty are those of the population at the
effective penalty kappa (`theory.md` 2.2), up to O(1/k) relative:

    df1(kappa) = sum_j s_j / (s_j + kappa),        rank - df1(kappa) = sum_j kappa / (s_j + kappa).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.estimate.nonnegative import nonnegative
from genloss.estimate.readings import Freedom, penalties
from genloss.estimate.row_weights import effective

Array = npt.NDArray[np.float64]

MOST_DIRECTIONS = 4000
NODES = 80
_DOUBT = 0.02  # relative error of the sample's degrees of freedom
_STEPS = 100  # at most: each leads down, and one that gains a thousandth is the last
_GAIN = 1e-3
_LONGEST = 2.0  # in the logarithm of an eigenvalue


def unspread(values: Array, rows: float, weights: Array | None = None) -> Array:
    """Eigenvalues of the population where the sample has all of its directions.

    Parameters
    ----------
    values : ndarray of shape (r,)
        Eigenvalues of the sample's covariance (divided by ``rows``), ascending.
    rows : float
        Rows of the sample, more than ``r + 1``.
    weights : ndarray of shape (rows,), optional
        Their weights, with mean one.

    Returns
    -------
    ndarray of shape (r,)
        Descending.

    Notes
    -----
    Of all spectra with the sample's degrees of freedom, the one whose logarithms are nearest to those
    of the sample's own eigenvalues: Gauss-Newton steps, shortened until they lead down, for

        sum_i ((log df1_i error)**2 + (log (rank - df1)_i error)**2) / doubt**2
            + sum_j (log s_j - log values_j)**2 / (r / rows).

    Both logarithms are needed: df1 is blind to small eigenvalues, the rest of the rank to large ones.
    Since only the distance from the sample's is kept small, eigenvalues may differ by any factor, and
    with many rows nothing moves.
    """
    asked = penalties(float(values[0]) / 30, 30 * float(values[-1]))
    sample = Freedom.of(values * rows, rows, asked, weights)
    start = np.log(values[::-1])
    prior = values.size / (rows if weights is None else effective(weights))
    weight = np.concatenate([1 / sample.df1, 1 / sample.rest])

    def off(found: Array) -> tuple[Array, Array]:
        """Shares of directions in df1 at every penalty, and relative errors."""
        share = 1 / (1 + sample.kappa[:, None] * np.exp(-found))
        gap = [share.sum(axis=1) - sample.df1, (1 - share).sum(axis=1) - sample.rest]
        return share, weight * np.concatenate(gap)

    def height(found: Array, gap: Array) -> float:
        return float(gap @ gap / _DOUBT**2 + np.sum((found - start) ** 2) / prior)

    found, (share, gap) = start, off(start)
    least = height(found, gap)
    for _ in range(_STEPS):
        slope = share * (1 - share)
        jacobian = weight[:, None] * np.vstack([slope, -slope])
        normal = prior * jacobian @ jacobian.T
        normal.flat[:: len(normal) + 1] += _DOUBT**2
        offset = gap + jacobian @ (start - found)
        step = start - found - prior * jacobian.T @ np.linalg.solve(normal, offset)
        step *= min(1.0, _LONGEST / max(float(np.abs(step).max()), 1e-300))
        before = least
        while True:
            share, gap = off(found + step)
            least = height(found + step, gap)
            if least <= before or np.abs(step).max() < 1e-6:
                break
            step = step / 2
        found = found + step
        if before - least <= _GAIN * before:
            break
    return np.sort(np.exp(found))[::-1]


def masses(sample: Freedom, grid: Array, *, tail: bool) -> Array:
    """Nonnegative masses on ``grid`` with the sample's degrees of freedom at every penalty.

    For samples that have fewer directions than the population; the tail is what they imply. ``tail``: what is
    missing from df1 to the rank must be right where it is small, as it multiplies errors at tiny penalties.
    """
    weight = 1 / (np.minimum(sample.df1, sample.rest + 1) if tail else sample.df1)
    rows = grid / (grid + sample.kappa[:, None]) * weight[:, None]
    scale = np.linalg.norm(rows, axis=0)
    goal = weight * sample.df1
    return np.asarray(nonnegative(rows / scale, goal) / scale)


def directions(grid: Array, mass: Array) -> Array:
    """Explicit eigenvalues: each takes one unit of mass and its mean eigenvalue, keeping the trace.

    Beyond `MOST_DIRECTIONS`, units grow; those act through their trace only.
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
