"""A Gaussian matrix that is revealed from both sides: along rows and columns, and nowhere else.

Of ``X`` with independent standard normal entries one may ask ``X v`` and ``X'u`` in any order, each
question depending on all answers so far. Given the answers, what is orthogonal to every ``v`` on the
right and to every ``u`` on the left is as it was: independent standard normal. A question in a new
direction costs as many random numbers as its answer has entries. Rows are kept in place, so that any
function of rows may come between two questions: losses, labels, which rows take part.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.trials.revealed.products import Stack, add_direction, apply, combine

Array = npt.NDArray[np.float64]


class Entries:
    """Matrices of independent standard normal entries, one of every run.

    Parameters
    ----------
    rows, columns : int
        Their shape.
    runs : int
        Number of runs.
    rng : numpy.random.Generator
        Where the entries come from, in the order in which they are asked for.
    expected : int
        How many directions will be asked for on each side; more only cost a copy.
    """

    def __init__(
        self, rows: int, columns: int, runs: int, rng: np.random.Generator, expected: int = 16
    ) -> None:
        self._rng = rng
        self._right = Stack(runs, columns, expected), Stack(runs, rows, expected)
        self._left = Stack(runs, rows, expected), Stack(runs, columns, expected)

    def right(self, vectors: Array) -> Array:
        """``X v`` of every run: (runs, columns) to (runs, rows)."""
        return _answer(vectors, self._right, self._left, self._rng)

    def left(self, vectors: Array) -> Array:
        """``X'u`` of every run: (runs, rows) to (runs, columns)."""
        return _answer(vectors, self._left, self._right, self._rng)


def _answer(
    vectors: Array,
    asked: tuple[Stack, Stack],
    other: tuple[Stack, Stack],
    rng: np.random.Generator,
) -> Array:
    """The image of vectors on one side, given the directions and images on both."""
    directions, images = asked
    new = add_direction(vectors, directions)
    if new.any():
        direction = directions.matrix[:, -1]
        others, seen = (stack.matrix for stack in other)
        # what the other side knows of the new direction, and fresh numbers where it knows nothing
        image = images.next()
        rng.standard_normal(out=image)
        image -= combine(apply(others, image) - apply(seen, direction), others)
        if not new.all():
            image[~new] = 0
    return combine(apply(directions.matrix, vectors), images.matrix)
