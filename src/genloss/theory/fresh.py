"""One generation on fresh rows: the state evolution of `theory.md` 2.2 and 2.3."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.theory.fit import Stage
from genloss.theory.labelers import Group, average
from genloss.theory.moments import Moments, inner
from genloss.theory.stacking import stacked_least_squares

Array = npt.NDArray[np.float64]


def fit(moments: Moments, stage: Stage, members: Sequence[Group], model: int) -> None:
    """Fit ``model`` on fresh rows from one or several labelers with one covariance."""
    whole = members[0] if len(members) == 1 else average(members)
    labelers = [group.labeler for group in members]
    least_squares = stage.gap is None
    if len(members) == 1:
        _fit_one(moments, stage, whole, model)
    elif least_squares and moments.agree(labelers):
        _fit_one(moments, stage, whole._replace(labeler=labelers[0]), model)
    elif moments.diverges(whole.labeler) or not np.isfinite(stage.label_gain).all():
        # contradicting labels act like noise where noise has no mean
        diverge(moments, stage.shrunk(moments.mean(whole.labeler)), model)
    elif least_squares:
        stacked_least_squares(moments, stage, members, model)
    else:
        _fit_stack(moments, stage, members, model)


def _fit_one(moments: Moments, stage: Stage, group: Group, model: int) -> None:
    """C_t = S^2 C + q gain with q = gap @ E[theta^2] + noise."""
    labeler = group.labeler
    mean = moments.mean(labeler)
    second = moments.signal * (mean * mean)
    variance = stage.spread(second, moments.covariance(labeler, labeler), group.variance)
    moments.record(
        model,
        stage.shrunk(mean),
        variance,
        lambda u: stage.shrunk(moments.covariance(labeler, {u: 1.0})),
        stage.exact and moments.all_exact(labeler),
    )


def _fit_stack(moments: Moments, stage: Stage, members: Sequence[Group], model: int) -> None:
    """Rows of several labelers: q averages |theta_s - S theta_bar|^2 + noise over the rows."""
    whole, shrink = average(members), stage.shrunk(1.0)
    bar = whole.labeler
    mean, spread = moments.mean(bar), moments.covariance(bar, bar)
    missed = np.zeros(moments.shape)
    for rows, labeler, _ in members:
        away = moments.signal * (moments.mean(labeler) - shrink * mean) ** 2
        away = away + moments.covariance(labeler, labeler)
        away = away - 2 * shrink * moments.covariance(labeler, bar) + shrink**2 * spread
        missed = missed + rows / whole.rows * away
    own = np.zeros(moments.shape)
    if moments.directions.constant:  # its contrast is no chance (`weighted.Constant`)
        own[:, -1] = missed[:, -1] / (whole.rows[:, 0] - 1)
        missed[:, -1] += own[:, -1]
    q = whole.variance + inner(moments.spectrum, missed)
    moments.record(
        model,
        shrink * mean,
        shrink**2 * spread + q * stage.gain - own,
        lambda u: stage.shrunk(moments.covariance(bar, {u: 1.0})),
        exact=False,
    )


def diverge(moments: Moments, mean: Array | float, model: int) -> None:
    """Record a model whose risk is infinite."""
    infinite = np.full(moments.shape, np.inf)
    moments.record(model, mean, infinite, lambda _: infinite, exact=True)
