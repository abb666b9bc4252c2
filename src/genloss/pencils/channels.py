"""How traces of G enter eta.

A Gaussian matrix in row a and column b of the pencil, and its transpose in row b' and column c, add
``left (sum_i r_i G_i[b, b']) right`` to ``eta[a, c]``. That trace is one *channel*.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.pencils.expression import Array, Coefficient
from genloss.pencils.few import Few
from genloss.pencils.layout import Block, Layout, Matrices, product
from genloss.pencils.pencil import Occurrence, Pencil

Floats = npt.NDArray[np.floating[Any]]


class Channel(NamedTuple):
    """A trace read in G at one pair of unknowns, written into eta at another.

    Where one of the spaces is full, the covariance is read or written there, and all numbers stand in
    the other space: channels share their matrices.
    """

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
    few: Mapping[int, Few] = field(default_factory=dict)
    """The kernel again, of full spaces."""

    def add(self, row: int, column: int, value: Coefficient, by: float = 1.0) -> None:
        """Add to an entry of the kernel."""
        layout = self.layout
        layout.add(self.kernel, row, column, value if by == 1 else by * value)
        if few := self.few.get(layout.space_of[row]):
            few.add(layout.position[row], layout.position[column], value, by)


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
        self._eta = layout.block(system.eta, *self._block)
        self._written = [(layout.entry(system.eta, *c.write), c.writes) for c in self.channels]
        self._into = {}
        written = {layout.space_of[c.write[0]] for c in self.channels}
        self._full = {space for space in written if layout.width[space]}
        for space in written - self._full:
            own = [k for k, c in enumerate(self.channels) if layout.space_of[c.write[0]] == space]
            into = [[layout.position[node] for node in self.channels[k].write] for k in own]
            writes = np.array([self.channels[k].writes for k in own]).T
            self._into[space] = np.array(own), *np.array(into).T, writes

    def traces(self, G: Matrices) -> Array:
        """The traces, shape (channels,)."""
        entry = self._system.layout.entry
        return np.array([product(c.reads, entry(G, *c.read)) for c in self.channels])

    def eta(self, traces: Floats) -> Block:
        """The block of eta that these traces make, valid until the next call."""
        for part in self._eta.values():
            part[:] = 0
        for trace, (entry, writes) in zip(traces, self._written, strict=True):
            entry += trace * writes
        return self._eta

    def coupling(self) -> Array:
        """Derivative of the traces of ``G eta G`` in the traces that eta is made of."""
        layout, jacobian = self._system.layout, np.zeros(2 * (len(self.channels),))
        for space in self._full:
            self._couple(space, jacobian)
        for k, c in enumerate(self.channels):
            space = layout.space_of[c.read[0]]
            if space in self._into:
                own, left, right, writes = self._into[space]
                g, (row, column) = self._system.G[space], (layout.position[u] for u in c.read)
                jacobian[k, own] = c.reads @ (g[:, row, left] * writes * g[:, right, column])
        return jacobian

    def _couple(self, space: int, jacobian: Array) -> None:
        """The part of a full space, where channels share few matrices."""
        layout, G = self._system.layout, self._system.G
        behind: dict[tuple[int, ...], Array] = {}
        known: dict[tuple[int, ...], float] = {}
        for k, read in enumerate(self.channels):
            if layout.space_of[read.read[0]] != space:
                continue
            for l, written in enumerate(self.channels):
                if layout.space_of[written.write[0]] != space:
                    continue
                (row, column), (left, right) = read.read, written.write
                at = (row, left, right, column, id(written.writes))
                if at not in behind:
                    before, after = layout.entry(G, row, left), layout.entry(G, right, column)
                    behind[at] = before @ written.writes @ after
                if (*at, id(read.reads)) not in known:
                    known[*at, id(read.reads)] = product(read.reads, behind[at])
                jacobian[k, l] = known[*at, id(read.reads)]


def channels_of(pencil: Pencil, layout: Layout) -> dict[tuple[int, int], list[Channel]]:
    """All channels, by the pair of blocks in which they are read; those with equal numbers share them."""
    found = defaultdict[tuple[int, int], list[Channel]](list)
    identities: dict[int, Array] = {}
    known: dict[tuple[object, ...], tuple[Array, Array]] = {}
    names = {id(each): _name(each) for o in pencil.occurrences for each in (o.left, o.right)}
    for one, other in opposites(pencil, layout):
        read, write = (one.unknown, other.equation), (one.equation, other.unknown)
        sides = one.right, other.left, one.left, other.right
        place = layout.space_of[read[0]], layout.space_of[write[0]], id(one.gaussian.covariance)
        key = (*place, *(names[id(each)] for each in sides))
        if key not in known:
            here, there = pencil.spaces[one.unknown], pencil.spaces[one.equation]
            inside, outside = one.right * other.left, one.left * other.right
            reads, writes = here.weights * inside, np.ones(there.directions) * outside
            if here.full or there.full:
                shared = one.gaussian.covariance
                if shared is None:
                    dim = max(here, there, key=lambda space: space.full).directions
                    shared = identities.setdefault(dim, np.eye(dim))
                if here.full:
                    reads, writes = shared, writes * inside
                else:
                    reads, writes = reads * outside, shared
            known[key] = reads, writes
        found[layout.blocks_of(*read)].append(Channel(read, write, *known[key]))
    return found


def _name(coefficient: Coefficient) -> float | bytes:
    return coefficient.tobytes() if isinstance(coefficient, np.ndarray) else float(coefficient)


def opposites(pencil: Pencil, layout: Layout) -> Iterator[tuple[Occurrence, Occurrence]]:
    """Pairs of occurrences of a matrix and its transpose, whose trace need not vanish."""
    by_matrix = defaultdict[int, tuple[list[Occurrence], list[Occurrence]]](lambda: ([], []))
    for entry in pencil.occurrences:
        by_matrix[entry.gaussian.serial][entry.gaussian.flipped].append(entry)
    for straight, flipped in by_matrix.values():
        for one, other in (
            *itertools.product(straight, flipped),
            *itertools.product(flipped, straight),
        ):
            if layout.reaches[layout.blocks_of(one.unknown, other.equation)]:
                yield one, other
