"""One generation of a chain by a filter on fresh rows (`filters.md`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.closed import is_even
from genloss.theory.filters.fresh import Filtered, filtered
from genloss.theory.filters.one_pass import OnePass
from genloss.theory.filters.sources import Sources
from genloss.theory.fresh import diverge
from genloss.theory.labelers import Group, average
from genloss.theory.moments import Moments, Shares, inner

Array = npt.NDArray[np.float64]


def of(
    directions: Spectrum, step: Step, tails: Sequence[float] = ()
) -> Filtered | OnePass | Sources:
    """The filter of a step on its rows, whoever labels them."""
    assert step.filter is not None
    if tails or not is_even(step):
        return Sources.of(step, directions, tails)
    return filtered(directions, step.rows, step.filter, step.penalty, step.blocks[0].weight)


def fit(
    moments: Moments, step: Step, members: Sequence[Group], found: Filtered | OnePass | Sources
) -> tuple[list[tuple[Shares, Array]], Array] | None:
    """Fit the model of a step on fresh rows; ``found`` is what `of` says.

    Where all rows are alike, what labelers disagree by is noise on the labels of their rows. Returns what the model takes of whom,
    and its variance beside that; None where it has no mean error.
    """
    if isinstance(found, Sources):
        return found.fit(moments, step, members)
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
