"""The labeler's chances as labels of the logistic loss: sums of equal steps instead of panels.

The slope at z is ``sigmoid(p) - t`` with ``t = sigmoid(u)``, and p depends on ``v = z + gamma t`` alone. Given u, v is
normal around a smooth curve. No integrand has a kink, and sums of equal steps of what is analytic around the real line
are right to as many digits as steps are short against the width of that strip.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.labels.soft import Soft
from genloss.losses.logistic import Logistic
from genloss.theory.channels.panels import FAR
from genloss.theory.channels.rows import Law, Rows, Sums, density

Array = npt.NDArray[np.float64]

_REST = 30.0  # e**-30 of an integrand's size
_WIDE = np.geomspace(1e-8, 3, 240)
"""Ways off the real line; the nearest poles and branches lie at pi."""


def knows(rows: Rows) -> bool:
    """Whether this is the case."""
    plain = rows.keep is None and rows.centre is None
    return plain and isinstance(rows.loss, Logistic) and isinstance(rows.label, Soft)


def sums(rows: Rows, law: Law) -> Sums:
    """Integrals over u and v given u, one point of the batch after the other."""
    total = float(law.second[0, 0]) + rows.noise**2
    points = zip(law.cross[:, 0], law.square, law.gamma, strict=True)
    found = [_one(total, float(m), float(q), float(gamma)) for m, q, gamma in points]
    curvature, square, pull, mass = np.array(found).T
    return Sums(curvature, square, pull[:, None], mass, np.zeros_like(mass))


def _one(total: float, m: float, q: float, gamma: float) -> list[float]:
    slope, spread = m / total, np.sqrt(max(q - m**2 / total, 1e-14 * q))
    # how far v leaves the real line with u: short of the branches, or as far as its own law smooths them away
    along = np.abs(slope) * _WIDE + gamma / 2 * np.tan(_WIDE / 2)
    far = np.where(along < _WIDE[-1], 0.0, np.inf), (along / spread) ** 2
    u, outer = _steps(np.minimum(*far), float(np.sqrt(total)))
    off, inner = _steps(np.zeros(_WIDE.size), float(spread))
    chance = 1 / (1 + np.exp(-u))
    z = (slope * u)[:, None] + off
    own, change = Logistic().envelope(-1.0, z + gamma * chance[:, None], gamma)
    psi = own - chance[:, None]
    pull = outer @ (psi * (u[:, None] - m / q * z)) @ inner
    apart = max(total - m**2 / q, 1e-14 * total)
    mass = outer.sum() * inner.sum()
    return [float(x) for x in (outer @ change @ inner, outer @ psi**2 @ inner, -pull / apart, mass)]


def _steps(growth: Array, deviation: float) -> tuple[Array, Array]:
    """Values and weights of a normal variable; the rest grows by ``exp(growth / 2)`` off the real line."""
    away = growth + (_WIDE / deviation) ** 2
    step = float(np.max(2 * np.pi * _WIDE / (_REST + away / 2)))
    number = np.ceil(FAR * deviation / step)
    values = step * np.arange(-number, number + 1)
    return values, step * density(values, np.asarray(deviation**2))
