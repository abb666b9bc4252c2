"""Plans that go back to rows of before: windows, real rows that stay, labels that are mixed again and again.

Their models share rows for ever, so that no map of a few moments leads from one repetition to the next. But
a pencil knows the first repetitions to many digits, and where they lead is seen along every direction (`leads`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.plan import Plan
from genloss.problem import beyond
from genloss.spectrum import Spectral, Spectrum
from genloss.steps import resolve
from genloss.theory.forever import leads
from genloss.theory.forever.iterates import half_life
from genloss.theory.forever.paths import Paths, Watch
from genloss.theory.forever.repeating import Repetition
from genloss.theory.predict import in_any_units, ways_of
from genloss.theory.units import check_numbers

Array = npt.NDArray[np.float64]

_MODELS = (16, 32)
_DRAWN = (8, 12)  # where the patterns of drawn or edited rows double with every fit
_FILTERED = (8, 12, 18, 32)  # where a model is several fits
_SLOW = (8, 16)  # where it is blocks of rows, or waits for the one before, or moments are matrices
_FEWER = (8, 12, 16, 24)  # where few digits will do
_WIDTH = 0.5  # of bins of eigenvalues there: errors move by some 1e-5
_FEWEST = 5  # repetitions that show anything
_SHARE = 0.1  # of an error that is allowed, for estimates to differ by,
_MOVED = 10  # and times that, by which they may differ from those of fewer models
_GOOD = 1e-6  # by how much of a limit the last estimates may differ, at first
_FAIR = 1e-3  # and at last
_ROUNDING = 1e-10  # moves as shares of an error that are none,
_FALLS = 0.5  # where those before have fallen like this
_STEADY = 1e-3  # of the size of moves: growth that is no growth
_AHEAD = 100  # repetitions in which growth that falls as it does now would not end


def obstacle(problem: Spectral, plan: Plan, found: Repetition) -> str | None:
    """Why the first repetitions are not known, or None where they are."""
    if any(step.is_pooled for step in resolve(plan)[found.first :]):
        return "some of the last generations pool rows, so that they do not repeat"
    if not found.seen:
        *_, before, last = [step.blocks for step in resolve(plan)]
        if len(last) == len(before) + 1 > 2:
            return (
                "every fit has rows of one generation more than the one before it, so that none repeats; "
                "pooled rows and windows do"
            )
        return (
            "the plan is too short to show which rows go along with it: write one repetition more"
        )
    if 3 * found.length > _models(plan)[-1] - found.start:
        return f"rounds of {found.length} generations are too long for a pencil to show several"
    try:
        ways_of(problem, resolve(found.unrolled(plan, 3)), "long")
    except NoTheoryError as error:
        return str(error).split(": ", maxsplit=1)[0]
    return None


class End(NamedTuple):
    """What is read off the first repetitions: bias, variance, radius, half-life, and how they were known.

    ``error`` is the class error, where labels are classes.
    """

    bias: float
    variance: float
    radius: float
    half_life: float
    method: str
    caution: str | None = None
    error: float | None = None


def end(problem: Spectral, plan: Plan, found: Repetition, within: float | None = None) -> End:
    """Where errors lead; with a caution where it is known to few digits.

    ``within`` is what share of the risk it may be off by, where that is more than `limit` allows.

    Raises
    ------
    NoTheoryError
        If the first models do not show it.
    """
    sizes = _models(plan)
    last, good, before = sizes[-1], _GOOD, math.inf
    if within:
        sizes, good = tuple(sorted({*_FEWER, *sizes})), _SHARE * within
        problem = _thin(problem, plan)
    for most in (size for size in sizes if size <= last):
        times = (most - found.start) // found.length
        if times < _FEWEST and most < last:
            continue
        unrolled, watch = found.unrolled(plan, times), Watch()
        [curve] = curves = in_any_units(problem, [unrolled], "long", watch)
        check_numbers(curves)
        assert curve.bias is not None
        at = slice(max(found.start - 1, 0), None, found.length)
        path = curve.risk[at]
        if not np.isfinite(path).all():
            return End(math.inf, math.inf, math.inf, math.inf, curve.method)
        shown = slice(_settled(np.diff(path) / path[1:]))
        path, biases = path[shown], curve.bias[at][shown]
        paths = watch.paths(curve).at(at).at(shown)
        errors = None if curve.error is None else curve.error[at][shown]
        moves = np.diff(path)
        if not moves[-1]:
            bias, error = float(biases[-1]), None if errors is None else float(errors[-1])
            return End(bias, float(path[-1]) - bias, 0.0, 0.0, curve.method, error=error)
        late = paths.moves()[-3:]
        ratios = late[1:] / late[:-1]
        earlier, growth = float(ratios[0]), float(ratios[-1])
        grows = growth > 1 - _STEADY and growth - 1 >= _AHEAD * (earlier - growth) - _STEADY**2
        if grows and most == last:
            rate = growth if growth > 1 + _STEADY else 1.0
            return End(math.inf, math.inf, rate, math.inf, curve.method)
        bias, risk, away = _led(paths, biases)
        moved, before = abs(risk - before), risk
        sure = not within or most == last or moved < _MOVED * good * risk
        if away < good * risk and sure and growth <= 1 - _STEADY:
            break
    if away > max(good, _FAIR) * risk or growth > 1 - _STEADY:
        who = "genloss.simulate runs"
        if last in (_MODELS[-1], _FILTERED[-1]):
            who = "genloss.predict(method='pencil') or genloss.simulate run"
        raise NoTheoryError(
            f"{most} models do not show where the risk settles, if it does; "
            f"{who} a plan of as many generations as you like"
        )
    slowest = leads.pace(paths.late_moves())
    rate = min(max(slowest, growth), 1 - 1e-9) if growth < 1 else growth
    said = None
    if away > good * risk:
        said = f"the limit is extrapolated from {most} models, to about {100 * away / risk:.1g} percent"
    life = half_life(iter(path.tolist()), risk, rate)
    error = None if errors is None else float(np.clip(_last(errors), 0.0, 1.0))
    return End(bias, risk - bias, rate, life, curve.method, said, error)


class Thin(NamedTuple):
    """A problem of few directions, which is all that is asked of it."""

    directions: Spectrum
    gaussian: bool


def _thin(problem: Spectral, plan: Plan) -> Spectral:
    """The problem on few Gauss nodes where nothing is written direction by direction."""
    steps = resolve(plan)
    own = steps[0].outside or any(block.covariance for step in steps for block in step.blocks)
    plain = not beyond(problem) and steps.is_linear
    if own or not plain or problem.directions.constant:
        return problem
    thin = problem.directions.thinned(_WIDTH)
    few = 2 * thin.eigenvalues.size <= problem.directions.eigenvalues.size
    return Thin(thin, problem.gaussian) if few else problem


def _led(paths: Paths, biases: Array) -> tuple[float, float, float]:
    """Bias and risk in the end, and by how much that risk may be off."""
    if not paths.signal.size:
        whole = leads.wynn(paths.variances)[-3:, 0]
        risk = float(np.median(whole))
        return float(np.clip(_last(biases), 0.0, risk)), risk, float(np.ptp(whole))
    filters, away = leads.settled(leads.wynn(paths.filters))
    variances, spread = leads.settled(leads.wynn(paths.variances))
    bias = paths.bias(filters)
    off = 2 * paths.signal @ (np.abs(1 - filters) * away) + spread.sum()
    return bias, bias + max(float(variances.sum()), 0.0), float(off)


def _last(values: Array) -> float:
    return float(np.median(leads.wynn(values[:, None])[-3:, 0]))


def _models(plan: Plan) -> tuple[int, ...]:
    """How many are looked at: at first, and at most."""
    steps = resolve(plan)
    filters = [step.filter for step in steps if step.filter is not None]
    some = any(
        step.drawn is not None or any(block.edited < 1 for block in step.blocks) for step in steps
    )
    if steps.turned:
        return _SLOW
    if some and filters:
        return _DRAWN[:1]
    if not steps.is_linear:
        return _DRAWN if some or filters else _SLOW
    if filters:
        return _FILTERED if all(how.spectral for how in filters) else _SLOW
    return _DRAWN if some and any(step.penalty for step in steps) else _MODELS


def _settled(moves: Array) -> int:
    """How many models are looked at: those after moves that have fallen to nothing only show rounding."""
    sizes = np.abs(moves)
    falls = sizes[1:] < _FALLS * sizes[:-1]
    for last in range(2, sizes.size):
        if sizes[last] < _ROUNDING and falls[last - 2 : last].all():
            return last + 2
    return sizes.size + 1
