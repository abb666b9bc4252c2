"""The Spectrum: eigenvalues, how many directions have each, and how much of the truth lies there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from genloss.errors import InvalidInputError

Array = npt.NDArray[np.float64]

LONG = 20_000  # eigenvalues from which a spectrum is compressed
_BIN = 0.024  # logarithmic width of a bin; two nodes of Gauss err by width**4 / 4320
_COARSE = 0.15  # the same where a start is sought
_PANEL = 4.0  # logarithmic width over which a resolvent is told by its values at few points
_OF_PANEL = 32  # Chebyshev points that tell it to the last digit
_MOST_EXACT = 4096  # directions of a power law up to which every one is a node
_LEADING = 512  # exact leading ranks of a longer power law
_POINTS = 16  # Gauss-Legendre points of one panel


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Eigenvalues with multiplicities and the truth's share in each: what theory is a sum over.

    The moments of a model depend on a direction through its eigenvalue and the truth's square alone,
    so that directions of one eigenvalue are taken together, and very many, or infinitely many, are
    stood for by few nodes.

    Attributes
    ----------
    eigenvalues : ndarray of shape (k,)
        Eigenvalues of the input covariance, > 0.
    multiplicity : ndarray of shape (k,)
        How many directions have each of them, >= 0; need not be whole.
    energy : ndarray of shape (k,)
        Sum of the truth's squared coordinates along them.
    dim : float
        Number of directions, possibly infinite.
    constant : bool
        Whether the last of them stands for a constant that fits know beside the inputs.

    Examples
    --------
    >>> import genloss as gl
    >>> gl.Problem.isotropic(300).directions
    Spectrum(1 node, dim=300, trace=300, signal=1)
    >>> gl.scaling.PowerLaw(2.0, 0.5).directions.dim
    inf
    """

    eigenvalues: Array
    multiplicity: Array
    energy: Array
    dim: float
    constant: bool = False

    @classmethod
    def of(cls, eigenvalues: Array, truth: Array | None = None) -> Self:
        """Every direction by itself; without a truth there is no energy."""
        energy = np.zeros_like(eigenvalues) if truth is None else truth**2
        return cls(eigenvalues, np.ones_like(eigenvalues), energy, float(eigenvalues.size))

    @property
    def inputs(self) -> Array:
        """Eigenvalues but a constant's."""
        return self.eigenvalues[:-1] if self.constant else self.eigenvalues

    @property
    def without_constant(self) -> Self:
        """The inputs alone."""
        if not self.constant:
            return self
        kept = self.eigenvalues[:-1], self.multiplicity[:-1], self.energy[:-1]
        return type(self)(*kept, self.dim - 1)

    @property
    def signal(self) -> Array:
        """Error of the null predictor along the directions of each eigenvalue, shape (k,)."""
        return self.eigenvalues * self.energy

    @property
    def trace(self) -> float:
        """Trace of the covariance."""
        return float(self.eigenvalues @ self.multiplicity)

    @cached_property
    def coarse(self) -> Self:
        """Very few nodes, without energy: its degrees of freedom agree within some 1e-6, relatively."""
        some = self.multiplicity > 0
        s, mass = self.eigenvalues[some], self.multiplicity[some]
        order = np.argsort(s)
        values, weights = _gauss(s[order], np.floor(np.log(s[order]) / _COARSE), mass[order])
        return type(self)(values, weights, np.zeros_like(values), self.dim)

    def thinned(self, width: float) -> Self:
        """Gauss nodes of bins of this logarithmic width, as those of `compress`."""
        parts = []
        for mass in (self.multiplicity, self.energy):
            some = np.flatnonzero(mass > 0)
            order = some[np.argsort(self.eigenvalues[some])]
            s = self.eigenvalues[order]
            parts.append(_gauss(s, np.floor(np.log(s) / width), mass[order]))
        (values, weights), (loud, energies) = parts
        return type(self)(
            np.concatenate([values, loud]),
            np.concatenate([weights, np.zeros_like(loud)]),
            np.concatenate([np.zeros_like(values), energies]),
            self.dim,
        )

    @cached_property
    def condensed(self) -> Self:
        """Few nodes, without energy, over which resolvents sum to what they do over all directions, to rounding.

        As a function of ``log s``, ``s / (s + kappa)`` has no pole within pi of the real axis, whatever kappa > 0. Over
        a panel of eigenvalues it is the polynomial through its values at Chebyshev's points, so that its sum over all
        of them is one over these points, with weights that may be negative.
        """
        some = self.multiplicity > 0
        s, mass = self.eigenvalues[some], self.multiplicity[some]
        panel = np.floor(np.log(s) / _PANEL)
        parts = [
            _at_few_points(s[own], mass[own]) for own in (panel == k for k in np.unique(panel))
        ]
        nodes, weights = map(np.concatenate, zip(*parts, strict=True))
        return type(self)(nodes, weights, np.zeros_like(nodes), self.dim)

    def __repr__(self) -> str:
        nodes = f"{self.eigenvalues.size} node{'s' * (self.eigenvalues.size > 1)}"
        signal = float(self.signal.sum())
        return (
            f"Spectrum({nodes}, dim={self.dim:.12g}, trace={self.trace:.4g}, signal={signal:.4g})"
        )


