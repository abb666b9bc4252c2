"""Rows grouped by who labels them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from genloss.generation import Generation
from genloss.predict.moments import Shares


class Group(NamedTuple):
    """Rows with one labeler: their number, the labeler, and the variance of the label noise."""

    rows: int
    labeler: Shares
    variance: float


def groups(generation: Generation, model: int) -> list[Group]:
    """Groups of a generation; rows with one labeler and different noise are averaged."""
    found: list[Group] = []
    for source in generation.sources:
        new = Group(source.n_samples, source.labeler_numbers(model), source.label_noise**2)
        for i, known in enumerate(found):
            if known.labeler == new.labeler:
                rows = known.rows + new.rows
                total = known.rows * known.variance + new.rows * new.variance
                found[i] = Group(rows, known.labeler, total / rows)
                break
        else:
            found.append(new)
    return found


def average(members: Iterable[Group]) -> Group:
    """One group with the labeler and the noise that the rows have on average."""
    members = list(members)
    rows = sum(group.rows for group in members)
    labeler: dict[int, float] = {}
    for group in members:
        for number, share in group.labeler.items():
            labeler[number] = labeler.get(number, 0.0) + group.rows / rows * share
    return Group(rows, labeler, sum(g.rows * g.variance for g in members) / rows)
