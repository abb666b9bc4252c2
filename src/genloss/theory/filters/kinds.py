"""Kinds of rows of one fit: each of one covariance, weight and length.

Ridge regression of penalty l on them has the fixed point of `theory.md` 2.4: with traces ``u_c = tr(Sigma_c Q)``,

    e_s = 1 / (1 + omega_s rho_s u_c(s)) ,   Q = 1 / (N l + sum_s n_s omega_s rho_s e_s Sigma_c(s))
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt

from genloss.covariances import Covariance
from genloss.equivalents import NotSolvedError
from genloss.steps import Step

Array = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]
Places = npt.NDArray[np.intp]

_MOST_STEPS = 400
_TOLERANCE = 1e-12
_HALVINGS = 8  # of a factor of two: the edge to a third of a percent
_NEWTON = 30
_NEARLY = 1e-6


class Space(Protocol):
    """Covariances of C shapes, and what is made of them: along common eigenvectors, or as matrices.

    Resolvents ``Q = (level + sum_c load_c Sigma_c)^-1`` at k levels are arrays (k, ...).
    """

    @property
    def totals(self) -> Array:
        """Traces of the covariances, (C,)."""

    def largest(self, kinds: Kinds) -> float:
        """Largest eigenvalue of the mean weighted covariance of the rows."""

    def resolvent(self, level: npt.NDArray[Any], load: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Q at levels (k,) and loads (k, C)."""

    def is_positive(self, level: float, load: Array) -> bool:
        """Whether Q is, at a level and loads (C,)."""

    def traces(self, q: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """``tr Sigma_c Q``, (k, C)."""

    def squares(self, q: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """``tr Sigma_c Q Sigma_d Q``, (k, C, C)."""

    def products(self, q: Complex, other: Complex) -> Complex:
        """``tr Sigma_c Q_k Sigma_d Q_l``, (k, l, C, C)."""

    def sandwich(self, q: Complex, other: Complex, pairs: Complex) -> Array:
        """Real part of ``sum Q_k pairs_klc Sigma_c Q_l``, summed over directions that are alike."""


class Kinds(NamedTuple):
    """Kinds of rows of one fit.

    Attributes
    ----------
    covariances : tuple of Covariance or None
        The C different ones.
    shape, source : ndarray of int of shape (S,)
        Which covariance a kind of rows has, and which block of the step it is of.
    number, weight, length : ndarray of shape (S,)
        Rows of the kind, their weight, and what their covariance is times.
    """

    covariances: tuple[Covariance | None, ...]
    shape: Places
    source: Places
    number: Array
    weight: Array
    length: Array

    @classmethod
    def of(cls, step: Step, tails: Sequence[float] = ()) -> Self:
        """The rows of a step, those of each length by themselves."""
        lengths, blocks = tails or (1.0,), step.blocks
        shapes = tuple(dict.fromkeys(block.covariance for block in blocks))
        kinds = [(b, length) for b in range(len(blocks)) for length in lengths]
        return cls(
            shapes,
            np.array([shapes.index(blocks[b].covariance) for b, _ in kinds]),
            np.array([b for b, _ in kinds]),
            np.array([blocks[b].rows / len(lengths) for b, _ in kinds]),
            np.array([blocks[b].weight for b, _ in kinds]),
            np.array([length for _, length in kinds]),
        )

    @classmethod
    def fitted(cls, steps: Sequence[Step], step: Step, tails: Sequence[float] = ()) -> Self:
        """All rows that a step is fitted to, also those of other generations, as far as their covariance goes.

        Rows that several labels are fitted to weigh as much as all of them together.
        """
        blocks = [block for k in step.fitted for block in steps[k].blocks]
        cuts: dict[int, set[int]] = {}
        for block in blocks:
            cuts.setdefault(block.design, set()).update((block.start, block.stop))
        rows = []
        for design, places in cuts.items():
            for start, stop in pairwise(sorted(places)):
                own = [b for b in blocks if b.design == design and b.start <= start < b.stop]
                if own:
                    weight = sum(block.weight for block in own)
                    rows.append(
                        (own[0].covariance, stop - start, weight, (stop - start) * len(own))
                    )
        labelled = sum(each for *_, each in rows)
        share = (step.drawn or labelled) / labelled
        distinct = sum(number for _, number, *_ in rows)
        lengths = tails or (1.0,)
        shapes = tuple(dict.fromkeys(covariance for covariance, *_ in rows))
        kinds = [(row, length) for row in rows for length in lengths]
        return cls(
            shapes,
            np.array([shapes.index(covariance) for (covariance, *_), _ in kinds]),
            np.zeros(len(kinds), dtype=np.intp),
            np.array([share * number / len(lengths) for (_, number, *_), _ in kinds]),
            np.array([weight * distinct / labelled for (_, _, weight, _), _ in kinds]),
            np.array([length for _, length in kinds]),
        )

    @property
    def total(self) -> float:
        """Number of rows."""
        return float(self.number.sum())

    @property
    def loud(self) -> Array:
        """Weight times length, (S,)."""
        return self.weight * self.length

    def sums(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Sums over the kinds of rows of each covariance, (..., S) to (..., C)."""
        each = self.shape[:, None] == np.arange(len(self.covariances))
        return np.asarray(values @ each.astype(float))

    def trace(self, space: Space) -> float:
        """Mean squared length of a row, times its weight."""
        return float(self.number * self.loud @ space.totals[self.shape] / self.total)

    def load(self) -> Array:
        """Loads of the covariances in the mean weighted covariance of the rows, (C,)."""
        return self.sums(self.number * self.loud) / self.total

    def upper_edge(self, space: Space) -> float:
        """The largest eigenvalue of the weighted sample covariance in high dimension.

        Beyond it the fixed point at minus the eigenvalue is real, and Newton's method climbs to it from below.
        """
        low = space.largest(self)
        high = 2 * low
        while not self._is_beyond(high, space):
            low, high = high, 2 * high
        for _ in range(_HALVINGS):
            middle = (low * high) ** 0.5
            low, high = (low, middle) if self._is_beyond(middle, space) else (middle, high)
        return high

    def _is_beyond(self, x: float, space: Space) -> bool:
        traces, level = np.zeros(len(self.covariances)), -self.total * x
        for _ in range(_NEWTON):
            e = 1 + self.loud * traces[self.shape]
            if (e <= 0).any():
                return False
            e = 1 / e
            load = self.sums(self.number * self.loud * e)
            if not space.is_positive(-level, -load):
                return False
            q = space.resolvent(np.array([level]), load[None])
            feeds = space.squares(q)[0] * self.sums(self.number * (self.loud * e) ** 2)
            if np.abs(np.linalg.eigvals(feeds)).max() >= 1:
                return False
            move = np.linalg.solve(np.eye(len(traces)) - feeds, space.traces(q)[0] - traces)
            traces = traces + move
            if (np.abs(move) <= _NEARLY * np.abs(traces)).all():
                return True
        return False

    def solved(self, space: Space, penalty: Complex) -> tuple[Complex, Complex]:
        """Scalars e (k, S) and resolvents Q (k, ...) at penalties (k,) of the upper half plane.

        The map keeps the half plane and converges there, slowly; Newton's step is taken where it stays inside.
        """
        strength, level = self.number * self.loud, self.total * penalty
        start = np.broadcast_to(self.sums(strength), (penalty.size, len(self.covariances)))
        traces = space.traces(space.resolvent(level, start))
        one = np.eye(len(self.covariances))
        for _ in range(_MOST_STEPS):
            e = 1 / (1 + self.loud * traces[:, self.shape])
            q = space.resolvent(level, self.sums(strength * e))
            plain = space.traces(q)
            off = traces - plain
            if (np.abs(off) <= _TOLERANCE * np.abs(traces)).all():
                return e, q
            gain = self.sums(self.number * (self.loud * e) ** 2)
            feeds = space.squares(q) * gain[:, None]
            newton = traces - np.linalg.solve(one - feeds, off[..., None])[..., 0]
            inside = (newton.imag <= 0).all(axis=1) & np.isfinite(newton).all(axis=1)
            traces = np.where(inside[:, None], newton, plain)
        raise NotSolvedError(
            "the fixed point of the rows was not found at the penalties of a filter"
        )
