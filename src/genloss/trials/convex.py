"""A fit under any convex loss: Newton's method on all rows. Nothing here knows any theory."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.linalg

from genloss.equivalents import NotSolvedError
from genloss.errors import InvalidInputError
from genloss.losses import Loss

Array = npt.NDArray[np.float64]
Part = Callable[[Array], Array]

TOLERANCE = 1e-8
"""Length of the gradient, relative to that of its parts, at which a fit is done."""
_MOST = 200  # Newton steps
_LEFT = 1e-9  # share of its loss by which a fit that came to no end may still fall
_SHORT = 0.2  # share of a Newton step that is too little
_SMALL = 100  # coordinates up to which every step is solved by a factorisation
_PATIENCE = 250  # products with the Hessian before it is factorised after all


def minimise(
    X: Array, y: Array, weights: Array, loss: Loss, ridge: float, offset: Array | None = None
) -> Array:
    """Coefficients of least ``sum_i weights_i loss(y_i, x_i'w + offset_i) + ridge / 2 |w|**2``.

    Parameters
    ----------
    X, y, weights : ndarray of shape (n, d), (n,), (n,)
        Rows, labels and the weight of each.
    loss : Loss
        What is minimised.
    ridge : float
        Penalty on half the squared length.
    offset : ndarray of shape (n,), optional
        What another model says of the rows already; default: nothing.

    Returns
    -------
    ndarray of shape (d,)
        The minimiser.

    Raises
    ------
    InvalidInputError
        Without penalty, if there is no minimum or no single one: classes that a hyperplane
        separates, or fewer rows than directions.
    NotSolvedError
        If the minimum was not found.
    """
    if not len(X):
        return np.zeros(X.shape[1])
    if len(X) < X.shape[1]:
        if ridge == 0:
            raise _no_minimum("has fewer rows than directions")
        # w = X' L'^-1 v with X X' = L L' has |w| = |v| and X w = L v
        gram = X @ X.T
        gram.flat[:: len(gram) + 1] *= 1 + 1e-13
        lower = np.asarray(np.linalg.cholesky(gram), dtype=np.float64)
        v = minimise(lower, y, weights, loss, ridge, offset)
        return X.T @ scipy.linalg.solve_triangular(lower, v, lower=True, trans=1)
    said = np.zeros(len(y)) if offset is None else offset
    if loss.smooth:

        def steady(z: Array) -> Array:
            off = z + said - y
            far = np.abs(off) > 1e-9 * np.abs(y).max()
            chord = np.divide(loss.slope(y, z + said), off, out=np.zeros_like(off), where=far)
            return weights * np.where(far, chord, loss.curvature(y, z + said))

        w, done = _newton(
            X,
            lambda z: weights * loss.value(y, z + said),
            lambda z: weights * loss.slope(y, z + said),
            lambda z: weights * loss.curvature(y, z + said),
            ridge,
            np.zeros(X.shape[1]),
            steady=steady if loss.residual else None,
        )
    else:
        w, done = _augmented(X, y, weights, loss, ridge, said)
    if ridge == 0 and "numbers" not in loss.labels and (y * (X @ w) > 0).all():
        raise _no_minimum("separates its classes")
    if not done:
        raise not_found(f"in {_MOST} steps")
    return w


def _no_minimum(what: str) -> InvalidInputError:
    return InvalidInputError(
        f"penalty was 0 and a fit {what}: it has no single minimum, give it a penalty"
    )


def not_found(how: str) -> NotSolvedError:
    """The error for a fit that came to no end."""
    return NotSolvedError(
        f"the minimum of a fit was not found {how}: give it a larger penalty, or weights and numbers of "
        "less different size"
    )


def _augmented(
    X: Array, y: Array, weights: Array, loss: Loss, ridge: float, said: Array
) -> tuple[Array, bool]:
    """A loss with corners: the method of multipliers, each of its problems by Newton's method.

    The loss of row i is replaced by its envelope at ``x_i'w + gamma * force_i``, smooth in w; the
    force is what the row then pulls with, and at the end the loss's own slope.
    """
    gamma, force, w = 1.0, np.zeros(len(y)), np.zeros(X.shape[1])
    if ridge == 0 and loss.residual:  # where no row bends nothing else would move
        size = float(np.abs(y - said).max()) or 1.0
        ridge = 1e-9 * float(weights @ np.square(X).mean(axis=1)) / size
    scale = float(np.abs(weights).mean())
    for _ in range(_MOST):
        reach = gamma / scale

        def value(z: Array, reach: float = reach, force: Array = force) -> Array:
            moved = z + said + reach * force
            pull = loss.envelope(y, moved, reach * weights)[0] * weights
            return weights * loss.value(y, moved - reach * pull) + reach / 2 * pull**2

        def slope(z: Array, reach: float = reach, force: Array = force) -> Array:
            return weights * loss.envelope(y, z + said + reach * force, reach * weights)[0]

        def curvature(z: Array, reach: float = reach, force: Array = force) -> Array:
            return weights * loss.envelope(y, z + said + reach * force, reach * weights)[1]

        # few rows bend, and those much: conjugate gradients would take long
        w, _ = _newton(X, value, slope, curvature, ridge, w, direct=True)
        new = slope(X @ w)
        apart, force = reach * float(np.abs(new - force).max()), new
        if apart <= 1e-7 * float(np.abs(X @ w).max()):
            return w, True
        gamma = max(gamma / 3, 1e-4)
    return w, False


def _newton(
    X: Array,
    value: Part,
    slope: Part,
    curvature: Part,
    ridge: float,
    w: Array,
    direct: bool = False,
    steady: Part | None = None,
) -> tuple[Array, bool]:
    """Damped Newton steps on ``sum value(Xw) + ridge / 2 |w|**2``, and whether they came to the minimum.

    Where these must be cut short, as rows are straight so far that will bend, steps of the curvature
    ``steady`` are tried: that of a parabola that is nowhere below a row's value.
    """
    z = X @ w
    start = level = float(value(z).sum() + ridge / 2 * (w @ w))
    fall = 0.0
    for _ in range(_MOST):
        pull = slope(z)
        by_rows = X.T @ pull
        gradient = by_rows + ridge * w
        length = float(np.linalg.norm(gradient))
        parts = float(np.linalg.norm(by_rows) + ridge * np.linalg.norm(w))
        spread = float(np.sqrt(pull**2 @ np.einsum("ij,ij->i", X, X)))
        if length <= TOLERANCE * max(parts, spread):
            return w, True
        goal = min(0.1, float(np.sqrt(length / max(parts, spread))))
        there = _Point(w, z, level)
        for part in (curvature, steady):
            if part is None or there.size > _SHORT:
                continue
            bend = part(z)
            if ridge == 0 and not bend.any():
                continue
            step = _solved(X, bend, ridge, gradient, goal, direct)
            fall = float(gradient @ step)
            found = _down(value, ridge, _Point(w, z, level), step, X @ step, fall)
            there = found if found.size and found.level <= there.level else there
        if not there.size:
            break
        w, z, level, _ = there
    return w, fall <= _LEFT * max(level, _LEFT * start)


class _Point(NamedTuple):
    """Coefficients, what they say of the rows, their loss, and the share of a step that led there."""

    w: Array
    z: Array
    level: float
    size: float = 0.0


def _down(
    value: Part, ridge: float, start: _Point, step: Array, along: Array, fall: float
) -> _Point:
    """Go as much of a step as makes the loss fall; nowhere if none does."""
    size = 1.0
    while size > 1e-10:
        z, w = start.z - size * along, start.w - size * step
        level = float(value(z).sum() + ridge / 2 * (w @ w))
        if level <= start.level - 1e-4 * size * fall + 1e-13 * abs(start.level):
            return _Point(w, z, level, size)
        size /= 2
    return start


def _solved(X: Array, bend: Array, ridge: float, right: Array, goal: float, direct: bool) -> Array:
    """``(X' diag(bend) X + ridge)^-1 right``, by conjugate gradients in many coordinates."""
    bent = bend > 0
    if not bent.all():
        X, bend = X[bent], bend[bent]
    if len(right) > _SMALL and not direct:
        found = _conjugate(X, bend, ridge, right, goal)
        if found is not None:
            return found
    hessian = X.T @ (bend[:, None] * X)
    diagonal = np.diagonal(hessian)
    hessian.flat[:: len(hessian) + 1] += ridge + 1e-12 * float(diagonal.max()) + 1e-300
    return np.asarray(scipy.linalg.solve(hessian, right, assume_a="pos"))


def _conjugate(X: Array, bend: Array, ridge: float, right: Array, goal: float) -> Array | None:
    """Conjugate gradients in coordinates of equal curvature; None if they take too long."""
    diagonal = np.einsum("i,ij,ij->j", bend, X, X) + ridge
    diagonal = np.maximum(diagonal, 1e-12 * float(diagonal.max()) + 1e-300)
    found, left = np.zeros_like(right), right.copy()
    towards = left / diagonal
    way, size = towards, float(left @ towards)
    enough = goal**2 * size
    for _ in range(_PATIENCE):
        image = X.T @ (bend * (X @ way)) + ridge * way
        bent = float(way @ image)
        if bent <= 0:
            return None
        found = found + size / bent * way
        left = left - size / bent * image
        towards = left / diagonal
        new = float(left @ towards)
        if new <= enough:
            return found
        way, size = towards + new / size * way, new
    return None
