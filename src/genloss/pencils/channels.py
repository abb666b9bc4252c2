"""Traces of G, and how they enter eta: the bookkeeping of first and second moments.

A Gaussian matrix in row a and column b of the pencil, and its transpose in row b' and column c, add
``left (sum_i r_i G_i[b, b']) right`` to ``eta[a, c]``. That trace is one *channel*.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.pencils.expression import Array, Coefficient
from genloss.pencils.pencil import Occurrence, Pencil
from genloss.pencils.space import Space

Matrices = list[Array]
"""One stack of matrices per space, shape (directions, unknowns there, unknowns there)."""
Part = dict[int, slice]
"""Where a block stands in the matrices of every space it has unknowns in."""
AnyFloats = npt.NDArray[np.floating[Any]]
Pair = tuple[Occurrence, Occurrence]


class Layout:
    """Where every unknown stands in the matrices of its space: in the order of the blocks."""

    def __init__(self, pencil: Pencil) -> None:
        self.structure = pencil.structure()
        self.spaces: list[Space] = list(dict.fromkeys(pencil.spaces))
        self.space_of = [self.spaces.index(space) for space in pencil.spaces]
        self.position = [0] * pencil.size
        self.counts = [0] * len(self.spaces)
        self.slices: list[Part] = []
        for block in self.structure.blocks:
            start = list(self.counts)
            for node in block:
                space = self.space_of[node]
                self.position[node] = self.counts[space]
                self.counts[space] += 1
            self.slices.append(
                {s: slice(start[s], self.counts[s]) for s in {self.space_of[k] for k in block}}
            )
        self._products: dict[tuple[object, ...], tuple[Array, tuple[Coefficient, ...]]] = {}

    def zeros(self) -> Matrices:
        """Empty matrices."""
        pairs = zip(self.spaces, self.counts, strict=True)
        return [np.zeros((space.directions, count, count)) for space, count in pairs]

    def product(self, space: int, *factors: Coefficient, counted: bool = False) -> Array:
        """A product of diagonals, times multiplicities where it is to be summed."""
        key = (space, counted, *(id(c) if isinstance(c, np.ndarray) else c for c in factors))
        if key not in self._products:
            values = self.spaces[space].weights ** int(counted)
            for factor in factors:
                values = values * factor
            self._products[key] = values, factors  # keeps all alive, and so their ids
        return self._products[key][0]


class Total:
    """A sum of parts, and the sum of their sizes: what rounding errors are measured by."""

    def __init__(self, first: Array, sign: float = 1.0) -> None:
        self.value, self.size, self.sign = first.copy(), np.abs(first), sign

    def add(self, row: int, column: int, part: Array) -> None:
        """Add one entry."""
        self.value[:, row, column] += self.sign * part
        self.size[:, row, column] += np.abs(part)


def relative(away: Array, size: Array, natural: Array | float = 0.0) -> float:
    """Largest error relative to what rounding can do there; far below a natural size, to that."""
    scale = np.maximum(size, 1e-4 * natural)
    return float((np.abs(away) / np.where(scale > 0, scale, 1.0)).max())


def fixed_traces(own: Array, coupling: Array) -> AnyFloats:
    """Traces with ``traces = own + coupling traces``, refined once as their units differ widely."""
    system = np.eye(own.size) - coupling
    traces = np.linalg.solve(system, own)
    return traces + np.linalg.solve(system, own + coupling @ traces - traces)


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
    inner: bool
    """Whether it enters eta in the block in which it is read."""


class Channels:
    """The traces read in one block; the inner ones determine each other."""

    def __init__(self, all_: Sequence[Channel] = ()) -> None:
        self.all = all_
        self.inner = [channel for channel in all_ if channel.inner]
        self._by_space = []
        for space in {channel.space for channel in self.inner}:
            k = [i for i, channel in enumerate(self.inner) if channel.space == space]
            l = [i for i, channel in enumerate(self.inner) if channel.into == space]
            readers, writers = [self.inner[i] for i in k], [self.inner[i] for i in l]
            self._by_space.append(
                (
                    space,
                    np.ix_(k, l),
                    np.array([c.row for c in readers]),
                    np.array([c.column for c in readers]),
                    np.array([c.reads for c in readers]).T,
                    np.array([c.left for c in writers], dtype=np.int64),
                    np.array([c.right for c in writers], dtype=np.int64),
                    np.array([c.writes for c in writers]).T,
                )
            )

    def coupling(self, left: Matrices, right: Matrices) -> Array:
        """Derivative of the inner traces of ``left eta right`` in the inner traces in eta."""
        jacobian = np.zeros((len(self.inner), len(self.inner)))
        for space, block, row, column, reads, into, outof, writes in self._by_space:
            if into.size:
                both = left[space][:, row[:, None], into] * right[space][:, outof, column[:, None]]
                jacobian[block] = np.einsum("ik,il,ikl->kl", reads, writes, both)
        return jacobian

    def traces(self, matrices: Matrices) -> Array:
        """The inner traces."""
        return np.array(
            [c.reads @ matrices[c.space][:, c.row, c.column] for c in self.inner], dtype=np.float64
        )

    def eta(self, traces: AnyFloats, like: Matrices, rows: Part, cols: Part) -> dict[int, Array]:
        """The part of eta that the inner traces make in their block."""
        part = {
            s: np.zeros((len(like[s]), r.stop - r.start, cols[s].stop - cols[s].start))
            for s, r in rows.items()
            if s in cols
        }
        for trace, c in zip(traces, self.inner, strict=True):
            left, right = c.left - rows[c.into].start, c.right - cols[c.into].start
            part[c.into][:, left, right] += trace * c.writes
        return part

    def push(self, read: Matrices, into: Sequence[Total], *, mirrored: bool = False) -> None:
        """Read every trace and add its part of eta."""
        for c in self.all:
            part = (c.reads @ read[c.space][:, c.row, c.column]) * c.writes
            into[c.into].add(c.left, c.right, part)
            if mirrored:
                into[c.into].add(c.right, c.left, part)


def channels(
    layout: Layout, pairs: Iterable[tuple[Occurrence, Occurrence]], *, causal: bool = True
) -> defaultdict[tuple[int, int], Channels]:
    """Channels by the pair of blocks in which their trace is read."""
    structure, found = layout.structure, defaultdict[tuple[int, int], list[Channel]](list)
    block_of, position = structure.block_of.tolist(), layout.position
    for one, other in pairs:
        read = block_of[one.unknown], block_of[other.equation]
        if causal and not structure.downstream[read]:
            continue
        space, into = layout.space_of[one.unknown], layout.space_of[one.equation]
        found[read].append(
            Channel(
                space,
                position[one.unknown],
                position[other.equation],
                layout.product(space, one.right, other.left, counted=True),
                into,
                position[one.equation],
                position[other.unknown],
                layout.product(into, one.scale * other.scale, one.left, other.right),
                (block_of[one.equation], block_of[other.unknown]) == read,
            )
        )
    return defaultdict(Channels, {read: Channels(list_) for read, list_ in found.items()})


def opposite(occurrences: Sequence[Occurrence]) -> Iterable[tuple[Occurrence, Occurrence]]:
    """Pairs of occurrences of a matrix and its transpose."""
    by_matrix = defaultdict[int, tuple[list[Occurrence], list[Occurrence]]](lambda: ([], []))
    for entry in occurrences:
        by_matrix[entry.gaussian.serial][entry.gaussian.flipped].append(entry)
    for straight, flipped in by_matrix.values():
        yield from product(straight, flipped)
        yield from product(flipped, straight)


def parallel(occurrences: Sequence[Occurrence]) -> Iterable[tuple[Occurrence, Occurrence]]:
    """Pairs of occurrences of one matrix, the second one transposed."""
    by_matrix = defaultdict[object, list[Occurrence]](list)
    for entry in occurrences:
        by_matrix[entry.gaussian].append(entry)
    for entries in by_matrix.values():
        for one, other in product(entries, entries):
            turned = Occurrence(
                other.unknown,
                other.equation,
                other.scale,
                other.right,
                other.gaussian,
                other.left,
            )
            yield one, turned
