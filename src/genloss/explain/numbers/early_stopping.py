"""Fits that stop early, in chains: how many steps are best, and what stopping prevents."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from genloss.explain.numerals import number, table
from genloss.filters.gradient_descent import GradientDescent
from genloss.generation import Generation, Source
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.theory.forever.limit import Limit, limit
from genloss.theory.predict import predict

DIM = 300
CAPACITY = 1.2
SMOOTHNESS = 0.5
ROWS = 150
NOISE = 0.5
STEP = 0.4
TRIED = (5, 10, 20, 40, 80, 160, 320)
GENERATIONS = 10
FEW = 60
TIGHT = 80
SHARE = 0.1
SHORT = 20
LONG = 320


def problem() -> Problem:
    """Eigenvalues that fall like a power."""
    return Problem.power_law(DIM, capacity=CAPACITY, source=SMOOTHNESS)


def risks(steps: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Errors of a chain of models that stop after so many steps."""
    early = GradientDescent(steps, STEP)
    first = Generation((Source(ROWS, noise=NOISE),), filter=early)
    later = Generation((Source(ROWS, "previous", NOISE),), filter=early)
    return predict(problem(), Plan((first, *(GENERATIONS - 1) * [later]))).risk


@cache
def paths(_settings: tuple[float, ...]) -> dict[int, list[float]]:
    """Errors by number of steps."""
    return {steps: risks(steps).tolist() for steps in TRIED}


def known() -> dict[int, list[float]]:
    """The same for the settings as they are."""
    return paths((DIM, CAPACITY, SMOOTHNESS, ROWS, NOISE, STEP, GENERATIONS, *TRIED))


def best(model: int) -> int:
    """The number of steps of least error for a model."""
    found = known()
    return min(found, key=lambda steps: found[steps][model])


@cache
def ends(steps: int, _settings: tuple[float, ...]) -> Limit:
    """Where real rows beside made ones lead, of fits near interpolation that stop."""
    early = GradientDescent(steps, STEP)
    n_real = round(SHARE * TIGHT)
    rows = Source(TIGHT - n_real, "previous", NOISE), Source(n_real, noise=NOISE)
    first = Generation((Source(TIGHT, noise=NOISE),), filter=early)
    later = Generation(rows, filter=early)
    return limit(Problem.isotropic(FEW), Plan((first, later, later)))


def end(steps: int) -> Limit:
    """The same for the settings as they are."""
    return ends(steps, (FEW, TIGHT, SHARE, NOISE, STEP))


def newcomer() -> dict[str, Any]:
    """The best time to stop, for the first model and the last."""
    found = known()
    return {
        "best": best(0),
        "best_last": best(-1),
        "once": found[best(0)][0],
        "late": TRIED[-1],
        "soon": TRIED[0],
        "late_once": found[TRIED[-1]][0],
        "end": found[best(-1)][-1],
        "late_end": found[TRIED[-1]][-1],
        "soon_end": found[TRIED[0]][-1],
    }


def engineer() -> dict[str, Any]:
    """What the snippet prints, and all numbers of steps."""
    found = known()
    rows = [
        (str(steps), *(number(path[t], 2) for t in (0, GENERATIONS // 2, -1)))
        for steps, path in found.items()
    ]
    heads = ("steps", "model 0", f"model {GENERATIONS // 2}", f"model {GENERATIONS - 1}")
    calm, wild = end(SHORT), end(LONG)
    return {
        "stop": best(-1),
        "end": found[best(-1)][-1],
        "steps": table(heads, rows),
        "calm": calm.risk,
        "radius": wild.radius,
    }


def theorist() -> dict[str, Any]:
    """The penalty that a time to stop is like, and how alike they are."""
    steps = best(-1)
    like = 1 / (STEP * steps)
    grid = [like, *np.geomspace(like / 50, like, 25)]
    plans = [Plan.replace(GENERATIONS, ROWS, noise=NOISE, penalty=each) for each in grid]
    risks_of_ridge = [float(curve.risk[-1]) for curve in predict(problem(), plans)]
    found = known()[steps]
    return {
        "stop": steps,
        "like": like,
        "ridge": risks_of_ridge[0],
        "best_ridge": min(risks_of_ridge),
        "early": found[-1],
        "calm": end(SHORT).radius,
        "wild": end(LONG).radius,
    }
