"""The lowest point of a function of one number that may have several valleys, and how many may be tried."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from genloss.plan import Plan
from genloss.problem import Problem
from genloss.spectrum import Spectral
from genloss.theory.routes import has_closed_route

Array = npt.NDArray[np.float64]


def is_cheap(problem: Spectral, plan: Plan) -> bool:
    """Whether hundreds of plans like one can be tried: closed formulas know it, and one number a row."""
    several = isinstance(problem, Problem) and problem.truth.ndim == 2
    return not several and has_closed_route(plan)


def lowest(
    values: Callable[[Array], Array], grid: Array, *, tolerance: float, stride: int = 1
) -> tuple[float, float]:
    """Best of a grid, refined between its neighbours.

    Parameters
    ----------
    values : callable
        The function, of many numbers at once.
    grid : ndarray of shape (k,)
        Numbers to try, rising.
    tolerance : float
        Of the place.
    stride : int, default 1
        Every so many numbers are tried first, and then only those about the best of them.

    Returns
    -------
    place, value : float

    Examples
    --------
    >>> import numpy as np
    >>> from genloss.tuning.search import lowest
    >>> place, value = lowest(lambda x: (x - 0.3) ** 2, np.linspace(-1, 1, 9), tolerance=1e-6)
    >>> round(place, 6)
    0.3
    """
    from scipy.optimize import minimize_scalar

    every, tried = np.arange(grid.size), np.full(grid.size, np.inf)
    first = every % stride == 0
    tried[first] = values(grid[first])
    near = ~first & (np.abs(every - np.argmin(tried)) < stride)
    if near.any():
        tried[near] = values(grid[near])
    at = int(np.argmin(tried))
    found = minimize_scalar(
        lambda x: float(values(np.array([x]))[0]),
        bounds=(grid[max(at - 1, 0)], grid[min(at + 1, grid.size - 1)]),
        method="bounded",
        options={"xatol": tolerance},
    )
    if found.fun < tried[at]:
        return float(found.x), float(found.fun)
    return float(grid[at]), float(tried[at])
