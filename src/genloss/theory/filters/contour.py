"""Functions of a sample covariance in expectation: sums of ridge fits of complex penalties (`nodes`).

With S = X'X/n and l = kappa (1 - df1(kappa)/n), R = 1/(s + kappa), in high dimension

    E (S + l)^-1             ~ (kappa/l) R
    E (S + l1)^-1 D (S + l2)^-1 ~ (k1 k2/(l1 l2)) [ R1 D R2 + R1 Sigma R2 tr(D R1 Sigma R2)/(n - tr Sigma^2 R1 R2) ]

also for complex l. Products of two resolvents are differences, ``R1 R2 = (R1 - R2)/(k2 - k1)``, so that no pair
of nodes is ever summed over the directions.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from genloss.equivalents import NotSolvedError
from genloss.spectrum import Spectrum
from genloss.theory.filters.edge import upper_edge
from genloss.theory.filters.nodes import Function, Nodes

Array = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]

ROOM = 1.05  # beyond the edge, for single designs that reach further

_MOST_STEPS = 400
_TOLERANCE = 1e-13
_NEARLY = 1e-6  # on a coarse spectrum, to start from


class Contour:
    """Nodes around the spectrum of ``X'X / n``, and what ridge fits of their penalties do.

    Attributes
    ----------
    x : ndarray of shape (m,)
        Where functions are read.
    kappa : ndarray of shape (k,)
        At the nodes of the upper half plane: the others are their mirror images.
    resolvent : ndarray of shape (k, p)
    """

    def __init__(self, directions: Spectrum, n: float, nodes: Nodes) -> None:
        self.directions, self.n, self.nodes, self.x = directions, n, nodes, nodes.x
        self.kappa, self.resolvent = _solved(directions, n, nodes.penalty)

    @classmethod
    def around(
        cls,
        directions: Spectrum,
        n: float,
        filter_: Function,
        pole: float | None,
        edge: float | None = None,
    ) -> Contour:
        """Nodes that are enough for a filter.

        ``edge`` is the `upper_edge`, where it is known.
        """
        top = ROOM * (upper_edge(directions, n) if edge is None else edge)
        return cls(directions, n, Nodes.around(top, filter_, pole))

    def mean(self, values: Array) -> Array:
        """``E f(S)_ii`` per direction, from f's values at the places."""
        return np.asarray(
            2 * self.directions.eigenvalues * (self.nodes.of(values) @ self.resolvent).real
        )

    def spread(self, one: Array, other: Array, energy: Array) -> Array:
        """``Cov (f theta)_i (g theta)_i`` summed over equal directions; energy: E theta_j**2 summed likewise.

        What two functions of one S have in common beyond their means.
        """
        return self.directions.multiplicity * self.spread_of_each(one, other, energy)

    def spread_of_each(self, one: Array, other: Array, energy: Array) -> Array:
        """The same along one of equal directions."""
        s = self.directions.eigenvalues
        # x / (x + l) is 1 - l / (x + l)
        u, v = -self.kappa * self.nodes.of(one), -self.kappa * self.nodes.of(other)
        total = np.zeros(s.size)
        for mirrored in (False, True):
            heard = self.across(s * energy, mirrored) / self.free[mirrored]
            total += self.paired(np.outer(u, v.conj() if mirrored else v) * heard, mirrored)
        return total * s

    def paired(self, pairs: Complex, mirrored: bool) -> Array:
        """``2 Re sum_kl x_kl R_k R_l`` per direction, the second of each pair a node or a mirror image."""
        gap = self._gaps(mirrored)
        # R_k R_l = (R_k - R_l) / (kappa_l - kappa_k), and R_k**2 where they are one
        apart = np.divide(pairs, gap, out=np.zeros_like(pairs), where=gap != 0)
        own, theirs = apart.sum(axis=1), -apart.sum(axis=0)
        if mirrored:
            total = own @ self.resolvent + (theirs.conj() @ self.resolvent).conj()
        else:
            total = (own + theirs) @ self.resolvent + np.diagonal(pairs) @ self._squared
        return np.asarray(2 * total.real)

    def across(self, values: Array, mirrored: bool) -> Complex:
        """``sum_j x_j R_kj R_lj`` for pairs of nodes, or pairs with a mirror image."""
        return self._products(self.resolvent @ values, self._squared @ values, mirrored)

    @cached_property
    def _squared(self) -> Complex:
        return np.asarray(self.resolvent**2)

    @cached_property
    def free(self) -> dict[bool, Complex]:
        """``n - tr Sigma^2 R_k R_l`` for pairs of nodes, and for pairs with a mirror image."""
        squares = self.directions.multiplicity * self.directions.eigenvalues**2
        return {mirrored: self.n - self.across(squares, mirrored) for mirrored in (False, True)}

    def _gaps(self, mirrored: bool) -> Complex:
        other = self.kappa.conj() if mirrored else self.kappa
        return np.asarray(other - self.kappa[:, None])

    def _products(self, first: Complex, second: Complex, mirrored: bool) -> Complex:
        """``sum_j x_j R_kj R_lj`` from ``sum_j x_j R_kj`` and ``sum_j x_j R_kj**2``."""
        gap = self._gaps(mirrored)
        other = first.conj() if mirrored else first
        difference = first[:, None] - other
        safe = np.where(gap == 0, 1.0, gap)
        return np.where(gap == 0, second, difference / safe)


def _solved(directions: Spectrum, n: float, l: Complex) -> tuple[Complex, Complex]:
    """Kappa and its resolvents, for l in the upper half plane."""
    kappa = l + directions.eigenvalues @ directions.multiplicity / n
    if directions.coarse.eigenvalues.size < directions.eigenvalues.size:
        kappa, _ = _fixed_point(directions.coarse, n, l, kappa, _NEARLY)
    return _fixed_point(directions, n, l, kappa, _TOLERANCE)


def _fixed_point(
    directions: Spectrum, n: float, l: Complex, kappa: Complex, close: float
) -> tuple[Complex, Complex]:
    """``kappa -> l + sum sk/(s + k)/n`` keeps the half plane of l and converges there, slowly.

    Newton's step is taken wherever it stays in that half plane too.
    """
    s, mass = directions.eigenvalues, directions.multiplicity / n
    for _ in range(_MOST_STEPS):
        resolvent = 1 / (s + kappa[:, None])
        df1, df2 = resolvent @ (s * mass), (resolvent * resolvent) @ (s * s * mass)
        off = kappa * (1 - df1) - l
        if (np.abs(off) <= close * np.abs(kappa)).all():
            return kappa, resolvent
        newton = kappa - off / (1 - df2)
        kappa = np.where(newton.imag >= l.imag, newton, l + kappa * df1)
    raise NotSolvedError("kappa was not found on the contour of a filter")
