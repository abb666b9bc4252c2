"""When the error doubles, within the plan and beyond it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.outlook.growth import NORMAL, Growth
from genloss.outlook.theory import Theory
from genloss.plan import Plan

Array = npt.NDArray[np.float64]

HORIZON = 100
"""Models up to which a doubling is looked for."""


def doubling(
    plan: Plan, found: Growth, theory: Theory | None
) -> tuple[int | None, tuple[int | None, int | None], int]:
    """First model with twice model 0's error, its earliest and latest number, and the horizon."""
    log, se = extended(plan, found, theory)
    at = [_first(log + sign * NORMAL * se) for sign in (0, 1, -1)]
    return at[0], (at[1], at[2]), log.size


def _first(log: Array) -> int | None:
    above = np.flatnonzero(log > np.log(2) - 1e-12)
    return int(above[0]) if above.size else None


def extended(plan: Plan, found: Growth, theory: Theory | None) -> tuple[Array, Array]:
    """Log growth and its standard error, the last generation repeated up to the horizon.

    Theory says how it goes on, scaled to what was rehearsed; without it growth goes on as steeply
    as in the later half.
    """
    n = plan.n_models
    if n < 3 or n >= HORIZON or not np.isfinite(found.log).all():
        return found.log, found.se
    last = float(found.log[-1])
    longer = Plan((*plan.generations, *plan.generations[-1:] * (HORIZON - n)))
    shape = None if theory is None else theory.growth(longer)
    if shape is not None and abs(shape[n - 1]) > 0.02 and last * shape[n - 1] > 0:
        rest = last * shape[n:] / shape[n - 1]
    else:
        half = n // 2
        slope = max(np.expm1(last) - np.expm1(found.log[half]), 0.0) / (n - 1 - half)
        rest = np.log1p(np.expm1(last) + slope * np.arange(1, HORIZON - n + 1))
        rest = rest if slope else np.full(HORIZON - n, last)
    # doubt grows with what is added beyond the rehearsed models
    more = np.hypot(found.se[-1] * np.maximum(rest / last, 1) if last > 0 else found.se[-1], 0.0)
    more = np.hypot(more, 0.3 * (rest - last))
    return np.append(found.log, rest), np.append(found.se, more * np.ones(rest.size))
