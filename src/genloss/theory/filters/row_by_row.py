"""One pass over rows of any sources, one after the other: labels by any rule, rows kept by one, or about centres.

With what `genloss.theory.channels.squared_loss` says of the rows that a step is taken on,

    w' = (1 - eta lam) w + eta (E x y - E x x' w) ,   C' = (1 - eta (lam + s))^2 C + eta^2 (s q + s^2 D)

for the mean of the model and the variance C about it, q its squared error on such rows and D, per direction,
that of w about what the labels pull it to: exact for linear labels on Gaussian rows, else in high dimension.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.filters.sgd import SGD
from genloss.steps import Step
from genloss.theory.channels.evolution import Fit
from genloss.theory.channels.squared_loss import Seen
from genloss.theory.filters.fresh import not_spectral
from genloss.theory.filters.in_chunks import Chunk, size_of

Array = npt.NDArray[np.float64]
State = tuple[Array, Array]
"""How fields enter a model, and the variance of its noise."""

MOST_STEPS = 300_000
"""Rows that are followed one by one."""


class Stretch(NamedTuple):
    """Rows of one source that are kept: how many there are, what a step sees of each, their covariance, a step's length."""

    rows: float
    seen: Seen
    s: Array
    eta: float


def solved(step: Step, fit: Fit, sources: list[Seen]) -> State:
    """How fields enter the model (fields, p), and variance of its noise (p,): a part of a row is so much of a step.

    Raises
    ------
    InvalidInputError
        If the steps of the filter would explode.
    NoTheoryError
        If it is another filter than SGD, or takes very many steps.
    """
    state = start(fit)
    for stretch in stretches(step, fit, sources):
        state = by_chance(
            _whole(state, step, stretch, fit), row(step, stretch, fit), stretch.rows % 1
        )
    return state


def _whole(state: State, step: Step, stretch: Stretch, fit: Fit) -> State:
    """The model after the whole rows of a source."""
    (number, seen, s, eta), (fields, _, p) = stretch, fit.second.shape
    size = min(int(number), size_of(fields, p))
    if size:
        keep = left_by(step) - eta * s
        chunk = Chunk.of(seen, fit.second, s, keep, eta, fit.multiplicity, size)
        for first in range(0, int(number), size):
            state = chunk.after(*state, min(size, int(number) - first))
    return state


def start(fit: Fit) -> State:
    """The model before its first row."""
    return np.zeros(fit.second.shape[1:]), np.zeros(fit.multiplicity.size)


def by_chance(state: State, after: Callable[[State], State], part: float) -> State:
    """The model after a part of a row, which is a chance that the row is there."""
    if not part:
        return state
    shares, spread = after(state)
    return state[0] + part * (shares - state[0]), state[1] + part * (spread - state[1])


def stretches(step: Step, fit: Fit, sources: Sequence[Seen]) -> list[Stretch]:
    """The rows of all sources, of whom these are kept, if their steps hold."""
    check(step)
    how, count = step.filter, fit.multiplicity
    assert isinstance(how, SGD)
    accepted = sum(rows.number for rows in sources) / step.rows
    loud = [accepted * rows.weight * fit.sigma[rows.sheet] for rows in fit.rows]
    top, length = max(float(s.max()) for s in loud), max(float(s @ count) for s in loud)
    how.check(top, length, step.penalty)
    return [
        Stretch(rows.number, rows, fit.sigma[own.sheet], how.step * accepted * own.weight)
        for rows, own in zip(sources, fit.rows, strict=True)
    ]


def left_by(step: Step) -> float:
    """What the penalty leaves of a model at every row."""
    assert isinstance(step.filter, SGD)
    return 1 - step.filter.step * step.penalty


def row(step: Step, stretch: Stretch, fit: Fit) -> Callable[[State], State]:
    """What one row makes of the model."""
    second, (_, rows, s, eta) = fit.second, stretch
    keep, pull = left_by(step) - eta * s, eta * s
    noise = eta**2 * s * fit.multiplicity

    def after(state: State) -> State:
        shares, spread = state
        told = np.einsum("abp,bp->ap", second, shares)
        said = told @ s
        taken = rows.push - rows.bend @ said
        error = rows.square - 2 * rows.push @ said + said @ rows.bend @ said
        error += float((told * shares).sum(axis=0) @ s + spread @ s)
        away = taken[:, None] - shares
        apart = (np.einsum("abp,bp->ap", second, away) * away).sum(axis=0) + spread
        spread = keep**2 * spread + noise * error + pull**2 * apart
        return keep * shares + np.multiply.outer(taken, pull), spread

    return after


def check(step: Step) -> None:
    """Raise NoTheoryError if the filter of a step is not one that is followed row by row, or of too many."""
    assert step.filter is not None
    if not isinstance(step.filter, SGD):
        raise not_spectral(step.filter)
    if step.rows > MOST_STEPS:
        raise NoTheoryError(
            f"model {step.model} takes {step.rows:,} steps, each of which theory follows, {MOST_STEPS:,} at most; "
            "genloss.simulate(problem, plan) runs it"
        )
