"""How errors grow along a plan, and how well rows, splits and kinds of inputs determine it.

The losses of row i under models t and 0 nearly cancel in ``d_i = (L_ti - g L_0i) / (g mean L_0)``,
which is why a growth is known better than either error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.outlook.losses import Losses
from genloss.outlook.sample import Sample

Array = npt.NDArray[np.float64]

NORMAL = 1.645
"""Half width of a 90 % interval in standard errors."""

_FLOOR = 0.02  # what no statistic of the sample shows
_VOICES = 0.8  # weight of the scatter between kinds of inputs, and theory
_MOST_FREEDOM = 1e6
_REACH = 0.3  # share of an extrapolation that counts as doubt


@dataclass(frozen=True, eq=False)
class Growth:
    """Logarithm of every model's error over model 0's, and its standard error."""

    log: Array
    se: Array

    @property
    def low(self) -> Array:
        """Lower end of the interval of the growth."""
        return np.asarray(np.exp(self.log - NORMAL * self.se))

    @property
    def high(self) -> Array:
        """Upper end of the interval of the growth."""
        return np.asarray(np.exp(self.log + NORMAL * self.se))


def growth(
    losses: Losses,
    sample: Sample,
    *,
    theory: Array | None = None,
    shift: Array | None = None,
    median: bool = True,
) -> Growth:
    """Combine what every kind of inputs says.

    Parameters
    ----------
    losses : Losses
        Of the plan in question, in the first column.
    sample : Sample
        The rows.
    theory : ndarray of shape (n_models,), optional
        Log growth by theory, at the plan's own rows: one more voice.
    shift : ndarray of shape (n_models,), optional
        What theory adds from the rehearsed number of rows to the plan's own.
    median : bool
        Whether voices are combined by their median, or by their mean.
    """
    kept = np.flatnonzero(losses.tested)
    rows = losses.rows[:, :, kept]  # (K, T, M)
    means = sample.mean(np.moveaxis(rows, 2, 0), kept)
    means = np.maximum(means, 1e-300)
    ratio = means / means[:, :1]
    moved = np.zeros(rows.shape[1]) if shift is None else shift
    voices = np.log(ratio) + moved
    if theory is not None:
        voices = np.vstack([voices, theory])
    log = np.median(voices, axis=0) if median else voices.mean(axis=0)
    scatter = voices.std(axis=0, ddof=1) if len(voices) > 1 else np.zeros(log.size)
    differences = (rows - ratio[:, :, None] * rows[:, :1]) / (
        ratio[:, :, None] * means[:, :1, None]
    )
    by_rows = variance_of_mean(differences.mean(axis=0).T, sample, kept)
    share = losses.n_samples / kept.size
    variance = (by_rows + between_repeats(losses)) * (1 + share)
    variance = variance + _FLOOR**2 + (_VOICES * scatter) ** 2 + (_REACH * moved) ** 2
    variance[0] = 0.0
    log[0] = 0.0
    return Growth(log, np.sqrt(variance))


def between_repeats(losses: Losses) -> Array:
    """Variance of the mean log growth over repeats of the folds."""
    numbers = np.unique(losses.repeats)
    if numbers.size < 2:
        return np.zeros(losses.runs.shape[2])
    sums = np.stack([losses.runs[:, losses.repeats == r, :, 0].sum(axis=1) for r in numbers])
    sums = np.maximum(sums, 1e-300)
    found = np.log(sums / sums[:, :, :1]).mean(axis=1)  # (R, T)
    return np.asarray(found.var(axis=0, ddof=1) / numbers.size)


def variance_of_mean(
    values: Array, sample: Sample, rows: npt.NDArray[np.intp] | None = None
) -> Array:
    """Variance of the weighted mean over rows, the first axis; groups count as one draw each."""
    parts = _parts_of_mean(values, sample, rows)
    return np.asarray(np.sum(parts**2, axis=0) * len(parts) / max(len(parts) - 1, 1))


def freedom_of_mean(
    values: Array, sample: Sample, rows: npt.NDArray[np.intp] | None = None
) -> Array:
    """Degrees of freedom of `variance_of_mean`: as many as draws if normal, few if heavy-tailed.

    Those of the normal draws whose variance would be known as well: ``2 / (sum p^4 / (sum p^2)^2 - 1 / k)``
    with k parts p of the mean.
    """
    squares = _parts_of_mean(values, sample, rows) ** 2
    shares = squares / np.maximum(squares.sum(axis=0), 1e-300)
    uneven = np.sum(shares**2, axis=0) - 1 / len(shares)
    return np.asarray(2 / np.maximum(uneven, 2 / _MOST_FREEDOM))


def _parts_of_mean(
    values: Array, sample: Sample, rows: npt.NDArray[np.intp] | None = None
) -> Array:
    """What every draw, a row or a group, adds to the weighted mean's distance from its own."""
    rows = np.arange(sample.size) if rows is None else rows
    weights = np.ones(rows.size) if sample.weights is None else sample.weights[rows]
    weights = weights / weights.sum()
    parts = weights.reshape(-1, *[1] * (values.ndim - 1)) * (
        values - np.tensordot(weights, values, axes=(0, 0))
    )
    if sample.groups is not None:
        _, number = np.unique(sample.groups[rows], return_inverse=True)
        sums = np.zeros((number.max() + 1, *parts.shape[1:]))
        np.add.at(sums, number, parts)
        parts = sums
    return np.asarray(parts)
