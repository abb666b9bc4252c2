"""Where a map settles, and how fast: fixed points by Anderson's method, radii by Arnoldi's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError

Array = npt.NDArray[np.float64]
Map = Callable[[Array], Array]

PLAIN = 15
"""Repetitions that are made one by one before any is guessed."""
_MEMORY = 8
_MOST = 120  # evaluations
_GOOD = 1e-10  # change of a state, as a share of it
_FAIR = 1e-7  # where rounding of the map ends
_GRAINS = 3  # of a map that is counted on points: moves that are none
_CLEAR = 20  # and moves that are to show a rate
_TURNS = 30  # of Arnoldi's method
_SMALL = 1e-5  # of a state, to take differences by
_CLOSE, _ROUGH = (
    1e-5,
    1e-3,
)  # of a radius: what the image of its mode may have beside it; where points are counted
_FAR = 100  # times the last repetition: a guess may lie on a branch where all moves are small
_NOTHING = 1e-100  # of an error in ordinary units
_LONG = 40  # repetitions that show how moves grow


class Settled(NamedTuple):
    """What repetitions lead to.

    Attributes
    ----------
    state : ndarray or None
        The fixed point; None where none was found.
    path : list of ndarray
        The first states on the way there.
    growth : float
        By what the moves from state to state grow where there is none.
    """

    state: Array | None
    path: list[Array]
    growth: float = 0.0


def settle(turn: Map, start: Array, grain: float = 0.0) -> Settled:
    """The fixed point that repetitions lead to, or how their moves grow.

    ``grain`` is by how much the map may be off, as a share of a state.
    """
    good, fair = max(_GOOD, _GRAINS * grain), max(_FAIR, _GRAINS * grain)
    path = [start]
    for _ in range(PLAIN):
        path.append(turn(path[-1]))
        if _moved(path[-2], path[-1]) < good:
            return Settled(path[-1], path)
    best, least = _accelerated(turn, path[-2], path[-1], good)
    if least < fair and np.linalg.norm(best) < _FAR * np.linalg.norm(path[-1]):
        return Settled(best, path)
    watched = _watched(turn, path, good, fair)
    return Settled(best, path) if least < fair and watched.state is None else watched


def _accelerated(turn: Map, x: Array, after: Array, good: float) -> tuple[Array, float]:
    """The state that moves least on the way from one and what it leads to, and its move."""
    xs, changes = [x], [after - x]
    best, least = after, _moved(x, after)
    for _ in range(_MOST):
        x = after if len(xs) < 2 else _guess(xs, changes)
        try:
            after = turn(x)
        except NoTheoryError:  # a state that no models have
            x, xs, changes = best, [], []
            after = turn(x)
        moved = _moved(x, after)
        xs, changes = [*xs[-_MEMORY:], x], [*changes[-_MEMORY:], after - x]
        if moved < least:
            best, least = after, moved
        if least < good:
            break
    return best, least


def _watched(turn: Map, path: list[Array], good: float, fair: float) -> Settled:
    """Where no guess leads to it, more repetitions do, or guesses after these, or moves show how they grow."""
    state = path[-1]
    for _ in range(_LONG):
        state, before = turn(state), state
        if _moved(before, state) < good:
            return Settled(state, path)
    size = growth(turn, state, _LONG // 4)
    if size < 1:
        best, least = _accelerated(turn, before, state, good)
        if least < fair:
            return Settled(best, path)
    return Settled(None, path, size)


def growth(turn: Map, state: Array, repetitions: int = _LONG) -> float:
    """By what moves grow, in the last quarter of some repetitions or the last ten; 0 where they end."""
    sizes, late = [], max(repetitions // 4, 10)
    for _ in range(repetitions + 1):
        state, before = turn(state), state
        if _moved(before, state) < _GOOD:
            return 0.0
        sizes.append(float(np.linalg.norm(state - before)))
    return float((sizes[-1] / sizes[-1 - late]) ** (1 / late))


def _moved(before: Array, after: Array) -> float:
    return float(np.linalg.norm(after - before) / max(float(np.linalg.norm(after)), 1e-300))


def _guess(xs: list[Array], changes: list[Array]) -> Array:
    """The combination of the last states of which the change is least, moved on by it."""
    x, change = xs[-1], changes[-1]
    moves = np.diff(np.array(xs), axis=0)
    answers = np.diff(np.array(changes), axis=0)
    weights = np.linalg.lstsq(answers.T, change, rcond=1e-10)[0]
    return np.asarray(x + change - weights @ (moves + answers))


def radius(turn: Map, state: Array, along: Array, grain: float = 0.0) -> float:
    """Spectral radius of a map at its fixed point; ``along`` is where differences from it stay longest.

    Differences are as large as makes what the map may be off, ``grain``, and its bend alike.
    0 where the state is nothing, as of fits that keep no row: no old error is left to be multiplied.
    """
    if float(np.linalg.norm(state)) < _NOTHING:
        return 0.0
    size = float(np.linalg.norm(along))
    if not size > 0:
        along = np.random.default_rng(0).standard_normal(state.size) * state
        size = float(np.linalg.norm(along)) or 1.0
    share, close = max(_SMALL, grain ** (1 / 3)), _ROUGH if grain else _CLOSE
    here, reach = turn(state), share * float(np.linalg.norm(state))
    basis, table, found = [along / size], np.zeros((_TURNS + 1, _TURNS)), 0.0
    for k in range(_TURNS):
        image = (turn(state + reach * basis[k]) - here) / reach
        if grain:  # so long a step one way leaves a bend that looks like a slow mode
            image = (image - (turn(state - reach * basis[k]) - here) / reach) / 2
        known = np.array(basis)
        for _ in range(2):  # the second time what rounding left of the first
            within = known @ image
            table[: k + 1, k] += within
            image = image - within @ known
        table[k + 1, k] = np.linalg.norm(image)
        values, modes = np.linalg.eig(table[: k + 1, : k + 1])
        slowest = np.argmax(np.abs(values))
        found = float(np.abs(values[slowest]))
        # what the mode's image has beside it; rounding makes modes of its own where one goes on for more
        if table[k + 1, k] * np.abs(modes[-1, slowest]) < close * found or table[k + 1, k] == 0:
            return found
        basis.append(image / table[k + 1, k])
    return found


def pace(path: list[Array], grain: float) -> float:
    """By what the moves of repetitions shrink, as long as they are larger than what the map may be off."""
    moves = [_moved(before, after) for before, after in pairwise(path)]
    clear = max(sum(move > _CLEAR * grain for move in moves), 2)
    some = moves[clear // 2 : clear] if clear > 3 else moves[:clear]
    return float((some[-1] / some[0]) ** (1 / (len(some) - 1)))


def followed(turn: Map, path: list[Array], most: int) -> Iterator[Array]:
    """The states on the way, as far as they are known and then on, so many in all."""

    def on() -> Iterator[Array]:
        yield from path
        state = path[-1]
        while True:
            state = turn(state)
            yield state

    return islice(on(), most)
