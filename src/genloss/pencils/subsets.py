"""Fits to random subsets of the rows so far: which rows are in which subset.

A subset of k of N rows holds every row with chance k / N and, up to terms of order 1 / N, whatever
other subsets and rows it holds. Rows that are in the same subsets are alike. So a space of rows has
one eigenspace for every pattern of memberships, and belonging to a subset is a projector, diagonal
there. Patterns double with every fit that draws; the unknowns of the pencil are as many as before.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.pencils.expression import Coefficient
from genloss.pencils.space import Space
from genloss.steps import Step

MOST_DRAWS = 14
"""Times that rows of one design are drawn or not; they then have 16,384 patterns."""

EDITED = -1
"""Stands for a fit where the rows are meant that get a new label for a model, of those that have one."""

Draws = dict[tuple[int, int], float]
"""Chance that a row takes part, by the model it was labelled for and the model that draws it, or `EDITED`."""


def draws(steps: Sequence[Step], models: Sequence[int]) -> Draws:
    """Whatever is drawn from the rows that these models have in common."""
    found = {
        (label, step.model): step.drawn / step.rows
        for step in steps
        if step.drawn is not None and step.drawn < step.rows
        for label in models
        if label in step.fitted
    }
    found |= {
        (step.model, EDITED): block.edited
        for step in steps
        if step.model in models
        for block in step.blocks
        if block.edited < 1 and block.design == models[0]
    }
    if len(found) > MOST_DRAWS:
        raise NoTheoryError(
            f"rows of model {models[0]} are drawn or left out {len(found)} times, counting every "
            f"label they get; the pencil takes at most {MOST_DRAWS}, but "
            "genloss.simulate(problem, plan) runs it"
        )
    return found


def row_space(name: str, size: float, drawn: Draws) -> Space:
    """A space of rows, with an eigenspace for every pattern of memberships."""
    if not drawn:
        return Space(name, size)
    chance, inside = np.array(list(drawn.values())), _patterns(drawn)
    shares = np.where(inside, chance, 1 - chance).prod(axis=1)
    return Space(name, size, tuple((size * shares).tolist()))


def inside(drawn: Draws, label: int, fit: int) -> Coefficient:
    """Projector on the rows whose label made for one model takes part in a fit."""
    if (label, fit) not in drawn:
        return 1.0
    return _patterns(drawn)[:, list(drawn).index((label, fit))].astype(np.float64)


def _patterns(drawn: Draws) -> npt.NDArray[np.int64]:
    """Membership of every pattern in everything drawn, shape (patterns, draws)."""
    return np.arange(2 ** len(drawn))[:, None] >> np.arange(len(drawn)) & 1
