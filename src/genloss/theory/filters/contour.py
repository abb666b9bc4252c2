"""Functions of a sample covariance in expectation: resolvents on a contour around its spectrum.

With S = X'X/n and l = kappa (1 - df1(kappa)/n), R = 1/(s + kappa), in high dimension

    E (S + l)^-1             ~ (kappa/l) R
    E (S + l1)^-1 D (S + l2)^-1 ~ (k1 k2/(l1 l2)) [ R1 D R2 + R1 Sigma R2 tr(D R1 Sigma R2)/(n - tr Sigma^2 R1 R2) ]

also for complex l, and Cauchy's formula makes any analytic function of S of them. The contour is an ellipse in
``log(z + shift)``: close to zero and far from it at once. Products of two resolvents are differences,
``R1 R2 = (R1 - R2)/(k2 - k1)``, so that no pair of nodes is ever summed over the directions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.equivalents import NotSolvedError
from genloss.errors import NoTheoryError
from genloss.spectrum import Spectrum
from genloss.theory.filters.edge import upper_edge

Array = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]
Function = Callable[[npt.NDArray[Any]], npt.NDArray[Any]]

_SHAPES = (
    (0.5, 1.0, 96),
    (0.5, 0.8, 96),
    (1.0, 1.6, 128),
    (0.35, 0.8, 160),
    (0.2, 0.6, 192),
    (0.1, 0.6, 320),
    (0.03, 0.4, 800),
)
"""How far the ellipse reaches beyond the spectrum, its height, and how many nodes it has."""

_ROOM = 1.05  # beyond the edge, for single designs that reach further
_LOUD = 3.0  # of an entire filter left of the spectrum
_CLOSE = 1e-9  # what Cauchy's formula must give of the filter and of its square
_MOST_STEPS = 400
_TOLERANCE = 1e-13
_NEARLY = 1e-6  # on a coarse spectrum, to start from


class Contour:
    """Nodes around the spectrum of ``X'X / n``, in the upper half plane: the others are their mirror images.

    Attributes
    ----------
    z, weight : ndarray of shape (k,)
        Nodes and ``dz / (2 pi i)``.
    kappa, scale : ndarray of shape (k,)
        kappa at ``l = -z``, and ``kappa / l``.
    resolvent : ndarray of shape (k, p)
    """

    def __init__(self, directions: Spectrum, n: float, z: Complex, weight: Complex) -> None:
        self.directions, self.n = directions, n
        self.z, self.weight = z, weight
        self.kappa, self.resolvent = _solved(directions, n, -z)
        self.scale = self.kappa / -z

    @classmethod
    def around(
        cls,
        directions: Spectrum,
        n: float,
        filter_: Function,
        pole: float | None,
        edge: float | None = None,
    ) -> Contour:
        """A contour on which a filter is small enough, and which leaves its pole outside.

        ``edge`` is the `upper_edge`, where it is known.
        """
        top = _ROOM * (upper_edge(directions, n) if edge is None else edge)
        with np.errstate(all="ignore"):
            for reach, height, size in _SHAPES:
                shift = _shift(top, reach, filter_) if pole is None else min(pole, 1e6 * top)
                z, weight = _ellipse(shift, top, reach, height, size)
                if _misses(z, weight, top, filter_) < _CLOSE:
                    return cls(directions, n, z, weight)
        raise NoTheoryError(
            "the filter is too steep beside the spectrum of the rows for a contour; genloss.simulate runs it"
        )

    def of(self, values: Complex) -> Complex:
        """Weights of the resolvents for a function with these values at the nodes."""
        return -values * self.weight * self.scale

    def mean(self, values: Complex) -> Array:
        """``E f(S)_ii`` per direction."""
        return np.asarray(2 * (self.of(values) @ self.resolvent).real)

    def spread(self, one: Complex, other: Complex, energy: Array) -> Array:
        """``Cov (f theta)_i (g theta)_i`` summed over equal directions; energy: E theta_j**2 summed likewise.

        What two functions of one S have in common beyond their means.
        """
        s, count = self.directions.eigenvalues, self.directions.multiplicity
        u, v = self.of(one), self.of(other)
        total = np.zeros(s.size)
        for mirrored in (False, True):
            heard = self.across(s * energy, mirrored) / self.free[mirrored]
            total += self.paired(np.outer(u, v.conj() if mirrored else v) * heard, mirrored)
        return total * s * count

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


def _ellipse(
    shift: float, top: float, reach: float, height: float, size: int
) -> tuple[Complex, Complex]:
    """The upper half of an ellipse in ``log(z + shift)`` around [0, top], and ``dz / (2 pi i)``."""
    low, high = math.log(shift), math.log(shift + top)
    angle = (np.arange(size // 2) + 0.5) * (2 * math.pi / size)
    axis = (high - low) / 2 + reach
    around = np.exp((low + high) / 2 + axis * np.cos(angle) + 1j * height * np.sin(angle))
    slope = -axis * np.sin(angle) + 1j * height * np.cos(angle)
    return around - shift, around * slope / (1j * size)


def _shift(top: float, reach: float, filter_: Function) -> float:
    """As large as leaves an entire filter small where the ellipse begins, below zero."""
    shift = top
    for _ in range(100):
        if np.abs(filter_(np.array([shift * math.expm1(-reach)])))[0] <= _LOUD:
            break
        shift /= 2
    return shift


def _misses(z: Complex, weight: Complex, top: float, filter_: Function) -> float:
    """How far Cauchy's formula is off on the spectrum, for the filter and its square."""
    x = top * np.linspace(0, 1, 41)[:, None] ** 3
    values, known = filter_(z), filter_(x[:, 0])
    found = [2 * ((values**k * weight) / (z - x)).sum(axis=1).real for k in (1, 2)]
    off = max(float(np.abs(each - known**k).max()) for k, each in zip((1, 2), found, strict=True))
    return math.inf if math.isnan(off) else off


def _solved(directions: Spectrum, n: float, l: Complex) -> tuple[Complex, Complex]:
    """Kappa with the sign of l's imaginary part turned up, and its resolvents."""
    # the nodes have Im z > 0: the mirror images of their l are in the upper half plane
    l = l.conj()
    kappa = l + directions.eigenvalues @ directions.multiplicity / n
    if directions.coarse.eigenvalues.size < directions.eigenvalues.size:
        kappa, _ = _fixed_point(directions.coarse, n, l, kappa, _NEARLY)
    kappa, resolvent = _fixed_point(directions, n, l, kappa, _TOLERANCE)
    return kappa.conj(), resolvent.conj()


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
