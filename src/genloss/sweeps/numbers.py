"""What a map may show, and how theory finds it: for many plans in one call, or for one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.plan import Plan
from genloss.problem import Problem
from genloss.sweeps import patches
from genloss.theory.forever import batches
from genloss.theory.predict import goes_together, predict

Array = npt.NDArray[np.float64]


class Way(NamedTuple):
    """How some numbers are found.

    Attributes
    ----------
    solve : callable
        Numbers of some plans, in arrays.
    is_together : callable
        Whether a plan is found together with its like.
    fields : tuple of Field
        How each number is filled between points.
    """

    solve: Callable[[Problem, Sequence[Plan]], tuple[Array, ...]]
    is_together: Callable[[Problem, Plan], bool]
    fields: tuple[patches.Field, ...]


def way_of(value: str, tolerance: float) -> Way:
    """How a value of `phases` is found, the one that is shown first."""
    if value == "final":
        return Way(_final, goes_together, (patches.RISK,))
    if value == "best_penalty":
        return Way(_best_penalties, lambda *_: True, ())
    if value == "growth":
        fields = patches.RADIUS, patches.RADIUS
        return Way(partial(_growth, within=tolerance), batches.is_together, fields)
    fields = patches.RISK, patches.RADIUS
    return Way(partial(batches.ends, within=tolerance), batches.is_together, fields)


def _growth(problem: Problem, plans: Sequence[Plan], within: float) -> tuple[Array, Array]:
    _, radius = batches.ends(problem, plans, within)
    return radius, radius


def _final(problem: Problem, plans: Sequence[Plan]) -> tuple[Array]:
    return (np.array([curve.risk[-1] for curve in predict(problem, plans)]),)


def _best_penalties(problem: Problem, plans: Sequence[Plan]) -> tuple[Array]:
    return (batches.best_penalties(problem, plans),)
