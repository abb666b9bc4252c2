"""Where the unknowns of a pencil stand: in blocks that are solved one after the other."""

from __future__ import annotations

import numpy as np

from genloss.pencils.expression import Array, Coefficient
from genloss.pencils.pencil import Pencil

Matrices = list[Array]
"""One stack of matrices per space, shape (directions, unknowns there, unknowns there).

Where the space is full, one matrix, in which every unknown has a row for every direction."""
Block = dict[int, Array]
"""The part of such matrices that belongs to a pair of blocks, by number of the space."""


class Layout:
    """The blocks of mutually dependent unknowns, in an order in which none depends on a later one.

    Attributes
    ----------
    blocks : list of list of int
        The unknowns of every block.
    block_of, space_of, position : list of int
        Block and space of every unknown, and its number among the unknowns of that space.
    reaches : ndarray of bool, shape (blocks, blocks)
        Whether the first block depends on the second.
    twin : list of int
        The block of the transposed equations in a doubled pencil; else the block itself.
    members : list of list of int
        The unknowns of every space, in the order of their rows.
    width : list of int
        Rows that an unknown has in the matrices of every full space; zero of the others.
    parts : list of dict
        The rows of every block in every space that it has unknowns in.
    """

    def __init__(self, pencil: Pencil) -> None:
        depends = np.eye(pencil.size, dtype=np.float32)
        entries = [*pencil.deterministic, *((o.equation, o.unknown) for o in pencil.occurrences)]
        depends[tuple(np.array(entries).T)] = 1.0
        while ((further := np.minimum(depends @ depends, 1.0)) != depends).any():
            depends = further
        # who depends on more comes later; members of one block depend on the same unknowns
        first = np.argmax((depends > 0) & (depends.T > 0), axis=1).tolist()
        labels = sorted(set(first), key=lambda k: (int(depends[k].sum()), k))
        number = {label: block for block, label in enumerate(labels)}
        self.reaches = depends[np.ix_(labels, labels)] > 0
        self.block_of = [number[label] for label in first]
        self.blocks = [np.flatnonzero(np.equal(first, label)).tolist() for label in labels]
        self.twin = [self.block_of[pencil.twin[block[0]]] for block in self.blocks]
        self.spaces = list(dict.fromkeys(pencil.spaces))
        self.space_of = [self.spaces.index(space) for space in pencil.spaces]
        self.members: list[list[int]] = [[] for _ in self.spaces]
        self.position = [0] * pencil.size
        self.width = [space.directions if space.full else 0 for space in self.spaces]
        self.parts: list[dict[int, slice]] = [{} for _ in self.blocks]
        for block, part in zip(self.blocks, self.parts, strict=True):
            for node in block:
                space = self.space_of[node]
                self.position[node] = last = len(self.members[space])
                self.members[space].append(node)
                width = self.width[space] or 1
                start = part[space].start if space in part else width * last
                part[space] = slice(start, width * (last + 1))

    def pairs(self) -> list[tuple[int, int]]:
        """Blocks of G that need not vanish; each needs those that are nearer to the diagonal."""
        count = len(self.blocks)
        below = ((source + k, source) for k in range(count) for source in range(count - k))
        return [pair for pair in below if self.reaches[pair]]

    def zeros(self) -> Matrices:
        """Empty matrices, of which every entry lies in one piece for all directions."""
        sizes = (
            (1 if width else space.directions, (width or 1) * len(own))
            for space, width, own in zip(self.spaces, self.width, self.members, strict=True)
        )
        return [np.zeros((size, size, stack)).transpose(2, 0, 1) for stack, size in sizes]

    def blocks_of(self, row: int, column: int) -> tuple[int, int]:
        """The blocks of two unknowns."""
        return self.block_of[row], self.block_of[column]

    def entry(self, matrices: Matrices, row: int, column: int) -> Array:
        """View of the entry of two unknowns of one space, shape (directions,), or a matrix where it is full."""
        space, places = self.space_of[row], (self.position[row], self.position[column])
        if not (width := self.width[space]):
            return matrices[space][:, *places]
        rows, cols = (slice(width * place, width * (place + 1)) for place in places)
        return matrices[space][0, rows, cols]

    def diagonal(self, matrices: Matrices, row: int, column: int) -> Array:
        """The diagonal of an entry, shape (directions,)."""
        entry = self.entry(matrices, row, column)
        return entry if entry.ndim == 1 else np.diagonal(entry)

    def add(self, matrices: Matrices, row: int, column: int, value: Coefficient) -> None:
        """Add to the entry of two unknowns: a number, what stands on its diagonal, or a matrix."""
        entry = self.entry(matrices, row, column)
        if entry.ndim == 2 and np.ndim(value) < 2:
            np.einsum("ii->i", entry)[:] += value
        else:
            entry += value

    def block(self, matrices: Matrices, target: int, source: int) -> Block:
        """Views of the matrices at a pair of blocks."""
        rows, cols = self.parts[target], self.parts[source]
        return {s: matrices[s][:, rows[s], cols[s]] for s in rows.keys() & cols.keys()}


def product(one: Array, other: Array) -> float:
    """Sum of the products of two entries."""
    return float(one @ other if one.ndim == 1 else np.einsum("ij,ij->", one, other))
