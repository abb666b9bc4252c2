"""Ridge regression that only asks for products of its rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from genloss.trials.revealed.gradients import Solved, solve

Array = npt.NDArray[np.float64]


def inverse(
    spectrum: Array, sizes: Sequence[Array | float], absolute: float, *, singular: bool
) -> Array:
    """The preconditioner in whitened coordinates: the inverse of the expected matrix.

    Parameters
    ----------
    spectrum : ndarray of shape (width,)
        Variances of the coordinates; zero for columns that are no coefficients.
    sizes : sequence of ndarray of shape (width,) or (width, width), or float
        Weighted number of rows of every covariance, times what it is relative to ``spectrum``.
    absolute : float
        Penalty, times the number of rows.
    singular : bool
        Whether there are many solutions: of least norm is the one that is not rescaled.

    Returns
    -------
    ndarray of shape (width,) or (width, width)
        Its diagonal, where there is no more of it.
    """
    if singular:
        return spectrum
    whole = [np.asarray(size) for size in sizes if np.ndim(size) == 2]
    along = sum((size for size in sizes if np.ndim(size) < 2), np.zeros(spectrum.size))
    if not whole:
        return np.asarray(spectrum / (spectrum * along + absolute + (spectrum == 0)))
    real = spectrum > 0
    expected = (np.sum(whole, axis=0) + np.diag(along))[np.ix_(real, real)]
    expected.flat[:: len(expected) + 1] += absolute / spectrum[real]
    found = np.zeros((spectrum.size, spectrum.size))
    found[np.ix_(real, real)] = np.linalg.inv(expected)
    return found


def fit(
    gram: Callable[[Array], Array],
    right: Array,
    spectrum: Array,
    absolute: float,
    preconditioner: Array,
    most: int,
) -> Solved:
    """Whitened coefficients ``w`` of least ``|y - X w|**2 + absolute sum w**2 / spectrum``.

    Parameters
    ----------
    gram : callable
        ``X'X w`` of arrays of shape (runs, width).
    right : ndarray of shape (runs, width)
        ``X'y``.
    spectrum, absolute, preconditioner
        As of `inverse`.
    most : int
        Most steps.
    """
    whole = preconditioner.ndim == 2
    if absolute == 0:
        return solve(gram, right, preconditioner, whole=whole, most=most)
    penalties = np.divide(absolute, spectrum, out=np.zeros_like(spectrum), where=spectrum > 0)

    room = np.empty_like(right)

    def product(w: Array) -> Array:
        answer = gram(w)
        answer += np.multiply(penalties, w, out=room)
        return answer

    return solve(product, right, preconditioner, whole=whole, most=most)