class Spectral(Protocol):
    """What theory can be asked about: a Problem, or a PowerLaw of any number of directions."""

    @property
    def directions(self) -> Spectrum:
        """What theory sums over."""

    @property
    def gaussian(self) -> bool:
        """Whether the inputs are Gaussian."""


def directions_of(problem: Any, name: str = "problem") -> Spectrum:
    """The spectrum of a Problem, of a PowerLaw, or of whatever else has ``directions``.

    Raises
    ------
    InvalidInputError
        If it has none.
    """
    found = getattr(problem, "directions", None)
    if not isinstance(found, Spectrum):
        raise InvalidInputError(
            f"{name} was {type(problem).__name__}; it must be a Problem or a scaling.PowerLaw"
        )
    return found


def directions(eigenvalues: Array, truth: Array) -> Spectrum:
    """The shortest spectrum that stands for all directions."""
    if (eigenvalues == eigenvalues[0]).all():
        dim = float(eigenvalues.size)
        return Spectrum(eigenvalues[:1], np.array([dim]), (truth**2).sum(keepdims=True), dim)
    if eigenvalues.size < LONG:
        return Spectrum.of(eigenvalues, truth)
    return compress(eigenvalues, truth**2)


def compress(eigenvalues: Array, energy: Array | None = None) -> Spectrum:
    """Few nodes that stand for very many eigenvalues.

    Parameters
    ----------
    eigenvalues : ndarray of shape (p,)
        Eigenvalues, all > 0, in any order.
    energy : ndarray of shape (p,), optional
        The truth's squared coordinates; default: none.

    Returns
    -------
    Spectrum
        Gauss nodes of two measures, the number of directions and the energy, each with nothing of
        the other: at most two in every bin of logarithmic width 0.024, with the zeroth to third
        moment of the eigenvalues in it. Degrees of freedom agree with those of the whole spectrum
        within 1e-9, relatively; bins of one or two eigenvalues are kept as they are.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss.spectrum import compress
    >>> compress(np.arange(1, 100_001) ** -1.5)
    Spectrum(961 nodes, dim=100000, trace=2.606, signal=0)
    """
    falls = (eigenvalues[1:] <= eigenvalues[:-1]).all()  # as most are written
    order: Any = np.s_[::-1] if falls else np.argsort(eigenvalues)
    s = eigenvalues[order]
    bins = np.floor(np.log(s) / _BIN)
    values, weights = _gauss(s, bins, np.ones_like(s))
    if energy is None:
        return Spectrum(values, weights, np.zeros_like(values), float(s.size))
    mass = energy[order]
    some = mass != 0
    loud, energies = _gauss(s[some], bins[some], mass[some])
    return Spectrum(
        np.concatenate([values, loud]),
        np.concatenate([weights, np.zeros_like(loud)]),
        np.concatenate([np.zeros_like(values), energies]),
        float(s.size),
    )


def _at_few_points(s: Array, mass: Array) -> tuple[Array, Array]:
    """Chebyshev points in the logarithm of eigenvalues, and weights with which polynomials sum alike."""
    place = np.log(s / s[0])
    low, high = place.min(), place.max()
    if s.size <= _OF_PANEL or low == high:
        return s, mass
    angle = np.pi * (np.arange(_OF_PANEL) + 0.5) / _OF_PANEL
    point = (high + low) / 2 + (high - low) / 2 * np.cos(angle)
    # Lagrange's polynomials in barycentric form; an eigenvalue at a point is that point
    away = place[:, None] - point
    share = np.sin(angle) * (-1.0) ** np.arange(_OF_PANEL) / np.where(away == 0, 1e-100, away)
    return s[0] * np.exp(point), mass @ (share / share.sum(axis=1, keepdims=True))


