"""One generation on fresh rows whose penalty pulls to an earlier model (`theory.md` 2.2).

With ``w = u + v`` for the model u that it is pulled to, v is the plain ridge fit to what u leaves of the
labels: state evolution with ``theta - u`` in the place of every labeler theta.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genloss.theory.fit import Stage
from genloss.theory.labelers import Group, average
from genloss.theory.moments import Moments, inner


def left(members: Sequence[Group], towards: int) -> list[Group]:
    """The groups with what a model leaves of their labels."""
    found = []
    for group in members:
        labeler = dict(group.labeler)
        labeler[towards] = labeler.get(towards, 0.0) - 1.0
        found.append(group._replace(labeler=labeler))
    return found


def fit(moments: Moments, stage: Stage, members: Sequence[Group], towards: int, model: int) -> None:
    """Fit ``model`` to what ``towards`` leaves (`left`) of the labels, and add it."""
    whole, base = average(members), {towards: 1.0}
    rest, shrink = whole.labeler, stage.shrunk(1.0)
    infinite = moments.diverges({**whole.labeler, towards: 1.0})
    if infinite or not np.isfinite(stage.label_gain).all():
        mean = moments.mean(base) + shrink * moments.mean(rest)
        endless = np.full(moments.shape, np.inf)
        moments.record(model, mean, endless, lambda _: endless, exact=True)
        return
    mean, spread = moments.mean(rest), moments.covariance(rest, rest)
    q = whole.variance
    for rows, labeler, _ in members:
        away = moments.signal * (moments.mean(labeler) - shrink * mean) ** 2
        away = away + moments.covariance(labeler, labeler)
        away = away - 2 * shrink * moments.covariance(labeler, rest) + shrink**2 * spread
        q = q + rows / whole.rows * inner(moments.spectrum, moments.whole(away))
    both = moments.covariance(base, base) + 2 * shrink * moments.covariance(rest, base)
    moments.record(
        model,
        moments.mean(base) + shrink * mean,
        both + shrink**2 * spread + q * stage.gain,
        lambda u: moments.covariance(base, {u: 1.0}) + shrink * moments.covariance(rest, {u: 1.0}),
        exact=False,
    )
