"""A filter on rows that vary otherwise along few directions: kept by a rule, or about the centres of two classes.

A filter is a sum of ridge regressions of complex penalties (`genloss.theory.filters.nodes`), and what rules
and centres do to each of these is known in closed form (`genloss.theory.channels.squared_loss`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.steps import Step
from genloss.theory.channels.evolution import Fit
from genloss.theory.channels.squared_loss import Seen, told
from genloss.theory.filters.contour import Contour
from genloss.theory.filters.edge import outlier
from genloss.theory.moments import Moments

Array = npt.NDArray[np.float64]


def solved(moments: Moments, step: Step, fit: Fit, rows: Seen) -> tuple[Array, Array]:
    """How fields enter the model (fields, p), and variance of its noise (p,).

    Raises
    ------
    InvalidInputError
        If the steps of the filter would explode.
    NoTheoryError
        If it is no sum of few ridge regressions.
    """
    how, penalty, directions, n = step.filter, step.penalty, moments.directions, rows.number
    assert how is not None
    s, count = directions.eigenvalues, directions.multiplicity
    loud = step.blocks[0].weight * n / step.rows  # a rule leaves the n of the steps as written
    top = outlier(directions, n, fit.second, rows.bend)
    how.check(loud * top, loud * directions.trace, penalty)

    def values(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.asarray(how.shrink(loud * x, penalty))

    pole = how.pole(penalty)
    contour = Contour.around(directions, n, values, None if pole is None else pole / loud, top)
    each = told(fit, rows, contour.kappa)
    weights = contour.nodes.of(values(contour.x))
    shares = 2 * ((weights[:, None] * each.taken).T @ contour.resolvent).real * s
    gain = np.zeros(s.size)
    for mirrored in (False, True):
        taken, said = (part.conj() if mirrored else part for part in each)
        missed = rows.square - (each.said @ rows.push)[:, None] - said @ rows.push
        missed = missed + each.said @ rows.bend @ said.T
        for a, with_others in enumerate(fit.second):
            for b, energy in enumerate(with_others):
                common = contour.across(s**3 * energy, mirrored)
                missed += each.taken[:, a, None] * common * taken[:, b]
        pairs = np.outer(weights, weights.conj() if mirrored else weights)
        gain += contour.paired(pairs * missed / contour.free[mirrored], mirrored)
    return shares, np.maximum(gain, 0.0) * s * count
