"""Classes that are noisy signs: given z, the chance of a class that is kept is closed.

A label is +1 where the labeler's value with normal noise of some width is positive, the width drawn
from a mixture (`genloss.labels.Label.noises`); a judge's value lies in an interval besides, which is a
bivariate normal probability.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, owens_t

from genloss.keep import Keep
from genloss.losses import Loss
from genloss.theory.channels.panels import FAR, SPREAD, STEP, Nodes, along, joined
from genloss.theory.channels.rows import Law, Rows, Sums, density

Array = npt.NDArray[np.float64]
FAR_OFF = 40.0  # as good as infinite, in standard deviations
CLOSE = 0.05
"""Share by which a law may differ from the one that panels were made for."""
CLASSES = np.array([[1.0], [-1.0]])
Given = tuple[Array, Array]
"""Of the fields given z: slope of their mean, (batch, k), and covariance, (batch, k, k)."""


def knows(rows: Rows) -> bool:
    """Whether this is the case."""
    return rows.label.makes == "classes" and rows.label.noises() is not None


def sums(rows: Rows, law: Law) -> Sums:
    """Integrals over z for both classes; arrays have shape (batch, classes, nodes)."""
    classes = CLASSES[:1] if rows.centre is None and is_even(rows.loss, rows.keep) else CLASSES
    given, square = law.given_z(), law.square[:, None, None]
    z, weight, psi, change = _nodes(rows, law, classes, given)
    off = z if rows.centre is None else z - law.about()[:, None, None]
    mass = (2 / len(classes)) * weight * density(off, square)
    chance, moved = (_all if rows.keep is None else _kept)(rows, law, classes, off, given)
    kept, push = mass * chance, mass * psi
    return Sums(
        _total(kept, change),
        _total(kept, psi * psi),
        -np.stack([_total(push, each) for each in moved], axis=1),
        np.ones_like(law.square) if rows.keep is None else kept.sum(axis=(1, 2)),
        np.zeros_like(law.square) if rows.centre is None else _total(kept, psi),
    )


def _total(weights: Array, values: Array) -> Array:
    return np.asarray(np.vecdot(weights, values).sum(axis=1))


def _nodes(rows: Rows, law: Law, classes: Array, given: Given) -> tuple[Array, Array, Array, Array]:
    """Nodes z, their weights, slope and curvature of the envelope.

    In fitted values the loss stays where it is, and panels serve all laws that are close by.
    """
    gamma = law.gamma[:, None, None]
    if rows.loss.closed or rows.memory is None:
        return along(rows.loss, classes, _edges(rows, law, classes, given), gamma)
    here, known = _place(law, given), rows.memory.get(law.first)
    if known is None or any(
        abs(a - b) > CLOSE * abs(b) for a, b in zip(here, known[0], strict=True)
    ):
        law, given = law.only(), (given[0][:1], given[1][:1])
        edges = _edges(rows, law, classes, given)
        known = here, Nodes.of(rows.loss, classes, edges, law.gamma[:, None, None])
        rows.memory[law.first] = known
    return known[1].along(gamma)


def _place(law: Law, given: Given) -> list[float]:
    """What edges hang on, of the first point of a batch."""
    [slope, *_], [rest, *_], [square, *_], [gamma, *_] = *given, law.square, law.gamma
    middle = 1 + float(law.about()[0] / np.sqrt(square)) if np.ndim(law.centre) else 1.0
    return [float(square), float(gamma), middle, *slope.tolist(), *rest.diagonal().tolist()]


def _edges(rows: Rows, law: Law, classes: Array, given: Given) -> Array:
    """Edges in z, (batch, classes, edges)."""
    middle, width = law.about()[:, None, None], np.sqrt(law.square)[:, None, None]
    return joined(
        middle - FAR * width,
        middle + FAR * width,
        middle + width * SPREAD,
        *_steps(rows, law, classes, given),
        rows.loss.edges(classes, law.gamma[:, None, None]),
    )


@cache
def is_even(loss: Loss, keep: Keep | None) -> bool:
    """Whether both classes are the same but for the sign: one of them then stands for both."""
    z = np.linspace(-7, 7, 29)
    even = np.allclose(loss.slope(CLASSES[0], z), -loss.slope(CLASSES[1], -z))
    if keep is None or not even:
        return even
    up, down = (
        {(float(low), float(high)) for low, high in keep.intervals(np.array(y))}
        for y in (1.0, -1.0)
    )
    return up == {(-high, -low) for low, high in down}


def _steps(rows: Rows, law: Law, classes: Array, given: Given) -> list[Array]:
    """Edges around the z at which the chance of a class changes, (batch, classes, edges) each."""
    slope, rest = given
    spread = np.sqrt(np.einsum("bkk->bk", rest))
    noise = rows.noise**2 + min(rows.label.noises()[1]) ** 2  # type: ignore[index]
    least = 1e-12 * np.sqrt(spread**2 + noise) / np.sqrt(law.square)[:, None]
    steep = np.maximum(np.abs(slope), least)
    widths = np.sqrt(spread[:, :1] ** 2 + noise) / steep[:, :1]
    steeps = np.where(slope[:, 0], slope[:, 0], 1e-12)
    zero = law.about() - law.first / steeps  # z at which the labeler's value is zero on average
    groups = [(zero[:, None] + widths * STEP)[:, None]]
    if rows.keep is not None:
        width, along_judge = spread[:, -1] / steep[:, -1], slope[:, -1]
        for ends in rows.keep.intervals(classes):
            for end in ends:
                if np.isfinite(end).any():
                    left = end[:, 0] - np.ravel(law.centre)[-1]
                    centre = left / np.where(along_judge, along_judge, 1e-12)[:, None]
                    centre = law.about()[:, None] + centre
                    groups.append(centre[..., None] + width[:, None, None] * STEP)
    return groups


def _all(
    rows: Rows, law: Law, classes: Array, off: Array, given: Given
) -> tuple[Array, list[Array]]:
    """Chance of each class given z, its mean left out, and the derivatives in the fields' means."""
    weights, deviations = rows.label.noises()  # type: ignore[misc]
    slope, rest = given
    noises = deviations**2 + rows.noise**2
    width = np.sqrt(rest[:, 0, 0, None] + noises)[:, None]  # (batch, 1, terms)
    at = (classes * (law.first + slope[:, :1, None] * off))[..., None] / width[:, None]
    bell = np.exp(at * at * -0.5) @ (weights / (np.sqrt(2 * np.pi) * width))[..., None]
    return ndtr(at) @ weights, [classes * bell[..., 0]]


