"""The squared loss needs no fixed point (`channels.md` 7): one source, any labels, any rule.

Rows that are kept have a law of their own, of which first and second moments along the fields are all
that matters: across the fields they are as before.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from genloss.equivalents import solve as effective_penalty
from genloss.losses.squared import Squared
from genloss.spectrum import Spectrum
from genloss.theory.channels.evolution import Fit
from genloss.theory.channels.panels import FAR, SPREAD, between, joined
from genloss.theory.channels.rows import Rows, density, judge_turns

Array = npt.NDArray[np.float64]
FAR_OFF = 40.0  # as good as infinite, in standard deviations


def knows(fit: Fit) -> bool:
    """Whether the loss is squared, on rows of one source, and the penalty pulls to zero."""
    one = len(fit.rows) == 1 and fit.towards is None and fit.rows[0].centre is None
    return one and isinstance(fit.rows[0].loss, Squared)


def solved(fit: Fit) -> tuple[Array, Array, float]:
    """How fields enter the model (fields, p), variance of its noise (p,), and share of rows kept."""
    [rows], [s] = fit.rows, fit.sigma
    root = root_of(fit.second @ s)
    accepted, outer, with_label, square = kept_moments(rows, root)
    n = max(rows.number * accepted, 1e-300)
    penalty = fit.ridge / (2 * rows.weight * n)
    count = fit.multiplicity
    dim = float(count.sum()) if fit.dim is None else fit.dim
    spectrum = Spectrum(s, count, np.zeros_like(s), dim)
    found = effective_penalty(spectrum, np.array([penalty]), np.array([n]))
    kappa, df2 = float(found.kappa[0]), float(found.df2[0])
    shrink = s / (s + kappa)
    inverse = np.linalg.inv(root)
    seen = inverse @ (fit.second @ (s * shrink)) @ inverse.T
    twice = inverse @ (fit.second @ (s * shrink**2)) @ inverse.T
    same = np.eye(len(root))
    c = np.linalg.solve(same + (outer - same) @ seen, with_label)
    fitted = seen @ c
    missed = square - 2 * fitted @ with_label + fitted @ outer @ fitted
    missed += c @ (twice - seen @ seen) @ c
    noise = missed / (1 - df2 / n)
    shares = (inverse.T @ c)[:, None] * shrink
    return shares, noise / n * s * count / (s + kappa) ** 2, accepted


def root_of(second: Array) -> Array:
    """Lower root; a judge that is a multiple of the labeler has nothing of its own."""
    tiny = 1e-14 * np.diagonal(second) + 1e-300
    return np.asarray(np.linalg.cholesky(second + np.diag(tiny)))


def kept_moments(rows: Rows, root: Array) -> tuple[float, Array, Array, float]:
    """Share kept, and means of ``zeta zeta'``, ``zeta y`` and ``y**2`` over kept rows.

    ``zeta`` are the fields in coordinates in which they are independent and of variance one, the
    labeler first.
    """
    width = float(np.hypot(root[0, 0], rows.noise))
    breaks = rows.label.breaks(-FAR * width, FAR * width)
    judged = judge_turns(rows, root @ root.T, FAR * width)
    limit = np.array([FAR * width])
    u, weight = between(joined(-limit, limit, width * SPREAD, breaks, judged))
    weight = weight * density(u, np.asarray(width**2))
    # given u the labeler's coordinate is normal, and what the judge has of its own untouched
    mean, spread = root[0, 0] / width**2 * u, rows.noise / width
    moments = np.zeros((len(root) + 2, len(root) + 2))
    for label, chance in zip(*rows.label.law(u), strict=True):
        given = _given_u(rows, root[-1], u, label, mean, spread)
        moments += np.einsum("u,jku->jk", weight * chance, given)
    accepted = max(float(moments[0, 0]), 0.0)
    moments /= accepted or 1.0
    return accepted, moments[2:, 2:], moments[1, 2:], float(moments[1, 1])


def _given_u(rows: Rows, judge: Array, u: Array, label: Array, mean: Array, spread: float) -> Array:
    """Means of the products of (1, y, zeta) where a row is kept, given u, (k + 2, k + 2, nodes)."""
    k = len(judge)
    inside = np.zeros((3, u.size))  # moments 0, 1, 2 of the judge's standardised value
    middle = judge[0] * mean
    width = float(np.hypot(judge[0] * spread, judge[1] if k > 1 else 0.0))
    if rows.keep is None:
        inside[0] = inside[2] = 1.0
    else:
        for low, high in rows.keep.intervals(label):
            inside += _between(low - middle, high - middle, width)
    # zeta = mean + along * xi + rest, xi being the judge's standardised value
    along = np.array([judge[0] * spread**2, *judge[1:]]) / (width or 1.0)
    rest = np.diag([spread**2, *[1.0] * (k - 1)]) - np.outer(along, along)
    centre = np.zeros((k, u.size))
    centre[0] = mean
    first = centre * inside[0] + along[:, None] * inside[1]
    found = np.empty((k + 2, k + 2, u.size))
    found[0, 0], found[0, 1], found[1, 1] = inside[0], label * inside[0], label**2 * inside[0]
    found[0, 2:], found[1, 2:] = first, label * first
    crossed = centre[:, None] * along[:, None] * inside[1]
    found[2:, 2:] = centre[:, None] * centre * inside[0] + crossed + crossed.swapaxes(0, 1)
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
