"""Rows grouped by who labels them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.plan import Plan
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


def groups(plans: Sequence[Plan], model: int) -> list[Group]:
    """Groups of a generation; rows with one labeler and different noise are averaged."""
    found: list[Group] = []
    generations = [plan.generations[model] for plan in plans]
    for number, first in enumerate(generations[0].sources):
        sources = [generation.sources[number] for generation in generations]
        rows = np.array([[float(source.n_samples)] for source in sources])
        variance = np.array([[source.label_noise**2] for source in sources])
        new = Group(rows, first.labeler_numbers(model), variance)
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
