"""Whether a fit without penalty has a minimum at all (`channels.md` 8).

Losses of classes fall for ever where a hyperplane separates the classes. In high dimension there is one
exactly if ``dim > min_t sum_i E (g - y_i t'zeta_i)_+**2``, g standard normal, zeta what the labelers say of a
row in coordinates in which it is standard normal, so that t has an entry for each of them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from genloss.theory.channels.evolution import Fit
from genloss.theory.channels.kept import root_of
from genloss.theory.channels.panels import FAR, SPREAD, between, joined
from genloss.theory.channels.rows import Rows, density

Array = npt.NDArray[np.float64]


def ends(fit: Fit) -> bool:
    """Whether a fit has no minimum, or none of its own, for want of a penalty.

    Known where every labeler is the judge too, and all rows have one covariance; elsewhere the fixed
    point that is not found tells.
    """
    numbers = "numbers" in fit.rows[0].loss.labels
    judged = any(len(rows.fields) > 1 for rows in fit.rows)
    clouds = any(rows.centre is not None for rows in fit.rows)
    if fit.ridge > 0 or numbers or judged or clouds or len(fit.sigma) > 1:
        return False
    dim = float(fit.multiplicity.sum()) if fit.dim is None else fit.dim
    return least_rows_short(fit) < dim


def least_rows_short(fit: Fit) -> float:
    """``min_t sum n E (g - y t'zeta)_+**2``: directions from which on classes are separable."""
    from scipy.optimize import minimize  # half of what opening this room would take

    second = fit.second @ fit.sigma[0]
    sizes, root = np.sqrt(np.diagonal(second)), root_of(second)
    sources = [
        (root[rows.fields[0]] / sizes[rows.fields[0]], *_agreement(rows, sizes[rows.fields[0]]))
        for rows in fit.rows
    ]
    whole = sum(rows.number for rows in fit.rows)

    def short(t: Array) -> tuple[float, Array]:
        """Convex in t, and its slope; across a labeler's own coordinate t only widens g."""
        total, slope = 0.0, np.zeros_like(t)
        for unit, values, weights in sources:
            along = unit @ t
            width, across = np.sqrt(1 + t @ t - along**2), t - along * unit
            s = along / width * values
            tail, bell = ndtr(-s), density(s, np.ones(()))
            rows = weights @ ((1 + s**2) * tail - s * bell)
            change = weights @ (2 * values * (s * tail - bell))
            total += width**2 * rows
            slope += 2 * across * rows + change * (width * unit - along / width * across)
        return total / whole, slope / whole

    found = minimize(short, np.zeros(len(root)), jac=True, options={"gtol": 1e-9})
    return float(found.fun * whole)


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
