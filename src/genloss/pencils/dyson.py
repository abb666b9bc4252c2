"""The Dyson equation ``G = (Q0 - eta(G))^-1`` of a pencil, solved block by block.

The pencil is block triangular: inside a diagonal block (one resolvent) the few traces that enter
eta solve a nonlinear system, by Newton's method along a path; every block below the diagonal is then
*linear* in its own traces, and nothing is iterated there. Second moments are such blocks too, in the
doubled pencil.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from genloss import _check
from genloss.errors import GenlossError
from genloss.pencils import certificate
from genloss.pencils.channels import Channel, Feedback, System, channels_of
from genloss.pencils.expression import Array
from genloss.pencils.few import Few
from genloss.pencils.layout import Layout, Matrices, product
from genloss.pencils.pencil import Pencil

TOLERANCE = 1e-10
_SMALLEST = 1e-18  # where the path starts at the latest
_FIRST_RATIO = 10.0  # of two points of the path; it grows and shrinks with success
_REFINEMENTS = 4  # of the whole, where rounding has left too much
_REMEDY = "genloss.simulate(problem, plan) runs any plan"
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
    residual: float
    iterations: int
    few: Mapping[int, Few]
    """The kernel again, of full spaces by their number."""
    feedback: dict[int, float]
    """How much of the spread of a resolvent's vector returns to it, by block: 1 where it explodes."""


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
    `pencil.md` section 1. The residual is ``|K G - 1|`` relative to the size of the terms in
    it, with ``K = Q0 - eta(G)`` and eta read from this very G. In a doubled pencil the transposed blocks are
    copied, not solved again. A penalty of zero is solved as it stands if
    the limit is regular: the path then starts from a penalty of one on the unknowns that need it.
    """
    _check.instance("pencil", pencil, Pencil)
    if start is not None:
        _check.instance("start", start, Solution)
    layout = Layout(pencil)
    channels = channels_of(pencil, layout)
    full = {space: Few(len(layout.members[space]), w) for space, w in enumerate(layout.width) if w}
    system = System(layout, layout.zeros(), layout.zeros(), layout.zeros(), full)
    G = system.G
    for (equation, unknown), value in pencil.deterministic.items():
        system.add(equation, unknown, value)
    if start is not None and [g.shape for g in start.resolvent] != [g.shape for g in G]:
        start = None
    done, steps = set[tuple[int, int]](), 0
    alike: dict[int, Array] = {}  # traces of the last block of as many
    returns: dict[int, float] = {}
    for t, s in layout.pairs():
        twin, read = (layout.twin[s], layout.twin[t]), channels.get((t, s), [])
        if twin in done:
            for space, g in layout.block(G, t, s).items():
                g[:] = np.swapaxes(layout.block(G, *twin)[space], 1, 2)
        elif t == s:
            feedback = Feedback(system, read, t, s)
            known = [] if start is None else [feedback.traces(start.resolvent)]
            where = ", ".join(pencil.names[node] for node in layout.blocks[t])
            resolvent = Resolvent(system, feedback, t, where)
            count = len(feedback.channels)
            known += [alike[count]] if count in alike else []
            alike[count] = resolvent.solve(known)
            steps += resolvent.steps
        else:
            coupling = _below(system, Feedback(system, read, t, s), t, s)
            if layout.twin[t] == s and coupling.size:
                # once through the rows and once through the features
                returns[t] = float(np.abs(np.linalg.eigvals(coupling)).max()) ** 2
        done.add((t, s))
        for c in read:
            system.add(*c.write, c.writes, -product(c.reads, layout.entry(G, *c.read)))
    everything = [c for own in channels.values() for c in own]
    residual = certificate.residual(system, everything)
    for _ in range(_REFINEMENTS):
        if residual <= TOLERANCE:
            break
        _refine(system, everything)
        residual = certificate.residual(system, everything)
    if not residual <= TOLERANCE:
        raise NoConvergenceError(
            f"the residual of the fixed point was {residual:.1e}, above {TOLERANCE:.0e}: {pencil!r}; "
            f"{_REMEDY}"
        )
    return Solution(pencil, layout, G, system.kernel, residual, steps, full, returns)


def _refine(system: System, channels: Sequence[Channel]) -> None:
    """One step of Newton for the inverse, ``G (2 - K G)``, and K from the traces it then has."""
    layout, G, kernel = system.layout, system.G, system.kernel
    before = [product(c.reads, layout.entry(G, *c.read)) for c in channels]
    for K, g in zip(kernel, G, strict=True):
        g[:] = g @ (2 * np.eye(g.shape[-1]) - K @ g)
    for trace, c in zip(before, channels, strict=True):
        system.add(*c.write, c.writes, trace - product(c.reads, layout.entry(G, *c.read)))


def _below(system: System, feedback: Feedback, t: int, s: int) -> Array:
    """A block below the diagonal: linear in its own traces; returns how they feed back."""
    layout, G = system.layout, system.G
    own, before, behind = (layout.block(G, *pair) for pair in ((t, s), (t, t), (s, s)))
    for space, g in own.items():
        rows, cols = layout.parts[t][space], layout.parts[s][space]
        between = slice(cols.start, rows.start)
        g[:] = -before[space] @ _between(system, space, rows, between, cols)
    coupling = np.zeros((0, 0))
    if feedback.channels:
        known, coupling = feedback.traces(G), feedback.coupling()
        matrix = np.eye(known.size) - coupling
        traces = np.linalg.solve(matrix, known)
        # refined once, as the units of traces differ widely
        traces = traces + np.linalg.solve(matrix, known - matrix @ traces)
        for space, eta in feedback.eta(traces).items():
            own[space][:] += before[space] @ eta @ behind[space]
    return coupling


def _between(system: System, space: int, rows: slice, between: slice, cols: slice) -> Array:
    """``K G``, summed over the unknowns between two blocks."""
    G = system.G[space][:, between, cols]
    few = system.few.get(space)
    if few is None:
        return np.einsum("pij,pjk->pik", system.kernel[space][:, rows, between], G)
    own, others = (slice(s.start // few.width, s.stop // few.width) for s in (rows, between))
    return few.behind(own, others, G[0])[None]


class Resolvent:
    """A diagonal block of G, by Newton's method on its traces along t**2 from 0 to 1.

    Parameters
    ----------
    system : System
        What the block belongs to.
    feedback : Feedback
        The channels of the block.
    block : int
        Its number.
    where : str
        Names of its unknowns, for messages.
    """

    def __init__(self, system: System, feedback: Feedback, block: int, where: str) -> None:
        self._system, self._feedback, self._where = system, feedback, where
        self._own = system.layout.block(system.G, block, block)
        self._kernel = system.layout.block(system.kernel, block, block)
        self._start = {space: K + _regulariser(K) for space, K in self._kernel.items()}
        self.steps = 0

    def _traces(self) -> Array:
        return self._feedback.traces(self._system.G)

    def solve(self, guesses: Sequence[Array]) -> Array:
        """Fill the block and return its traces; guesses of the right length are tried first."""
        count = len(self._feedback.channels)
        try:
            self._invert(np.zeros(count), 0.0 if count else 1.0)
        except np.linalg.LinAlgError:
            text = f"the deterministic part of {self._where} has no inverse; {_REMEDY}"
            raise NoConvergenceError(text) from None
        traces = self._traces()
        if not count:
            return traces
        for guess in guesses:
            if guess.size == count and (end := self._newton(guess, 1.0, _EXACT)) is not None:
                return end
        return self._follow(traces)

    def _invert(self, traces: Array, t2: float) -> None:
        eta = self._feedback.eta(traces)
        for space, g in self._own.items():
            K = t2 * (self._kernel[space] - eta[space]) + (1 - t2) * self._start[space]
            if K.shape[-1] > 1:
                g[:] = np.linalg.inv(K)
            elif K.all():
                g[:] = 1 / K
            else:
                raise np.linalg.LinAlgError

    def _newton(self, traces: Array, t2: float, tolerance: float) -> Array | None:
        """The traces at t, or None where the steps do not fall by half each."""
        allowed = 0.5
        try:
            with np.errstate(all="ignore"):
                for _ in range(40):
                    self.steps += 1
                    self._invert(traces, t2)
                    jacobian = np.eye(traces.size) - t2 * self._feedback.coupling()
                    step = np.linalg.solve(jacobian, self._traces() - traces)
                    eta = self._feedback.eta(step)
                    change = t2 * max(
                        np.abs(g @ eta[space]).sum(axis=2).max() for space, g in self._own.items()
                    )
                    # rounding stops the descent in the end; the residual judges
                    finished = change <= tolerance or allowed < change <= 1e-7
                    if not finished and not change <= allowed:
                        return None
                    traces = traces + step
                    if finished:
                        self._invert(traces, t2)
                        return traces if np.isfinite(self._traces()).all() else None
                    allowed = change / 2
        except np.linalg.LinAlgError:
            pass
        return None

    def _follow(self, traces: Array) -> Array:
        """The branch that starts at ``traces`` for t**2 = 0, at t**2 = 1.

        Steps are geometric in ``u = t**2 / (1 - t**2)``: a small penalty matters at small u, the
        distance to interpolation at large u.
        """
        reached, before, ratio, aim = 0.0, (0.0, traces), _FIRST_RATIO, 1e6
        while _SMALLEST < aim < 1 / _SMALLEST and ratio > 1 + 1e-7:
            guess = traces
            if before[0] > 0:
                # most traces are close to powers of u over long stretches
                with np.errstate(all="ignore"):
                    power = np.log(aim / reached) / np.log(reached / before[0])
                    guess = traces * (traces / before[1]) ** power
                guess = np.where(np.isfinite(guess), guess, traces)
            solved = self._newton(guess, aim / (1 + aim), _ROUGH)
            if solved is not None:
                before, traces, reached = (reached, traces), solved, aim
                ratio = ratio**1.5
                if reached >= 1 and (end := self._newton(traces, 1.0, _EXACT)) is not None:
                    return end
            elif reached == 0:
                aim = min(1.0, aim * aim / 10)
            else:
                ratio = ratio**0.4
            if reached > 0:
                aim = reached * ratio
        raise NoConvergenceError(
            f"no solution was found past t**2 = {reached / (1 + reached):.6g} (of 1) "
            f"for the block of {self._where}; a larger penalty may help, and {_REMEDY}"
        )


def _regulariser(K: Array) -> Array:
    """A penalty of one where the deterministic part is singular, else zero."""
    missing = np.diagonal(K, axis1=1, axis2=2) == 0
    if missing.any():
        missing = missing & (np.linalg.slogdet(K)[0] == 0)[:, None]
    return np.eye(K.shape[-1]) * missing[:, None, :]
