"""A spectrum as few weighted nodes, so that sums over any number of directions are short."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from genloss.errors import GenlossError
from genloss.problem import Problem

Array = npt.NDArray[np.float64]

MOST_EXACT = 4096  # directions up to which every one is a node
_LEADING = 512  # exact leading ranks of a longer spectrum
_POINTS = 16  # Gauss-Legendre points of one panel
_BLOCK = 1 << 17  # entries of one (configurations x nodes) block
_MAX_STEPS = 500
_TOLERANCE = 1e-13
_ACCEPTABLE = 1e-11


@dataclass(frozen=True, eq=False)
class Nodes:
    """Eigenvalues and signal at weighted ranks: ``sum_i f_i`` is ``multiplicity @ f(nodes)``.

    Parameters
    ----------
    spectrum : ndarray of shape (k,)
        Eigenvalues at the nodes.
    signal : ndarray of shape (k,)
        ``truth**2 * spectrum`` at the nodes.
    multiplicity : ndarray of shape (k,)
        How many directions a node stands for (quadrature weights, not whole numbers).
    n_directions : float
        Number of directions, possibly infinite.
    """

    spectrum: Array
    signal: Array
    multiplicity: Array
    n_directions: float

    @property
    def weighted_signal(self) -> Array:
        """Signal times multiplicity; its sum is the error of the null predictor."""
        return self.signal * self.multiplicity

    @classmethod
    def of(cls, problem: Problem) -> Nodes:
        """Every direction of a problem as one node."""
        order = np.argsort(problem.spectrum)[::-1]
        spectrum = problem.spectrum[order]
        signal = spectrum * problem.truth[order] ** 2
        return cls(spectrum, signal, np.ones(problem.dim), float(problem.dim))


@lru_cache(maxsize=64)
def power_law_nodes(capacity: float, source: float, dim: int | None) -> Nodes:
    """Nodes of ``i**-capacity`` with signal ``i**-(1 + 2 capacity source)``.

    Notes
    -----
    Midpoint Euler-Maclaurin: ``sum_{i=M+1}^{N} f(i)`` is the integral of f from M + 1/2 to N + 1/2
    plus ``(f'(M + 1/2) - f'(N + 1/2)) / 24`` up to ``O(f''')``; the derivatives are differences of
    two ranks, hence nodes too. The integral is taken in log rank, where everything the theory sums
    is smooth on the scale 1 / capacity. Past the last panel all summands are proportional to the
    eigenvalue (and to the signal), so that one node with the right sums stands for the rest.
    """
    if dim is not None and dim <= MOST_EXACT:
        rank, multiplicity = np.arange(1.0, dim + 1), np.ones(dim)
        last = float(dim)
    else:
        last = math.inf if dim is None else float(dim)
        rank, multiplicity = _ranks(capacity, last)
    spectrum = rank**-capacity
    signal = rank ** -(1 + 2 * capacity * source)
    if math.isinf(last):
        end = _deepest_rank(capacity)
        eigenvalue = end**-capacity
        count = end ** (1 - capacity) / (capacity - 1) / eigenvalue
        rest = end ** (-2 * capacity * source) / (2 * capacity * source) / count
        spectrum, signal = np.append(spectrum, eigenvalue), np.append(signal, rest)
        multiplicity = np.append(multiplicity, count)
    for column in (spectrum, signal, multiplicity):
        column.setflags(write=False)
    return Nodes(spectrum, signal, multiplicity, last)


def _deepest_rank(capacity: float) -> float:
    """Rank 1e20, or further until the eigenvalues fell by 1e35, and not into underflow."""
    return math.exp(max(80 / capacity, min(46.0, 600 / capacity))) + _LEADING


def _ranks(capacity: float, last: float) -> tuple[Array, Array]:
    """Exact leading ranks, then Gauss-Legendre panels in log rank up to ``last`` + 1/2."""
    lead = np.arange(1.0, _LEADING + 2)
    lead_weight = np.ones(_LEADING + 1)
    lead_weight[-2:] = 1 - 1 / 24, 1 / 24
    low = math.log(_LEADING + 0.5)
    high = math.log(_deepest_rank(capacity)) if math.isinf(last) else math.log(last + 0.5)
    # the summands have their nearest singularities at distance pi / capacity from the real axis
    panels = max(1, math.ceil((high - low) / min(1.0, 2 / capacity)))
    point, weight = np.polynomial.legendre.leggauss(_POINTS)
    half = (high - low) / (2 * panels)
    middle = low + half * (2 * np.arange(panels) + 1)
    rank = np.exp(middle[:, None] + half * point).ravel()
    multiplicity = (half * np.tile(weight, panels)) * rank
    ends = [] if math.isinf(last) else [last, last + 1]
    end_weight = [] if math.isinf(last) else [1 / 24, -1 / 24]
    return (
        np.concatenate([lead, rank, ends]),
        np.concatenate([lead_weight, multiplicity, end_weight]),
    )


@dataclass(frozen=True, eq=False)
class Fits:
    """The fixed point of several fits, one entry each.

    Attributes
    ----------
    kappa, df1, df2 : ndarray of shape (fits,)
        Effective penalty and degrees of freedom.
    rows_left : ndarray of shape (fits,)
        ``n_samples - df2``, without cancellation; ``n_samples - dim - 1`` for least squares
        (`paper.md` 2.1) and 0 where that is not positive.
    noise_exists : ndarray of bool of shape (fits,)
        Whether the mean effect of label noise is finite.
    """

    kappa: Array
    df1: Array
    df2: Array
    rows_left: Array
    noise_exists: npt.NDArray[np.bool_]


def fit(nodes: Nodes, penalty: Array, n_samples: Array) -> Fits:
    """Fixed point of every (penalty, rows) pair."""
    kappa = solve_kappa(nodes, penalty, n_samples)
    df1, df2, cross = (np.empty_like(kappa) for _ in range(3))
    for block in blocks(nodes, kappa.size):
        df1[block], df2[block], cross[block] = sums(nodes, kappa[block])
    return certified(nodes, penalty, n_samples, kappa, (df1, df2, cross))


def certified(
    nodes: Nodes, penalty: Array, n_samples: Array, kappa: Array, sums: tuple[Array, Array, Array]
) -> Fits:
    """`Fits` from an effective penalty and its sums ``df1, df2, df1 - df2``."""
    df1, df2, cross = sums
    flat = kappa == 0
    with np.errstate(invalid="ignore", divide="ignore"):
        # n - df2 = (n - df1) + (df1 - df2), and n - df1 = n penalty / kappa
        curved = np.where(penalty > 0, n_samples * penalty / kappa, 0.0) + cross
        least_squares = np.maximum(n_samples - nodes.n_directions - 1, 0.0)
    edge = (penalty == 0) & (n_samples >= nodes.n_directions - 1)
    exists = ~(edge & (n_samples <= nodes.n_directions + 1))
    return Fits(kappa, df1, df2, np.where(flat, least_squares, curved), exists)


def blocks(nodes: Nodes, size: int) -> list[slice]:
    """Slices of ``size`` configurations, each small enough for the cache."""
    rows = max(1, _BLOCK // nodes.spectrum.size)
    return [slice(first, first + rows) for first in range(0, size, rows)]


def solve_kappa(nodes: Nodes, penalty: Array, n_samples: Array) -> Array:
    """Root of ``kappa = penalty + kappa df1(kappa) / n_samples`` for 1-D arrays of one length.

    Newton's method from the right of the root, where the equation is convex (`paper.md` section 1).
    """
    kappa = np.zeros_like(n_samples)
    todo = np.flatnonzero((penalty > 0) | (n_samples < nodes.n_directions))
    trace = float(nodes.multiplicity @ nodes.spectrum)
    for block in blocks(nodes, todo.size):
        at = todo[block]
        kappa[at] = _newton(nodes, penalty[at], n_samples[at], trace)
    return kappa


def _newton(nodes: Nodes, penalty: Array, n: Array, trace: float) -> Array:
    over = n > nodes.n_directions
    k = penalty + trace / n
    if over.any():
        cap = penalty[over] * n[over] / (n[over] - nodes.n_directions)
        k[over] = np.minimum(k[over], cap)
    for _ in range(_MAX_STEPS):
        df1, _, cross = sums(nodes, k)
        rows_left = n - df1
        if (n >= nodes.n_directions).any():
            # n - df1 = (n - dim) + sum_i kappa / (s_i + kappa)
            short = (k[:, None] / (nodes.spectrum + k[:, None])) @ nodes.multiplicity
            full = n >= nodes.n_directions
            rows_left = np.where(full, n - min(nodes.n_directions, 1e300) + short, rows_left)
        value = k * rows_left / n - penalty
        residual = np.abs(value) / k
        if (residual <= _TOLERANCE).all():
            return k
        k = np.maximum(k - value * n / (rows_left + cross), k / 64)
    if float(residual.max()) > _ACCEPTABLE:
        raise GenlossError(f"kappa did not converge: relative residual {residual.max():.1e}")
    return k


def sums(nodes: Nodes, kappa: Array) -> tuple[Array, Array, Array]:
    """df1, df2 and df1 - df2 at every kappa."""
    shrink = nodes.spectrum / (nodes.spectrum + kappa[:, None])
    flat = kappa == 0
    df1 = np.where(flat, nodes.n_directions, shrink @ nodes.multiplicity)
    df2 = np.where(flat, nodes.n_directions, shrink**2 @ nodes.multiplicity)
    cross = (shrink * (kappa[:, None] / (nodes.spectrum + kappa[:, None]))) @ nodes.multiplicity
    return df1, df2, cross
