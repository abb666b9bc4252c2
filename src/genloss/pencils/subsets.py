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
"""Times that rows of one design are drawn or not of which all patterns are looked at, at most 16,384.

Where lengths vary it is two less, and so many lengths are told apart that there are no more kinds."""

FEWER = 2**12
"""Kinds of rows that stand for all where there are more patterns: some that are as likely as any."""

MOST_TOGETHER = 12
"""Labels of a row that may be drawn for one fit, or not."""

EDITED = -1
"""Stands for a fit where the rows are meant that get a new label for a model, of those that have one."""

Draws = dict[tuple[int, int], float]
"""Chance that a row takes part, by the model it was labelled for and the model that draws it, or `EDITED`."""

Patterns = npt.NDArray[np.bool_]


class Kinds(NamedTuple):
    """The kinds of rows that a design has.

    Attributes
    ----------
    drawn : dict
        Whatever is drawn of them.
    inside_of : ndarray of bool of shape (kinds, draws)
        In which of these subsets rows are.
    lengths, shares : ndarray of shape (kinds,)
        Their length, of a mean square of one, and the share of all rows.
    """

    drawn: Draws
    inside_of: Patterns
    lengths: Array
    shares: Array

    @classmethod
    def of(cls, steps: Sequence[Step], models: Sequence[int], tails: Sequence[float] = ()) -> Self:
        """The kinds of the rows that these models have in common, of squared lengths ``tails``."""
        drawn = _draws(steps, models)
        squares, counts = np.unique(np.array(tails or (1.0,)), return_counts=True)
        if len(drawn) > MOST_DRAWS - 2 * (squares.size > 1):
            return cls._some(drawn, np.sqrt(squares), counts)
        squares, shares = _fewer(squares, counts / counts.sum(), 2 ** (MOST_DRAWS - len(drawn)))
        inside_of, chances = _patterns(list(drawn.values()))
        return cls(
            drawn,
            np.repeat(inside_of, squares.size, axis=0),
            np.tile(np.sqrt(squares), len(inside_of)),
            np.outer(chances, shares).ravel(),
        )

    @classmethod
    def _some(cls, drawn: Draws, lengths: Array, counts: npt.NDArray[np.intp]) -> Self:
        """Some kinds in the place of too many: of every fit as often each pattern as is likely.

        What fits draw is independent, up to chance of the order of one over the root of the number.
        """
        rng = np.random.default_rng(0)
        ranks = (np.arange(FEWER) + 0.5) / FEWER

        def dealt(chances: Array) -> npt.NDArray[np.intp]:
            """Numbers of cases, each as often as is likely, in any order."""
            found = np.searchsorted(np.cumsum(chances / chances.sum()), ranks)
            return rng.permutation(np.minimum(found, chances.size - 1))

        inside_of = np.empty((FEWER, len(drawn)), dtype=bool)
        together: dict[tuple[int, int], list[int]] = {}
        for place, (label, fit) in enumerate(drawn):
            together.setdefault((fit, label if fit == EDITED else 0), []).append(place)
        for (fit, _), places in together.items():
            if len(places) > MOST_TOGETHER:
                raise NoTheoryError(
                    f"{len(places)} labels of a row may be drawn for model {fit}, or left out; the pencil takes "
                    f"at most {MOST_TOGETHER}, but genloss.simulate(problem, plan) runs it"
                )
            patterns, chances = _patterns([list(drawn.values())[place] for place in places])
            inside_of[:, places] = patterns[dealt(chances)]
        length = lengths[dealt(counts.astype(np.float64))]
        return cls(drawn, inside_of, length, np.full(FEWER, 1 / FEWER))

    def space(self, name: str, size: float) -> Space:
        """A space of rows, with an eigenspace for every kind."""
        if self.shares.size == 1:
            return Space(name, size)
        return Space(name, size, tuple((size * self.shares).tolist()))

    def inside(self, label: int, fit: int) -> Coefficient:
        """Projector on the rows whose label made for one model takes part in a fit."""
        if (label, fit) not in self.drawn:
            return 1.0
        return self.inside_of[:, list(self.drawn).index((label, fit))].astype(np.float64)

    @property
    def length(self) -> Coefficient:
        """The length of every kind of row."""
        return 1.0 if (self.lengths == 1).all() else self.lengths


def _patterns(chances: Sequence[float]) -> tuple[Patterns, Array]:
    """All patterns of memberships, shape (patterns, draws), and how likely they are."""
    draws = len(chances)
    inside_of = (np.arange(2**draws)[:, None] >> np.arange(draws) & 1).astype(bool)
    chance = np.array(chances)
    return inside_of, np.where(inside_of, chance, 1 - chance).prod(axis=1)


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


def _draws(steps: Sequence[Step], models: Sequence[int]) -> Draws:
    """Whatever is drawn from the rows that these models have in common."""
    found = {
        (label, step.model): step.drawn / step.rows
        for step in steps
        if step.drawn is not None and step.drawn < step.rows
        for label in models
        if label in step.fitted
    }
    return found | {
        (step.model, EDITED): block.edited
        for step in steps
        if step.model in models
        for block in step.blocks
        if 0 < block.edited < 1 and block.design == models[0]
    }
