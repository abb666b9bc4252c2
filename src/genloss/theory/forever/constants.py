"""Where the constant of a pool that no real label holds leads: each block moves it, by ever less (`theory.md` 2.9).

Of the t-th block's labels a share of order ``1 / t`` is new, so that variances of moves are summed to a limit, from
which what is left after t blocks is a series in ``1 / t``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.plan import Plan
from genloss.spectrum import Spectral
from genloss.steps import resolve
from genloss.theory import intercept
from genloss.theory.closed import MOST_BY_PENCIL
from genloss.theory.directions import directions_for, from_outside
from genloss.theory.forever.repeating import Repetition
from genloss.theory.predict import ways_of
from genloss.theory.walk import Walk

Array = npt.NDArray[np.float64]

_ORDERS = 2, 3


def settling(problem: Spectral, plan: Plan, repeated: Repetition) -> tuple[float, float]:
    """The variance that the constant comes to, and how far off that may be.

    Raises
    ------
    NoTheoryError
        If the first models are not known.
    """
    unrolled = repeated.unrolled(plan, max(MOST_BY_PENCIL - repeated.start, max(_ORDERS) + 1))
    longer, without = intercept.as_direction(problem, unrolled, resolve(unrolled))
    steps = resolve(without)
    ways = ways_of(longer, steps, "long")
    walk = Walk(directions_for(longer, steps), [steps], ways, from_outside(longer, steps))
    unit, path = float(longer.directions.eigenvalues[-1]), []
    for step in steps:
        walk.ways[step.model](walk, step.model)
        own = walk.moments.covariance({step.model: 1.0}, {step.model: 1.0})
        path.append(unit * float(np.ravel(own)[-1]))
    low, high = (_extrapolated(np.array(path[-order - 1 :]), len(path), order) for order in _ORDERS)
    return high, abs(high - low)


def _extrapolated(path: Array, count: int, order: int) -> float:
    """The end of a sequence whose last entries are a polynomial in one over their number."""
    places = 1 / np.arange(count - order, count + 1)
    return float(np.polynomial.polynomial.polyfit(places, path, order)[0])
