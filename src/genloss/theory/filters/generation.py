"""One generation of a chain by a filter on fresh rows (`filters.md`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.filters.fresh import Filtered, filtered
from genloss.theory.filters.one_pass import OnePass
from genloss.theory.fresh import diverge
from genloss.theory.labelers import Group, average
from genloss.theory.moments import Moments, Shares, inner

if TYPE_CHECKING:
    from genloss.theory.channels.generation import Found

Array = npt.NDArray[np.float64]


def of(directions: Spectrum, step: Step) -> Filtered | OnePass:
    """The filter of a step on its rows, whoever labels them."""
    assert step.filter is not None
    return filtered(directions, step.rows, step.filter, step.penalty, step.blocks[0].weight)


def fit(
    moments: Moments, step: Step, members: Sequence[Group], found: Filtered | OnePass
) -> tuple[list[tuple[Shares, Array]], Array] | None:
    """Fit the model of a step on fresh rows of one covariance and weight; ``found`` is what `of` says.

    What labelers disagree by is noise on the labels of their rows. Returns what the model takes of whom,
    and its variance beside that; None where it has no mean error.
    """
    whole, model, s = average(members), step.model, moments.spectrum
    bar = whole.labeler
    mean = moments.mean(bar)
    if moments.diverges(bar):
        diverge(moments, found.shrink * mean, model)
        return None
    spread = moments.whole(moments.covariance(bar, bar))
    energy = moments.whole(moments.signal * mean * mean) + spread
    noise = whole.variance
    for rows, labeler, _ in members if len(members) > 1 else ():
        away = dict(labeler)
        for number, share in bar.items():
            away[number] = away.get(number, 0.0) - share
        apart = moments.signal * np.square(moments.mean(away)) + moments.covariance(away, away)
        noise = noise + rows / whole.rows * inner(s, moments.whole(apart))
    variance = found.variance(energy[0], spread[0], float(noise[0, 0]))
    moments.record(
        model,
        found.shrink * mean,
        variance[None],
        lambda u: found.shrink * moments.covariance(bar, {u: 1.0}),
        exact=isinstance(found, OnePass) and len(members) == 1 and moments.all_exact(bar),
    )
    who = {number: float(np.asarray(share).ravel()[0]) for number, share in bar.items()}
    return [(who, found.shrink)], variance - found.shrink**2 * spread[0]


def is_plain(step: Step, centre: float | None) -> bool:
    """Whether rows are Gaussian and labels linear, and go through the filter all at once if there are several."""
    assert step.filter is not None
    one_by_one = not step.filter.spectral and len(step.blocks) > 1
    return step.is_linear and centre is None and not one_by_one


def beyond(moments: Moments, step: Step, centre: float | None) -> Found:
    """Fit the model of a step whose labels, rule or rows are others, or that takes sources in turn."""
    from genloss.theory.channels import generation  # opens SciPy's special functions
    from genloss.theory.channels.squared_loss import seen
    from genloss.theory.filters import row_by_row, spiked

    assert step.filter is not None
    fit_, fields, covariance = generation.read(moments, step, centre)
    rows = seen(fit_)
    if rows.number < 1:  # it stays where it starts
        shares, gain = (
            np.zeros((len(fields), moments.spectrum.size)),
            np.zeros(moments.spectrum.size),
        )
    elif step.filter.spectral:
        shares, gain = spiked.solved(moments, step, fit_, rows)
    else:
        each = [seen(fit_, place) for place in range(len(step.blocks))]
        shares, gain = row_by_row.solved(step, fit_, each)
    generation.record(moments, step.model, fields, shares, covariance, gain)
    parts = list(zip(fields, shares, strict=True))
    noisy = generation.noisy_directions(moments.directions, gain, rows.number)
    return generation.Found(rows.number / step.rows, noisy, None, parts, gain)
