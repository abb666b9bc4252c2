"""Rows of several weights, covariances and lengths under ridge fits of complex penalties (`filters.md`).

The fixed point of `theory.md` 2.4 at every node, all covariances along the problem's directions: with
traces ``u_c = tr(Sigma_c Q)``,

    e_s = 1 / (1 + omega_s rho_s u_c(s)) ,   Q = 1 / (N l + sum_s n_s omega_s rho_s e_s Sigma_c(s))

over kinds s of rows, each of one covariance c(s), weight omega_s and length rho_s.
"""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from genloss.equivalents import NotSolvedError
from genloss.spectrum import Spectrum
from genloss.steps import Step

Array = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]
Places = npt.NDArray[np.intp]

_MOST_STEPS = 400
_TOLERANCE = 1e-12
_HALVINGS = 9  # of a factor of two: the edge to a fifth of a percent
_NEWTON = 30


class Rows(NamedTuple):
    """Kinds of rows of one fit.

    Attributes
    ----------
    sigma : ndarray of shape (C, p)
        The different covariances.
    count : ndarray of shape (p,)
        How many directions are alike.
    shape, source : ndarray of int of shape (S,)
        Which covariance a kind of rows has, and which block of the step it is of.
    number, weight, length : ndarray of shape (S,)
        Rows of the kind, their weight, and what their covariance is times.
    """

    sigma: Array
    count: Array
    shape: Places
    source: Places
    number: Array
    weight: Array
    length: Array

    @classmethod
    def of(cls, step: Step, directions: Spectrum, tails: tuple[float, ...] = ()) -> Self:
        """The rows of a step, those of each length by themselves."""
        lengths = tails or (1.0,)
        shapes = list(dict.fromkeys(block.covariance for block in step.blocks))
        kinds = [(b, length) for b in range(len(step.blocks)) for length in lengths]
        blocks = step.blocks
        return cls(
            np.array([directions.eigenvalues if each is None else each for each in shapes]),
            directions.multiplicity,
            np.array([shapes.index(blocks[b].covariance) for b, _ in kinds]),
            np.array([b for b, _ in kinds]),
            np.array([blocks[b].rows / len(lengths) for b, _ in kinds]),
            np.array([blocks[b].weight for b, _ in kinds]),
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

    def trace(self) -> float:
        """Mean squared length of a row, times its weight."""
        traces = (self.sigma @ self.count)[self.shape]
        return float(self.number * self.loud @ traces / self.total)

    def by_shape(self, values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Sums over the kinds of each covariance of values (S, ...)."""
        sums = np.zeros((len(self.sigma), *values.shape[1:]), dtype=values.dtype)
        np.add.at(sums, self.shape, values)
        return sums

    def upper_edge(self) -> float:
        """The largest eigenvalue of the weighted sample covariance in high dimension.

        Beyond it the fixed point at minus the eigenvalue is real, and Newton's method climbs to it from below.
        """
        strength = self.number * self.loud
        low = float((self.by_shape(strength) @ self.sigma).max() / self.total)
        high = 2 * low
        while not self._beyond(high):
            low, high = high, 2 * high
        for _ in range(_HALVINGS):
            middle = (low * high) ** 0.5
            low, high = (low, middle) if self._beyond(middle) else (middle, high)
        return high

    def _beyond(self, x: float) -> bool:
        """Whether x is beyond the spectrum of the sample covariance."""
        masses, down = self.sigma * self.count, np.zeros(len(self.sigma))  # minus the traces
        for _ in range(_NEWTON):
            e = 1 - self.loud * down[self.shape]
            if (e <= 0).any():
                return False
            e = 1 / e
            room = self.total * x - self.by_shape(self.number * self.loud * e) @ self.sigma
            if (room <= 0).any():
                return False
            q = 1 / room
            feeds = (
                (masses * q**2) @ self.sigma.T * self.by_shape(self.number * (self.loud * e) ** 2)
            )
            if np.abs(np.linalg.eigvals(feeds)).max() >= 1:
                return False
            move = np.linalg.solve(np.eye(len(down)) - feeds, masses @ q - down)
            down = down + move
            if (np.abs(move) <= 1e-9 * down).all():
                return True
        return False

    def solved(self, penalty: Complex) -> tuple[Complex, Complex]:
        """Scalars e (k, S) and Q (k, p) at penalties (k,) of the upper half plane.

        The map keeps the half plane and converges there, slowly; Newton's step is taken where it stays inside.
        """
        strength, masses = self.number * self.loud, self.sigma * self.count
        level = self.total * penalty[:, None]
        q = 1 / (level + self.by_shape(strength) @ self.sigma)
        traces = q @ masses.T
        pairs = (masses[:, None] * self.sigma).reshape(-1, masses.shape[1]).T
        one = np.eye(len(masses))
        for _ in range(_MOST_STEPS):
            e = 1 / (1 + self.loud * traces[:, self.shape])
            q = 1 / (level + self.by_shape((strength * e).T).T @ self.sigma)
            plain = q @ masses.T
            off = traces - plain
            if (np.abs(off) <= _TOLERANCE * np.abs(traces)).all():
                return e, q
            gain = self.by_shape((self.number * (self.loud * e) ** 2).T).T
            feeds = (q * q @ pairs).reshape(-1, *one.shape) * gain[:, None]
            newton = traces - np.linalg.solve(one - feeds, off[..., None])[..., 0]
            inside = (newton.imag <= 0).all(axis=1) & np.isfinite(newton).all(axis=1)
            traces = np.where(inside[:, None], newton, plain)
        raise NotSolvedError(
            "the fixed point of the rows was not found at the penalties of a filter"
        )
