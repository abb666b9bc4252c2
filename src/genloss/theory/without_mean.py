"""Models whose mean risk does not exist, among those that share rows.

A fit without penalty to within 1 as many rows as it has coordinates has no mean risk, unless all its labels
come from one vector: its error is largest along the direction in which its rows vary least. Whoever learns
from its labels on other rows has none either. On its own rows what it says is a projection of its labels,
which have a variance: a fit to those alone has a mean, unless it is such a fit again. So it is with least squares
on other rows, which only finds what it says once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from genloss.cautions import fitted_rows, freedom
from genloss.steps import Block, Step

Rows = tuple[int, int, int]
"""Design, start and stop of some rows."""


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
    labels: dict[int, list[Labels]] = {}
    for model in models:
        step = steps[model]
        labels[model] = [Labels.of(steps, labels, block) for block in step.blocks]
        if model in found:
            continue
        fitted = [each for k in step.fitted for each in labels[k]]
        spare, free = rows[model] - coordinates[model], coordinates[model] == dim
        # least squares is the same, whatever it is pulled to
        exact = step.is_ridge and step.penalty == 0 and spare >= 0 and free
        pulled = step.towards in found and not exact
        makers = [block for each in fitted for block in each.makers.values()]
        sound = not pulled and not any(_spoils(block, found, own) for block in makers)
        agree = free and _alike(fitted) and found.isdisjoint(fitted[0].vector or {})
        shrinks = step.penalty > 0 or step.filter is not None
        if sound and (agree or shrinks or abs(spare) > 1):
            continue
        bad = found.intersection(*(block.shares for block in makers))
        found.add(model)
        if sound and step.drawn is None:
            own[model] = [block[:3] for k in step.fitted for block in steps[k].blocks]
        elif exact and spare > 1 and len(bad) == 1 and _one_labeler(makers):
            own[model] = own.get(min(bad), [])  # but for an error that has a mean it is its labeler
    return found


class Labels(NamedTuple):
    """Labels of some rows.

    Attributes
    ----------
    makers : dict of int to Block
        The blocks with which they were made: their own, and those whose labels are kept, each once.
    vector : mapping of int to float, or None
        Coefficients by number of the model where they are exactly what one vector says.
    """

    makers: dict[int, Block]
    vector: Mapping[int, float] | None

    @classmethod
    def of(cls, steps: Sequence[Step], known: Mapping[int, list[Labels]], block: Block) -> Labels:
        """Those of a block, from those of the models before."""
        earlier = {block.since} if block.kept else set[int]()
        earlier |= {block.latest} if block.edited < 1 else set()
        had = [
            each
            for model in earlier
            for before, each in zip(steps[model].blocks, known[model], strict=True)
            if before.design == block.design
            and max(before.start, block.start) < min(before.stop, block.stop)
        ]
        makers = {id(block): block} if block.shares or block.judge or not block.kept else {}
        for each in had:
            makers |= each.makers
        if block.noise or block.edited < 1 or not _alike(had):
            return cls(makers, None)
        vector = dict(block.shares)
        for who, share in (had[0].vector or {} if had else {}).items():
            vector[who] = vector.get(who, 0.0) + block.kept * share
        return cls(makers, vector)


def _alike(labels: Sequence[Labels]) -> bool:
    """Whether some labels are all what one and the same vector says."""
    return all(each.vector is not None and each.vector == labels[0].vector for each in labels)


def _one_labeler(makers: Sequence[Block]) -> bool:
    """Whether all labels are what one vector says, and noise."""
    shares = makers[0].shares
    return all(each.shares == shares and not each.kept and each.edited == 1 for each in makers)


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