def _gauss(s: Array, bins: Array, mass: Array) -> tuple[Array, Array]:
    """Two nodes for every bin of rising eigenvalues, and their weights (Gauss's rule)."""
    if not s.size:
        return s, s
    first = np.flatnonzero(np.r_[True, np.diff(bins) > 0])
    size = np.diff(np.r_[first, s.size])
    count = np.add.reduceat(mass, first)
    # moments about the mean, relative to it, so that nothing cancels
    mean = np.add.reduceat(mass * s, first) / count
    away = s / np.repeat(mean, size) - 1
    square = mass * away**2
    second = np.add.reduceat(square, first) / count
    third = np.add.reduceat(square * away, first) / count  # a cube is a slow power
    wide = second > 1e-24  # narrower than rounding: one node
    half = np.divide(third, 2 * second, out=np.zeros_like(mean), where=wide)
    root = np.sqrt(half**2 + second)
    low, high = half - root, half + root
    share = np.divide(high, 2 * root, out=np.ones_like(mean), where=wide)
    values = np.concatenate([mean * (1 + np.where(wide, low, 0)), (mean * (1 + high))[wide]])
    return values, np.concatenate([count * share, (count * (1 - share))[wide]])


@lru_cache(maxsize=64)
def power_law(capacity: float, source: float, dim: int | None) -> Spectrum:
    """Eigenvalues ``i**-capacity`` with signal ``i**-(1 + 2 capacity source)``.

    Parameters
    ----------
    capacity, source : float
        Exponents, capacity > 1.
    dim : int or None
        Number of directions, None for infinitely many.

    Notes
    -----
    Midpoint Euler-Maclaurin: ``sum_{i=M+1}^{N} f(i)`` is the integral of f from M + 1/2 to N + 1/2
    plus ``(f'(M + 1/2) - f'(N + 1/2)) / 24`` up to ``O(f''')``; the derivatives are differences of
    two ranks, hence nodes too, and taken where all weights stay positive. The integral is taken in log rank, where everything the theory sums is smooth
    on the scale 1 / capacity. Past the last panel all summands are proportional to the eigenvalue
    (and to the signal), so that one node with the right sums stands for the rest.
    """
    if dim is not None and dim <= _MOST_EXACT:
        rank, multiplicity = np.arange(1.0, dim + 1), np.ones(dim)
    else:
        rank, multiplicity = _ranks(capacity, math.inf if dim is None else float(dim))
    eigenvalues = rank**-capacity
    signal = multiplicity * rank ** -(1 + 2 * capacity * source)
    if dim is None:
        end = _deepest_rank(capacity)
        eigenvalues = np.append(eigenvalues, end**-capacity)
        multiplicity = np.append(multiplicity, end / (capacity - 1))
        signal = np.append(signal, end ** (-2 * capacity * source) / (2 * capacity * source))
    columns = eigenvalues, multiplicity, signal / eigenvalues
    for column in columns:
        column.setflags(write=False)
    return Spectrum(*columns, math.inf if dim is None else float(dim))


def _deepest_rank(capacity: float) -> float:
    """Rank 1e20, or further until the eigenvalues fell by 1e35, and not into underflow."""
    return math.exp(max(80 / capacity, min(46.0, 600 / capacity))) + _LEADING


def _ranks(capacity: float, last: float) -> tuple[Array, Array]:
    """Exact leading ranks, Gauss-Legendre panels in log rank, and the last rank exactly."""
    lead = np.arange(1.0, _LEADING + 2)
    lead_weight = np.ones(_LEADING + 1)
    lead_weight[-2:] = 1 - 1 / 24, 1 / 24
    low = math.log(_LEADING + 0.5)
    high = math.log(_deepest_rank(capacity)) if math.isinf(last) else math.log(last - 0.5)
    # the summands have their nearest singularities at distance pi / capacity from the real axis
    panels = max(1, math.ceil((high - low) / min(1.0, 2 / capacity)))
    point, weight = np.polynomial.legendre.leggauss(_POINTS)
    half = (high - low) / (2 * panels)
    middle = low + half * (2 * np.arange(panels) + 1)
    rank = np.exp(middle[:, None] + half * point).ravel()
    multiplicity = (half * np.tile(weight, panels)) * rank
    ends = [] if math.isinf(last) else [last - 1, last]
    end_weight = [] if math.isinf(last) else [1 / 24, 1 - 1 / 24]
    return (
        np.concatenate([lead, rank, ends]),
        np.concatenate([lead_weight, multiplicity, end_weight]),
    )
