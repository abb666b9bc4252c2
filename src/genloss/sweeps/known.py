"""The points of a map: solved together where theory knows many plans at once, else one by one, all or in part.

A point that no theory knows is marked, and why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.pencils.dyson import NoConvergenceError
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.steps import resolve
from genloss.sweeps import patches
from genloss.sweeps.numbers import Way
from genloss.theory.alike import outline
from genloss.workers import choose, in_order, running

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Point = tuple[Problem, Plan]
Words = npt.NDArray[np.object_]
Numbers = dict[int, tuple[float, ...]]
Reasons = dict[int, NoTheoryError | NoConvergenceError]

SOLVED_WHOLE = 400
"""Points of which none is filled."""
_SECONDS = 0.05  # of a plan that is solved by itself, at least


class Map(NamedTuple):
    """Numbers over a grid.

    Attributes
    ----------
    values : list of ndarray of shape (len(y), len(x))
        NaN where they are not known.
    solved : ndarray of bool of shape (len(y), len(x)) or None
        Which points were solved, where the others were filled.
    reasons : ndarray of str of shape (len(y), len(x)) or None
        Why a point is not known, empty where it is; None where all are.
    """

    values: list[Array]
    solved: Mask | None
    reasons: Words | None


def mapped(
    points: Sequence[Point], way: Way, x: Array, y: Array, tolerance: float, workers: int | None
) -> Map:
    """Find numbers at the points of a grid, row by row.

    Raises
    ------
    NoTheoryError
        If no point is known.
    """
    numbers, reasons = dict[int, tuple[float, ...]](), Reasons()
    if all(way.is_together(*points[k]) for k in (0, len(points) // 2, -1)):
        asked: dict[int, list[int]] = defaultdict(list)
        for number, (problem, _) in enumerate(points):
            asked[id(problem)].append(number)
        for some in asked.values():
            _together(points, some, way, numbers, reasons)
        return _whole(numbers, reasons, (y.size, x.size))
    seconds = _SECONDS * min(len(points), SOLVED_WHOLE)
    with running(choose(None, workers, seconds), workers) as crew:

        def solve(some: Sequence[int]) -> Array:
            found = in_order(crew, partial(_alone, way), [points[number] for number in some])
            for number, (values, error) in zip(some, found, strict=True):
                numbers[number] = values
                if error is not None:
                    reasons[number] = error
            return np.array([numbers[number] for number in some]).T

        if len(points) <= SOLVED_WHOLE or not tolerance or not _in_order(x, y):
            solve(range(len(points)))
            return _whole(numbers, reasons, (y.size, x.size))
        fields = way.fields
        if not resolve(points[0][1]).is_single:
            fields = tuple(patches.PACE if each is patches.RADIUS else each for each in fields)
        values, solved = patches.filled(solve, x, y, fields, tolerance)
    return Map(values, solved, _said(values[0], reasons))


def _together(
    points: Sequence[Point], some: Sequence[int], way: Way, numbers: Numbers, reasons: Reasons
) -> None:
    """Solve points of one problem in one call; where it refuses, those of one outline, and then each."""
    problem = points[some[0]][0]
    try:
        found = way.solve(problem, [points[number][1] for number in some])
    except (NoTheoryError, NoConvergenceError) as error:
        if len(some) == 1:
            reasons[some[0]] = error
            return
        alike: dict[object, list[int]] = defaultdict(list)
        for number in some:
            alike[outline(resolve(points[number][1]), problem.directions.dim)].append(number)
        parts = list(alike.values()) if len(alike) > 1 else [[number] for number in some]
        for part in parts:
            _together(points, part, way, numbers, reasons)
        return
    numbers |= zip(some, zip(*found, strict=True), strict=True)


def _alone(
    way: Way, point: Point
) -> tuple[tuple[float, ...], NoTheoryError | NoConvergenceError | None]:
    problem, plan = point
    try:
        found = way.solve(problem, [plan])
    except (NoTheoryError, NoConvergenceError) as error:
        return (np.nan,) * len(way.fields), error
    return tuple(float(value) for [value] in found), None


def _whole(numbers: Numbers, reasons: Reasons, shape: tuple[int, int]) -> Map:
    count = shape[0] * shape[1]
    known = next((each for number, each in numbers.items() if number not in reasons), ())
    none = (np.nan,) * len(known)
    table = np.array([numbers.get(number, none) for number in range(count)])
    values = [column.reshape(shape) for column in table.T] or [np.full(shape, np.nan)]
    return Map(values, None, _said(values[0], reasons))


def _said(values: Array, reasons: Reasons) -> Words | None:
    """Why points are not known; of those that were filled, as the nearest that was solved says."""
    if not reasons:
        return None
    unknown = np.isnan(values)
    if unknown.all():
        raise next(iter(reasons.values()))
    solved = np.array([np.unravel_index(number, values.shape) for number in reasons])
    said = np.full(values.shape, "", dtype=object)
    words = [str(error) for error in reasons.values()]
    for place in np.argwhere(unknown):
        said[*place] = words[int(((solved - place) ** 2).sum(axis=1).argmin())]
    return said


def _in_order(*axes: Array) -> bool:
    return all((np.diff(places) > 0).all() or (np.diff(places) < 0).all() for places in axes)
