"""Blocks of points: rectangles of the grid, each one chunk of every array of the store."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

SHORTEST, LONGEST = 1.0, 30.0
"""Seconds a block should take: engine and store cost some 10 ms each, a crash costs a block."""

MEASURABLE, SLOW = 0.2, 5.0
"""Seconds of work that give a point's cost well enough, and that imports cannot account for."""

STEADY = 0.8
"""Share of the time per point of half as many above which more would not tell more."""

PER_WORKER = 32
"""Blocks each worker gets if they are neither too short nor too long: the last ones even out."""

MOST_NUMBERS = 2_000_000
"""Entries of one array in one block, 16 MB; rounding to a rectangle may double it."""

GROWTH = (1.0, 1.1, 1.2, 1.35, 1.5, 1.7, 2.0)
"""Factors that are tried until a rectangle is no smaller than wanted; the last one always is not."""


@dataclass(frozen=True)
class Blocks:
    """A grid of points cut into rectangles.

    Parameters
    ----------
    shape : tuple of int
        Length of every axis.
    chunk : tuple of int
        Length of a block along every axis; the last blocks may be shorter.
    """

    shape: tuple[int, ...]
    chunk: tuple[int, ...]

    @classmethod
    def of_size(cls, shape: tuple[int, ...], size: int) -> Blocks:
        """Return blocks of about ``size`` points: whole last axes, part of one, single entries.

        Examples
        --------
        >>> from genloss.sweeps.blocks import Blocks
        >>> Blocks.of_size((5, 100, 20), 500).chunk
        (1, 25, 20)
        """
        chunk: list[int] = []
        room = max(1, size)
        for length in reversed(shape):
            # pieces of equal length rather than a short last one
            pieces = math.ceil(length / min(length, room))
            chunk.append(math.ceil(length / pieces))
            room = max(1, room // length)
        return cls(shape, tuple(reversed(chunk)))

    @classmethod
    def lasting(cls, shape: tuple[int, ...], size: int) -> Blocks:
        """Return blocks of ``size`` points at least, and of less than twice as many.

        `of_size` rounds down to a rectangle, by a factor of up to two, and so may make blocks that
        are too short to be worth sending.

        Examples
        --------
        >>> from genloss.sweeps.blocks import Blocks
        >>> Blocks.of_size((50, 100), 175).chunk, Blocks.lasting((50, 100), 175).chunk
        ((1, 100), (2, 100))
        """
        room = min(size, math.prod(shape))
        more = (cls.of_size(shape, math.ceil(room * factor)) for factor in GROWTH)
        return next(blocks for blocks in more if math.prod(blocks.chunk) >= room)

    @property
    def grid(self) -> tuple[int, ...]:
        """Number of blocks along every axis."""
        return tuple(
            math.ceil(length / piece) for length, piece in zip(self.shape, self.chunk, strict=True)
        )

    def __len__(self) -> int:
        return math.prod(self.grid)

    def place(self, block: int) -> tuple[int, ...]:
        """Return where a block is in the grid of blocks."""
        return tuple(int(i) for i in np.unravel_index(block, self.grid))

    def region(self, block: int) -> tuple[slice, ...]:
        """Return the part of the grid of points that a block covers."""
        return tuple(
            slice(i * piece, min((i + 1) * piece, length))
            for i, piece, length in zip(self.place(block), self.chunk, self.shape, strict=True)
        )

    def n_points(self, block: int) -> int:
        """Return how many points a block has."""
        return math.prod(part.stop - part.start for part in self.region(block))


def best_size(seconds: float, n_points: int, n_workers: int, numbers_per_point: int) -> int:
    """Return how many points make a block that is worth sending, from the time of one point.

    Examples
    --------
    >>> from genloss.sweeps.blocks import best_size
    >>> best_size(1e-3, 10_000, 2, 10)  # a second each: shorter ones would cost overhead
    1000
    >>> best_size(60.0, 10_000, 2, 10)  # a minute each: nothing to bundle
    1
    """
    fair = seconds * n_points / (PER_WORKER * n_workers)
    target = min(max(fair, SHORTEST), LONGEST)
    most = max(1, MOST_NUMBERS // max(1, numbers_per_point))
    return max(1, min(round(target / max(seconds, 1e-6)), most, n_points))


def seconds_per_point(measure: Callable[[list[int]], float], n_points: int) -> float:
    """Return the mean time of points spread over the grid: of more and more until it is measurable.

    Parameters
    ----------
    measure : callable
        Computes the points of these numbers and returns the seconds it took.
    n_points : int
        Number of points of the grid.
    """
    first, count, before = measure([0]), 1, math.inf
    if first > SLOW:
        return first
    while True:
        numbers = np.unique(np.linspace(0, n_points - 1, count).astype(int)).tolist()
        seconds = measure(numbers)
        each = seconds / len(numbers)
        # many points may take less time each than few
        enough = seconds > MEASURABLE and each > STEADY * before
        if enough or seconds > SHORTEST or len(numbers) == n_points:
            return each
        before, count = each, 2 * count
