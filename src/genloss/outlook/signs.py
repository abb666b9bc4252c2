"""Signs that a table does not suit: worse than the mean, heavy tails, order, near-determined."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.outlook.growth import NORMAL, variance_of_mean
from genloss.outlook.losses import Losses
from genloss.outlook.ridge import GRID, Design
from genloss.outlook.sample import Sample

Array = npt.NDArray[np.float64]

HEAVY = 0.25  # share of the loss on the worst 1 % of the rows
NEAR = 1e-3  # share of the variance below which a target is nearly determined
_LAG = 0.25
_BLOCKED = 1.15
_BLOCKS = 10
_FEW_ROWS = 100


@dataclass(frozen=True)
class AgainstMean:
    """Whether each model has a smaller error than always answering the mean, and clearly so."""

    better: tuple[bool, ...]
    clearly: tuple[bool, ...]


def against_mean(losses: Losses, sample: Sample, scale: Array) -> AgainstMean:
    """Compare every model, its losses times ``scale``, with the mean of the other rows."""
    kept = np.flatnonzero(losses.tested)
    null = mean_losses(sample)[kept]
    lost = np.isinf(scale)
    own = losses.rows.mean(axis=0)[:, kept].T * np.where(lost, 1.0, scale)  # (M, T)
    apart = (own - null[:, None]) / max(float(null.mean()), 1e-300)
    mean = sample.mean(apart, kept)
    z = mean / np.sqrt(np.maximum(variance_of_mean(apart, sample, kept), 1e-30))
    better = ~lost & (mean <= 0)
    return AgainstMean(tuple(better.tolist()), tuple((better & (z < -NORMAL)).tolist()))


def mean_losses(sample: Sample) -> Array:
    """Squared error of the mean of all other rows."""
    n = sample.size
    share = 1 / n if sample.weights is None else sample.weights / sample.weights.sum()
    others = np.maximum(1 - share, 1e-9)
    return np.asarray(((sample.y - sample.mean(sample.y)) / others) ** 2)


def heavy_tails(squares: Array) -> float:
    """Share of the loss on the worst 1 % of the rows; 0 for a few rows, where one is 1 % and more."""
    if squares.size < _FEW_ROWS:
        return 0.0
    worst = np.sort(squares)[-max(squares.size // 100, 1) :]
    return float(worst.sum() / max(squares.sum(), 1e-300))


def ordered(sample: Sample, place: npt.NDArray[np.intp]) -> float | None:
    """Error on blocks of neighbouring rows over that on single rows, where neighbours are alike.

    None where residuals of neighbours in the table are not correlated. A linear model tells.
    """
    if sample.size < _FEW_ROWS or sample.X.shape[1] > sample.size / 2:
        return None
    order = np.argsort(place)
    X, y = sample.X[order], sample.y[order]
    weights = None if sample.weights is None else sample.weights[order]
    design = Design.of(X, None, weights)
    penalties = design.trace * GRID
    residual = design.left_out(y, penalties)
    at = int(np.argmin(np.mean(residual**2, axis=0)))
    alone = residual[:, at]
    left = alone - alone.mean()
    lag = float(left[1:] @ left[:-1] / max(left @ left, 1e-300))
    if lag < _LAG:
        return None
    total = 0.0
    for block in np.array_split(np.arange(y.size), _BLOCKS):
        rest = np.delete(np.arange(y.size), block)
        own = None if weights is None else weights[rest]
        model = Design.of(X[rest], None, own).fit(y[rest, None], penalties[at : at + 1])
        total += float(np.sum((model(X[block])[:, 0] - y[block]) ** 2))
    ratio = total / max(float(np.sum(alone**2)), 1e-300)
    return ratio if ratio > _BLOCKED else None
