"""What makes an unstable block of any fits stable, found by trying: repetitions show by what their moves grow."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

from genloss.errors import InvalidInputError, NoTheoryError
from genloss.generation import REAL, Generation
from genloss.plan import Plan
from genloss.spectrum import Spectral
from genloss.steps import resolve
from genloss.theory.forever.repeating import Repetition
from genloss.theory.forever.settling import growth
from genloss.theory.forever.turn import EndsHere
from genloss.theory.forever.turns import turn_of

_CLOSE = 1.01  # ratio at which a border is known
_PACE = 10.0


def of(problem: Spectral, plan: Plan, found: Repetition) -> tuple[float | None, float | None]:
    """Least penalty and least share of real rows from which on the last block is stable."""
    once = found.unrolled(plan, 1)
    again = replace(found, stop=once.n_models)
    before, block = once.generations[: found.start], once.generations[found.start :]

    def stable(changed: Iterable[Generation]) -> bool:
        try:
            turn = turn_of(problem, Plan((*before, *changed)), again)
            return growth(turn, turn.start) < 1
        except (EndsHere, NoTheoryError, InvalidInputError):
            return False

    steps = resolve(once)[found.start :]
    top = float(problem.directions.eigenvalues.max())
    real = None
    if len(block) == 1 and len(block[0].sources) == 2:
        real = _real_share(block[0], [set(b.shares) == {REAL} for b in steps[0].blocks], stable)
    if any(step.retuned for step in steps):
        return None, real

    def with_penalty(lam: float) -> bool:
        return stable(replace(each, penalty=lam) for each in block)

    return _least_penalty(with_penalty, max(step.penalty for step in steps), top), real


def _least_penalty(stable: Callable[[float], bool], now: float, top: float) -> float | None:
    """From the penalty that is there on: a factor of ten at a time, then by halves of the last."""
    low = high = max(now, 1e-6 * top)
    while not stable(high):
        low, high = high, _PACE * high
        if high > 100 * top:
            return None
    if low == high:
        return high if now else 0.0  # any
    while high > _CLOSE * low:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if stable(middle) else (middle, high)
    return high


def _real_share(
    fit: Generation, real: list[bool], stable: Callable[[list[Generation]], bool]
) -> float | None:
    """By halves between the rows that are real and all; None without both kinds of rows."""
    if sum(real) != 1:
        return None
    own = real.index(True)
    rows = [source.n_samples or 0 for source in fit.sources]
    total, low = sum(rows), rows[own]
    high = total - 1  # one row of the others stays, so that the plan is one of its kind

    def with_real(number: int) -> bool:
        numbers = [number if k == own else total - number for k in range(2)]
        sources = tuple(
            replace(source, n_samples=n) for source, n in zip(fit.sources, numbers, strict=True)
        )
        return stable([replace(fit, sources=sources)])

    if low >= high or not with_real(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if with_real(middle) else (middle, high)
    return high / total
