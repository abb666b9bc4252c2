"""Second moments of the unknowns of a pencil: ``C = G (F + eta2(C)) G'``.

F is the covariance of the right-hand sides and ``eta2(C) = E[Q1 C Q1']`` (`pencil.md` section 1 for
the doubled pencil ``[[Q, -F], [0, Q']]``, of which C is the off-diagonal part). The equation is
linear in C, so a second moment costs one more pass over the blocks and no iteration, and one pass
gives the risks and overlaps of all models.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from genloss.pencils.channels import (
    Channels,
    Matrices,
    Part,
    Total,
    channels,
    fixed_traces,
    parallel,
    relative,
)
from genloss.pencils.dyson import TOLERANCE, NoConvergenceError, Solution
from genloss.pencils.expression import Array


class Moments:
    """First and second moments of all unknowns, per direction.

    Parameters
    ----------
    solution : Solution
        G of the pencil; its given vectors and noises are the right-hand sides.

    Notes
    -----
    Means are subtracted before anything is summed, so that a small variance is no difference of
    large terms: the covariance is ``G (F_noise + eta2(C)) G'``.
    """

    def __init__(self, solution: Solution) -> None:
        self.solution = solution
        forcing, random = self._sources()
        eta2, self.residual = _second_moments(solution, forcing)
        self._covariance = [
            g @ (force + eta) @ np.swapaxes(g, 1, 2)
            for g, force, eta in zip(solution.resolvent, random, eta2, strict=True)
        ]

    def _sources(self) -> tuple[Matrices, Matrices]:
        """F, and its part that comes from noise."""
        pencil, layout = self.solution.pencil, self.solution.layout
        random = layout.zeros()
        for (one, other), value in pencil.noise.items():
            random[layout.space_of[one]][:, layout.position[one], layout.position[other]] = value
        forcing = [part.copy() for part in random]
        for one, other in product(pencil.given, pencil.given):
            space = layout.space_of[one]
            if space == layout.space_of[other]:
                row, column = layout.position[one], layout.position[other]
                forcing[space][:, row, column] += pencil.given[one] * pencil.given[other]
        return forcing, random

    def mean(self, unknown: int) -> Array:
        """Mean of an unknown's coordinates, shape (directions,)."""
        given = self.solution.pencil.given.items()
        zero = np.zeros(self.solution.pencil.spaces[unknown].directions)
        return sum((self.solution.entry(unknown, source) * v for source, v in given), zero)

    def covariance(self, one: int, other: int) -> Array:
        """Covariance of two unknowns' coordinates in each direction, shape (directions,)."""
        layout = self.solution.layout
        space = layout.space_of[one]
        return self._covariance[space][:, layout.position[one], layout.position[other]]


def _second_moments(solution: Solution, forcing: Matrices) -> tuple[Matrices, float]:
    """eta2(C) and the residual of C, by pairs of blocks in increasing order."""
    layout, G = solution.layout, solution.resolvent
    slices = layout.slices
    groups = channels(layout, parallel(solution.pencil.occurrences), causal=False)
    C, Y = layout.zeros(), layout.zeros()  # Y = E G', complete wherever C is
    totals = [Total(part) for part in forcing]
    E = [total.value for total in totals]
    for first in range(len(slices)):
        for second in range(first + 1):
            pair = slices[first], slices[second]
            _pair(G, E, C, Y, *pair, groups[first, second])
            groups[first, second].push(C, totals, mirrored=first != second)
            if first != second:
                _mirror(G, E, C, Y, *pair)
    residual = 0.0
    for g, c, total in zip(G, C, totals, strict=True):
        back = np.swapaxes(g, 1, 2)
        size = np.abs(g) @ total.size @ np.abs(back)
        own = np.sqrt(np.diagonal(size, axis1=1, axis2=2))
        natural = own[:, :, None] * own[:, None, :]
        residual = max(residual, relative(c - g @ total.value @ back, size, natural))
    if not residual <= TOLERANCE:
        raise NoConvergenceError(f"second moments had residual {residual:.1e}")
    return [e - f for e, f in zip(E, forcing, strict=True)], residual


def _pair(
    G: Matrices, E: Matrices, C: Matrices, Y: Matrices, first: Part, second: Part, own: Channels
) -> None:
    """C of a pair of blocks, all smaller pairs being known: linear in its own traces."""
    for s in first.keys() & second.keys():
        a, b = first[s], second[s]
        Y[s][:, a, b] = E[s][:, a, : b.stop] @ np.swapaxes(G[s][:, b, : b.stop], 1, 2)
        C[s][:, a, b] = G[s][:, a, : a.stop] @ Y[s][:, : a.stop, b]
    if own.inner:
        transposed = [np.swapaxes(g, 1, 2) for g in G]
        traces = fixed_traces(own.traces(C), own.coupling(G, transposed))
        for s, eta in own.eta(traces, C, first, second).items():
            a, b = first[s], second[s]
            right = eta @ transposed[s][:, b, b]
            Y[s][:, a, b] += right
            C[s][:, a, b] += G[s][:, a, a] @ right


def _mirror(G: Matrices, E: Matrices, C: Matrices, Y: Matrices, first: Part, second: Part) -> None:
    for s in first.keys() & second.keys():
        a, b = first[s], second[s]
        C[s][:, b, a] = np.swapaxes(C[s][:, a, b], 1, 2)
        Y[s][:, b, a] = E[s][:, b, : a.stop] @ np.swapaxes(G[s][:, a, : a.stop], 1, 2)
