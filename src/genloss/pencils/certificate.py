"""How far a solution of the Dyson equation is from one: ``|K G - 1|``, relative to the size of the terms in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from genloss.pencils.channels import Channel, System
from genloss.pencils.expression import Array
from genloss.pencils.known import Places
from genloss.pencils.layout import Layout

_FLOOR = 1e-4  # residuals are relative to the size of their terms, or to this if that is smaller
_STRIPS = 8  # of rows at most, of which every one is multiplied by what is not above its diagonal
_OF_STRIP = 100  # rows at least: of fewer, cutting costs more than what is left out

Side = tuple[int, tuple[Places, Places], list[int], Array]
"""A space, different entries there, which of them every channel has, and the size of what it is read or written with."""


def residual(system: System, channels: Sequence[Channel]) -> float:
    """``|K G - 1|`` relative to the terms it is made of.

    An entry of K may be a small difference of large traces, and an entry of G one of large products
    ``G K G``: what rounding leaves there is no sign of a fixed point that was missed. In full spaces an
    entry is a matrix, and is as large as its root mean square eigenvalue.
    """
    known, terms, away = [], [], []
    strips = [_strips(system.layout, space) for space in range(len(system.G))]
    for space, (g, K) in enumerate(zip(system.G, system.kernel, strict=True)):
        if few := system.few.get(space):
            size, rest = (each[None] for each in few.against(g[0]))
            term = few.sizes()[None]
        else:
            whole = np.ascontiguousarray(K), np.ascontiguousarray(g)  # as products are fast
            size, term = (np.abs(each) for each in reversed(whole))
            rest = _product(*whole, strips[space])
            np.einsum("ijj->ij", rest)[:] -= 1
            np.abs(rest, out=rest)
        known.append(size)
        terms.append(term)
        away.append(rest)
    passed = list(_together(system.layout, channels))
    for _ in range(2):
        sizes = [
            _product(_product(g, term, own), g, own)
            for term, g, own in zip(terms, known, strips, strict=True)
        ]
        for (here, read, by, reads), (there, written, to, writes) in passed:
            traces = np.bincount(to, (reads @ sizes[here][:, *read])[by])
            terms[there][:, *written] += np.outer(writes, traces)
    left = zip(away, terms, sizes, strips, strict=True)
    return max(
        float((a / np.maximum(_product(term, size, own), _FLOOR)).max())
        for a, term, size, own in left
    )


def _strips(layout: Layout, space: int) -> list[int]:
    """Where rows of a space may be cut: none depends on one of a later strip."""
    width = layout.width[space] or 1
    ends = sorted({own[space].stop // width for own in layout.parts if space in own})
    count = max(1, min(_STRIPS, len(ends), ends[-1] // _OF_STRIP))
    return [0, *(own[-1] for own in np.array_split(ends, count))]


def _product(one: Array, other: Array, strips: Sequence[int]) -> Array:
    """The product of two stacks of matrices that have nothing above their diagonal blocks."""
    if len(strips) == 2:  # in one piece
        return one @ other
    out = np.zeros_like(one)
    for start, stop in pairwise(strips):
        for left, right in pairwise(strips):
            if left < stop:
                between = slice(left, stop)
                out[:, start:stop, left:right] = (
                    one[:, start:stop, between] @ other[:, between, left:right]
                )
    return out


def _together(layout: Layout, channels: Sequence[Channel]) -> Iterator[tuple[Side, Side]]:
    """Where channels that share their numbers are read and written, and how large these are."""
    found = defaultdict[tuple[int, int], list[Channel]](list)
    for c in channels:
        found[id(c.reads), id(c.writes)].append(c)
    for own in found.values():
        reads, writes = own[0].reads, own[0].writes
        # a trace of a matrix is as large as so many of its root mean square eigenvalues
        loud = np.abs(reads) if reads.ndim == 1 else np.array([_size(reads) * len(reads)])
        said = np.abs(writes) if writes.ndim == 1 else np.array([_size(writes)])
        yield (
            _side(layout, [c.read for c in own], loud),
            _side(layout, [c.write for c in own], said),
        )


def _side(layout: Layout, pairs: Sequence[tuple[int, int]], size: Array) -> Side:
    number = {pair: place for place, pair in enumerate(dict.fromkeys(pairs))}
    rows, columns = (
        np.array([layout.position[u] for u in each]) for each in zip(*number, strict=True)
    )
    return layout.space_of[pairs[0][0]], (rows, columns), [number[pair] for pair in pairs], size


def _size(matrix: Array) -> float:
    """Root mean square eigenvalue."""
    return float(np.sqrt(np.einsum("ij,ij->", matrix, matrix) / len(matrix)))
