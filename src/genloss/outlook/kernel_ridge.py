"""Kernel ridge regression with a free intercept on one design, by a factor in single precision.

The dual coefficients solve ``(K + n penalty / w) a + intercept = y``, ``sum(a) = 0``. One factor of single
precision, at half the price, is refined to double: what is left of ``y`` is solved for again, with the
intercept, until nothing is left. It converges where the matrix is not too ill conditioned, and shows where it does
not; there the factor is made in double.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss import _lapack, _linalg
from genloss.estimate.kernels import Kernel
from genloss.outlook import kernel_gradients

Array = npt.NDArray[np.float64]
Anything = npt.NDArray[Any]
Models = Callable[[Array], Array]

_REFINED = 5e4  # largest eigenvalue over penalty up to which refinement has always converged
_SINGLE = 5e3  # the same for single precision throughout
_STEPS = 8
_CLOSE = 1e-12  # of the labels, what is left at the end
_BLOCK = 64
_FEW = 4  # columns up to which it is quicker to solve for one after the other


def fit(
    rows: Array,
    kernel: Kernel,
    labels: Array,
    penalty: Array,
    weights: Array | None = None,
    *,
    single: bool = False,
) -> Models | None:
    """Fit every column of labels (n, C) with its penalty (C,); None where a matrix is not positive.

    Parameters
    ----------
    rows, labels, penalty, weights
        Weights (n,) have mean one.
    single : bool
        Whether single precision will do for coefficients and predictions; where it is not safe, double
        is used all the same.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 50)[:, None]
    >>> model = fit(X, Kernel("rbf", gamma=1.0), np.sin(X), np.array([1e-3]))
    >>> bool(np.abs(model(X) - np.sin(X)).max() < 0.1)
    True
    """
    n, values = len(rows), np.unique(penalty)
    added = [n * value if weights is None else n * value / weights for value in values]
    least = min(float(np.min(each)) for each in added)
    if single:
        few = rows.astype(np.float32)
        short, size = upper_half(few, kernel)
        if least * _SINGLE > size:
            found = _each(penalty, labels, lambda k, y: _in_single(short, y, added[k]))
            if found is not None:
                thin, offset = found[0].astype(np.float32), found[1]
                return lambda X: _products(kernel, X.astype(np.float32), few, thin) + offset
    few_columns = labels.shape[1] <= _STEPS * values.size
    half = np.empty((n, n), dtype=np.float32) if few_columns else None
    whole, size = upper_half(rows, kernel, half)

    def solved(k: int, y: Array) -> tuple[Array, Array] | None:
        found = None
        if half is not None and least * _REFINED > size and y.shape[1] <= _STEPS:
            short = half if values.size == 1 else half.copy()
            if y.shape[1] == 1 and n >= kernel_gradients.FEWEST:
                one = kernel_gradients.fit(whole, short, rows, kernel, y[:, 0], added[k])
                if one is not None:
                    return one[0][:, None], np.array([one[1]])
            found = _refined(whole, short, y, added[k])
        return _in_double(whole, y, added[k]) if found is None else found

    found = _each(penalty, labels, solved)
    if found is None:
        return None
    dual, intercept = found
    return lambda X: _products(kernel, X, rows, dual) + intercept


def _each(
    penalty: Array, labels: Array, solved: Callable[[int, Array], tuple[Array, Array] | None]
) -> tuple[Array, Array] | None:
    """Columns with one penalty together, ``solved`` by its number; None where one is not."""
    values, number = np.unique(penalty, return_inverse=True)
    dual, intercept = np.empty_like(labels), np.empty(penalty.size)
    for k in range(values.size):
        found = solved(k, labels[:, number == k])
        if found is None:
            return None
        dual[:, number == k], intercept[number == k] = found
    return dual, intercept


def upper_half(
    rows: Anything, kernel: Kernel, half: Anything | None = None
) -> tuple[Anything, float]:
    """The kernel matrix on and above the diagonal, and a bound of its largest eigenvalue.

    The same goes into ``half``, in its precision. What is below is whatever memory held before.
    """
    n, squares = len(rows), 0.0
    found, part_of = np.empty((n, n), dtype=rows.dtype), kernel.against(rows)
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        part = part_of(rows[start:stop], first=start)
        found[start:stop, start:] = part
        if half is not None:
            half[start:stop, start:] = part
        squares += float(np.vdot(part, part))
    return found, float(np.sqrt(2 * squares))


def _products(kernel: Kernel, X: Anything, rows: Anything, dual: Anything) -> Anything:
    """``K(X, rows) dual``, a few rows at a time: memory that is used again is the quickest."""
    found, part_of = np.empty((len(X), dual.shape[1]), dtype=dual.dtype), kernel.against(rows)
    for start in range(0, len(X), _BLOCK):
        part = slice(start, start + _BLOCK)
        found[part] = part_of(X[part]) @ dual
    return found


def _factor(system: Anything, diagonal: Any) -> Anything | None:
    """Factor of the matrix with something added to its diagonal, in its place."""
    system.ravel()[:: len(system) + 1] += np.asarray(diagonal, dtype=system.dtype)
    return None if _lapack.factorise(system) else system


def _solve(factor: Anything, rights: Anything) -> Array:
    """Solutions (n, C) in the factor's precision."""
    from scipy.linalg import blas  # a room that takes long to open

    solutions = np.array(rights.T, dtype=factor.dtype, order="C")
    if len(solutions) > _FEW:
        _lapack.substitute(factor, solutions)
        return solutions.T.astype(np.float64)
    substitute = blas.strsv if factor.dtype == np.float32 else blas.dtrsv
    for column in solutions:
        column[:] = substitute(factor.T, substitute(factor.T, column, lower=1), lower=1, trans=1)
    return solutions.T.astype(np.float64)


