"""One penalty per generation: a coarse search from everywhere, then the best places refined.

The risk of a chain has several valleys in its penalties: one weak fit can leave to a later strong one
what neighbours of it must not. So all schedules of two levels are tried before anything is followed
downhill; with two models these are a whole grid.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Scores = Callable[[Array], Array]
"""Objective of many schedules of log penalties, shape (k, n_models) to (k,)."""
Slopes = Callable[[Array], tuple[float, Array]]
"""Objective at one point, such as a schedule of log penalties, and its slopes there."""

_LEVELS = 13, 9, 5  # log penalties combined: for few models, for many, and where each try is slow
_FEW = 3
_MOST = 400  # schedules of two levels that are tried
_ONE_BY_ONE = 75  # of them where each is predicted by itself
_CELLS = 8000  # numbers in them, at most, where there are slopes
_DEEP = 2  # places that are refined
_SWEEPS = 4  # rounds over all models, at most, on one step
_NOTHING = 1e-300
_STEPS = (1.0, 0.25)  # of the search along single models, in parts of a level
_KNOTS = 2, 4  # numbers that a schedule has at first, where each try is slow
_TILTS = -7.0, -4.0, -2.0, 2.0, 4.0, 7.0  # of the last log penalty over the first
_FEW_TILTS = -4.0, 4.0
_USUAL = 2.220446049250313e-09  # SciPy's own gain of a last step
_FIRST = 2.0  # length of a first step over the slope, for each number that is free
_GAIN, _EXACT_GAIN = 1e-4, 1e-7  # of the objective, below which slow tries end; with slopes


def best_schedule(scores: Scores, start: Array, low: float, high: float, cheap: bool) -> Array:
    """Log penalties of least score.

    Parameters
    ----------
    scores : callable
        Objective of many schedules at once.
    start : ndarray of shape (n_models,)
        A schedule to begin with, for instance the best constant one.
    low, high : float
        Bounds of every log penalty.
    cheap : bool
        Whether thousands of schedules can be tried.
    """
    few, many, slow = _LEVELS
    levels = np.linspace(low, high, (few if start.size <= _FEW else many) if cheap else slow)
    tried = np.vstack([start, _two_levels(start.size, levels, _MOST if cheap else slow**2)])
    order = np.argsort(values := scores(tried), kind="stable")
    if not cheap:
        return np.asarray(tried[order[0]])
    starts = _apart(tried[order], levels[1] - levels[0], _DEEP)
    found = [_along_models(scores, each, (low, high), levels[1] - levels[0]) for each in starts]
    best, value = min(found, key=lambda pair: pair[1])
    return best if value < values[0] else start


def _two_levels(models: int, levels: Array, most: int) -> Array:
    """Schedules with one penalty up to some model and another one from there on."""
    a, b = (grid.ravel() for grid in np.meshgrid(levels, levels))
    cuts = np.arange(1, models) if models > 1 else np.array([0])
    room = max(1, most // a.size)
    if cuts.size > room:
        cuts = np.unique(np.geomspace(1, models, room + 2).round().astype(int)[1:-1])
        cuts = np.unique(np.r_[cuts, models - cuts])
    late = np.arange(models) >= cuts[:, None]
    return np.where(late[:, None], b[:, None], a[:, None]).reshape(-1, models)


def _apart(tried: Array, step: float, count: int) -> list[Array]:
    """The first ones, leaving out near neighbours of those already taken."""
    taken: list[Array] = []
    for each in tried:
        if all(np.abs(each - other).max() > 1.5 * step for other in taken):
            taken.append(each)
        if len(taken) == count:
            break
    return taken


def _along_models(
    scores: Scores, start: Array, bounds: tuple[float, float], level: float
) -> tuple[Array, float]:
    """Descend model by model, and all together, on ever smaller steps; no slope is needed."""
    best, value = start, float(scores(start[None])[0])
    size = start.size
    moves = np.vstack([np.eye(size), np.tri(size)[:-1], np.tri(size)])
    moves = np.unique(np.vstack([moves, -moves]), axis=0)
    for step in _STEPS:
        length = step * level
        for _ in range(_SWEEPS):
            before = value
            best, value = _one_round(scores, best, value, length * moves, bounds)
            if not value < before * (1 - 1e-6):
                break
    return best, value


def _one_round(
    scores: Scores, best: Array, value: float, moves: Array, bounds: tuple[float, float]
) -> tuple[Array, float]:
    """The best single move, and all moves that help taken at once, whichever is lower."""
    tried = np.clip(best + moves, *bounds)
    values = scores(tried)
    helps: Sequence[int] = np.flatnonzero(values < value).tolist()
    if not helps:
        return best, value
    gains = np.maximum(value - values[helps], 0.0)
    together = np.clip(best + (gains / gains.max()) @ moves[helps], *bounds)
    both = np.vstack([tried[int(np.argmin(values))], together])
    at = int(np.argmin(found := scores(both)))
    return both[at], float(found[at])


def valleys(scores: Scores, start: Array, low: float, high: float, together: bool) -> list[Array]:
    """Places to go downhill from, besides the start: the best schedules of two levels, far apart.

    Fewer of them are tried where schedules are not predicted ``together``.
    """
    few, many, slow = _LEVELS
    levels = np.linspace(low, high, (few if start.size <= _FEW else many) if together else slow)
    most = min(_MOST, max(levels.size**2, _CELLS // start.size)) if together else _ONE_BY_ONE
    tried = _two_levels(start.size, levels, most)
    order = np.argsort(scores(tried), kind="stable")
    return _apart(tried[order], levels[1] - levels[0], _DEEP)


def slowly(
    scores: Scores, slopes: Sequence[Slopes], start: Array, low: float, high: float
) -> Array:
    """Downhill where each try is slow, from the best of some schedules that rise or fall evenly."""
    tilts = np.multiply.outer(_FEW_TILTS if slopes else _TILTS, np.linspace(-0.5, 0.5, start.size))
    tried = np.clip(np.vstack([start, start + tilts]), low, high)
    place = np.asarray(tried[int(np.argmin(scores(tried)))])
    if slopes:
        return downhill(scores, slopes, place, low, high, gain=_EXACT_GAIN)
    return _by_knots(scores, place, low, high)


def _by_knots(scores: Scores, place: Array, low: float, high: float) -> Array:
    """Few numbers first, with log penalties on lines between them."""
    size = place.size
    for count in (each for each in _KNOTS if each < size):
        at, knots = np.linspace(0, count - 1, size), np.arange(count)
        hats = np.array([np.interp(at, knots, one) for one in np.eye(count)])

        def moved(by: Array, place: Array = place, hats: Array = hats) -> Array:
            return np.clip(place + by @ hats, low, high)

        def moved_scores(by: Array, moved: Callable[[Array], Array] = moved) -> Array:
            return scores(moved(by))

        far = low - place.max(), high - place.min()
        place = moved(downhill(moved_scores, [], np.zeros(count), *far, gain=_GAIN))
    return downhill(scores, [], place, low, high, gain=_GAIN)


def downhill(
    scores: Scores,
    slopes: Sequence[Slopes],
    start: Array,
    low: float | Array,
    high: float | Array,
    *,
    gain: float | None = None,
) -> Array:
    """Quasi-Newton steps from a point; without slopes they are taken from one batch of neighbours.

    ``gain`` is the part of the objective below which a step is the last one; the first step is then as long as
    where every penalty has its share of the curvature.
    """
    from scipy.optimize import minimize

    low, high = np.broadcast_to(low, start.shape), np.broadcast_to(high, start.shape)
    nearby = np.vstack([np.zeros(start.size), 1e-5 * np.eye(start.size)])

    scale, zero, ftol = 1.0, 0.0, 1e-12 if slopes else _USUAL
    if gain is not None:
        scale, first = _FIRST / (8 if slopes else 1) * start.size, scores(start[None])[0]
        zero = float(np.log(first)) if 0 < first < np.inf else 0.0
        ftol = gain * scale

    def value(logs: Array, slope_of: Slopes | None) -> tuple[float, Array]:
        if slope_of is not None:
            risk, slope = slope_of(logs)
            risk = max(risk, _NOTHING)
            return scale * (float(np.log(risk)) - zero), scale * slope / risk
        # steps point inwards, so that no penalty leaves the bounds
        inwards = np.where(logs > (low + high) / 2, -1.0, 1.0)
        values = np.log(scores(logs + nearby * inwards))
        return scale * (float(values[0]) - zero), scale * inwards * (values[1:] - values[0]) / 1e-5

    place = start
    ways: Sequence[Slopes | None] = slopes or [None]
    for each in ways:
        found = minimize(
            value,
            place,
            args=(each,),
            jac=True,
            method="L-BFGS-B",
            bounds=[*zip(low.tolist(), high.tolist(), strict=True)],
            options={"ftol": ftol, "gtol": 1e-8 * scale, "maxcor": 20}
            if slopes
            else {"ftol": ftol},
        )
        place = np.asarray(found.x)
    return place
