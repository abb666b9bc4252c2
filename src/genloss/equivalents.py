"""Effective penalty and degrees of freedom: the fixed point every theory module uses."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss.errors import GenlossError, InvalidInputError

Array = npt.NDArray[np.float64]

_BLOCK = 1 << 17  # entries of one (configurations x eigenvalues) block, sized for the L2 cache
_TABLE = 96  # grid points of the starting table
_MANY = 16  # configurations from which a starting table and a compressed spectrum pay
_MAX_STEPS = 500
LONG = 20_000  # eigenvalues from which a spectrum is compressed
_BIN = 0.024  # logarithmic width of a bin; two nodes of Gauss err by width**4 / 4320
_TOLERANCE = 1e-13  # relative residual at which the iteration stops
_ACCEPTABLE = 1e-11  # relative residual above which there is no answer


class NotSolvedError(GenlossError, ArithmeticError):
    """A scalar fixed point was not reached in double precision."""


class EffectivePenalty(NamedTuple):
    """Solution of the fixed point and its certificate, all of the broadcast shape."""

    kappa: Array
    df1: Array
    df2: Array
    residual: Array
    steps: int


def kappa(spectrum: npt.ArrayLike, penalty: npt.ArrayLike, n_samples: npt.ArrayLike) -> Array:
    """Effective penalty of ridge regression.

    Parameters
    ----------
    spectrum : array_like of shape (p,)
        Covariance eigenvalues, all > 0.
    penalty : array_like
        lambda >= 0, per sample; broadcast against ``n_samples``.
    n_samples : array_like
        Number of rows, > 0.

    Returns
    -------
    ndarray
        The root kappa >= 0 of ``kappa = penalty + kappa * df1(kappa) / n_samples``. Without
        penalty: 0 if n_samples >= p, else the root of ``df1(kappa) = n_samples``.

    Raises
    ------
    InvalidInputError
        If an argument is out of range.

    Notes
    -----
    `paper.md` section 1. Right of the root the equation is convex and increasing in kappa, so
    that Newton's method started there converges monotonically, without a bracket.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss.equivalents import kappa
    >>> round(float(kappa(np.ones(100), 0.0, 50)), 12)  # isotropic: dim / n_samples - 1
    1.0
    """
    return effective_penalty(spectrum, penalty, n_samples).kappa


def degrees_of_freedom(spectrum: npt.ArrayLike, kappa: npt.ArrayLike) -> tuple[Array, Array]:
    """First and second degrees of freedom, ``sum_i (s_i / (s_i + kappa))**m`` for m = 1, 2.

    Parameters
    ----------
    spectrum : array_like of shape (p,)
        Covariance eigenvalues.
    kappa : array_like
        Effective penalties, any shape.

    Returns
    -------
    df1, df2 : ndarray
        Of the shape of ``kappa``.

    Examples
    --------
    >>> from genloss.equivalents import degrees_of_freedom
    >>> df1, df2 = degrees_of_freedom([1.0, 1.0, 1.0, 1.0], 1.0)
    >>> float(df1), float(df2)
    (2.0, 1.0)
    """
    s = _eigenvalues(spectrum)
    k = _check.numbers("kappa", kappa, above=">= 0")
    df1, df2, *_ = _shrinkage_sums(Nodes.of(s, k.size), k.reshape(-1), np.zeros(1))
    return df1.reshape(k.shape), df2.reshape(k.shape)


def effective_penalty(
    spectrum: npt.ArrayLike, penalty: npt.ArrayLike, n_samples: npt.ArrayLike
) -> EffectivePenalty:
    """`kappa` with degrees of freedom, relative residual and Newton steps.

    Parameters
    ----------
    spectrum : array_like of shape (p,)
        Covariance eigenvalues, all > 0.
    penalty, n_samples : array_like
        Broadcast against each other.

    Returns
    -------
    EffectivePenalty
        Named tuple ``kappa, df1, df2, residual, steps``; ``residual`` is
        ``|kappa - penalty - kappa * df1 / n_samples|`` over kappa, or over the penalty where
        n_samples >= p.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss.equivalents import effective_penalty
    >>> found = effective_penalty(1 / np.arange(1, 1001) ** 1.5, [1e-6, 1e-2], 300)
    >>> bool((found.residual < 1e-12).all())
    True
    """
    s = _eigenvalues(spectrum)
    lam, n = _check.broadcast(
        penalty=_check.numbers("penalty", penalty, above=">= 0"),
        n_samples=_check.numbers("n_samples", n_samples, above="> 0"),
    )
    # in a unit in which sums and squares of eigenvalues are ordinary numbers
    largest = float(s.max())
    unit = 1.0 if 1e-100 < largest < 1e100 else 2.0 ** math.floor(math.log2(largest))
    with np.errstate(over="ignore", invalid="ignore"):
        found = solve(Nodes.of(s / unit, lam.size), lam.reshape(-1) / unit, n.reshape(-1))
    kappa, df1, df2, residual = (column.reshape(lam.shape) for column in found[:4])
    return EffectivePenalty(np.asarray(kappa * unit), df1, df2, residual, found.steps)


def _eigenvalues(spectrum: npt.ArrayLike) -> Array:
    s = _check.vector("spectrum", spectrum)
    if (s <= 0).any():
        raise InvalidInputError(f"spectrum had minimum {s.min()}; every eigenvalue must be > 0")
    return s


class Nodes(NamedTuple):
    """Eigenvalues with multiplicities, which need not be whole numbers."""

    values: Array
    weights: Array
    dim: float

    @classmethod
    def of(cls, spectrum: Array, configurations: int) -> Nodes:
        """The spectrum itself, or a compressed one if that is worth its sorting."""
        if spectrum.size < LONG or configurations < _MANY:
            return cls(spectrum, np.ones_like(spectrum), float(spectrum.size))
        return compress(spectrum)


def compress(spectrum: Array, mass: Array | None = None) -> Nodes:
    """Few nodes that stand for very many eigenvalues.

    Parameters
    ----------
    spectrum : ndarray of shape (p,)
        Eigenvalues, all > 0.
    mass : ndarray of shape (p,), optional
        How much each of them counts, >= 0, for instance the truth's squared coordinates; default: 1.

    Returns
    -------
    Nodes
        At most two nodes in every bin of logarithmic width 0.024, with the zeroth to third moment
        of the eigenvalues in it (Gauss's rule). Degrees of freedom agree with those of the whole
        spectrum within 1e-9, relatively; bins of one or two eigenvalues are kept as they are.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss.equivalents import compress
    >>> nodes = compress(np.arange(1, 100_001) ** -1.5)
    >>> nodes.values.size < 1300, round(float(nodes.weights.sum()), 6)
    (True, 100000.0)
    """
    if mass is None:
        s, mass = np.sort(spectrum), np.ones_like(spectrum)
    else:
        some = np.flatnonzero(mass)
        order = some[np.argsort(spectrum[some])]
        s, mass = spectrum[order], mass[order]
    if not s.size:
        return Nodes(s, s, 0.0)
    number = np.floor(np.log(s) / _BIN)
    first = np.flatnonzero(np.r_[True, np.diff(number) > 0])
    size = np.diff(np.r_[first, s.size])
    count = np.add.reduceat(mass, first)
    # moments about the mean, relative to it, so that nothing cancels
    mean = np.add.reduceat(mass * s, first) / count
    away = s / np.repeat(mean, size) - 1
    second = np.add.reduceat(mass * away**2, first) / count
    third = np.add.reduceat(mass * away**3, first) / count
    wide = second > 1e-24  # narrower than rounding: one node
    half = np.divide(third, 2 * second, out=np.zeros_like(mean), where=wide)
    root = np.sqrt(half**2 + second)
    low, high = half - root, half + root
    share = np.divide(high, 2 * root, out=np.ones_like(mean), where=wide)
    values = np.concatenate([mean * (1 + np.where(wide, low, 0)), (mean * (1 + high))[wide]])
    weights = np.concatenate([count * share, (count * (1 - share))[wide]])
    return Nodes(values, weights, float(mass.sum()))


def solve(s: Nodes, lam: Array, n: Array) -> EffectivePenalty:
    """`effective_penalty` for trusted 1-D arrays ``lam`` and ``n`` of one length."""
    p, size = s.dim, lam.size
    # the solution where nothing shrinks: least squares with at least as many rows as directions
    columns = [np.zeros(size), np.full(size, p), np.full(size, p), np.zeros(size)]
    todo = np.flatnonzero((lam > 0) | (n < p))
    if todo.size == 0:
        return EffectivePenalty(columns[0], columns[1], columns[2], columns[3], 0)
    start = _start(s, lam[todo], n[todo])
    rows, steps = max(1, _BLOCK // s.values.size), 0
    for first in range(0, todo.size, rows):
        block = slice(first, first + rows)
        *solved, used = _newton(s, lam[todo[block]], n[todo[block]], start[block])
        for column, values in zip(columns, solved, strict=True):
            column[todo[block]] = values
        steps = max(steps, used)
    if not (worst := float(columns[3].max())) <= _ACCEPTABLE:
        raise NotSolvedError(f"kappa did not converge: relative residual {worst:.1e}")
    return EffectivePenalty(columns[0], columns[1], columns[2], columns[3], steps)


def _newton(s: Nodes, lam: Array, n: Array, k: Array) -> tuple[Array, Array, Array, Array, int]:
    """Newton's method on F(k) = k (n - df1)/n - lam, F'(k) = (n - df2)/n, from right of the root."""
    step = 0
    while True:
        step += 1
        df1, df2, left1, left2 = _shrinkage_sums(s, k, n)
        value = k * (left1 / n) - lam
        # with rows to spare the terms are right to the last digit, and so may kappa be
        residual = np.abs(value) / np.where(n >= s.dim, lam, k)
        if (residual <= _TOLERANCE).all() or step == _MAX_STEPS:
            return k, df1, df2, residual, step
        # the root is positive, whatever rounding does to the last steps
        k = np.maximum(k - value / (left2 / n), k / 64)


def _shrinkage_sums(s: Nodes, k: Array, n: Array) -> tuple[Array, Array, Array, Array]:
    """df1, df2, n - df1 and n - df2 at every k; the last two without cancellation where n >= p."""
    shrink = s.values + k[:, None]
    np.divide(s.values, shrink, out=shrink)
    df1 = shrink @ s.weights
    df2 = np.einsum("ki,ki,i->k", shrink, shrink, s.weights)
    left1, left2 = n - df1, n - df2
    over = n >= s.dim
    if over.any():
        # 1 - S = k S / s: n - df1 = (n - p) + k sum S / s, and n - df2 adds sum S (1 - S)
        inverse = s.weights / s.values
        exact1 = n - s.dim + k * (shrink @ inverse)
        exact2 = exact1 + k * np.einsum("ki,ki,i->k", shrink, shrink, inverse)
        left1, left2 = np.where(over, exact1, left1), np.where(over, exact2, left2)
    return df1, df2, left1, left2


def _start(s: Nodes, lam: Array, n: Array) -> Array:
    """A point right of every root: a bound, or for many roots the nearest one of a table."""
    p = s.dim
    with np.errstate(divide="ignore"):
        upper = np.minimum(
            lam + s.values @ s.weights / n, np.where(n > p, lam * n / (n - p), np.inf)
        )
    if lam.size < _MANY:
        return upper
    lower = np.maximum(lam, s.values.min() * (p / n - 1))
    table = np.geomspace(lower.min(), upper.max() * (1 + 1e-12), _TABLE)
    df1, df2 = np.empty(_TABLE), np.empty(_TABLE)
    rows = max(1, _BLOCK // s.values.size)
    for first in range(0, _TABLE, rows):
        block = slice(first, first + rows)
        df1[block], df2[block], *_ = _shrinkage_sums(s, table[block], np.zeros(1))
    value = table * (1 - df1 / n[:, None]) - lam[:, None]
    nearest = np.argmax(value >= 0, axis=1)
    nearest[value[:, -1] < 0] = _TABLE - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        step = value[np.arange(n.size), nearest] / (1 - df2[nearest] / n)
    step[~np.isfinite(step)] = 0.0
    return np.minimum(np.maximum(table[nearest] - step, lower), upper)
