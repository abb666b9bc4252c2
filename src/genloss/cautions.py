"""What a plan alone says about its fits: how many rows they see, and where averages do not settle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.labels.linear import Linear
from genloss.steps import Step

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def fitted_rows(steps: Sequence[Step]) -> list[int]:
    """Different rows of every fit."""
    return [step.inputs if step.drawn is None else step.drawn for step in steps]


def freedom(steps: Sequence[Step], dim: float) -> list[float]:
    """Coordinates that every fit has, a constant among them."""
    return [
        (dim if step.features is None else min(dim, step.features)) + step.intercept
        for step in steps
    ]


def contradict(step: Step) -> bool:
    """Whether labels of a fit are more than what one labeler says, which enough rows find."""
    shares = step.blocks[0].shares
    return any(
        block.shares != shares or block.noise or not isinstance(block.labels, Linear)
        for block in step.blocks
    )


def near_interpolation(
    rows: Array, freedom: Array, penalty: Array, kept: Array | float = 1.0
) -> Mask:
    """Where a fit without penalty may have within 3 as many rows as coordinates.

    With noisy labels its error then has no variance, and within 1 no mean. Of rows of which a rule keeps a share
    that is so where the number kept is by 4 of its standard deviations.
    """
    without = penalty == 0
    return without & (_missed(rows, freedom, kept, 4) <= 3) if without.any() else without


def lacks_mean(rows: float, freedom: float, kept: float) -> bool:
    """Whether so many rows, or those that a rule keeps in one run of twenty, are within 1 as many as coordinates."""
    return bool(_missed(rows, freedom, kept, 2) <= 1)


def _missed(
    rows: Array | float, freedom: Array | float, kept: Array | float, deviations: int
) -> Array:
    """How far numbers of rows stay from one of coordinates, within some standard deviations of what is kept."""
    spread = np.sqrt(rows * np.asarray(kept) * np.maximum(1 - np.asarray(kept), 0.0))
    return np.asarray(np.abs(rows * np.asarray(kept) - freedom) - deviations * spread)
