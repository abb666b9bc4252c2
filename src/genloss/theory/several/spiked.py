"""A filter for several classes on rows that vary otherwise along few directions: kept by a rule, or of clouds.

The same as `genloss.theory.filters.spiked`, with a column for each class.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.filters.contour import Contour
from genloss.theory.filters.edge import outlier
from genloss.theory.several.fit import Used, source_of, spread_of, used_by
from genloss.theory.several.models import Models, Part
from genloss.theory.several.row_by_row import passed
from genloss.theory.several.seen import Seen, second_of, seen

Array = npt.NDArray[np.float64]


def fit(models: Models, step: Step) -> Used:
    """Add the model of a step on new rows of one covariance and weight.

    Raises
    ------
    InvalidInputError
        If the steps of the filter would explode.
    NoTheoryError
        If it is no sum of few ridge regressions, or hardly a row is kept.
    """
    directions, s = models.directions, models.directions.eigenvalues
    sources = [source_of(models, block, s) for block in step.blocks]
    rows = seen(models, step, sources)
    second = second_of(models, rows.asked)
    assert step.filter is not None
    if step.filter.spectral:
        along, gain = _filtered(directions, step, rows, second)
    else:
        each = [seen(models, step, sources, place) for place in range(len(sources))]
        along, gain = passed(directions, step, each, second)
    classes, one = models.classes, np.ones(s.size)
    parts = [
        Part(shares, one, s[:, None, None] * along[:, place * classes : (place + 1) * classes])
        for place, shares in enumerate(rows.asked)
    ]
    at_centres = along[:, len(rows.asked) * classes :]
    mean = np.einsum("pc,pck->pk", models.middle, at_centres)
    for part in parts:
        mean += np.einsum("pk,pkc->pc", models.mean(part.shares), part.matrix)
    models.record(step.model, mean, spread_of(models, parts) + gain, parts)
    noise, accepted = np.einsum("pkk->p", gain), rows.number / step.rows
    used = used_by(step, s, one, noise, accepted)
    return used._replace(kappa=np.nan, df1=np.nan, df2=np.nan)


def _filtered(directions: Spectrum, step: Step, rows: Seen, second: Array) -> tuple[Array, Array]:
    """What the model takes of each column, (p, columns, classes), and its covariance beside, (p, classes, classes)."""
    how, penalty = step.filter, step.penalty
    assert how is not None
    loud = step.blocks[0].weight * rows.number / step.rows
    top = outlier(directions, rows.number, second / directions.eigenvalues**2, rows.bend)
    how.check(loud * top, loud * directions.trace, penalty)
    pole = how.pole(penalty)

    def values(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.asarray(how.shrink(loud * x, penalty))

    below = None if pole is None else pole / loud
    contour = Contour.around(directions, rows.number, values, below, top)
    weights = contour.nodes.of(values(contour.x))
    gram = np.einsum("abp,kp->kab", second, contour.resolvent, optimize=True)
    said = np.linalg.solve(np.eye(len(rows.push)) + gram @ rows.bend, gram @ rows.push)
    taken = rows.push - rows.bend @ said
    along = 2 * np.einsum("k,kp,kac->pac", weights, contour.resolvent, taken, optimize=True).real
    return along, _gain(contour, rows, second, weights, (taken, said))


def _gain(
    contour: Contour,
    rows: Seen,
    second: Array,
    weights: npt.NDArray[Any],
    fits: tuple[npt.NDArray[Any], npt.NDArray[Any]],
) -> Array:
    """Covariance of the model beside what it takes of whom, (p, classes, classes)."""
    s, classes = contour.directions.eigenvalues, len(rows.square)
    gain, (taken, said) = np.zeros((s.size, classes, classes)), fits
    pushed = np.einsum("fa,kfb->kab", rows.push, said)
    for mirrored in (False, True):
        others = [part.conj() if mirrored else part for part in (taken, said, pushed, weights)]
        common = np.array(
            [[contour.across(s * each, mirrored) for each in one] for one in second]
        )  # (columns, columns, k, l)
        missed = rows.square - others[2] - pushed.swapaxes(1, 2)[:, None]
        missed = missed + np.einsum("kfa,fg,lgb->klab", said, rows.bend, others[1], optimize=True)
        missed += np.einsum("kfa,fgkl,lgb->klab", taken, common, others[0], optimize=True)
        pairs = np.outer(weights, others[3]) / contour.free[mirrored]
        for a in range(classes):
            for b in range(classes):
                gain[:, a, b] += contour.paired(pairs * missed[..., a, b], mirrored)
    return s[:, None, None] * (gain + gain.swapaxes(1, 2)) / 2
