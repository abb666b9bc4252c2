"""Effective penalty and degrees of freedom: the fixed point every theory module uses."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss.errors import GenlossError, InvalidInputError
from genloss.spectrum import LONG, Spectrum, compress

Array = npt.NDArray[np.float64]

__all__ = [
    "EffectivePenalty",
    "NotSolvedError",
    "degrees_of_freedom",
    "effective_penalty",
    "kappa",
]

_BLOCK = 1 << 17  # entries of one (configurations x eigenvalues) block, sized for the L2 cache
_MANY = 16  # configurations from which a compressed or condensed spectrum pays
_MAX_STEPS = 500
_TOLERANCE = 1e-13  # relative residual at which the iteration stops
_ACCEPTABLE = 1e-11  # relative residual above which there is no answer


class NotSolvedError(GenlossError, ArithmeticError):
    """A fixed point, or the minimum of a fit, was not reached in double precision."""


class EffectivePenalty(NamedTuple):
    """Solution of the fixed point and its certificate, arrays of the broadcast shape.

    Attributes
    ----------
    kappa : ndarray
        Effective penalty, in the unit of the eigenvalues.
    df1, df2 : ndarray
        Degrees of freedom there.
    residual : ndarray
        Relative residual of the equation.
    steps : int
        Newton steps, the most that any took.
    """

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

    Raises
    ------
    InvalidInputError
        If an argument is out of range.

    Examples
    --------
    >>> from genloss.equivalents import degrees_of_freedom
    >>> df1, df2 = degrees_of_freedom([1.0, 1.0, 1.0, 1.0], 1.0)
    >>> float(df1), float(df2)
    (2.0, 1.0)
    """
    s = _eigenvalues(spectrum)
    k = _check.numbers("kappa", kappa, above=">= 0")
    df1, df2, *_ = shrinkage_sums(_directions(s, k.size), k.reshape(-1), np.zeros(1))
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

    Raises
    ------
    InvalidInputError
        If an argument is out of range.
    NotSolvedError
        If the residual stays above 1e-11.

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
        found = solve(_directions(s / unit, lam.size), lam.reshape(-1) / unit, n.reshape(-1))
    kappa, df1, df2, residual = (column.reshape(lam.shape) for column in found[:4])
    return EffectivePenalty(np.asarray(kappa * unit), df1, df2, residual, found.steps)


def _eigenvalues(spectrum: npt.ArrayLike) -> Array:
    s = _check.vector("spectrum", spectrum)
    if (s <= 0).any():
        raise InvalidInputError(f"spectrum had minimum {s.min()}; every eigenvalue must be > 0")
    return s


def _directions(eigenvalues: Array, configurations: int) -> Spectrum:
    """All eigenvalues, or a compressed spectrum if that is worth its sorting."""
    if eigenvalues.size < LONG or configurations < _MANY:
        return Spectrum.of(eigenvalues)
    return compress(eigenvalues)


def solve(s: Spectrum, lam: Array, n: Array) -> EffectivePenalty:
    """`effective_penalty` for trusted 1-D arrays ``lam`` and ``n`` of one length."""
    p, size = s.dim, lam.size
    # the solution where nothing shrinks: least squares with at least as many rows as directions
    columns = [np.zeros(size), np.full(size, p), np.full(size, p), np.zeros(size)]
    todo = np.flatnonzero((lam > 0) | (n < p))
    if todo.size == 0:
        return EffectivePenalty(columns[0], columns[1], columns[2], columns[3], 0)
    s = s.condensed if todo.size >= _MANY else s
    rows, steps = max(1, _BLOCK // s.eigenvalues.size), 0
    # fresh memory costs more than sums
    room = np.empty((2, min(rows, todo.size), s.eigenvalues.size))
    for first in range(0, todo.size, rows):
        block = todo[first : first + rows]
        own = lam[block], n[block]
        *solved, used = _newton(s, *own, _bound(s, *own), room[:, : block.size])
        for column, values in zip(columns, solved, strict=True):
            column[block] = values
        steps = max(steps, used)
    if not (worst := float(columns[3].max())) <= _ACCEPTABLE:
        raise NotSolvedError(f"kappa did not converge: relative residual {worst:.1e}")
    return EffectivePenalty(columns[0], columns[1], columns[2], columns[3], steps)


def _newton(
    s: Spectrum, lam: Array, n: Array, k: Array, room: Array
) -> tuple[Array, Array, Array, Array, int]:
    """Newton's method on F(k) = k (n - df1)/n - lam, F'(k) = (n - df2)/n, from right of the root."""
    step = 0
    # with rows to spare the terms are right to the last digit, and so may kappa be
    spare = n >= s.dim
    while True:
        step += 1
        df1, df2, left1, left2 = shrinkage_sums(s, k, n, room)
        value = k * (left1 / n) - lam
        residual = np.abs(value) / np.where(spare, lam, k)
        if (residual <= _TOLERANCE).all() or step == _MAX_STEPS:
            return k, df1, df2, residual, step
        back = value / (left2 / n)
        part = back / k
        if np.abs(part).max() ** 2 < _TOLERANCE and not spare.any():
            # F is bent so little that what is left after this step needs no look at all directions
            df3 = np.multiply(room[0], room[1], out=room[1]) @ s.multiplicity
            df1 = df1 + (df1 - df2) * part
            df2 = df2 + 2 * (df2 - df3) * part
            k = k - back
            return k, df1, df2, np.abs(k * (1 - df1 / n) - lam) / k, step
        # the root is positive, whatever rounding does to the last steps
        k = np.maximum(k - back, k / 64)


def shrinkage_sums(
    s: Spectrum, k: Array, n: Array, room: Array | None = None
) -> tuple[Array, Array, Array, Array]:
    """df1, df2, n - df1 and n - df2 at every k; the last two without cancellation where n >= p.

    ``room`` of shape (2, len(k), len(s)) is overwritten.
    """
    if room is None:
        room = np.empty((2, k.size, s.eigenvalues.size))
    shrink = np.add(s.eigenvalues, k[:, None], out=room[0])
    np.divide(s.eigenvalues, shrink, out=shrink)
    squares = np.square(shrink, out=room[1])
    df1, df2 = shrink @ s.multiplicity, squares @ s.multiplicity
    left1, left2 = n - df1, n - df2
    over = n >= s.dim
    if over.any():
        # 1 - S = k S / s: n - df1 = (n - p) + k sum S / s, and n - df2 adds sum S (1 - S)
        inverse = s.multiplicity / s.eigenvalues
        exact1 = n - s.dim + k * (shrink @ inverse)
        exact2 = exact1 + k * (squares @ inverse)
        left1, left2 = np.where(over, exact1, left1), np.where(over, exact2, left2)
    return df1, df2, left1, left2


def _bound(s: Spectrum, lam: Array, n: Array) -> Array:
    """A point right of every root."""
    with np.errstate(divide="ignore"):
        spare = np.where(n > s.dim, lam * n / (n - s.dim), np.inf)
    return np.minimum(lam + s.eigenvalues @ s.multiplicity / n, spare)
