"""What is asked of an expression: traces, quadratic forms, risks, overlaps, derivatives."""

from __future__ import annotations

import numpy.typing as npt

from genloss import _check
from genloss.errors import InvalidInputError
from genloss.pencils.answers import Limit, Risk
from genloss.pencils.chain import Chain
from genloss.pencils.dyson import Solution, solve
from genloss.pencils.expression import Expression, Parameter, noise
from genloss.pencils.pencil import Pencil
from genloss.pencils.space import ONE


def trace(expression: Expression, *, start: Solution | None = None) -> Limit:
    """Trace of a square expression.

    Parameters
    ----------
    expression : Expression
        Square.
    start : Solution, optional
        ``solution`` of a neighbouring result.

    Returns
    -------
    Limit

    Raises
    ------
    InvalidInputError
        If the expression is not square.
    NoConvergenceError
        If the fixed point is not reached.

    Examples
    --------
    >>> from genloss.pencils import Space, gaussian, identity, trace
    >>> features, rows = Space.features(100), Space("rows", 200)
    >>> Z = gaussian(rows, features)
    >>> trace(Z.T @ Z)
    20000 (residual 0e+00, 0 steps)
    """
    return quadratic(expression, 1.0, start=start)


def quadratic(
    expression: Expression, values: npt.ArrayLike, *, start: Solution | None = None
) -> Limit:
    """``w' expression w`` for the vector with these coordinates.

    Parameters
    ----------
    expression : Expression
        Square.
    values : array_like
        Coordinates in the eigenbasis, one number or one per direction.
    start : Solution, optional
        ``solution`` of a neighbouring result.

    Returns
    -------
    Limit

    Raises
    ------
    InvalidInputError
        If the expression is not square, or the coordinates are not those of its space.
    NoConvergenceError
        If the fixed point is not reached.

    Examples
    --------
    >>> from genloss.pencils import Space, gaussian, quadratic
    >>> features, rows = Space.features(3), Space("rows", 200)
    >>> Z = gaussian(rows, features)
    >>> float(quadratic(Z.T @ Z, [1.0, 1.0, 0.0]))  # E |Z w|^2
    400.0
    """
    _check.instance("expression", expression, Expression, "an Expression")
    expression.rows.check(expression.cols, "quadratic form of", expression)
    if expression.rows == ONE:
        raise InvalidInputError(f"{expression} is a vector; use risk or overlap")
    w = expression.rows.coefficient("values", values)
    source = noise(expression.cols, name="input")
    answer = expression @ source
    pencil = Pencil(source, answer)
    solution = solve(pencil, start)
    (column,) = pencil.combination(source)
    G, space = solution.resolvent, expression.rows
    if space.full and not isinstance(w, float):
        raise InvalidInputError(f"values of {space}, which is full, were {w.shape}; give a number")
    diagonal = solution.layout.diagonal
    response = sum(c * diagonal(G, k, column) for k, c in pencil.combination(answer).items())
    value = float((space.weights * w**2 * response).sum())
    return Limit(value, solution.residual, solution.iterations, solution)


def risk(
    error: Expression, metric: Expression | None = None, *, start: Solution | None = None
) -> Risk:
    """Bias and variance of a vector that is linear in given vectors and noises.

    Parameters
    ----------
    error : Expression
        For instance a fitted vector minus the true one.
    metric : Expression, optional
        A diagonal, for instance the covariance of test inputs; default: the identity.
    start : Solution, optional
        ``solution`` of a neighbouring result.

    Returns
    -------
    Risk

    Raises
    ------
    InvalidInputError
        If the error is no vector, or the metric no diagonal of its space.
    NoConvergenceError
        If the fixed point is not reached.

    Examples
    --------
    >>> from genloss.pencils import Space, gaussian, identity, noise, risk, vector
    >>> features, rows = Space.features(100), Space("rows", 200)
    >>> X, w = gaussian(rows, features), vector(features, 0.1)
    >>> fit = (X.T @ X + 20 * identity(features)).inv() @ X.T @ (X @ w + noise(rows, 0.5))
    >>> found = risk(fit - w)
    >>> round(found.bias, 4), round(found.variance, 4)
    (0.022, 0.1548)
    """
    return Chain(error, start=start).risk(error, metric)


def overlap(one: Expression, other: Expression, metric: Expression | None = None) -> float:
    """Expected inner product of two vectors, for instance of two fitted models.

    Parameters
    ----------
    one, other : Expression
        Vectors of one space.
    metric : Expression, optional
        A diagonal; default: the identity.

    Returns
    -------
    float

    Examples
    --------
    >>> from genloss.pencils import Space, gaussian, identity, noise, overlap, vector
    >>> features, rows = Space.features(100), Space("rows", 200)
    >>> X, w = gaussian(rows, features), vector(features, 0.1)
    >>> fit = (X.T @ X + 20 * identity(features)).inv() @ X.T @ (X @ w + noise(rows, 0.5))
    >>> round(overlap(fit, w), 4)  # a share of |w|^2 = 1
    0.8517
    """
    return Chain(one, other).overlap(one, other, metric)


def risk_derivative(
    error: Expression, leaf: Parameter | Expression, metric: Expression | None = None
) -> float:
    """Derivative of `risk` in a parameter, or in the scale of a diagonal.

    Parameters
    ----------
    error : Expression
        As for `risk`.
    leaf : Parameter or Expression
        What moves; a diagonal moves as a whole.
    metric : Expression, optional
        As for `risk`.

    Returns
    -------
    float

    Notes
    -----
    The derivative of an expression is an expression in the same resolvents, so that it is exact and
    costs one linear pass: ``2 E[error' metric d error]``.

    Examples
    --------
    >>> from genloss.pencils import (
    ...     Parameter, Space, gaussian, identity, noise, risk_derivative, vector
    ... )
    >>> features, rows = Space.features(100), Space("rows", 200)
    >>> X, w, penalty = gaussian(rows, features), vector(features, 0.1), Parameter("penalty", 20.0)
    >>> fit = (X.T @ X + penalty * identity(features)).inv() @ X.T @ (X @ w + noise(rows, 0.5))
    >>> risk_derivative(fit - w, penalty) < 0  # a stronger penalty would be better
    True
    """
    slope = _check.instance("error", error, Expression, "an Expression").derivative(leaf)
    return 0.0 if slope is None else 2 * Chain(error, slope).overlap(error, slope, metric)
