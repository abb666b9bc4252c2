"""Slopes of one fit in the numbers of its step, by differences of the second order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from genloss.steps import Block, Step

if TYPE_CHECKING:
    from genloss.theory.filters.matrices import Matrices
    from genloss.theory.filters.sources import Sources

Array = npt.NDArray[np.float64]
Own = TypeVar("Own", "Sources", "Matrices")

STEP = 1e-4
"""Of a number's logarithm."""

_ENDS = 1 + STEP, 1 - STEP


def in_numbers(
    step: Step, whole: Callable[[Step], float], *, moving: bool, weighing: bool
) -> tuple[Array, Array, float]:
    """Slopes of ``whole`` in the rows and weights of every block, NaN where not asked for, and the penalty."""
    blocks, lam = step.blocks, step.penalty

    def apart(ends: Iterable[Step], size: float) -> float:
        up, down = map(whole, ends)
        return (up - down) / (2 * STEP * size)

    def moved(place: int, block: Block) -> Step:
        return step._replace(blocks=(*blocks[:place], block, *blocks[place + 1 :]))

    n, weight = np.full((2, len(blocks)), np.nan)
    for place, block in enumerate(blocks):
        if weighing:
            weights = (moved(place, block._replace(weight=block.weight * x)) for x in _ENDS)
            weight[place] = apart(weights, block.weight)
        if moving:
            more = (moved(place, _of_rows(block, x)) for x in _ENDS)
            n[place] = apart(more, block.rows)
    lams = (step._replace(penalty=lam * x) for x in _ENDS)
    return n, weight, apart(lams, lam) if lam else 0.0


def beside(own: Own, given: Step, step: Step, made: Callable[[Step], Own]) -> Own:
    """The filter of a step that is the given one but for a number; nodes that serve a penalty serve those beside it."""
    if step is given:
        return own
    if step.blocks is not given.blocks:
        return made(step)
    assert step.filter is not None
    nodes = own.pairs.nodes
    values = np.asarray(step.filter.shrink(nodes.x, step.penalty))
    return replace(own, coefficients=nodes.of(values))


def _of_rows(block: Block, times: float) -> Block:
    """The block with some times its rows."""
    return block._replace(stop=block.start + times * block.rows)  # type: ignore[arg-type]
