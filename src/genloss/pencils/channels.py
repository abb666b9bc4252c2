"""How traces of G enter eta.

A Gaussian matrix in row a and column b of the pencil, and its transpose in row b' and column c, add
``left (sum_i r_i G_i[b, b']) right`` to ``eta[a, c]``. That trace is one *channel*.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.pencils.expression import Array
from genloss.pencils.layout import Block, Layout, Matrices
from genloss.pencils.pencil import Occurrence, Pencil

Floats = npt.NDArray[np.floating[Any]]


class Channel(NamedTuple):
    """A trace read in G at (row, column) of one space, and where eta takes it."""

    space: int
    row: int
    column: int
    reads: Array
    into: int
    left: int
    right: int
    writes: Array
    feeds_back: bool
    """Whether it enters eta in the very block in which it is read."""

    def trace(self, G: Matrices) -> float:
        """The trace."""
        return float(self.reads @ G[self.space][:, self.row, self.column])


class Feedback:
    """The channels of a block that feed back: their traces determine each other.

    Parameters
    ----------
    channels : sequence of Channel
        All that are read in the block.
    layout : Layout
        Where it stands.
    target, source : int
        The block, by its row and column among the blocks.
    """

    def __init__(
        self, channels: Sequence[Channel], layout: Layout, target: int, source: int
    ) -> None:
        self.channels = [c for c in channels if c.feeds_back]
        self._rows, self._cols = layout.parts[target], layout.parts[source]
        self._into = {}
        for space in {c.into for c in self.channels}:
            own = [k for k, c in enumerate(self.channels) if c.into == space]
            left = [self.channels[k].left for k in own]
            right = [self.channels[k].right for k in own]
            writes = np.array([self.channels[k].writes for k in own]).T
            self._into[space] = own, left, right, writes

    def traces(self, G: Matrices) -> Array:
        """The traces, shape (channels,)."""
        return np.array([c.trace(G) for c in self.channels])

    def eta(self, traces: Floats, like: Block) -> Block:
        """The block of eta that these traces make."""
        eta = {space: np.zeros_like(part) for space, part in like.items()}
        for trace, c in zip(traces, self.channels, strict=True):
            left, right = c.left - self._rows[c.into].start, c.right - self._cols[c.into].start
            eta[c.into][:, left, right] += trace * c.writes
        return eta

    def coupling(self, G: Matrices) -> Array:
        """Derivative of the traces of ``G eta G`` in the traces that eta is made of."""
        jacobian = np.zeros((len(self.channels), len(self.channels)))
        for k, c in enumerate(self.channels):
            if c.space in self._into:
                own, left, right, writes = self._into[c.space]
                g = G[c.space]
                jacobian[k, own] = c.reads @ (g[:, c.row, left] * writes * g[:, right, c.column])
        return jacobian


def channels_of(pencil: Pencil, layout: Layout) -> dict[tuple[int, int], list[Channel]]:
    """All channels, by the pair of blocks in which they are read."""
    found = defaultdict[tuple[int, int], list[Channel]](list)
    block, space, position = layout.block_of, layout.space_of, layout.position
    for one, other in opposites(pencil, layout):
        read = block[one.unknown], block[other.equation]
        inside, outside = (layout.spaces[space[k]] for k in (one.unknown, one.equation))
        found[read].append(
            Channel(
                space[one.unknown],
                position[one.unknown],
                position[other.equation],
                inside.weights * one.right * other.left,
                space[one.equation],
                position[one.equation],
                position[other.unknown],
                np.ones(outside.directions) * one.left * other.right,
                read == (block[one.equation], block[other.unknown]),
            )
        )
    return found


def opposites(pencil: Pencil, layout: Layout) -> Iterator[tuple[Occurrence, Occurrence]]:
    """Pairs of occurrences of a matrix and its transpose, whose trace need not vanish."""
    by_matrix = defaultdict[int, tuple[list[Occurrence], list[Occurrence]]](lambda: ([], []))
    for entry in pencil.occurrences:
        by_matrix[entry.gaussian.serial][entry.gaussian.flipped].append(entry)
    for straight, flipped in by_matrix.values():
        for one, other in (*product(straight, flipped), *product(flipped, straight)):
            if layout.reaches[layout.block_of[one.unknown], layout.block_of[other.equation]]:
                yield one, other
