"""Products of a small matrix of every run with a vector of every run."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def apply(matrices: Array, vectors: Array) -> Array:
    """``M v`` of every run: (t, k, d) and (t, d) to (t, k)."""
    return np.asarray((matrices @ vectors[:, :, None])[:, :, 0])


def combine(coefficients: Array, matrices: Array, out: Array | None = None) -> Array:
    """``M'c`` of every run: (t, k) and (t, k, d) to (t, d)."""
    room = None if out is None else out[:, None]
    return np.asarray(np.matmul(coefficients[:, None], matrices, out=room)[:, 0])


class Stack:
    """Rows that are appended one by one to a matrix of every run.

    Parameters
    ----------
    runs, width : int
        Shape of what is appended.
    expected : int
        How many rows there will be; more only cost a copy.
    """

    def __init__(self, runs: int, width: int, expected: int) -> None:
        # one row of all runs lies together, so that it can be filled in place
        self._rows = np.empty((max(expected, 2), runs, width))
        self._count = 0
        self.room = np.empty((runs, width))
        """For what is needed for a moment: fresh memory costs as much as what is done in it."""

    def next(self) -> Array:
        """A new row, to be filled by whoever asked for it."""
        if self._count == len(self._rows):
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
        self._count += 1
        return self._rows[self._count - 1]

    def drop(self) -> None:
        """Take the last row away again."""
        self._count -= 1

    @property
    def matrix(self) -> Array:
        """The rows there are, shape (runs, count, width)."""
        return self._rows[: self._count].transpose(1, 0, 2)


def add_direction(vectors: Array, directions: Stack) -> npt.NDArray[np.bool_]:
    """Append to orthonormal directions what is new in ``vectors``; where there was anything new.

    Taking away what is known leaves rounding of its size, on which conjugate gradients do not
    converge if it is not small beside what is new: then it is taken away again. Where nothing is new
    the appended row is zero, and where it is so in all runs nothing is appended.
    """
    known = directions.matrix
    within = apply(known, vectors)
    rest = directions.next()
    np.subtract(vectors, combine(within, known, directions.room), out=rest)
    left = np.vecdot(rest, rest)
    size = np.vecdot(within, within) + left
    for little in (1e-2, 1e-12):
        if (left < little * size).any():
            rest -= combine(apply(known, rest), known, directions.room)
            left = np.vecdot(rest, rest)
    new = np.asarray(left > 1e-20 * size)
    if new.all():
        rest *= (1 / np.sqrt(left))[:, None]
    elif new.any():
        rest *= np.divide(1, np.sqrt(left), out=np.zeros_like(left), where=new)[:, None]
    else:
        directions.drop()
    return new
