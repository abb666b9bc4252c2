"""One generation of a chain by a filter on fresh rows (`filters.md`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from genloss.labels.linear import Linear
from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.closed import is_even
from genloss.theory.filters.constant import BesideConstant
from genloss.theory.filters.fresh import Filtered, filtered
from genloss.theory.filters.lengths import InTurn
from genloss.theory.filters.one_pass import OnePass
from genloss.theory.filters.sources import Sources
from genloss.theory.fresh import diverge
from genloss.theory.labelers import Group, average
from genloss.theory.moments import Moments, Shares

if TYPE_CHECKING:
    from genloss.theory.channels.generation import Found

Array = npt.NDArray[np.float64]


def of(
    directions: Spectrum, step: Step, tails: Sequence[float] = ()
) -> Filtered | OnePass | BesideConstant | Sources | InTurn:
    """The filter of a step on its rows, whoever labels them."""
    assert step.filter is not None
    if tails and not step.filter.spectral:
        return InTurn(directions, tails)
    if tails or not is_even(step):
        return Sources.of(step, directions, tails)
    if directions.constant:
        return BesideConstant.of(directions, step)
    return filtered(directions, step.rows, step.filter, step.penalty, step.blocks[0].weight)


def fit(
    moments: Moments,
    step: Step,
    members: Sequence[Group],
    found: Filtered | OnePass | BesideConstant | Sources | InTurn,
) -> tuple[list[tuple[Shares, Array]], Array] | None:
    """Fit the model of a step on fresh rows; ``found`` is what `of` says.

    Where all rows are alike, what labelers disagree by is noise on the labels of their rows. Returns what the model takes of whom,
    and its variance beside that; None where it has no mean error.
    """
    if isinstance(found, (Sources, InTurn)):
        return found.fit(moments, step, members)
    whole, model, s = average(members), step.model, moments.spectrum
    bar = whole.labeler
    mean = moments.mean(bar)
    if moments.diverges(bar):
        diverge(moments, found.shrink * mean, model)
        return None
    spread = moments.whole(moments.covariance(bar, bar))
    energy = moments.whole(moments.signal * mean * mean) + spread
    noise, contrast = whole.variance, 0.0
    for rows, labeler, _ in members if len(members) > 1 else ():
        away = dict(labeler)
        for number, share in bar.items():
            away[number] = away.get(number, 0.0) - share
        apart = moments.signal * np.square(moments.mean(away)) + moments.covariance(away, away)
        missed = rows / whole.rows * s * moments.whole(apart)
        noise = noise + missed.sum()
        contrast += float(missed[0, -1])
    if isinstance(found, BesideConstant):
        loud = float(noise[0, 0]) - contrast
        variance = found.variance(energy[0], spread[0], loud, contrast)
    else:
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
    """Whether labels are linear, rows about zero and, where they go through a filter one by one, alike."""
    assert step.filter is not None
    alike = step.filter.spectral or (len(step.blocks) == 1 and is_even(step))
    return step.is_linear and centre is None and alike


def as_linear(moments: Moments, step: Step) -> Step:
    """The step with the labels that a linear map takes for its own, a slope and a noise (Bussgang): all rows are kept."""
    from genloss.theory.channels import generation  # opens SciPy's special functions
    from genloss.theory.channels.squared_loss import seen

    by_rule = tuple(block for block in step.blocks if not isinstance(block.labels, Linear))
    fit_, _, _ = generation.read(moments, step._replace(blocks=by_rule), None)
    told = {}
    for place, (block, rows, second) in enumerate(zip(by_rule, fit_.rows, fit_.said, strict=True)):
        found, [field] = seen(fit_, place), rows.fields
        slope = float(found.push[field])
        noise = max(found.square - slope**2 * float(second[0, 0]), 0.0) ** 0.5
        shares = {number: slope * share for number, share in block.shares.items()}
        told[block[:3]] = block._replace(shares=shares, noise=noise, labels=Linear())
    blocks = tuple(told.get(block[:3], block) for block in step.blocks)
    return step._replace(blocks=blocks, is_linear=True)


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
        contour = spiked.around(moments.directions, step, fit_, rows)
        weights = spiked.weights_of(contour, step, spiked.loudness(step, rows))
        shares, gain = spiked.solved(contour, weights, fit_, rows)
    else:
        each = [seen(fit_, place) for place in range(len(step.blocks))]
        shares, gain = row_by_row.solved(step, fit_, each)
    generation.record(moments, step.model, fields, shares, covariance, gain)
    parts = list(zip(fields, shares, strict=True))
    noisy = generation.noisy_directions(moments.directions, gain, rows.number)
    return generation.Found(rows.number / step.rows, noisy, None, parts, gain)
