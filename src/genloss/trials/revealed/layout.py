"""Which rows of a plan are revealed together: those that no later fit tells apart.

Rows of one design that are labelled once, have one covariance and weigh alike in every fit are one
block, however many labelers they have. All other rows are a block for every stretch that is labelled
or fitted in its own way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from genloss.covariances import Covariance
from genloss.steps import Block, Step

Key = tuple[object, ...]


class Stretch(NamedTuple):
    """Rows of a design that are always treated alike."""

    design: int
    start: int
    stop: int

    def covered(self, blocks: Sequence[Block]) -> Iterator[Block]:
        """The blocks that hold these rows."""
        for block in blocks:
            if block.design == self.design and block.start <= self.start < block.stop:
                yield block


class Group(NamedTuple):
    """Rows that are revealed as one block.

    Attributes
    ----------
    stretches : tuple of Stretch
        Its parts, which have labelers of their own.
    covariance : Covariance or None
        What the inputs were drawn with; None for the problem's spectrum.
    weights : mapping of int to float
        Weight of its rows in the fits in which they take part, by number of the model.
    noises : int
        How many noisy labels every part will get at most.
    """

    stretches: tuple[Stretch, ...]
    covariance: Covariance | None
    weights: Mapping[int, float]
    noises: int

    @property
    def design(self) -> int:
        """The model for which they are drawn."""
        return self.stretches[0].design

    @property
    def sizes(self) -> list[int]:
        """Numbers of rows of the parts."""
        return [stretch.stop - stretch.start for stretch in self.stretches]


def groups(steps: Sequence[Step]) -> list[Group]:
    """All rows of a plan that are ever fitted, in as few blocks as its fits allow."""
    uses: dict[int, list[tuple[int, Block]]] = {}
    for step in steps:
        for block in step.blocks:
            uses.setdefault(block.design, []).append((step.model, block))
    found: dict[Key, list[Stretch]] = {}
    noises: dict[Key, int] = {}
    for design, pairs in uses.items():
        bounds = sorted({bound for _, block in pairs for bound in (block.start, block.stop)})
        for stretch in (Stretch(design, *ends) for ends in pairwise(bounds)):
            own = [(m, b) for m, b in pairs if b.start <= stretch.start < b.stop]
            later = steps[design : steps[design].last_fit + 1]
            weights = tuple((step.model, _weight(step, own)) for step in later)
            once = len(own) == 1 and own[0][0] == design
            key = (own[0][1].covariance, weights, None if once else stretch, design)
            found.setdefault(key, []).append(stretch)
            noisy = sum(block.noise > 0 for _, block in own)
            noises[key] = max(noises.get(key, 0), noisy)
    return [
        Group(tuple(parts), key[0], {m: w for m, w in key[1] if w}, noises[key])  # type: ignore[arg-type, attr-defined]
        for key, parts in found.items()
    ]


def _weight(step: Step, own: Sequence[tuple[int, Block]]) -> float:
    """Weight of a row in a fit, counted as often as the row was labelled."""
    return sum((block.weight for model, block in own if model in step.fitted), 0.0)
