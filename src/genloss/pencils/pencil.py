"""The linear pencil: a system ``Q u = f`` that is linear in the Gaussian matrices.

Every unknown vector u_k has one equation. Only inverses, and what stands between two Gaussian
matrices, need an unknown: sums, scalings and products by diagonals are coefficients. Equal
expressions share their unknown, and terms with one matrix in front are added before they get one:
``X'X a - X'(X b + e)`` needs the residual ``X(a - b) - e`` only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from genloss import _check
from genloss.errors import InvalidInputError
from genloss.pencils import expression as ex
from genloss.pencils.expression import Coefficient, Expression, Gaussian
from genloss.pencils.space import Space


class Occurrence(NamedTuple):
    """``left * Z * right`` in row ``equation`` and column ``unknown`` of the pencil."""

    equation: int
    unknown: int
    left: Coefficient
    gaussian: Gaussian
    right: Coefficient


class Pencil:
    """The system that some vectors solve: they are unknowns of it, or combinations of unknowns.

    Parameters
    ----------
    *vectors : Expression
        With one column.
    """

    def __init__(self, *vectors: Expression) -> None:
        self.spaces: list[Space] = []
        self.names: list[str] = []
        self.given: dict[int, Coefficient] = {}
        """Right-hand sides that are known vectors."""
        self.variances: dict[int, Coefficient] = {}
        """Right-hand sides that are noise."""
        self.deterministic: dict[tuple[int, int], Coefficient] = {}
        self.occurrences: list[Occurrence] = []
        self._numbers: dict[Expression, int] = {}
        self._unwritten: list[ex.Vector] = []
        for vector in vectors:
            _check.instance("vectors", vector, Expression, "Expressions")
            self.combination(vector)
        while self._unwritten:
            self._write(self._unwritten.pop())
        self.unit = 1.0
        """What F is measured in, in a doubled pencil."""
        self.twin = list(range(self.size))
        """The other one of an unknown of the doubled pencil and its adjoint; else itself."""

    @property
    def size(self) -> int:
        """Number of unknown vectors."""
        return len(self.spaces)

    def combination(self, vector: Expression) -> dict[int, Coefficient]:
        """A vector as a combination of unknowns, one of which is new if need be."""
        if isinstance(vector, ex.Scaled):
            return {k: float(vector.by) * c for k, c in self.combination(vector.of).items()}
        terms = list(_terms(vector))
        if any(matrix for _, matrix, _ in terms):
            return {self._number(vector): 1.0}
        found: dict[int, Coefficient] = {}
        for coefficient, _, part in terms:
            number = self._number(part)
            found[number] = found.get(number, 0.0) + coefficient
        return found

    def doubled(self) -> Pencil:
        """Return ``[[Q, -F], [0, Q']]``, in whose inverse ``Q^-1 F Q'^-1`` are second moments.

        F is the covariance of the right-hand sides, of noise and of given vectors about zero, in
        units of its largest entry.
        """
        both, size = Pencil(), self.size
        both.spaces, both.names = 2 * self.spaces, self.names + [f"({n})'" for n in self.names]
        both.given = self.given
        both.twin = [*range(size, 2 * size), *range(size)]
        turned = {(size + u, size + e): value for (e, u), value in self.deterministic.items()}
        both.deterministic = {**self.deterministic, **turned}
        both.occurrences = self.occurrences + [
            Occurrence(size + u, size + e, right, matrix.T, left)
            for e, u, left, matrix, right in self.occurrences
        ]
        F = {(number, number): variance for number, variance in self.variances.items()}
        for one, a in self.given.items():
            for other, b in self.given.items():
                if self.spaces[one] == self.spaces[other]:
                    F[one, other] = _second(a, b, self.spaces[one])
        both.unit = max((float(np.abs(value).max()) for value in F.values()), default=0.0) or 1.0
        for (one, other), value in F.items():
            both.deterministic[one, size + other] = -value / both.unit
        return both

    def _number(self, vector: Expression) -> int:
        """Number of an unknown; a new one is written later, so that no chain is too long."""
        if vector not in self._numbers:
            match vector:
                case ex.Vector():
                    own = vector
                case ex.Product(factors=(ex.Inverse(of=inner) as inverse, *rest)):
                    right = ex.product_of(rest)
                    own = ex.implicit(vector.rows, lambda u: inner @ u - right, name=str(inverse))
                case _:
                    own = ex.implicit(vector.rows, lambda u: u - vector, name=str(vector))
            self._numbers[vector] = self._numbers[own] = self.size
            self.spaces.append(vector.rows)
            self.names.append(str(own))
            self._unwritten.append(own)
        return self._numbers[vector]

    def _write(self, own: ex.Vector) -> None:
        """Write the equation of an unknown."""
        number = self._numbers[own]
        if own.equation is None:
            self.deterministic[number, number] = 1.0
            if own.random:
                self.variances[number] = own.values**2
            else:
                self.given[number] = own.values
            return
        for left, matrix, part in _terms(own.equation(own)):
            if matrix is None:
                entry = number, self._number(part)
                self.deterministic[entry] = self.deterministic.get(entry, 0.0) + left
            else:
                for unknown, right in self.combination(part).items():
                    self.occurrences.append(Occurrence(number, unknown, left, matrix, right))

    def __repr__(self) -> str:
        return f"Pencil(size {self.size}, {len(self.occurrences)} Gaussian entries)"


def _second(a: Coefficient, b: Coefficient, space: Space) -> Coefficient:
    """Products of the coordinates of two vectors, as far as they are looked at."""
    if not space.full:
        return a * b
    return np.outer(*(np.broadcast_to(each, space.directions) for each in (a, b)))


def _terms(
    vector: Expression, by: Coefficient = 1.0
) -> Iterator[tuple[Coefficient, Gaussian | None, Expression]]:
    """Coefficient, Gaussian matrix and vector of all terms, each matrix met once."""
    behind: dict[ex.Diagonal | Gaussian, list[Expression]] = {}
    for number, part in _addends(vector, 1.0):
        match part:
            case ex.Product(factors=(ex.Diagonal() | Gaussian() as matrix, *rest)):
                behind.setdefault(matrix, []).append(number * ex.product_of(rest))
            case _:
                yield by * number, None, part
    for matrix, parts in behind.items():
        inside = ex.sum_of(parts)
        if isinstance(matrix, ex.Diagonal):
            if matrix.rows.full and np.ndim(matrix.values):
                raise InvalidInputError(
                    f"{matrix} is a diagonal of {matrix.rows}, which is full: give gaussian() a covariance"
                )
            yield from _terms(inside, by * matrix.values)
        elif isinstance(inside, ex.Scaled) and isinstance(by, float):
            yield by * float(inside.by), matrix, inside.of
        else:
            yield by, matrix, inside


def _addends(vector: Expression, by: float) -> Iterator[tuple[float, Expression]]:
    """Numbers and vectors that add up to ``by * vector``, none of them a sum."""
    match vector:
        case ex.Scaled(by=number, of=inner):
            if number:
                yield from _addends(inner, by * float(number))
        case ex.Sum(terms=terms):
            for term in terms:
                yield from _addends(term, by)
        case ex.Product(factors=(ex.Sum(terms=terms), *rest)):
            for term in terms:
                yield from _addends(ex.product_of([term, *rest]), by)
        case ex.Product() | ex.Vector():
            yield by, vector
        case _:
            raise InvalidInputError(f"{vector!r} is no vector of genloss.pencils")
