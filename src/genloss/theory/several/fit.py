"""One generation of several classes: from the moments of the models so far to the next (`channels.md` 9).

What a rule that keeps rows changes are moments along the fields h, which are what labelers and judges say of
a row. What a model says of a row it was not fitted to, z, is linear in these: the equations are a
linear system in what models say along the fields and at the centres of clouds.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.class_rules import rule_of
from genloss.errors import NoTheoryError
from genloss.generation import REAL
from genloss.retuning import best_penalty
from genloss.steps import Block, Step
from genloss.theory.closed import is_even
from genloss.theory.several import points
from genloss.theory.several.models import Models, Part, Shares
from genloss.theory.several.targets import Targets, targets, targets_kept
from genloss.theory.weighted import Rows, resolvent

Array = npt.NDArray[np.float64]


class Used(NamedTuple):
    """What a fit used.

    Attributes
    ----------
    kappa, df1, df2 : float
        Effective penalty and degrees of freedom; NaN where there is no single one.
    directions : float
        Effective directions of its noise.
    accepted : float
        Share of the rows kept.
    penalty : float
        As plans write it.
    per_row : float
        Where the penalty was chosen: the fit's error on labels of its own kind, over the number of rows.
    """

    kappa: float
    df1: float
    df2: float
    directions: float
    accepted: float
    penalty: float
    per_row: float = np.nan


class Source(NamedTuple):
    """A source: who is asked of its rows, what they say, what becomes of that, and how often it is kept."""

    asked: list[Shares]
    targets: Targets
    covariance: Array
    inverse: Array
    accepted: float


class Fitted(NamedTuple):
    """A model of some penalty: what it takes of whom, its mean, its spread beside that, and its errors.

    ``missed`` is ``E a (y - z)(y - z)'`` of a row of every source, (sources, classes, classes), z what the
    model says of a row that it was not fitted to.
    """

    parts: list[Part]
    mean: Array
    spread: Array
    gain: Array
    shrunk: Array
    missed: Array


def fit(models: Models, step: Step) -> Used:
    """Add the model of a step on new rows.

    Raises
    ------
    NoTheoryError
        If hardly a row is kept.
    """
    rows = Rows.of(step, models.directions)
    sources = [source_of(models, *each) for each in zip(step.blocks, rows.sigma, strict=True)]
    accepted = np.array([source.accepted for source in sources])
    kept = float(rows.number @ accepted)
    if kept < 1:
        raise NoTheoryError(
            f"hardly a row of model {step.model} is kept; genloss.simulate(problem, plan) runs it"
        )
    some = np.flatnonzero(accepted)
    rows = Rows(rows.sigma[some], rows.multiplicity, rows.number[some], rows.weight[some])
    sources, accepted = [sources[k] for k in some], accepted[some]

    def at(absolute: float) -> Fitted:
        return _fitted(models, rows, sources, absolute, step.towards)

    def left_out(found: Fitted) -> float:
        """Summed leave-one-out errors of all columns."""
        return float(rows.number * rows.weight @ np.einsum("skk->s", found.missed))

    absolute, per_row = step.rows * step.penalty, np.nan
    if step.retuned:  # of the rows that are kept
        chosen = best_penalty(
            lambda tried: np.array([left_out(at(kept * each)) for each in tried]),
            rows._replace(number=rows.number * accepted).trace,
        )
        absolute = kept * chosen
    found = at(absolute)
    if step.retuned:
        per_row = left_out(found) / float(rows.weight * rows.number @ accepted) / kept
    models.record(step.model, found.mean, found.spread + found.gain, found.parts)
    noise = np.einsum("pkk->p", found.gain)
    used = used_by(step, rows.sigma[0], found.shrunk, noise, kept / step.rows)
    return used._replace(penalty=float(absolute / step.rows), per_row=per_row)


def rows_kept(models: Models, step: Step) -> float:
    """How many rows of a fit are expected to be kept."""
    if all(block.keep is None for block in step.blocks):
        return float(step.rows)
    rows = Rows.of(step, models.directions)
    each = zip(step.blocks, rows.sigma, rows.number, strict=True)
    return float(sum(n * source_of(models, block, sigma).accepted for block, sigma, n in each))


def _fitted(
    models: Models, rows: Rows, sources: Sequence[Source], absolute: float, towards: int | None
) -> Fitted:
    """The model under a penalty, in parts of one row."""
    accepted = np.array([source.accepted for source in sources])
    kept = rows._replace(number=rows.number * accepted)
    e, q = resolvent(*kept, absolute)
    pull = kept.number * rows.weight * e
    profiles = pull[:, None] * rows.sigma * q
    shrunk, base = profiles.sum(axis=0), []
    if towards is not None:
        base = [Part({towards: 1.0}, 1 - shrunk, np.eye(models.classes))]
    raised = (pull[:, None] * q)[..., None] * models.middle / models.middle.shape[1]
    parts, told, along, seen = _solved(models, rows.sigma, profiles, raised, sources, base)
    mean = sum(
        (part.profile[:, None] * (models.mean(part.shares) @ part.matrix) for part in parts),
        np.einsum("spc,sck->pk", raised, told),
    )
    spread = spread_of(models, parts)
    # a row's own noise comes back in what the model says of others
    noise = np.array(
        [
            _missed(source, sigma, mean, spread, values, seen)
            for source, sigma, values in zip(sources, rows.sigma, along, strict=True)
        ]
    )
    loud = rows.number * (rows.weight * e) ** 2
    coupling = (rows.sigma * q) @ (rows.sigma * q).T * loud
    back = np.linalg.inv(np.eye(len(loud)) - accepted[:, None] * coupling)
    missed = np.einsum("st,tkl->skl", back, noise)
    gain = np.einsum("sp,s,skl->pkl", rows.sigma * q**2, loud, missed, optimize=True)
    return Fitted(parts, mean, spread, gain, shrunk, missed)


def source_of(models: Models, block: Block, sigma: Array) -> Source:
    """Moments of the labels of a source, whose rows have a covariance."""
    asked = [models.linear(block.shares)]
    if block.keep is not None and block.judge != block.shares:
        asked.append(models.linear(block.judge))
    said = np.concatenate([models.mean(shares) for shares in asked], axis=1)
    covariance = (sigma[:, None] * said).T @ said + _between(models, asked, asked, sigma)
    middle = models.middle.T @ said
    if models.clouds:  # a row's own class, and no value of a field
        own = block.shares.get(REAL, 0.0) * (np.eye(models.classes) - 1 / models.classes)
        middle[:, : models.classes] += own
    rule = rule_of(block, clouds=models.clouds)
    if block.keep is None:
        found = targets(middle, covariance, block.noise, rule)
    else:
        found = targets_kept(middle, covariance, block.noise, rule, block.keep, models.classes)
    inverse = points.inverse(covariance, models.classes)
    return Source(asked, found, covariance, inverse, float(found.kept.mean()))


def _solved(
    models: Models,
    sigma: Array,
    profiles: Array,
    raised: Array,
    sources: Sequence[Source],
    base: list[Part],
) -> tuple[list[Part], Array, list[Array], Array]:
    """What the model takes of fields and centres, and what it says along fields and at centres.

    The model is ``reach @ taken``, what it takes of every field of every source, and of the centres in each.
    What it takes is linear in what it says: R = M'w at the centres, G = Theta' Sigma w along the fields.
    """
    clouds, classes, count = models.middle.shape[1], models.classes, len(sources)
    said = [np.concatenate([models.mean(x) for x in each.asked], axis=1) for each in sources]
    ends = np.cumsum([0, *(each.shape[1] for each in said)])
    fields = [slice(*pair) for pair in pairwise(ends)]
    centres = [slice(ends[-1] + k * clouds, ends[-1] + (k + 1) * clouds) for k in range(count)]
    reach = np.concatenate(
        [profiles[k][:, None] * said[k] for k in range(count)] + [*raised], axis=1
    )
    rest = np.zeros((len(reach), classes))
    for part in base:
        rest += part.profile[:, None] * models.mean(part.shares)
    # what is taken: constant, and by what is said along fields and (last) at the centres
    constant, moved = (
        np.zeros((reach.shape[1], classes)),
        np.zeros((reach.shape[1], ends[-1] + clouds)),
    )
    # what is said: by what is taken, and by what the penalty pulls to
    back, start = np.zeros(moved.T.shape), np.zeros((moved.shape[1], classes))
    at_centres = slice(ends[-1], None)
    back[at_centres], start[at_centres] = models.middle.T @ reach, models.middle.T @ rest
    for k, (found, own, centre) in enumerate(
        zip((each.targets for each in sources), fields, centres, strict=True)
    ):
        inverse, kept = sources[k].inverse, sources[k].accepted
        constant[own], constant[centre] = inverse @ found.cross / kept, found.mean / kept
        moved[own, own] = (np.eye(len(inverse)) - inverse @ found.outer / kept) @ inverse
        moved[own, at_centres] = -inverse @ found.first.T / (clouds * kept)
        moved[centre, own] = -found.first @ inverse / kept
        moved[centre, at_centres] = -np.diag(found.kept) / kept
        seen = (sigma[k][:, None] * said[k]).T
        back[own], start[own] = seen @ reach, seen @ rest
        for j, other in enumerate(fields):
            back[own, other] += _between(
                models, sources[k].asked, sources[j].asked, sigma[k] * profiles[j]
            )
        for part in base:
            start[own] += _between(models, sources[k].asked, [part.shares], sigma[k] * part.profile)
    # in units of each field, as pivots of others would be any number
    unit = np.ones(len(back))
    for source, own in zip(sources, fields, strict=True):
        unit[own] = points.sizes(source.covariance, classes)
    system = np.eye(len(back)) - (back @ moved) * unit / unit[:, None]
    right = (start + back @ constant) / unit[:, None]
    told = unit[:, None] * np.linalg.solve(system, right)
    taken = constant + moved @ told
    parts = [
        *base,
        *(
            Part(shares, profiles[k], taken[own][place * classes : (place + 1) * classes])
            for k, own in enumerate(fields)
            for place, shares in enumerate(sources[k].asked)
        ),
    ]
    along = [source.inverse @ told[own] for source, own in zip(sources, fields, strict=True)]
    return parts, np.array([taken[centre] for centre in centres]), along, told[at_centres]


def _between(
    models: Models, asked: Sequence[Shares], others: Sequence[Shares], weight: Array
) -> Array:
    """Covariance of what some labelers say with what others say, summed over directions."""
    return np.block(
        [
            [np.einsum("p,pkl->kl", weight, models.spread(one, other)) for other in others]
            for one in asked
        ]
    )


def spread_of(models: Models, parts: Sequence[Part]) -> Array:
    """Covariance of what parts bring, (p, classes, classes)."""
    total = np.zeros((models.middle.shape[0], models.classes, models.classes))
    for one in parts:
        for other in parts:
            profile = (one.profile * other.profile)[:, None, None]
            between = models.spread(one.shares, other.shares)
            total += profile * (one.matrix.swapaxes(-1, -2) @ between @ other.matrix)
    return total


def _missed(
    source: Source, sigma: Array, mean: Array, spread: Array, along: Array, seen: Array
) -> Array:
    """``E a (y - z)(y - z)'``, z without the fit's own noise: along h it is ``along' h``."""
    found, clouds = source.targets, len(seen)
    own = (sigma[:, None] * mean).T @ mean + np.einsum("p,pkl->kl", sigma, spread)
    across = own - along.T @ source.covariance @ along
    cross = found.first @ along - found.mean
    mixed = seen.T @ cross / clouds - along.T @ found.cross
    square = seen.T @ (found.kept[:, None] * seen) / clouds + along.T @ found.outer @ along
    return found.square + mixed + mixed.T + square + source.accepted * across


def used_by(step: Step, sigma: Array, shrunk: Array, gain: Array, accepted: float) -> Used:
    """Degrees of freedom from how much of its labelers a fit keeps, and directions of its noise."""
    loud = sigma * gain
    rows = step.rows * accepted
    directions = 1 / (float(loud @ loud) / max(float(loud.sum()) ** 2, 1e-300) + 1 / rows)
    if not is_even(step):
        return Used(np.nan, np.nan, np.nan, directions, accepted, step.penalty)
    # shrunk = s / (s + kappa)
    kappa = float(sigma[0] * (1 - shrunk[0]) / shrunk[0])
    df1, df2 = float(shrunk.sum()), float(np.sum(shrunk**2))
    return Used(kappa, df1, df2, directions, accepted, step.penalty)
