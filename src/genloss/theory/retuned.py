"""The penalty that a fit chooses by leave-one-out on its own labels (``penalty="cv"``), in high dimension.

The mean leave-one-out error is ``tau**2``, the error of the fit on new labels of its own kind (`theory.md`
2.2): the label noise, what the labelers disagree by, and what shrinking loses, over ``1 - df2 / n``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from genloss.equivalents import solve
from genloss.retuning import best_penalty
from genloss.spectrum import Spectrum
from genloss.theory.labelers import Group, average
from genloss.theory.moments import Moments, inner

Array = npt.NDArray[np.float64]


def penalty(moments: Moments, members: Sequence[Group]) -> float:
    """The penalty of least tau**2 for fresh rows of one covariance and weight one."""
    whole, directions = average(members), moments.directions
    mean = moments.mean(whole.labeler)
    second = moments.signal * mean * mean + moments.covariance(whole.labeler, whole.labeler)
    floor = whole.variance
    for rows, labeler, _ in members if len(members) > 1 else ():
        away = dict(whole.labeler)
        for number, share in labeler.items():
            away[number] = away.get(number, 0.0) - share
        apart = moments.signal * np.square(moments.mean(away)) + moments.covariance(away, away)
        floor = floor + rows / whole.rows * inner(moments.spectrum, apart + np.zeros(moments.shape))
    n = float(whole.rows[0, 0])
    error = errors(directions, n, float(np.ravel(floor)[0]), np.ravel(second))
    return best_penalty(error, directions.trace)


def errors(directions: Spectrum, n: float, floor: float, second: Array) -> Callable[[Array], Array]:
    """tau**2 of penalties, from the labels' own noise and the labeler's second moments (p,)."""
    s, count = directions.eigenvalues, directions.multiplicity

    def error(penalties: Array) -> Array:
        kappa, *_ = solve(directions, penalties, np.full(penalties.size, n))
        resolvent = 1 / (s + kappa[:, None])
        missed = (kappa[:, None] * resolvent) ** 2 @ (s * second)
        spared = penalties / kappa + kappa / n * (resolvent**2 @ (s * count))  # 1 - df2 / n
        return np.asarray((floor + missed) / spared)

    return error
