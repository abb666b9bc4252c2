"""Conjugate gradients for many runs at once: a fit that only asks for products."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Product = Callable[[Array], Array]

TOLERANCE = 1e-6
"""Length of the residual, relative to the first, at which a run is done: errors are then off by about
one in a million, and by 4e-5 in the worst single run."""


class Solved(NamedTuple):
    """Solutions of shape (runs, dim), which runs are done, and how many steps the slowest took."""

    solution: Array
    done: npt.NDArray[np.bool_]
    steps: int


def solve(
    product: Product,
    right: Array,
    inverse: Array | float,
    *,
    whole: bool = False,
    tolerance: float = TOLERANCE,
    most: int = 100_000,
) -> Solved:
    """Solve ``H w = right`` for every run, from zero on.

    Parameters
    ----------
    product : callable
        ``H p`` of arrays of shape (runs, dim), H symmetric and not negative; in an array of its own.
    right : ndarray of shape (runs, dim)
        Right sides, in the range of H.
    inverse : ndarray of shape (dim,) or (runs, dim), or float
        Diagonal that stands for the inverse of H. Where H is singular the solution has the least norm
        in the coordinates in which this is constant.
    whole : bool
        Whether ``inverse`` is a matrix of shape (dim, dim) instead.
    tolerance : float
        Where a run stops: length of its residual in the norm of ``inverse``, relative to the first.
    most : int
        Most steps.
    """
    solution, room = np.zeros_like(right), np.empty_like(right)
    scaled_by = np.matmul if whole else np.multiply
    residual = right.copy()
    direction = scaled_by(residual, inverse)
    size = np.vecdot(residual, direction)
    goal = tolerance**2 * size
    steps = 0
    # a run that is done stays where it is: its direction is zero and reveals nothing
    while (active := size > goal).any() and steps < most:
        steps += 1
        if not active.all():
            direction[~active] = 0
        image = product(direction)
        step = _ratio(size, np.vecdot(direction, image), active)[:, None]
        solution += np.multiply(step, direction, out=room)
        residual -= np.multiply(step, image, out=image)
        scaled = scaled_by(residual, inverse, out=image)
        before, size = size, np.vecdot(residual, scaled)
        direction *= _ratio(size, before, active)[:, None]
        direction += scaled
    return Solved(solution, ~active, steps)


def _ratio(over: Array, under: Array, where: npt.NDArray[np.bool_]) -> Array:
    return np.divide(over, under, out=np.zeros_like(over), where=where & (under > 0))
