"""Expressions in Gaussian matrices: what a theorist writes down.

Equal expressions are one object, so that a resolvent written twice is solved for once.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt

from genloss import _check, covariances
from genloss._words import shown
from genloss.errors import InvalidInputError
from genloss.pencils.space import ONE, Space

Array = npt.NDArray[np.float64]
Coefficient = float | Array
"""A diagonal matrix: one number, or one per direction of its space."""

Node = TypeVar("Node", bound="Expression")
_SERIAL = itertools.count()
_LONGEST = 200
_known: WeakValueDictionary[tuple[Any, ...], Any] = WeakValueDictionary()


def _shared(kind: type[Node], *parts: Any, key: tuple[Any, ...] | None = None) -> Node:
    """The one object of this kind with these parts."""
    key = (kind, *(parts if key is None else key))
    found: Node | None = _known.get(key)
    if found is None:
        found = _known[key] = kind(*parts)
    return found


@dataclass(frozen=True, eq=False)
class Parameter:
    """A named number that multiplies expressions and in which they can be differentiated."""

    name: str
    value: float

    def __post_init__(self) -> None:
        _check.text("name", self.name)
        object.__setattr__(self, "value", _check.finite("value", self.value))

    def __float__(self) -> float:
        return self.value


@dataclass(frozen=True, eq=False, repr=False)
class Expression:
    """A matrix written in Gaussian and diagonal ones; a vector is a matrix with one column."""

    __array_ufunc__: ClassVar[None] = None  # NumPy numbers leave * to the expression
    rows: Space
    cols: Space
    text: str = field(init=False)
    """What is printed, cut where it gets long."""

    @property
    def T(self) -> Expression:
        """The transpose."""
        return self._transposed()

    def inv(self) -> Expression:
        """The inverse of a square expression."""
        if self.rows != self.cols:
            raise InvalidInputError(f"{self} is {self.rows} x {self.cols}; only square ones invert")
        return self._inverted()

    def derivative(self, leaf: Parameter | Expression) -> Expression | None:
        """Derivative in a parameter, or in the scale of a diagonal; None where it vanishes."""
        if not isinstance(leaf, Parameter | Expression):
            raise InvalidInputError(
                f"leaf was {shown(leaf)}; it must be a Parameter or an Expression"
            )
        return sum_of(terms) if (terms := _slopes(self, leaf)) else None

    def __post_init__(self) -> None:
        words = self._words()
        cut = words if len(words) <= _LONGEST else words[: _LONGEST - 3] + "..."
        object.__setattr__(self, "text", cut)

    def __repr__(self) -> str:
        return self.text

    def _words(self) -> str:
        return type(self).__name__

    def _transposed(self) -> Expression:
        raise InvalidInputError(f"{self} is a vector; overlaps are taken by `overlap`, not by .T")

    def _inverted(self) -> Expression:
        return _shared(Inverse, self.rows, self.cols, self)

    def __add__(self, other: Any) -> Expression:
        if not isinstance(other, Expression):
            raise InvalidInputError(
                f"{shown(other)} was added to {self}; write {shown(other)} * identity"
            )
        self.rows.check(other.rows, self, "+", other)
        self.cols.check(other.cols, self, "+", other)
        return sum_of([self, other])

    def __radd__(self, other: Any) -> Expression:
        return self + other

    def __neg__(self) -> Expression:
        return -1.0 * self

    def __sub__(self, other: Any) -> Expression:
        return self + (-other if isinstance(other, Expression) else other)

    def __mul__(self, factor: Any) -> Expression:
        if isinstance(factor, Expression):
            raise InvalidInputError(f"{self} * {factor}: the matrix product is written @")
        if not isinstance(factor, Parameter):
            factor = _check.finite("factor", factor)
            if isinstance(self, Scaled) and isinstance(self.by, float):
                return self.of * (factor * self.by)
            if factor == 1.0:
                return self
        return _shared(Scaled, self.rows, self.cols, factor, self)

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> Expression:
        by = _check.finite("divisor", divisor)
        if by == 0 or not np.isfinite(np.divide(1, by)):
            raise InvalidInputError(f"divisor was {shown(divisor)}; it is too near 0")
        return self * (1 / by)

    def __matmul__(self, other: Any) -> Expression:
        if not isinstance(other, Expression):
            raise InvalidInputError(
                f"{self} @ {shown(other)}: give arrays to vector() or diagonal()"
            )
        self.cols.check(other.rows, self, "@", other)
        return product_of([self, other])


@dataclass(frozen=True, eq=False, repr=False)
class Gaussian(Expression):
    """A matrix of independent standard normal entries."""

    name: str
    serial: int
    flipped: bool
    covariance: Array | None = None
    """Of its rows, across the directions of a full space."""

    @property
    def T(self) -> Gaussian:
        """The transpose."""
        key = self.cols, self.rows, self.name, self.serial, not self.flipped
        return _shared(Gaussian, *key, self.covariance, key=key)

    def _words(self) -> str:
        return self.name + "'" * self.flipped


@dataclass(frozen=True, eq=False, repr=False)
class Diagonal(Expression):
    """A deterministic matrix, diagonal in the common eigenbasis."""

    values: Coefficient
    name: str

    def _transposed(self) -> Expression:
        return self

    def _inverted(self) -> Expression:
        if not np.all(self.values):
            raise InvalidInputError(f"{self} has zeros on its diagonal and no inverse")
        name = self.name if self.name == "I" else f"{self.name}^-1"
        return diagonal(self.rows, 1.0 / self.values, name=name)

    def _words(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False, repr=False)
class Vector(Expression):
    """Given coordinates, independent noise with these deviations, or the root of an equation."""

    values: Coefficient
    name: str
    random: bool = False
    equation: Callable[[Expression], Expression] | None = None

    def _words(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False, repr=False)
class Scaled(Expression):
    """A number times an expression."""

    by: float | Parameter
    of: Expression

    def _transposed(self) -> Expression:
        return self.of.T * self.by

    def _words(self) -> str:
        name = self.by.name if isinstance(self.by, Parameter) else f"{self.by:.6g}"
        return f"-{self.of}" if name == "-1" else f"{name} {self.of}"


@dataclass(frozen=True, eq=False, repr=False)
class Sum(Expression):
    """A sum; the order of the terms does not matter."""

    terms: tuple[Expression, ...]

    def _transposed(self) -> Expression:
        return sum_of([term.T for term in self.terms])

    def _words(self) -> str:
        return "(" + " + ".join(map(str, self.terms)).replace("+ -", "- ") + ")"


@dataclass(frozen=True, eq=False, repr=False)
class Product(Expression):
    """A matrix product."""

    factors: tuple[Expression, ...]

    def _transposed(self) -> Expression:
        return product_of([factor.T for factor in reversed(self.factors)])

    def _words(self) -> str:
        return " ".join(map(str, self.factors))


@dataclass(frozen=True, eq=False, repr=False)
class Inverse(Expression):
    """An inverse."""

    of: Expression

    def _transposed(self) -> Expression:
        return self.of.T.inv()

    def _inverted(self) -> Expression:
        return self.of

    def _words(self) -> str:
        return f"{self.of}^-1"


def sum_of(terms: Iterable[Expression]) -> Expression:
    """A sum; one term is itself."""
    flat = [part for term in terms for part in (term.terms if isinstance(term, Sum) else (term,))]
    # sums are equal whatever the order in which they were written
    key = (Sum, tuple(sorted(map(id, flat))))
    return _shared(Sum, flat[0].rows, flat[0].cols, tuple(flat), key=key) if flat[1:] else flat[0]


def product_of(factors: Iterable[Expression]) -> Expression:
    """A product, numbers in front."""
    flat: list[Expression] = []
    numbers: list[float | Parameter] = []
    for factor in factors:
        bare = factor
        while isinstance(bare, Scaled):
            numbers.append(bare.by)
            bare = bare.of
        flat += bare.factors if isinstance(bare, Product) else (bare,)
    whole = _shared(Product, flat[0].rows, flat[-1].cols, tuple(flat)) if flat[1:] else flat[0]
    return functools.reduce(operator.mul, numbers, whole)


def _slopes(expression: Expression, leaf: Parameter | Expression) -> list[Expression]:
    """Terms that add up to the derivative."""
    if expression is leaf:
        return [expression]
    match expression:
        case Scaled(by=by, of=of):
            return [of] * (by is leaf) + [slope * by for slope in _slopes(of, leaf)]
        case Sum(terms=terms):
            return [slope for term in terms for slope in _slopes(term, leaf)]
        case Product(factors=factors):
            return [
                product_of([*factors[:k], sum_of(slopes), *factors[k + 1 :]])
                for k, factor in enumerate(factors)
                if (slopes := _slopes(factor, leaf))
            ]
        case Inverse(of=of) if slopes := _slopes(of, leaf):
            return [-product_of([expression, sum_of(slopes), expression])]
    return []


def gaussian(
    rows: Space, cols: Space, *, name: str = "Z", covariance: npt.ArrayLike | None = None
) -> Expression:
    """A new matrix of independent standard normal entries; every call makes an independent one.

    Parameters
    ----------
    rows, cols : Space
        Of which one at most is full.
    name : str, default "Z"
        What it is called in what is printed.
    covariance : array_like of shape (dim, dim), optional
        Of its rows, where ``cols`` is full; they need not commute between matrices.

    Examples
    --------
    Rows of two covariances, of which neither is diagonal in the other's directions:

    >>> import numpy as np
    >>> from genloss.pencils import Space, gaussian, identity, trace
    >>> features, many, few = Space.features(50, full=True), Space("many", 60), Space("few", 30)
    >>> near = 0.9 ** np.abs(np.subtract.outer(np.arange(50), np.arange(50)))
    >>> A = gaussian(many, features, name="A", covariance=np.linspace(0.1, 2, 50))
    >>> B = gaussian(few, features, name="B", covariance=near)
    >>> round(float(trace((A.T @ A + B.T @ B + 10 * identity(features)).inv())), 3)
    1.187
    """
    for which, space in (("rows", rows), ("cols", cols)):
        _check.instance(which, space, Space)
    _check.text("name", name)
    if rows.full and cols.full:
        raise InvalidInputError(
            f"rows and cols were {rows} and {cols}; one of them at most is full"
        )
    if covariance is not None:
        covariance = covariances.whole("covariance", covariance)
        if not cols.full or len(covariance) != cols.directions:
            raise InvalidInputError(
                f"covariance had shape {covariance.shape} and cols were {cols}; a covariance is of a full "
                "space, Space.features(dim, full=True), and of its dimension"
            )
    key = rows, cols, name, next(_SERIAL), False
    return _shared(Gaussian, *key, covariance, key=key)


def diagonal(space: Space, values: npt.ArrayLike, *, name: str = "D") -> Expression:
    """The matrix with these values on its diagonal, in the common eigenbasis.

    Parameters
    ----------
    space : Space
    values : array_like
        One number, or one per direction of the space.
    name : str, default "D"
        What it is called in what is printed.
    """
    entries = _entries(space, "values", values, name)
    return _shared(Diagonal, space, space, entries, name, key=(*_names(space, entries), name))


def identity(space: Space) -> Expression:
    """The identity matrix of a space."""
    return diagonal(space, 1.0, name="I")


def vector(space: Space, values: npt.ArrayLike, *, name: str = "w") -> Expression:
    """The vector with these coordinates in the eigenbasis, given as for `diagonal`."""
    entries = _entries(space, "values", values, name)
    return _shared(Vector, space, ONE, entries, name, key=(*_names(space, entries), name))


def noise(space: Space, deviation: npt.ArrayLike = 1.0, *, name: str = "e") -> Expression:
    """A new random vector: independent, centred entries; deviations are given as for `diagonal`."""
    return Vector(space, ONE, _entries(space, "deviation", deviation, name), name, random=True)


def _entries(space: Space, which: str, values: npt.ArrayLike, name: str) -> Coefficient:
    _check.text("name", name)
    return _check.instance("space", space, Space).coefficient(which, values)


def implicit(space: Space, equation: Callable[[Expression], Expression], *, name: str) -> Vector:
    """A new vector u with ``equation(u) = 0``, which has to be linear in u."""
    return Vector(space, ONE, 0.0, name, equation=equation)


def _names(space: Space, values: Coefficient) -> tuple[object, ...]:
    bytes_ = values if isinstance(values, float) else values.tobytes()
    return (space, space.multiplicities, bytes_)
