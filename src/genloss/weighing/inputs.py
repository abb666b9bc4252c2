"""Whether synthetic rows have other inputs than real ones, or other labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.weighing.parents import folds
from genloss.weighing.stacked import Fit, Moments, Stack

Array = npt.NDArray[np.float64]

MOST = 1000
"""Rows of each table that are looked at."""

_AUC, _FAR, _ALIKE = 0.6, 0.03, 0.4
_QUANTILE = 0.99
_RIDGE, _FOLDS = 0.01, 5
_CLEAR = 2.0
_SHRUNK = 1e-6  # share of the labels' variance that a penalty takes of what inputs explain wholly
_CHANCE = 2.33  # standard errors of an area, one-sided 1 %


@dataclass(frozen=True)
class Difference:
    """How the synthetic rows differ from the real ones.

    Attributes
    ----------
    auc : float
        How well features and their squares tell both apart, on rows held out: 0.5 not at all, 1
        wholly.
    far_share : float
        Share of synthetic rows beyond the 99 % quantile of the real rows' leverages.
    label_z : float
        How clearly the synthetic rows' model is off on real rows in a way that inputs explain, in
        standard errors.
    alike_below : float
        Area below which the tables are more alike than two samples are: 0.4, less where rows are few.
    """

    auc: float
    far_share: float
    label_z: float
    alike_below: float

    @property
    def other_inputs(self) -> bool:
        """Whether inputs are of another kind."""
        return self.auc > _AUC or self.far_share > _FAR

    @property
    def too_alike(self) -> bool:
        """Whether they are more like the real rows than other rows of the same kind would be.

        A sample's own mean and spread are nearer to itself than to rows of it that are held out:
        what was made from it then lies beyond them, on the other side.
        """
        return self.auc < self.alike_below

    @property
    def label_shift(self) -> bool | None:
        """Whether labels are shifted; None where that cannot be told from other inputs."""
        if self.label_z <= _CLEAR:
            return False
        return True if self.auc < _AUC else None


def difference(
    stack: Stack,
    synthetic: tuple[Array, Array],
    plain: tuple[Array, Array],
    penalty: float,
    seed: int,
    further: Iterable[tuple[Stack, Array]] = (),
) -> Difference:
    """Compare synthetic rows with real ones.

    Parameters
    ----------
    stack : Stack
        The real rows.
    synthetic : pair of ndarray of shape (m, q) and (m,)
        Features of the model, and labels.
    plain : pair of ndarray of shape (n, p) and (m, p)
        Columns of both tables, real ones first.
    penalty : float
        The real rows' own.
    seed : int
        Seed of samples and folds.
    further : iterable of pairs
        Real rows and synthetic labels (m,) of further columns of labels, of classes.
    """
    X, y = synthetic
    rng = np.random.default_rng(seed)
    shown = rng.permutation(len(y))[:MOST]
    own = rng.permutation(len(stack.y))[:MOST]
    labels = ((stack, y), *further)
    gain = np.sum([label_gain(s, X, of, penalty) for s, of in labels], axis=0)
    shifted = gain.mean() > _SHRUNK * sum(float(s.y.var()) for s, _ in labels)
    return Difference(
        auc=told_apart(plain[0][own], plain[1][shown], rng),
        far_share=far_out(stack, X[shown], penalty),
        label_z=in_errors(gain) if shifted else 0.0,
        alike_below=min(_ALIKE, 0.5 - _CHANCE * ((1 / own.size + 1 / shown.size) / 12) ** 0.5),
    )


def told_apart(X: Array, other: Array, rng: np.random.Generator) -> float:
    """Area under the curve of a linear discriminant on features and squares, mean of five folds.

    Not by leave-one-out: the row left out would lower its own side's share of the rest, and so be
    told by the constant alone.
    """
    sides = [np.hstack([rows, rows**2]) for rows in (X, other)]
    everything = np.vstack(sides)
    centre, spread = everything.mean(axis=0), everything.std(axis=0)
    sides = [(rows - centre) / np.where(spread > 0, spread, 1.0) for rows in sides]
    fold = [folds(len(rows), _FOLDS, rng) for rows in sides]
    areas = []
    for turn in range(_FOLDS):
        halves = [
            Moments.of(rows[at != turn], np.full(np.sum(at != turn), float(label)))
            for label, (rows, at) in enumerate(zip(sides, fold, strict=True))
        ]
        fit = Fit.of(halves[0].plus(halves[0].count / halves[1].count, halves[1]))
        direction, _ = fit.model(_RIDGE * fit.count)
        low, high = (rows[at == turn] @ direction for rows, at in zip(sides, fold, strict=True))
        areas.append(area(low, high))
    return float(np.mean(areas))


def area(low: Array, high: Array) -> float:
    """Share of pairs in which the second is higher, ties counting half."""
    order = np.sort(low)
    below = np.searchsorted(order, high, side="left") + np.searchsorted(order, high, side="right")
    return float(np.mean(below) / 2 / low.size)


def far_out(stack: Stack, X: Array, penalty: float) -> float:
    """Share of rows that are farther out than nearly all real ones, in the metric of the real fit."""
    fit = Fit.of(stack.real)
    scale = fit.values + penalty * fit.count

    def leverage(rows: Array) -> Array:
        return np.asarray(((rows - fit.mean) @ fit.basis) ** 2 @ (1 / scale))

    own = leverage(stack.X) + 1 / fit.count
    left_out = own / np.maximum(1 - own, 1e-9)
    return float(np.mean(leverage(X) + 1 / fit.count > np.quantile(left_out, _QUANTILE)))


def label_gain(stack: Stack, X: Array, y: Array, penalty: float) -> Array:
    """What a linear correction, left out, saves of every real row's loss (n,) by the synthetic rows' model."""
    fit = Fit.of(Moments.of(X, y))
    coefficients, intercept = fit.model(penalty * fit.count)
    off = stack.y - stack.X @ coefficients - intercept
    correction = Fit.of(Moments.of(stack.X, off))
    grid = np.logspace(-2, 2, 9) * correction.count
    left = correction.left_out(stack.X, off, grid)
    best = left[int(np.argmin(np.mean(left**2, axis=1)))]
    return np.asarray(off**2 - best**2)


def in_errors(gain: Array) -> float:
    """A mean in its standard errors."""
    spread = gain.std(ddof=1) / np.sqrt(gain.size)
    return float(gain.mean() / spread) if spread > 0 else 0.0
