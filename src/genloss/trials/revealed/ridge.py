"""Ridge regression that only asks for products of its rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from genloss.trials.revealed.gradients import Solved, solve

Array = npt.NDArray[np.float64]


def inverse(spectrum: Array, sizes: Array | float, absolute: float, *, singular: bool) -> Array:
    """The preconditioner in whitened coordinates: one over the diagonal of the expected matrix.

    Parameters
    ----------
    spectrum : ndarray of shape (width,)
        Variances of the coordinates; zero for columns that are no coefficients.
    sizes : ndarray of shape (width,), or float
        Weighted number of rows, times their variance relative to ``spectrum``.
    absolute : float
        Penalty, times the number of rows.
    singular : bool
        Whether there are many solutions: of least norm is the one that is not rescaled.
    """
    if singular:
        return spectrum
    return spectrum / (spectrum * sizes + absolute + (spectrum == 0))


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
    if absolute == 0:
        return solve(gram, right, preconditioner, most=most)
    penalties = np.divide(absolute, spectrum, out=np.zeros_like(spectrum), where=spectrum > 0)

    room = np.empty_like(right)

    def product(w: Array) -> Array:
        answer = gram(w)
        answer += np.multiply(penalties, w, out=room)
        return answer

    return solve(product, right, preconditioner, most=most)
