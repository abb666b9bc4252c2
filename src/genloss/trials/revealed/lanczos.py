"""A spectral filter of the sample covariance, ``g(S) v``, from products with it.

Gradient descent, early stopping, momentum and iterated ridge are functions ``g`` of ``S = X'X / n``
applied to ``X'y / n``. Lanczos' method finds them in the span of few directions, far fewer than the
steps that the iteration itself would take: ``g(S) v ~ |v| V g(T) e_1`` with T tridiagonal.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from genloss.filters import Filter
from genloss.trials.revealed.gradients import Product, Solved
from genloss.trials.revealed.products import Stack, add_direction, combine

Array = npt.NDArray[np.float64]

TOLERANCE = 1e-7
"""Change of the answer within two steps, relative to it, at which a run is done."""


def fit(
    how: Filter,
    gram: Product,
    right: Array,
    spectrum: Array,
    rows: int,
    penalty: float,
    most: int,
) -> Solved:
    """Whitened ``g(S) X'y / n`` of a spectral filter.

    Parameters
    ----------
    how : Filter
        Which ``g``.
    gram : callable
        ``X'X w`` in whitened coordinates, of arrays of shape (runs, width).
    right : ndarray of shape (runs, width)
        ``X'y`` in whitened coordinates.
    spectrum : ndarray of shape (width,)
        Variances of the coordinates; zero for columns that are no coefficients.
    rows : int
        Number of rows, as written.
    penalty : float
        Of the fit.
    most : int
        Most steps.

    Raises
    ------
    InvalidInputError
        If the filter explodes.
    """
    root = np.sqrt(spectrum)

    def shape(x: Array) -> Array:
        x = np.maximum(x, max(1e-12 * float(x.max()), 1e-200))
        return np.asarray(how.shrink(x, penalty) / x)

    with np.errstate(over="ignore", invalid="ignore"):
        found = filtered(
            lambda p: root * gram(root * p) / rows, root * right / rows, shape, most=most
        )
    if not np.isfinite(found.solution).all():
        trace, largest = float(spectrum.sum()), float(spectrum.max())
        how.check(largest * (1 + np.sqrt(trace / largest / rows)) ** 2, trace, penalty)  # says why
    return found._replace(solution=root * found.solution)


def filtered(
    product: Product, right: Array, shape: Callable[[Array], Array], *, most: int
) -> Solved:
    """``g(S) v`` of every run.

    Parameters
    ----------
    product : callable
        ``S p`` of arrays of shape (runs, dim), S symmetric and not negative.
    right : ndarray of shape (runs, dim)
        ``v``.
    shape : callable
        ``g`` of eigenvalues, any shape; it is evaluated at the eigenvalues of T.
    most : int
        Most steps.
    """
    runs, dim = right.shape
    basis = Stack(runs, dim, 16)
    add_direction(right, basis)
    if not len(basis.matrix[0]):
        return Solved(np.zeros_like(right), np.ones(len(right), dtype=bool), 0)
    size = np.sqrt(np.vecdot(right, right))
    diagonal: list[Array] = []
    beside: list[Array] = []
    before = found = np.zeros((len(right), 0))
    done = np.zeros(len(right), dtype=bool)
    while len(diagonal) < most:
        last = basis.matrix[:, -1]
        image = product(np.ascontiguousarray(last))
        diagonal.append(np.vecdot(last, image))
        before, found = found, size[:, None] * _first_column(diagonal, beside, shape)
        change = found.copy()
        change[:, : before.shape[1]] -= before
        was, done = done, np.vecdot(change, change) <= TOLERANCE**2 * np.vecdot(found, found)
        grew = add_direction(image, basis)
        if not grew.any() or (was & done).all():
            done[:] = True
            break
        beside.append(np.where(grew, np.vecdot(basis.matrix[:, -1], image), 0.0))
    return Solved(combine(found, basis.matrix[:, : found.shape[1]]), done, len(diagonal))


def _first_column(
    diagonal: list[Array], beside: list[Array], shape: Callable[[Array], Array]
) -> Array:
    """``g(T) e_1`` of the tridiagonal matrices of every run, shape (runs, steps)."""
    steps = len(diagonal)
    T = np.zeros((diagonal[0].size, steps, steps))
    at = np.arange(steps)
    T[:, at, at] = np.stack(diagonal, axis=1)
    for row, entry in enumerate(beside[: steps - 1]):
        T[:, row, row + 1] = T[:, row + 1, row] = entry
    values, vectors = np.linalg.eigh(T)
    return np.asarray(
        (vectors @ (vectors[:, 0, :] * shape(np.maximum(values, 0)))[..., None])[..., 0]
    )
