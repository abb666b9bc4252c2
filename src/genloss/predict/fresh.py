"""One generation on fresh rows: the state evolution of `theory.md` 2.2 and 2.3."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.generation import Generation
from genloss.predict.moments import Moments, Shares
from genloss.predict.stacking import stacked_least_squares
from genloss.predict.stage import Stage

Array = npt.NDArray[np.float64]


def blocks(generation: Generation, model: int) -> list[tuple[float, Shares, float]]:
    """Share of rows, labeler and label variance of each group of rows with one labeler."""
    groups: list[tuple[float, Shares, float]] = []
    total = generation.n_samples
    for source in generation.sources:
        share, shares = source.n_samples / total, source.labeler_numbers(model)
        variance = source.label_noise**2
        for i, (size, known, noise) in enumerate(groups):
            if known == shares:
                together = size + share
                groups[i] = (together, known, (size * noise + share * variance) / together)
                break
        else:
            groups.append((share, shares, variance))
    return groups


def fit(moments: Moments, stage: Stage, generation: Generation, model: int) -> None:
    """Fit ``model`` on fresh rows from one or several labelers with one covariance."""
    groups = blocks(generation, model)
    if len(groups) == 1:
        _fit_one(moments, stage, groups[0][1], groups[0][2], model)
    elif stage.gap is None:
        stacked_least_squares(moments, stage, groups, model)
    else:
        _fit_stack(moments, stage, groups, model)


def _fit_one(moments: Moments, stage: Stage, shares: Shares, noise: float, model: int) -> None:
    """C_t = S^2 C + q gain with q = gap @ E[theta^2] + noise."""
    mean, spread = moments.mean(shares), moments.covariance(shares, shares)
    variance = spread
    if stage.gap is not None:
        second = moments.signal * (mean * mean) + spread
        variance = stage.shrunk(stage.shrunk(spread)) + (stage.gap @ second) * stage.gain
    if noise > 0:
        variance = variance + noise * stage.label_gain
    moments.record(
        model,
        stage.shrunk(mean),
        variance + np.zeros_like(moments.signal),
        lambda u: stage.shrunk(moments.covariance(shares, {u: 1.0})),
        stage.exact and moments.all_exact(shares),
    )


def _fit_stack(
    moments: Moments, stage: Stage, groups: list[tuple[float, Shares, float]], model: int
) -> None:
    """Rows of several labelers: q averages |theta_s - S theta_bar|^2 + noise over the rows."""
    bar: dict[int, float] = {}
    for size, shares, _ in groups:
        for number, share in shares.items():
            bar[number] = bar.get(number, 0.0) + size * share
    shrink = stage.shrunk(1.0)
    mean, spread = moments.mean(bar), moments.covariance(bar, bar)
    q = 0.0
    for size, shares, noise in groups:
        away = moments.signal * (moments.mean(shares) - shrink * mean) ** 2
        away = away + moments.covariance(shares, shares)
        away = away - 2 * shrink * moments.covariance(shares, bar) + shrink**2 * spread
        q += size * (float(moments.spectrum @ away) + noise)
    moments.record(
        model,
        shrink * mean,
        shrink**2 * spread + q * stage.gain,
        lambda u: stage.shrunk(moments.covariance(bar, {u: 1.0})),
        exact=False,
    )
