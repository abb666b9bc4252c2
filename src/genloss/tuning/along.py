"""The objective along one number that was free, all else as it was found: what a picture shows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.plan import Plan
from genloss.spectrum import Spectral, directions_of
from genloss.tuning.layout import Layout, Setting
from genloss.tuning.penalties import OBJECTIVES, scored, with_last_penalty
from genloss.tuning.search import is_cheap

Array = npt.NDArray[np.float64]

NAMES = {
    "penalty": "penalty of all models",
    "last_penalty": "penalty of the last model",
    "real": "share of real labels",
    "weight": "weight of a row that a model labels",
}
"""What can be drawn along, and how its axis is called."""

_POINTS = 61, 13  # by closed formulas, and where each takes a while
_WIDE = 1e3  # how far penalties and weights go either way, as a factor


def along(
    problem: Spectral, plan: Plan, name: str, found: float, objective: str
) -> tuple[Array, Array]:
    """Places about what was found, and the objective there.

    Parameters
    ----------
    problem : Problem or genloss.scaling.PowerLaw
    plan : Plan
        The one that was given.
    name : str
        One of `NAMES`.
    found : float
        The best number.
    objective : {"final", "mean", "worst"}

    Returns
    -------
    places, values : ndarray of shape (k,)
    """
    count = _POINTS[0 if is_cheap(problem, plan.with_penalty(1.0)) else 1]
    if name == "real":
        places = np.unique(np.append(np.linspace(0, 1, count), found))
    else:
        middle = found or 1e-2 * float(directions_of(problem).eigenvalues.max())
        places = middle * np.geomspace(1 / _WIDE, _WIDE, count)
    layout = Layout(plan, name == "real")

    def changed(value: float) -> Plan:
        if name == "penalty":
            return plan.with_penalty(value)
        if name == "last_penalty":
            return with_last_penalty(plan, value)
        share, weight = (value if name == each else None for each in ("real", "weight"))
        return layout.to_plan(Setting(None, share, weight, 1.0))

    return places, scored(problem, map(changed, places.tolist()), OBJECTIVES[objective])
