"""A loss of the residual with the labeler's own values as labels: one normal variable decides."""

from __future__ import annotations

import numpy as np

from genloss.labels.linear import Linear
from genloss.theory.channels.panels import FAR, SPREAD, along, joined
from genloss.theory.channels.rows import Law, Rows, Sums, density


def knows(rows: Rows) -> bool:
    """Whether this is the case."""
    return rows.loss.residual and isinstance(rows.label, Linear) and rows.keep is None


def sums(rows: Rows, law: Law) -> Sums:
    """Integrals over ``z - y``, with the label in the role of zero."""
    off = (law.about() - law.first)[:, None]
    labels = law.second[0, 0] + rows.noise**2
    variance = np.maximum(labels - 2 * law.cross[:, 0] + law.square, 1e-14 * labels)[:, None]
    width, gamma, zero = np.sqrt(variance), law.gamma[:, None], np.zeros((1, 1))
    bends = rows.loss.edges(zero, gamma)
    edges = joined(off - FAR * width, off + FAR * width, off + width * SPREAD, bends)
    z, weight, psi, change = along(rows.loss, zero, edges, gamma)
    mass = weight * density(z - off, variance)
    curvature = np.vecdot(mass, change)
    # E psi given (h, z) moves with y as it moves with -z
    whole = np.ones_like(curvature)
    return Sums(curvature, np.vecdot(mass, psi**2), curvature[:, None], whole, np.vecdot(mass, psi))
