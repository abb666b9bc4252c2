"""Several things tuned together: all over the box, downhill from the best places, then in whole rows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.plan import Plan
from genloss.spectrum import Spectral
from genloss.steps import resolve
from genloss.tuning.layout import Kind, Setting
from genloss.tuning.penalties import OBJECTIVES, best_schedule_of, scored
from genloss.tuning.schedule import Slopes, downhill
from genloss.tuning.search import is_cheap
from genloss.tuning.slopes import slope_in
from genloss.tuning.space import Space, apart

Array = npt.NDArray[np.float64]

_TRIED = 256, 49  # points of the first look: of ridge regression by a closed formula, and of others
_LINE = 41
_FOLLOWED = 4, 2, 1  # places that are followed downhill; where each try is slow; without slopes
_NEARLY = 1e-5  # part of the objective to which they are, before the best of them goes on
_EXACTLY = 1e-9
_SMALLEST = 1 / 64  # step of the search without slopes, in parts of the first look's
_ROWS = range(-3, 4)  # whole rows tried around the best number


@dataclass(frozen=True)
class Best:
    """A point of a space, and the objective there."""

    point: Array
    value: float


def best_in(problem: Spectral, space: Space, objective: str, near: Array | None = None) -> Best:
    """The best point of a space, rows being any numbers where slopes are known.

    Parameters
    ----------
    problem : Problem or genloss.scaling.PowerLaw
    space : Space
    objective : {"final", "mean", "worst"}
    near : ndarray of shape (size,), optional
        Look from there alone; default: everywhere.
    """
    slopes, score = slope_in(problem, space, objective), OBJECTIVES[objective]

    def scores(points: Array) -> Array:
        return scored(problem, map(space.plan, points), score)

    middle = space.plan((space.low + space.high) / 2)
    fits = resolve(middle)
    cheap = fits.is_ridge and not fits.retuned and is_cheap(problem, middle)
    if near is not None:
        starts, width = [np.clip(near, space.low, space.high)], (space.high - space.low) / 16
    else:
        grid = np.vstack([space.start(), space.grid(_most(space, cheap))])
        order = np.argsort(scores(grid), kind="stable")
        levels = [np.unique(column) for column in grid[1:].T]
        width = np.array([s[1] - s[0] if s.size > 1 else 1.0 for s in levels])
        followed = _FOLLOWED[0 if cheap else 1 if slopes else 2]
        starts = apart(list(grid[order]), 1.5 * width, followed)
    nearly = _NEARLY if slopes and not cheap and len(starts) > 1 else None
    found = [_down(scores, slopes, start, space, width, cheap, nearly) for start in starts]
    best = min(found, key=lambda each: each.value)
    if nearly is not None:
        best = _down(scores, slopes, best.point, space, width, cheap, _EXACTLY)
    if "schedule" in space.over and near is None:
        plan = space.plan(best.point)
        tuned = best_schedule_of(problem, objective, space.penalties, plan)
        with np.errstate(divide="ignore"):
            start = np.append(np.log(tuned.penalty), best.point[space.n_penalties :])
        start = np.clip(start, space.low, space.high)
        best = min(best, _down(scores, slopes, start, space, width, cheap), key=lambda b: b.value)
    return best


def _most(space: Space, cheap: bool) -> int:
    alone = space.size == 1 or ("schedule" in space.over and space.size == space.n_penalties)
    return _LINE if alone else _TRIED[0 if cheap else 1]


def _down(
    scores: Callable[[Array], Array],
    slopes: Sequence[Slopes],
    start: Array,
    space: Space,
    width: Array,
    cheap: bool,
    gain: float | None = None,
) -> Best:
    if slopes:
        place = downhill(scores, slopes, start, space.low, space.high, gain=gain)
        ends = [Best(each, slopes[-1](each)[0]) for each in (start, place)]
        return min(ends, key=lambda each: each.value)
    if "schedule" in space.over:  # its penalties are looked for by themselves
        width = np.where(np.arange(space.size) < space.n_penalties, 0.0, width)
    return _compass(scores, start, space.low, space.high, width, cheap)


def _compass(
    scores: Callable[[Array], Array],
    start: Array,
    low: Array,
    high: Array,
    width: Array,
    cheap: bool,
) -> Best:
    """Along the axes, and between them where tries are cheap, on ever smaller steps."""
    free = np.flatnonzero(width)
    moves = np.eye(start.size)[free]
    moves = np.vstack([moves, -moves])
    if cheap and 1 < free.size <= 4:
        signs = [s for s in itertools.product((-1.0, 0.0, 1.0), repeat=free.size) if any(s)]
        moves = np.zeros((len(signs), start.size))
        moves[:, free] = signs
    best, value, step = start, float(scores(start[None])[0]), 0.5
    while free.size and step >= _SMALLEST:
        tried = np.clip(best + step * width * moves, low, high)
        values = scores(tried)
        at = int(np.argmin(values))
        if values[at] < value:
            best, value = tried[at], float(values[at])
        else:
            step /= 2
    return Best(best, value)


def in_whole_rows(space: Space, point: Array) -> list[Plan]:
    """Plans with whole rows about a point, those that cost too much left out."""
    found: dict[Plan, None] = {}
    for setting in _around(space, point):
        plan = space.layout.to_plan(setting)
        if space.prices is None or space.prices.of_plan(plan) <= space.limit * (1 + 1e-12):
            found[plan] = None
    return list(found)


def _around(space: Space, point: Array) -> list[Setting]:
    """The setting, and others a few rows away: dear rows more or less, and what is left for the rest."""
    setting, layout = space.setting(point), space.layout
    stacked = layout.kind != Kind.STAYS
    stacked &= layout.kind != Kind.MIXED
    rows = np.bincount(layout.model, setting.scale * layout.rows(setting.real))
    shares = [setting.real]
    if setting.real is not None and stacked.any():
        n = rows[layout.model[stacked]].max()
        places = (np.rint(setting.real * n) + np.array(_ROWS)) / n
        shares += [float(each) for each in np.unique(np.clip(places, 0.0, 1.0))]
    found = [setting]
    for real in shares:
        scales = [setting.scale]
        if "n_samples" in space.over:
            most = space.affordable(real, float(np.exp(point[-1] - space.high[-1])))
            largest = float(np.bincount(layout.model, layout.rows(real)).max())
            whole = np.rint(most * largest) + np.arange(-6, 3)
            scales = [most, *np.minimum(whole[whole >= 1] / largest, space.largest(real))]
        found += [setting._replace(real=real, scale=float(scale)) for scale in scales]
    return found


def best_plan(problem: Spectral, space: Space, objective: str) -> Plan | None:
    """The plan of least objective, in whole rows; None where none is within the limit."""
    found = best_in(problem, space, objective)
    plans = in_whole_rows(space, found.point)
    if not plans:
        return None
    if {"penalty", "schedule"} & set(space.over):
        plans += [plan.with_penalty(0.0) for plan in plans[:1]]
    return plans[int(np.argmin(scored(problem, plans, OBJECTIVES[objective])))]
