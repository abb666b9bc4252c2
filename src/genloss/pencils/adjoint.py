"""How numbers read from G move with what the pencil is made of: one pass backwards through its blocks.

With a seed ``C = d F / d G`` of some sum F of entries of G, ``dF = -<M, dQ0>``, where ``M = G' L G'``,
``L = C + sum_c t_c reads_c`` and ``t_c = <writes_c, M>`` for every trace c that enters eta. Blocks are
met in the opposite order; all is linear, and each has few traces of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from genloss.pencils.channels import Channel, Feedback, Floats, System, channels_of
from genloss.pencils.dyson import Solution
from genloss.pencils.expression import Array
from genloss.pencils.layout import Layout, Matrices, product


def adjoint(solution: Solution, seeds: Mapping[tuple[int, int], Array]) -> Matrices:
    """M, minus the slopes of F in the entries of Q0.

    Parameters
    ----------
    solution : Solution
        Of a doubled pencil.
    seeds : mapping of (int, int) to ndarray
        Slopes of F in entries of G, per direction; the same in an entry and its transposed one.
    """
    layout, twins = solution.layout, solution.pencil.twin
    pass_ = _Backwards(layout, solution.resolvent, solution.kernel)
    system = System(layout, pass_.G, pass_.K, layout.zeros())
    read = channels_of(solution.pencil, layout)
    written = defaultdict[tuple[int, int], list[Channel]](list)
    for each in (channel for own in read.values() for channel in own):
        written[layout.blocks_of(*each.write)].append(each)
    for entry, seed in seeds.items():
        layout.add(pass_.L, *entry, seed)
    done = set[tuple[int, int]]()
    for t, s in reversed(layout.pairs()):
        twin = layout.twin[s], layout.twin[t]
        if twin in done:  # as it is, transposed
            pass_.copy(twin, t, s)
            continue
        done.add((t, s))
        pass_.solve(t, s)
        feedback = Feedback(system, read.get((t, s), []), t, s)
        if own := feedback.channels:
            matrix = np.eye(len(own)) - feedback.coupling().T
            pass_.add(own, np.linalg.solve(matrix, pass_.traces(own)))
            pass_.solve(t, s)
        others = [c for c in written[t, s] if layout.blocks_of(*c.read) != (t, s)]
        traces = pass_.traces(others)
        pass_.add(others, traces)
        if twin != (t, s):
            turned = [c._replace(read=(twins[c.read[1]], twins[c.read[0]])) for c in others]
            pass_.add(turned, traces)
    return pass_.M


class _Backwards:
    """L, ``P = L G'`` and M, block by block."""

    def __init__(self, layout: Layout, G: Matrices, K: Matrices) -> None:
        self.layout, self.G, self.K = layout, G, K
        self.L, self.P, self.M = layout.zeros(), layout.zeros(), layout.zeros()

    def traces(self, channels: Sequence[Channel]) -> Array:
        """The slopes in some traces."""
        return np.array([product(c.writes, self.layout.entry(self.M, *c.write)) for c in channels])

    def add(self, channels: Sequence[Channel], traces: Floats) -> None:
        """Add to L what they are read from."""
        for channel, trace in zip(channels, traces, strict=True):
            self.layout.add(self.L, *channel.read, trace * channel.reads)

    def solve(self, t: int, s: int) -> None:
        """Fill a block of P and M from its L and the blocks further from the diagonal."""
        for x, rows, cols in self._parts(t, s):
            self._fill(x, rows, cols)
            own, below = self.P[x][:, rows, cols], slice(rows.stop, None)
            own = own - _turned(self.K[x][:, below, rows]) @ self.M[x][:, below, cols]
            self.M[x][:, rows, cols] = _turned(self.G[x][:, rows, rows]) @ own

    def copy(self, twin: tuple[int, int], t: int, s: int) -> None:
        """Fill a block from its transposed one."""
        L, M = (self.layout.block(matrices, *twin) for matrices in (self.L, self.M))
        for x, rows, cols in self._parts(t, s):
            self.L[x][:, rows, cols], self.M[x][:, rows, cols] = _turned(L[x]), _turned(M[x])
            self._fill(x, rows, cols)

    def _fill(self, x: int, rows: slice, cols: slice) -> None:
        before = slice(cols.start)
        known = self.P[x][:, rows, before] @ _turned(self.K[x][:, cols, before])
        own = self.L[x][:, rows, cols] - known
        self.P[x][:, rows, cols] = own @ _turned(self.G[x][:, cols, cols])

    def _parts(self, t: int, s: int) -> Iterator[tuple[int, slice, slice]]:
        rows, cols = self.layout.parts[t], self.layout.parts[s]
        return ((x, rows[x], cols[x]) for x in rows.keys() & cols.keys())


def _turned(matrices: Array) -> Array:
    return np.swapaxes(matrices, 1, 2)
