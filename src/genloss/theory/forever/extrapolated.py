"""Plans that go back to rows of before: windows, real rows that stay, labels that are mixed again and again.

Their models share rows for ever, so that no map of a few moments leads from one repetition to the next. But
a pencil knows the first repetitions to many digits, errors settle geometrically at some rates, and Wynn's
epsilon algorithm takes such rates out of a sequence (`for-ever.md`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.plan import Plan
from genloss.spectrum import Spectral
from genloss.steps import resolve
from genloss.theory.forever.iterates import half_life
from genloss.theory.forever.repeating import Repetition
from genloss.theory.predict import in_any_units, ways_of
from genloss.theory.units import check_numbers

Array = npt.NDArray[np.float64]

_MODELS = (16, 32)
_DRAWN = (8, 12)  # where the patterns of drawn or edited rows double with every fit
_FILTERED = (8, 16, 32)  # where a model is several fits
_SLOW = (8, 16)  # where it is blocks of rows, or waits for the one before, or moments are matrices
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


def end(problem: Spectral, plan: Plan, found: Repetition) -> End:
    """Where errors lead; with a caution where it is known to few digits.

    Raises
    ------
    NoTheoryError
        If the first models do not show it.
    """
    sizes = _models(plan)
    for most in sizes:
        unrolled = found.unrolled(plan, (most - found.start) // found.length)
        [curve] = curves = in_any_units(problem, [unrolled], "long")
        check_numbers(curves)
        assert curve.bias is not None
        at = slice(max(found.start - 1, 0), None, found.length)
        path = curve.risk[at]
        if not np.isfinite(path).all():
            return End(math.inf, math.inf, math.inf, math.inf, curve.method)
        shown = slice(_settled(np.diff(path) / path[1:]))
        path, biases = path[shown], curve.bias[at][shown]
        errors = None if curve.error is None else curve.error[at][shown]
        moves = np.diff(path)
        if not moves[-1]:
            bias, error = float(biases[-1]), None if errors is None else float(errors[-1])
            return End(bias, float(path[-1]) - bias, 0.0, 0.0, curve.method, error=error)
        late = moves[-3:]
        ratios = np.abs(late[1:] / late[:-1])
        before, growth = float(ratios[0]), float(ratios[-1])
        grows = growth > 1 - _STEADY and growth - 1 >= _AHEAD * (before - growth) - _STEADY**2
        if grows and most == sizes[-1]:
            rate = growth if growth > 1 + _STEADY else 1.0
            return End(math.inf, math.inf, rate, math.inf, curve.method)
        risk, away = _limit(path)
        if away < _GOOD * risk and growth <= 1 - _STEADY:
            break
    if away > _FAIR * risk or growth > 1 - _STEADY:
        who = "genloss.simulate runs"
        if sizes in (_MODELS, _FILTERED):
            who = "genloss.predict(method='pencil') or genloss.simulate run"
        raise NoTheoryError(
            f"{most} models do not show where the risk settles, if it does; "
            f"{who} a plan of as many generations as you like"
        )
    rate = min(max(_limit(moves[1:] / moves[:-1])[0], growth), 1 - 1e-9) if growth < 1 else growth
    bias = float(np.clip(_limit(biases)[0], 0.0, risk))
    said = None
    if away > _GOOD * risk:
        said = f"the limit is extrapolated from {most} models, to about {100 * away / risk:.1g} percent"
    life = half_life(iter(path.tolist()), risk, rate)
    error = None if errors is None else float(np.clip(_limit(errors)[0], 0.0, 1.0))
    return End(bias, risk - bias, rate, life, curve.method, said, error)


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


def _limit(values: Array) -> tuple[float, float]:
    """Where a sequence leads by Wynn's epsilon algorithm, and how far the last estimates are apart."""
    older, newer = np.zeros(values.size + 1), values
    estimates = [float(values[-1])]
    while newer.size > 2:
        for _ in range(2):
            gaps = np.diff(newer)
            if not gaps.all():  # it is there already
                return float(newer[-1]), 0.0
            older, newer = newer, older[1:-1] + 1 / gaps
        estimates.append(float(newer[-1]))
    last = estimates[-3:]
    best = float(np.median(last))
    return best, float(np.ptp(last))
