"""Rows of several classes as a linear map of their labels sees them: kept by a rule, or of clouds.

``E x y' = U push`` and ``E x x' = Sigma + U bend U'``, the columns of U being Sigma times what labelers and
judges say, and the centres.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.steps import Step
from genloss.theory.several.fit import Source
from genloss.theory.several.models import Models, Shares

Array = npt.NDArray[np.float64]


class Seen(NamedTuple):
    """Rows that are kept, as a linear map of their labels sees them.

    Attributes
    ----------
    number : float
        How many.
    asked : list of Shares
        Labelers and judges, a column of U for each class of each; then come the centres.
    push, bend, square : ndarray of shape (columns, classes), (columns, columns), (classes, classes)
        Coefficients of ``E x y'`` and ``E x x'``, and ``E y y'``.
    """

    number: float
    asked: list[Shares]
    push: Array
    bend: Array
    square: Array


def seen(models: Models, step: Step, sources: Sequence[Source], only: int | None = None) -> Seen:
    """The rows of all sources, or of one by its number."""
    classes, clouds = models.classes, models.middle.shape[1]
    asked: list[Shares] = []
    for each in (shares for source in sources for shares in source.asked):
        if each not in asked:
            asked.append(each)
    size = len(asked) * classes
    push, bend = np.zeros((size + clouds, classes)), np.zeros((size + clouds, size + clouds))
    square, number = np.zeros((classes, classes)), 0.0
    middle = np.arange(size, size + clouds)
    for place, (block, source) in enumerate(zip(step.blocks, sources, strict=True)):
        if only not in (None, place):
            continue
        found, inverse = source.targets, source.inverse
        own = np.concatenate(
            [asked.index(shares) * classes + np.arange(classes) for shares in source.asked]
        )
        number += block.rows * source.accepted
        push[own] += block.rows * inverse @ found.cross
        push[middle] += block.rows * found.mean / clouds
        beyond = found.outer - source.accepted * source.covariance
        bend[np.ix_(own, own)] += block.rows * inverse @ beyond @ inverse
        mixed = block.rows * inverse @ found.first.T / clouds
        bend[np.ix_(own, middle)] += mixed
        bend[np.ix_(middle, own)] += mixed.T
        bend[middle, middle] += block.rows * found.kept / clouds
        square += block.rows * found.square
    if number < 1 and only is None:
        raise NoTheoryError(
            f"hardly a row of model {step.model} is kept; genloss.simulate(problem, plan) runs it"
        )
    over = number or 1.0
    return Seen(number, asked, push / over, bend / over, square / over)


def second_of(models: Models, asked: Sequence[Shares]) -> Array:
    """``E U_a U_b`` per direction, (columns, columns, p)."""
    s, classes = models.directions.eigenvalues, models.classes
    said = [s[:, None] * models.mean(shares) for shares in asked]
    columns = np.concatenate([*said, models.middle], axis=1)
    second = columns.T[:, None] * columns.T
    for a, one in enumerate(asked):
        for b, other in enumerate(asked):
            spread = s[:, None, None] ** 2 * models.spread(one, other)
            where = np.ix_(*(k * classes + np.arange(classes) for k in (a, b)))
            second[where] += spread.transpose(1, 2, 0)
    return np.asarray(second)
