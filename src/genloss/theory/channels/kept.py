"""Rows that a rule keeps have a law of their own, of which first and second moments are all that a linear fit sees.

Across the fields they are as before.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from genloss.theory.channels.panels import FAR, SPREAD, between, joined
from genloss.theory.channels.rows import Rows, density, judge_turns

Array = npt.NDArray[np.float64]
FAR_OFF = 40.0  # as good as infinite, in standard deviations


class Kept(NamedTuple):
    """Share of a source's rows that is kept, and means over them.

    ``zeta`` are the fields less their means, in coordinates in which they are independent and of variance
    one, the labeler first; y is the label.

    Attributes
    ----------
    share, label, square : float
        Chance to be kept, and means of y and ``y**2``.
    first, cross : ndarray of shape (k,)
        Means of ``zeta`` and ``zeta y``.
    outer : ndarray of shape (k, k)
        Mean of ``zeta zeta'``.
    """

    share: float
    label: float
    square: float
    first: Array
    cross: Array
    outer: Array


def root_of(second: Array) -> Array:
    """Lower root; a judge that is a multiple of the labeler has nothing of its own."""
    tiny = 1e-14 * np.diagonal(second) + 1e-300
    return np.asarray(np.linalg.cholesky(second + np.diag(tiny)))


def kept_moments(rows: Rows, root: Array, means: Array | float = 0.0) -> Kept:
    """Integrals over the labeler's noisy value u; ``means`` are those of the fields."""
    width, centre = float(np.hypot(root[0, 0], rows.noise)), float(np.ravel(means)[0])
    far = FAR * width
    breaks = rows.label.breaks(centre - far, centre + far)
    judged = judge_turns(rows, root @ root.T, far + abs(centre), means)
    limit = np.array([far])
    u, weight = between(
        joined(centre - limit, centre + limit, centre + width * SPREAD, breaks, judged)
    )
    weight = weight * density(u - centre, np.asarray(width**2))
    # given u the labeler's coordinate is normal, and what the judge has of its own untouched
    mean, spread = root[0, 0] / width**2 * (u - centre), rows.noise / width
    judge = float(np.ravel(means)[-1])
    moments = np.zeros((len(root) + 2, len(root) + 2))
    for label, chance in zip(*rows.label.law(u), strict=True):
        given = _given_u(rows, root[-1], label, mean, spread, judge)
        moments += np.einsum("u,jku->jk", weight * chance, given)
    share = max(float(moments[0, 0]), 0.0)
    moments /= share or 1.0
    label, square = float(moments[0, 1]), float(moments[1, 1])
    return Kept(share, label, square, moments[0, 2:], moments[1, 2:], moments[2:, 2:])


def _given_u(
    rows: Rows, judge: Array, label: Array, mean: Array, spread: float, centre: float
) -> Array:
    """Means of the products of (1, y, zeta) where a row is kept, given u, (k + 2, k + 2, nodes)."""
    k = len(judge)
    inside = np.zeros((3, mean.size))  # moments 0, 1, 2 of the judge's standardised value
    middle = centre + judge[0] * mean
    width = float(np.hypot(judge[0] * spread, judge[1] if k > 1 else 0.0))
    if rows.keep is None:
        inside[0] = inside[2] = 1.0
    else:
        for low, high in rows.keep.intervals(label):
            inside += _between(low - middle, high - middle, width)
    # zeta = mean + along * xi + rest, xi being the judge's standardised value
    along = np.array([judge[0] * spread**2, *judge[1:]]) / (width or 1.0)
    rest = np.diag([spread**2, *[1.0] * (k - 1)]) - np.outer(along, along)
    middle = np.zeros((k, mean.size))
    middle[0] = mean
    first = middle * inside[0] + along[:, None] * inside[1]
    found = np.empty((k + 2, k + 2, mean.size))
    found[0, 0], found[0, 1], found[1, 1] = inside[0], label * inside[0], label**2 * inside[0]
    found[0, 2:], found[1, 2:] = first, label * first
    crossed = middle[:, None] * along[:, None] * inside[1]
    found[2:, 2:] = middle[:, None] * middle * inside[0] + crossed + crossed.swapaxes(0, 1)
    found[2:, 2:] += np.outer(along, along)[..., None] * inside[2] + rest[..., None] * inside[0]
    found[1, 0], found[2:, 0], found[2:, 1] = found[0, 1], found[0, 2:], found[1, 2:]
    return found


def _between(low: Array, high: Array, width: float) -> Array:
    """Moments 0, 1 and 2 of a standard normal variable between two limits that are in other units."""
    if width == 0:
        kept = ((low < 0) & (high > 0)).astype(np.float64)
        return np.stack([kept, 0 * kept, kept])
    a, b = (np.clip(end / width, -FAR_OFF, FAR_OFF) for end in (low, high))
    bells = [np.exp(-(end**2) / 2) / np.sqrt(2 * np.pi) for end in (a, b)]
    mass = ndtr(b) - ndtr(a)
    return np.stack([mass, bells[0] - bells[1], mass + a * bells[0] - b * bells[1]])
