"""Rows grouped by who labels them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.steps import Step
from genloss.theory.moments import Shares

Array = npt.NDArray[np.float64]


class Group(NamedTuple):
    """Rows with one labeler.

    Their number and the variance of the label noise have shape (n_plans, 1).
    """

    rows: Array
    labeler: Shares
    variance: Array

    @property
    def noisy(self) -> bool:
        """Whether the labels are noisy, in all plans of a batch or in none."""
        return bool(self.variance.any())


def groups(chains: Sequence[Sequence[Step]], model: int) -> list[Group]:
    """Groups of the rows of a model; those with one labeler and different noise are averaged."""
    found: list[Group] = []
    for blocks in zip(*(steps[model].blocks for steps in chains), strict=True):
        rows = np.array([[float(block.rows)] for block in blocks])
        variance = np.array([[block.noise**2] for block in blocks])
        new = Group(rows, blocks[0].shares, variance)
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
    rows = sum((group.rows for group in members), start=np.zeros(1))
    labeler: dict[int, float | Array] = {}
    for group in members:
        for number, share in group.labeler.items():
            labeler[number] = labeler.get(number, 0.0) + group.rows / rows * share
    total = sum((g.rows * g.variance for g in members), start=np.zeros(1))
    return Group(rows, labeler, total / rows)
