"""How many real labels hold the error: a smooth curve of growth against their share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.outlook.growth import NORMAL
from genloss.outlook.result import TOLERANCE
from genloss.outlook.theory import Theory
from genloss.plan import Plan
from genloss.tuning.real_rows import with_real_rows

Array = npt.NDArray[np.float64]

SHARES = np.array([0.0, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0])
_LITTLE = 0.02  # log growth by theory below which its shape is not looked at
# doubt about the shape, as a share of the growth; by coverage on public tables, where 0.3 was too much
_SHAPE = 0.15
_FAR = 2.3  # times as much where theory has no voice: it is then less sure of the shape as well


@dataclass(frozen=True, eq=False)
class Shape:
    """What remains of the log growth at every share of real labels, from 1 down to 0.

    ``far``: of a theory that has no voice in the growth.
    """

    shares: Array
    left: Array
    far: bool = False

    def share_for(self, growth: float, allowed: float) -> float | None:
        """Least share at which ``growth`` falls to ``allowed``; None if it never does."""
        if growth <= allowed:
            return 0.0
        values = growth * self.left
        below = np.flatnonzero(values <= allowed)
        if not below.size:
            return None
        at = int(below[0])
        roots = np.sqrt(self.shares)
        step = (values[at - 1] - allowed) / (values[at - 1] - values[at])
        return float((roots[at - 1] + step * (roots[at] - roots[at - 1])) ** 2)


def by_theory(theory: Theory | None, plan: Plan, *, far: bool = False) -> Shape | None:
    """The shape that theory has, made monotone; None where it knows nothing of it."""
    if theory is None:
        return None
    n = int(plan.n_samples.max())
    found = []
    for share in SHARES:
        log = theory.growth(with_real_rows(plan, round(share * n)))
        if log is None:
            return None
        found.append(max(float(log.max()), 0.0))
    if found[0] < _LITTLE:
        return Shape(SHARES, 1 - np.sqrt(SHARES), far)
    return Shape(SHARES, np.minimum.accumulate(np.array(found)) / found[0], far)


def by_power(growth: float, share: float, growth_there: float) -> Shape:
    """``1 - share**q`` through one rehearsed share; q = 1/2 where there is nothing to fit."""
    power = 0.5
    if growth > _LITTLE:
        left = float(np.clip(growth_there / growth, 0.02, 0.95))
        power = float(np.clip(np.log(1 - left) / np.log(share), 0.1, 3.0))
    return Shape(SHARES, 1 - SHARES**power)


def real_rows(
    shape: Shape, growth: float, se: float, n_samples: int
) -> tuple[int | None, tuple[int | None, int | None]]:
    """Rows needed, and the fewest and most that it may take.

    Parameters
    ----------
    shape : Shape
        How growth falls with the share.
    growth, se : float
        Largest log growth without further real labels, and its standard error.
    n_samples : int
        Rows per generation.
    """
    allowed = float(np.log1p(TOLERANCE))
    bent = _SHAPE * (_FAR if shape.far else 1.0) * growth
    doubt = NORMAL * float(np.hypot(se, bent))

    def rows(value: float) -> int | None:
        share = shape.share_for(value, allowed)
        if share is None or share >= 1:
            return None
        return int(np.ceil(share * n_samples - 1e-9))

    return rows(growth), (rows(growth - doubt), rows(growth + doubt))