def _kept(
    rows: Rows, law: Law, classes: Array, off: Array, given: Given
) -> tuple[Array, list[Array]]:
    """Chance of each class with the row kept given z, and its derivatives in the fields' means."""
    assert rows.keep is not None
    weights, deviations = rows.label.noises()  # type: ignore[misc]
    slope, rest = given
    mean = law.centre + off[..., None] * slope[:, None, None]  # (batch, classes, nodes, k)
    y = classes[..., None]
    spread = np.sqrt(rest[:, 0, 0])[:, None, None, None]
    width = np.hypot(spread, np.hypot(rows.noise, deviations))  # (batch, 1, 1, terms)
    at = y * mean[..., :1] / width
    chance, moved = np.zeros(off.shape), np.zeros(mean.shape)
    sure = (deviations == 0) & (rows.noise == 0) & rows.judged_by_labeler
    for low, high in rows.keep.intervals(classes):
        if sure.any():  # the judge's value is the one whose sign is the class
            share, inside = weights[sure].sum(), np.where(classes > 0, [0, np.inf], [-np.inf, 0])
            ends = [np.clip(end, inside[:, :1], inside[:, 1:]) for end in (low, high)]
            at_ends = [(end - mean[..., 0]) / spread[..., 0] for end in ends]
            chance += share * (ndtr(at_ends[1]) - ndtr(at_ends[0]))
            bells = [np.exp(-(a**2) / 2) / np.sqrt(2 * np.pi) for a in at_ends]
            moved[..., 0] += share * (bells[0] - bells[1]) / spread[..., 0]
        if (~sure).any():
            judge = np.sqrt(rest[:, -1, -1])[:, None, None, None]
            shared = rest[:, 0, -1][:, None, None, None]
            tilt = -y * shared / (width[..., ~sure] * judge)
            for end, sign in ((high, 1.0), (low, -1.0)):
                if np.isneginf(end).all():
                    continue
                b = np.clip((end[..., None] - mean[..., -1:]) / judge, -FAR_OFF, FAR_OFF)
                both, by_a, by_b = _both_below(at[..., ~sure], b, tilt)
                chance += sign * (both @ weights[~sure])
                moved[..., 0] += sign * ((y * by_a / width[..., ~sure]) @ weights[~sure])
                moved[..., -1] -= sign * ((by_b / judge) @ weights[~sure])
    return chance, list(np.moveaxis(moved, -1, 0))


def _both_below(a: Array, b: Array, tilt: Array) -> tuple[Array, Array, Array]:
    """``P(A < a, B < b)`` of standard normals with a correlation, and its derivatives in a and b."""
    if (b >= FAR_OFF).all():
        return ndtr(a), np.exp(-(a**2) / 2) / np.sqrt(2 * np.pi), np.zeros(a.shape)
    rest = np.sqrt(np.maximum((1 - tilt) * (1 + tilt), 1e-16))
    a, b = np.where(a == 0, 1e-300, a), np.where(b == 0, 1e-300, b)
    past_a, past_b = (b - tilt * a) / rest, (a - tilt * b) / rest
    both = (ndtr(a) + ndtr(b)) / 2 - owens_t(a, past_a / a) - owens_t(b, past_b / b)
    both -= np.where(a * np.sign(b) < 0, 0.5, 0.0)
    bells = [np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi) for x in (a, b)]
    return both, bells[0] * ndtr(past_a), bells[1] * ndtr(past_b)
