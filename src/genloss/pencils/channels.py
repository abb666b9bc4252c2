"""How traces of G enter eta.

A Gaussian matrix in row a and column b of the pencil, and its transpose in row b' and column c, add
``left (sum_i r_i G_i[b, b']) right`` to ``eta[a, c]``. That trace is one *channel*.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.pencils.expression import Array
from genloss.pencils.layout import Block, Layout, Matrices
from genloss.pencils.pencil import Occurrence, Pencil

Floats = npt.NDArray[np.floating[Any]]


class Channel(NamedTuple):
    """A trace read in G at one pair of unknowns, written into eta at another."""

    read: tuple[int, int]
    write: tuple[int, int]
    reads: Array
    writes: Array


@dataclass(frozen=True, eq=False)
class System:
    """A Dyson equation while its blocks are filled."""

    layout: Layout
    G: Matrices
    kernel: Matrices
    """Q0 - eta(G), as far as G is known."""
    eta: Matrices
    """Scratch."""


class Feedback:
    """The channels of a block that are written into that block too: they determine each other.

    Parameters
    ----------
    system : System
        What the block belongs to.
    channels : sequence of Channel
        All that are read in the block.
    target, source : int
        Its row and column among the blocks.
    """

    def __init__(
        self, system: System, channels: Sequence[Channel], target: int, source: int
    ) -> None:
        layout = system.layout
        self._system, self._block = system, (target, source)
        self.channels = [c for c in channels if layout.blocks_of(*c.write) == self._block]
        self._into = {}
        for space in {layout.space_of[c.write[0]] for c in self.channels}:
            own = [k for k, c in enumerate(self.channels) if layout.space_of[c.write[0]] == space]
            into = [[layout.position[node] for node in self.channels[k].write] for k in own]
            writes = np.array([self.channels[k].writes for k in own]).T
            self._into[space] = np.array(own), *np.array(into).T, writes

    def traces(self, G: Matrices) -> Array:
        """The traces, shape (channels,)."""
        return np.array([c.reads @ self._system.layout.entry(G, *c.read) for c in self.channels])

    def eta(self, traces: Floats) -> Block:
        """The block of eta that these traces make, valid until the next call."""
        layout, eta = self._system.layout, self._system.eta
        block = layout.block(eta, *self._block)
        for part in block.values():
            part[:] = 0
        for trace, c in zip(traces, self.channels, strict=True):
            layout.entry(eta, *c.write)[:] += trace * c.writes
        return block

    def coupling(self) -> Array:
        """Derivative of the traces of ``G eta G`` in the traces that eta is made of."""
        layout, jacobian = self._system.layout, np.zeros(2 * (len(self.channels),))
        for k, c in enumerate(self.channels):
            space = layout.space_of[c.read[0]]
            if space in self._into:
                own, left, right, writes = self._into[space]
                g, (row, column) = self._system.G[space], (layout.position[u] for u in c.read)
                jacobian[k, own] = c.reads @ (g[:, row, left] * writes * g[:, right, column])
        return jacobian


def channels_of(pencil: Pencil, layout: Layout) -> dict[tuple[int, int], list[Channel]]:
    """All channels, by the pair of blocks in which they are read."""
    found = defaultdict[tuple[int, int], list[Channel]](list)
    for one, other in opposites(pencil, layout):
        read, write = (one.unknown, other.equation), (one.equation, other.unknown)
        reads = pencil.spaces[one.unknown].weights * one.right * other.left
        writes = np.ones(pencil.spaces[one.equation].directions) * one.left * other.right
        found[layout.blocks_of(*read)].append(Channel(read, write, reads, writes))
    return found


def opposites(pencil: Pencil, layout: Layout) -> Iterator[tuple[Occurrence, Occurrence]]:
    """Pairs of occurrences of a matrix and its transpose, whose trace need not vanish."""
    by_matrix = defaultdict[int, tuple[list[Occurrence], list[Occurrence]]](lambda: ([], []))
    for entry in pencil.occurrences:
        by_matrix[entry.gaussian.serial][entry.gaussian.flipped].append(entry)
    for straight, flipped in by_matrix.values():
        for one, other in (*product(straight, flipped), *product(flipped, straight)):
            if layout.reaches[layout.blocks_of(one.unknown, other.equation)]:
                yield one, other
