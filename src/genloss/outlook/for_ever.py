"""Whether the error would explode if the last generation went on for ever."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genloss.outlook.prepare import estimated
from genloss.outlook.study import Study
from genloss.outlook.theory import Theory
from genloss.plan import Plan


@dataclass(frozen=True)
class Explosion:
    """By what every repetition multiplies the error in the end, and what would stop it.

    Attributes
    ----------
    radius, low, high : float
        The factor, and the range of it over estimates from all rows and from either half of them.
    penalty, real : float or None
        The least penalty, and the least share of real labels, from which on the chain is stable.
    """

    radius: float
    low: float
    high: float
    penalty: float | None
    real: float | None

    def sentence(self) -> str:
        """What it means, in words."""
        ways = [] if self.penalty is None else [f"a penalty of {self.penalty:.2g}"]
        ways += [] if self.real is None else [f"{self.real:.0%} real labels"]
        said = (
            "unstable: repeated for ever, the last generation would multiply the error by "
            f"{self.radius:.3g} every time ({self.low:.3g} to {self.high:.3g} by halves of the rows)"
        )
        return f"{said}; {' or '.join(ways)} would stop it" if ways else said


def explosion(study: Study, plan: Plan) -> Explosion | None:
    """What theory of the estimated problem says; None where some part of the rows says otherwise.

    Examples
    --------
    >>> Explosion(1.2, 1.1, 1.3, 0.01, None).sentence().partition("; ")[2]
    'a penalty of 0.01 would stop it'
    """
    end = None if study.theory is None else study.theory.end(plan)
    if end is None or not 1 < end.radius < np.inf:
        return None
    radii = [end.radius]
    for first in range(2):
        half = study.sample.take(np.arange(first, study.sample.size, 2))
        estimate = estimated(half)
        other = None if estimate is None else Theory.of(estimate, half.weights).end(plan)
        if other is None or not 1 < other.radius < np.inf:
            return None
        radii.append(other.radius)
    return Explosion(end.radius, min(radii), max(radii), end.cure, end.cure_real)
