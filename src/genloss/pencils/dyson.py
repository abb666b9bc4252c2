"""The Dyson equation ``G = (Q0 - eta(G))^-1`` of a pencil, solved block by block.

The pencil is block triangular: inside a diagonal block (one resolvent) the few traces that enter
eta solve a nonlinear system, by Newton's method along a path; every block below the diagonal is then
*linear* in its own traces. Nothing is iterated there, and a block that equals the one before it is
recognised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from genloss.errors import GenlossError
from genloss.pencils.channels import (
    Channels,
    Layout,
    Matrices,
    Part,
    Total,
    channels,
    fixed_traces,
    opposite,
    relative,
)
from genloss.pencils.expression import Array
from genloss.pencils.pencil import Pencil

TOLERANCE = 1e-10
_SMALLEST = 1e-18  # where the path starts at the latest
_FIRST_RATIO = 10.0  # of two points of the path; it grows and shrinks with success
_ROUGH, _EXACT = 1e-2, 1e-14  # relative changes at which Newton stops on the path and at its end


class NoConvergenceError(GenlossError, ArithmeticError):
    """The fixed point of a pencil was not reached; the message says in which block and how far."""


@dataclass(frozen=True, eq=False)
class Solution:
    """G of a pencil, with its certificate."""

    pencil: Pencil
    layout: Layout
    resolvent: Matrices
    kernel: Matrices
    """Q0 - eta(G), its inverse."""
    traces: dict[int, Array]
    """Inner traces of the diagonal blocks: what a neighbouring problem starts from."""
    residual: float
    iterations: int

    def entry(self, unknown: int, equation: int) -> Array:
        """Response of an unknown to the right-hand side of an equation, per direction."""
        space, other = self.layout.space_of[unknown], self.layout.space_of[equation]
        row, column = self.layout.position[unknown], self.layout.position[equation]
        if space != other:
            return np.zeros(1)
        return self.resolvent[space][:, row, column]


def solve(pencil: Pencil, start: Solution | None = None) -> Solution:
    """Solve the Dyson equation.

    Parameters
    ----------
    pencil : Pencil
        The linear system.
    start : Solution, optional
        Solution of a neighbouring problem (another penalty, say) of the same structure.

    Raises
    ------
    NoConvergenceError
        If a block has no solution on the path from the deterministic part, or the residual of the
        whole is above 1e-10.

    Notes
    -----
    `pencil.md` section 1. The residual is ``|K G - 1|`` relative to ``|K| |G|``, with
    ``K = Q0 - eta(G)`` and eta read from this very G. A penalty of zero is solved as it stands if
    the limit is regular: the path then starts from a penalty of one on the unknowns that need it.
    """
    layout = Layout(pencil)
    structure, slices = layout.structure, layout.slices
    kernel, G = layout.zeros(), layout.zeros()
    for (equation, unknown), value in pencil.deterministic.items():
        space = layout.space_of[equation]
        kernel[space][:, layout.position[equation], layout.position[unknown]] = value
    groups = channels(layout, opposite(pencil.occurrences))
    found: dict[int, Array] = {}
    iterations, last = 0, np.empty(0)
    for block, nodes in enumerate(structure.blocks):
        guesses = [last] if start is None else [start.traces.get(block, last), last]
        where = ", ".join(pencil.names[node] for node in nodes)
        found[block], used = _diagonal(
            kernel, G, slices[block], groups[block, block], guesses, where
        )
        last = found[block] if found[block].size else last
        iterations += used
    totals = [Total(part, -1.0) for part in kernel]
    kernel = [total.value for total in totals]
    for block in range(len(structure.blocks)):
        groups[block, block].push(G, totals)
    for distance in range(1, len(structure.blocks)):
        for source in range(len(structure.blocks) - distance):
            target = source + distance
            if structure.downstream[target, source]:
                _below(kernel, G, slices[target], slices[source], groups[target, source])
                groups[target, source].push(G, totals)
    residual = max(
        relative(total.value @ g - np.eye(g.shape[-1]), total.size @ np.abs(g), 1.0)
        for total, g in zip(totals, G, strict=True)
    )
    if not residual <= TOLERANCE:
        raise NoConvergenceError(f"the residual of the fixed point was {residual:.1e}: {pencil!r}")
    return Solution(pencil, layout, G, kernel, found, residual, iterations)


def _below(kernel: Matrices, G: Matrices, target: Part, source: Part, own: Channels) -> None:
    """A block below the diagonal: linear in its own traces."""
    for space in target.keys() & source.keys():
        rows, cols, g = target[space], source[space], G[space]
        between = slice(cols.start, rows.start)
        g[:, rows, cols] = -g[:, rows, rows] @ (
            kernel[space][:, rows, between] @ g[:, between, cols]
        )
    if own.inner:
        traces = fixed_traces(own.traces(G), own.coupling(G, G))
        for space, eta in own.eta(traces, G, target, source).items():
            rows, cols, g = target[space], source[space], G[space]
            g[:, rows, cols] += g[:, rows, rows] @ eta @ g[:, cols, cols]


def _diagonal(
    kernel: Matrices,
    G: Matrices,
    own: Part,
    channels: Channels,
    guesses: Sequence[Array],
    where: str,
) -> tuple[Array, int]:
    """A diagonal block, by Newton's method on its traces along t**2 from 0 to 1."""
    base = {s: kernel[s][:, part, part].copy() for s, part in own.items()}
    added = {s: _regulariser(K) for s, K in base.items()}
    used = 0

    def invert(traces: Array, t2: float) -> None:
        shift = channels.eta(traces, G, own, own)
        for s, part in own.items():
            G[s][:, part, part] = _inverse(base[s] + (1 - t2) * added[s] - t2 * shift[s])

    def newton(traces: Array, t2: float, tolerance: float) -> Array | None:
        nonlocal used
        allowed = 0.5
        for _ in range(40):
            used += 1
            invert(traces, t2)
            jacobian = np.eye(traces.size) - t2 * channels.coupling(G, G)
            step = np.linalg.solve(jacobian, channels.traces(G) - traces)
            shift = channels.eta(step, G, own, own)
            change = max(
                t2 * np.abs(G[s][:, part, part] @ shift[s]).sum(axis=2).max()
                for s, part in own.items()
            )
            settled = allowed < change <= 1e-7  # rounding stops the descent; the residual judges
            if not settled and not change <= allowed:
                return None
            traces = traces + step
            if settled or change <= tolerance:
                invert(traces, t2)
                return traces if np.isfinite(channels.traces(G)).all() else None
            allowed = change / 2
        return None

    def attempt(traces: Array, t2: float, tolerance: float) -> Array | None:
        try:
            with np.errstate(all="ignore"):
                return newton(traces, t2, tolerance)
        except np.linalg.LinAlgError:
            return None

    try:
        invert(np.zeros(len(channels.inner)), 0.0 if channels.inner else 1.0)
    except np.linalg.LinAlgError:
        raise NoConvergenceError(f"the deterministic part of {where} has no inverse") from None
    if not channels.inner:
        return np.empty(0), 0
    at_zero = channels.traces(G)
    for guess in guesses:
        if guess.size == at_zero.size:
            solved = attempt(guess, 1.0, _EXACT)
            if solved is not None:
                return solved, used
    return _follow(attempt, at_zero, where), used


