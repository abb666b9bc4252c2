"""Models whose mean risk does not exist, among those that share rows.

A fit without penalty to within 1 as many rows as it has coordinates has no mean risk, unless all its labels
come from one vector: its error is largest along the direction in which its rows vary least. Whoever learns
from its labels on other rows has none either. On its own rows what it says is a projection of its labels,
which have a variance: a fit to those alone has a mean, unless it is such a fit again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from genloss.cautions import fitted_rows, freedom
from genloss.steps import Block, Step

Rows = tuple[int, int, int]
"""Design, start and stop of some rows."""
Makers = dict[int, Block]
"""Blocks, each once."""


def without_mean(
    steps: Sequence[Step], models: range, dim: float, lost: Iterable[int] = ()
) -> set[int]:
    """Those of some models whose risk has no mean, and all that are lost.

    Parameters
    ----------
    steps : sequence of Step
        The plan, as far as the last of the models.
    models : range
        Where to look: no fit among them uses rows drawn before.
    dim : float
        Number of directions.
    lost : iterable of int
        Models of which it is known: before these, or one of them that is no ridge regression.
    """
    found = {*lost}
    own: dict[int, list[Rows]] = {}  # rows on which a model without mean says what has a variance
    coordinates, rows = freedom(steps, dim), fitted_rows(steps)
    makers: dict[int, list[Makers]] = {}
    for model in models:
        step = steps[model]
        makers[model] = [_makers(steps, makers, block) for block in step.blocks]
        made = [each for k in step.fitted for some in makers[k] for each in some.values()]
        sound = step.towards not in found and not any(_spoils(each, found, own) for each in made)
        near = step.penalty == 0 and abs(rows[model] - coordinates[model]) <= 1
        if model in found or (sound and (not near or _agree(step, made, dim, found))):
            continue
        found.add(model)
        if sound and step.drawn is None:
            own[model] = [block[:3] for member in step.fitted for block in steps[member].blocks]
    return found


def _makers(steps: Sequence[Step], known: Mapping[int, list[Makers]], block: Block) -> Makers:
    """The blocks with which the labels of a block were made: its own, and those whose labels it keeps."""
    found = {id(block): block} if block.shares or block.judge or not block.kept else {}
    earlier = ([block.since] if block.kept else []) + ([block.latest] if block.edited < 1 else [])
    for model in earlier:
        for before, some in zip(steps[model].blocks, known[model], strict=True):
            apart = before.stop <= block.start or block.stop <= before.start
            if before.design == block.design and not apart:
                found |= some
    return found


def _spoils(block: Block, found: set[int], own: dict[int, list[Rows]]) -> bool:
    """Whether labels that a block makes have no variance."""
    asked = found & {*block.shares, *block.judge}
    return not all(_cover(own.get(labeler, []), block[:3]) for labeler in asked)


def _cover(own: Sequence[Rows], rows: Rows) -> bool:
    """Whether some rows are all among others."""
    design, covered, stop = rows
    for other, first, last in sorted(own):
        if other == design and first <= covered:
            covered = max(covered, last)
    return covered >= stop


def _agree(step: Step, made: Sequence[Block], dim: float, found: set[int]) -> bool:
    """Whether all labels are what one vector says, of a model with a mean, and can be fitted."""
    shares = made[0].shares
    can = step.features is None or step.features >= dim
    return (
        can
        and found.isdisjoint(shares)
        and all(each.shares == shares and not (each.noise or each.kept) for each in made)
    )
