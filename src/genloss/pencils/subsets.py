"""Rows of one design that differ: in the random subsets they are drawn for, and in their length.

A subset of k of N rows holds every row with chance k / N and, up to terms of order 1 / N, whatever
other subsets and rows it holds. Rows that are in the same subsets, and of the same length, are alike. So a
space of rows has one eigenspace for every pattern of memberships and every length; belonging to a subset is
a projector, diagonal there, and so is the length. Patterns double with every fit that draws; the unknowns
of the pencil are as many as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.pencils.expression import Array, Coefficient
from genloss.pencils.space import Space
from genloss.steps import Step

MOST_DRAWS = 14
"""Times that rows of one design are drawn or not; they then have 16,384 patterns.

Where lengths vary it is two less, and so many lengths are told apart that there are no more kinds."""

EDITED = -1
"""Stands for a fit where the rows are meant that get a new label for a model, of those that have one."""

Draws = dict[tuple[int, int], float]
"""Chance that a row takes part, by the model it was labelled for and the model that draws it, or `EDITED`."""


class Kinds(NamedTuple):
    """The kinds of rows that a design has.

    Attributes
    ----------
    drawn : dict
        Whatever is drawn of them.
    lengths, shares : ndarray of shape (lengths,)
        Their lengths, of a mean square of one, and the share of the rows that has each.
    """

    drawn: Draws
    lengths: Array
    shares: Array

    @classmethod
    def of(cls, steps: Sequence[Step], models: Sequence[int], tails: Sequence[float] = ()) -> Self:
        """The kinds of the rows that these models have in common, of squared lengths ``tails``."""
        squares, counts = np.unique(np.array(tails or (1.0,)), return_counts=True)
        drawn = _draws(steps, models, MOST_DRAWS - 2 if squares.size > 1 else MOST_DRAWS)
        squares, shares = _fewer(squares, counts / counts.sum(), 2 ** (MOST_DRAWS - len(drawn)))
        return cls(drawn, np.sqrt(squares), shares)

    def space(self, name: str, size: float) -> Space:
        """A space of rows, with an eigenspace for every kind."""
        if not self.drawn and self.lengths.size == 1:
            return Space(name, size)
        chance, inside = np.array(list(self.drawn.values())), self._patterns()
        patterns = np.where(inside, chance, 1 - chance).prod(axis=1)
        kinds = np.outer(patterns, self.shares).ravel()
        return Space(name, size, tuple((size * kinds).tolist()))

    def inside(self, label: int, fit: int) -> Coefficient:
        """Projector on the rows whose label made for one model takes part in a fit."""
        if (label, fit) not in self.drawn:
            return 1.0
        number = list(self.drawn).index((label, fit))
        return np.repeat(self._patterns()[:, number], self.lengths.size).astype(np.float64)

    @property
    def length(self) -> Coefficient:
        """The length of every kind of row."""
        if self.lengths.size == 1:
            return float(self.lengths[0])
        return np.tile(self.lengths, 2 ** len(self.drawn))

    def _patterns(self) -> npt.NDArray[np.int64]:
        """Membership of every pattern in everything drawn, shape (patterns, draws)."""
        draws = len(self.drawn)
        return np.arange(2**draws)[:, None] >> np.arange(draws) & 1


def _fewer(values: Array, shares: Array, most: int) -> tuple[Array, Array]:
    """At most so many values and shares in place of these: Gauss nodes, which leave all moments that they can."""
    if values.size <= most:
        return values, shares
    vectors = np.sqrt(shares)[:, None]
    for _ in range(most - 1):  # Lanczos
        new = values * vectors[:, -1]
        for _ in range(2):
            new = new - vectors @ (vectors.T @ new)
        vectors = np.column_stack([vectors, new / np.linalg.norm(new)])
    nodes, turn = np.linalg.eigh((vectors.T * values) @ vectors)
    return nodes, turn[0] ** 2


def _draws(steps: Sequence[Step], models: Sequence[int], most: int) -> Draws:
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
    if len(found) > most:
        raise NoTheoryError(
            f"rows of model {models[0]} are drawn or left out {len(found)} times, counting every "
            f"label they get; the pencil takes at most {most}"
            f"{' where their lengths vary' if most < MOST_DRAWS else ''}, but "
            "genloss.simulate(problem, plan) runs it"
        )
    return found
