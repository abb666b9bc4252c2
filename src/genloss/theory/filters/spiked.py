"""A filter on rows that vary otherwise along few directions: kept by a rule, or about the centres of two classes.

A filter is a sum of ridge regressions of complex penalties (`genloss.theory.filters.nodes`), and what rules
and centres do to each of these is known in closed form (`genloss.theory.channels.squared_loss`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.channels.evolution import Fit
from genloss.theory.channels.squared_loss import Seen, Told, told
from genloss.theory.filters.contour import Contour
from genloss.theory.filters.edge import outlier

Array = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]


def around(directions: Spectrum, step: Step, fit: Fit, rows: Seen) -> Contour:
    """A contour that is enough for the filter of a step.

    Raises
    ------
    InvalidInputError
        If the steps of the filter would explode.
    NoTheoryError
        If it is no sum of few ridge regressions.
    """
    how, loud = step.filter, loudness(step, rows)
    assert how is not None
    top = outlier(directions, rows.number, fit.second, rows.bend)
    how.check(loud * top, loud * directions.trace, step.penalty)

    def values(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.asarray(how.shrink(loud * x, step.penalty))

    pole = how.pole(step.penalty)
    reach = None if pole is None else pole / loud
    return Contour.around(directions, rows.number, values, reach, top)


def loudness(step: Step, rows: Seen) -> float:
    """What a row weighs: a rule leaves the n of the steps as written."""
    return step.blocks[0].weight * rows.number / step.rows


def weights_of(contour: Contour, step: Step, loud: float) -> Complex:
    """Coefficients of the ridge regressions at the nodes."""
    assert step.filter is not None
    return contour.nodes.of(np.asarray(step.filter.shrink(loud * contour.x, step.penalty)))


def solved(contour: Contour, weights: Complex, fit: Fit, rows: Seen) -> tuple[Array, Array]:
    """How fields enter the model (fields, p), and variance of its noise (p,)."""
    s, count = contour.directions.eigenvalues, contour.directions.multiplicity
    each = told(fit, rows, contour.kappa)
    shares = 2 * ((weights[:, None] * each.taken).T @ contour.resolvent).real * s
    gain = np.zeros(s.size)
    for mirrored in (False, True):
        missed = missed_by(contour, fit, rows, each, mirrored)
        pairs = np.outer(weights, weights.conj() if mirrored else weights)
        gain += contour.paired(pairs * missed / contour.free[mirrored], mirrored)
    return shares, np.maximum(gain, 0.0) * s * count


def missed_by(contour: Contour, fit: Fit, rows: Seen, each: Told, mirrored: bool) -> Complex:
    """What pairs of ridge regressions miss together of labels, but for their own variance, (k, k)."""
    s = contour.directions.eigenvalues
    taken, said = (part.conj() if mirrored else part for part in each)
    missed = rows.square - (each.said @ rows.push)[:, None] - said @ rows.push
    missed = missed + each.said @ rows.bend @ said.T
    for a, with_others in enumerate(fit.second):
        for b, energy in enumerate(with_others):
            common = contour.across(s**3 * energy, mirrored)
            missed += each.taken[:, a, None] * common * taken[:, b]
    return np.asarray(missed)
