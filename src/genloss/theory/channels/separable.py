"""Whether a fit without penalty has a minimum at all (`channels.md` 8).

Losses of classes fall for ever where a hyperplane separates the classes. In high dimension there is one
exactly if ``dim > min_t sum_i E (g - t y_i h_i / sd(h))_+**2``, g standard normal, h the labeler's value.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from genloss.theory.channels.evolution import Fit
from genloss.theory.channels.panels import FAR, SPREAD, between, joined
from genloss.theory.channels.rows import Rows, density

Array = npt.NDArray[np.float64]


def ends(fit: Fit, dim: float) -> bool:
    """Whether a fit without penalty has no minimum, or none of its own.

    Known where all rows have one labeler, who is the judge too, and one covariance; elsewhere the
    fixed point that is not found tells.
    """
    numbers = "numbers" in fit.rows[0].loss.labels
    if numbers or len(fit.second) > 1 or len(fit.sigma) > 1:
        return False
    return least_rows_short(fit) < dim


def least_rows_short(fit: Fit) -> float:
    """``min_t sum n E (g - t y h / sd(h))_+**2``: directions from which on classes are separable."""
    from scipy.optimize import minimize_scalar  # half of what opening this room would take

    size = float(np.sqrt(fit.second[0, 0] @ fit.sigma[0]))
    nodes = [_agreement(rows, size) for rows in fit.rows]
    values = np.concatenate([value for value, _ in nodes])
    weights = np.concatenate([weight for _, weight in nodes])

    def short(t: float) -> float:
        s = t * values
        return float(weights @ ((1 + s**2) * ndtr(-s) - s * density(s, np.ones(()))))

    # convex in t; at zero half of the rows, far out those that are labelled against the labeler
    return float(minimize_scalar(short, bounds=(0.0, 1e4), method="bounded").fun)


def _agreement(rows: Rows, size: float) -> tuple[Array, Array]:
    """Values of ``y h / sd(h)`` and the number of kept rows that have them."""
    limit = np.array([FAR * size])
    breaks = [rows.label.breaks(-FAR * size, FAR * size)]
    if rows.keep is not None:
        sides = np.array([rows.keep.intervals(np.array(y)) for y in (-1.0, 1.0)]).ravel()
        breaks.append(sides[np.isfinite(sides)])
    noise = rows.noise * SPREAD
    h, weight = between(joined(-limit, limit, size * SPREAD, noise, *breaks))
    weight = weight * rows.number * density(h, np.asarray(size**2))
    e, chances = np.zeros(1), np.ones(1)
    if rows.noise > 0:
        e, chances = np.polynomial.hermite_e.hermegauss(60)
    u, inner = h + rows.noise * e[:, None], chances[:, None] / chances.sum()
    found = []
    for label, chance in zip(*rows.label.law(u), strict=True):
        kept = weight * inner * chance
        if rows.keep is not None:
            kept = kept * rows.keep.accepts(label, h + 0 * u)
        found.append(((label * h / size).ravel(), kept.ravel()))
    values, weights = zip(*found, strict=True)
    return np.concatenate(values), np.concatenate(weights)