def _bordered(factor: Anything, labels: Array) -> tuple[Array, Array]:
    """Coefficients that sum to zero, and the intercepts, in the factor's precision."""
    n = len(labels)
    offset = labels.mean(axis=0)
    solved = _solve(factor, np.column_stack([labels - offset, np.ones(n)]))
    of_labels, of_constant = solved[:, :-1], solved[:, -1]
    shift = of_labels.sum(axis=0) / of_constant.sum()
    return of_labels - np.outer(of_constant, shift), offset + shift


def _in_single(upper: Anything, labels: Array, diagonal: Any) -> tuple[Array, Array] | None:
    factor = _factor(upper.copy(), diagonal)
    return None if factor is None else _bordered(factor, labels)


def _in_double(upper: Array, labels: Array, diagonal: Any) -> tuple[Array, Array] | None:
    system = upper.copy()
    system.ravel()[:: len(system) + 1] += diagonal
    factor = _linalg.cholesky(system, overwrite=True)
    return None if factor is None else _bordered(factor.T, labels)


def _refined(
    whole: Array, short: Anything, labels: Array, diagonal: Any
) -> tuple[Array, Array] | None:
    """By a factor in single precision, in its place; None where a step does not halve what is left."""
    from scipy.linalg import blas  # a room that takes long to open

    factor = _factor(short, diagonal)
    if factor is None:
        return None
    unit = np.maximum(np.abs(labels).max(axis=0), 1e-300)
    goal = labels / unit
    of_constant = _solve(factor, np.ones((len(labels), 1)))
    dual, intercept = np.zeros_like(goal), np.zeros(goal.shape[1])
    left, before = goal, np.full(goal.shape[1], np.inf)
    added = np.reshape(diagonal, (-1, 1))
    for _ in range(_STEPS):
        size = np.linalg.norm(left, axis=0)
        if (size <= _CLOSE * np.linalg.norm(goal, axis=0)).all():
            return dual * unit, intercept * unit
        if (size > before / 2).any():
            return None
        before = size
        step = _solve(factor, left)
        shift = (step.sum(axis=0) + dual.sum(axis=0)) / of_constant.sum()
        dual += step - of_constant * shift
        intercept += shift
        product = np.column_stack([blas.dsymv(1.0, whole.T, each, lower=1) for each in dual.T])
        left = goal - product - added * dual - intercept
    return None