def _follow(
    attempt: Callable[[Array, float, float], Array | None], traces: Array, where: str
) -> Array:
    """The branch that starts at ``traces`` for t**2 = 0, at t**2 = 1.

    Steps are geometric in ``u = t**2 / (1 - t**2)``: a small penalty matters at small u, the
    distance to interpolation at large u.
    """
    reached, before, ratio, aim = 0.0, (0.0, traces), _FIRST_RATIO, 1e6
    accepted = False
    while reached < np.inf:
        if reached >= 1 and accepted:
            solved = attempt(traces, 1.0, _EXACT)
            if solved is not None:
                return solved
        guess = traces
        if before[0] > 0:
            # most traces are close to powers of u over long stretches
            with np.errstate(all="ignore"):
                power = np.log(aim / reached) / np.log(reached / before[0])
                guess = traces * (traces / before[1]) ** power
            guess = np.where(np.isfinite(guess), guess, traces)
        solved = attempt(guess, aim / (1 + aim), _ROUGH)
        accepted = solved is not None
        if solved is not None:
            before, traces, reached = (reached, traces), solved, aim
            ratio = ratio**1.5
        elif reached == 0:
            aim = min(1.0, aim * aim / 10)
        else:
            ratio = ratio**0.4
        if aim < _SMALLEST or ratio < 1 + 1e-7 or aim > 1 / _SMALLEST:
            raise NoConvergenceError(
                f"no solution was found past t**2 = {reached / (1 + reached):.6g} (of 1) "
                f"for the block of {where}; a larger penalty may help"
            )
        if reached > 0:
            aim = reached * ratio
    return traces


def _inverse(K: Array) -> Array:
    if K.shape[-1] > 1:
        return np.asarray(np.linalg.inv(K), dtype=np.float64)
    if not K.all():
        raise np.linalg.LinAlgError
    return 1 / K


def _regulariser(K: Array) -> Array:
    """Zero, or a penalty of one where the deterministic part is singular."""
    missing = np.diagonal(K, axis1=1, axis2=2) == 0
    if missing.any():
        missing = missing & ~(np.abs(np.linalg.det(K)) > 0)[:, None]
    return np.eye(K.shape[-1]) * missing[:, None, :]
