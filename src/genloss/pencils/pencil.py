"""The linear pencil: a system ``Q u = f`` that is linear in the Gaussian matrices.

Every unknown vector u_k has one equation. Only inverses, and what stands between two Gaussian
matrices, need an unknown: sums, scalings and products by diagonals are coefficients. Equal
expressions of equal vectors share their unknown, and terms with one Gaussian matrix in front are
added before they get one: ``X'X a - X'(X b + e)`` needs the residual ``X(a - b) - e`` only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.errors import InvalidInputError
from genloss.pencils import expression as ex
from genloss.pencils.expression import Array, Coefficient, Expression
from genloss.pencils.space import Space


class Term(NamedTuple):
    """``scale * diagonal * u`` for an unknown, or for a Gaussian matrix applied to terms."""

    of: int | Applied
    scale: float = 1.0
    diagonal: Array | None = None

    @property
    def coefficient(self) -> Coefficient:
        """Scale and diagonal together."""
        return self.scale if self.diagonal is None else self.scale * self.diagonal

    @property
    def kind(self) -> tuple[Any, ...]:
        """What terms have in common that differ by a number only (diagonals are interned)."""
        of = self.of if isinstance(self.of, int) else (self.of.matrix, key(self.of.to))
        return (of, id(self.diagonal))


class Applied(NamedTuple):
    """A Gaussian matrix applied to a combination."""

    matrix: ex.Gaussian
    to: Combination


Combination = tuple[Term, ...]


class Occurrence(NamedTuple):
    """``scale * left * Z * right`` in row ``equation`` and column ``unknown`` of the pencil."""

    equation: int
    unknown: int
    scale: float
    left: Coefficient
    gaussian: ex.Gaussian
    right: Coefficient


@dataclass(frozen=True)
class Structure:
    """The order in which a pencil is solved: blocks of unknowns that depend on each other."""

    blocks: tuple[tuple[int, ...], ...]
    block_of: npt.NDArray[np.int64]
    downstream: npt.NDArray[np.bool_]
    """Whether the first block depends on the second."""


class Pencil:
    """A growing linear system: `unknown` and `add` write it, `apply` writes expressions into it."""

    def __init__(self) -> None:
        self.spaces: list[Space] = []
        self.names: list[str] = []
        self.given: dict[int, Coefficient] = {}
        """Right-hand sides that are known vectors."""
        self.noise: dict[tuple[int, int], Coefficient] = {}
        """Covariances of the random right-hand sides of two equations, per index."""
        self.deterministic: dict[tuple[int, int], Coefficient] = {}
        self.occurrences: list[Occurrence] = []
        self._applied: dict[tuple[Any, ...], Combination] = {}
        self._diagonals: dict[bytes, Array] = {}

    @property
    def size(self) -> int:
        """Number of unknown vectors."""
        return len(self.spaces)

    def unknown(self, space: Space, name: str) -> int:
        """Add an unknown vector, whose equation is still empty."""
        self.spaces.append(space)
        self.names.append(name)
        return self.size - 1

    def source(self, space: Space, name: str, *, given: Coefficient | None = None) -> int:
        """Add an unknown vector that is its right-hand side: given, or else whatever comes in."""
        number = self.unknown(space, name)
        self.deterministic[number, number] = 1.0
        if given is not None:
            self.given[number] = given
        return number

    def add(self, equation: int, terms: Iterable[Term]) -> None:
        """Add terms to the left-hand side of an equation."""
        for term in merged(terms):
            if isinstance(term.of, int):
                pair = equation, term.of
                self.deterministic[pair] = self.deterministic.get(pair, 0.0) + term.coefficient
                continue
            matrix, to = term.of
            left = 1.0 if term.diagonal is None else term.diagonal
            for inner in self.plain(to):
                right = 1.0 if inner.diagonal is None else inner.diagonal
                scale = term.scale * inner.scale
                self.occurrences.append(
                    Occurrence(equation, unknown(inner), scale, left, matrix, right)
                )

    def apply(self, expression: Expression, to: Combination = ()) -> Combination:
        """Terms of ``expression @ to``, or of an expression that is a vector."""
        name = (expression, key(to))
        if name not in self._applied:
            self._applied[name] = self._apply(expression, to)
        return self._applied[name]

    def _apply(self, expression: Expression, to: Combination) -> Combination:
        match expression:
            case ex.Scaled(by=number, of=inner):
                return scaled(self.apply(inner, to), float(number))
            case ex.Sum(terms=parts):
                return merged(term for part in parts for term in self.apply(part, to))
            case ex.Product(factors=factors):
                for factor in reversed(factors):
                    to = self.apply(factor, to)
                return to
            case ex.Diagonal(values=values):
                return self.weighted(to, values)
            case ex.Gaussian():
                return (Term(Applied(expression, to)),) if to else ()
            case ex.Inverse(of=inner):
                solution = self.unknown(expression.rows, str(expression))
                self.add(solution, [*self.apply(inner, (Term(solution),)), *scaled(to, -1.0)])
                return (Term(solution),)
            case ex.Vector(values=values, random=random):
                given = None if random else values
                number = self.source(expression.rows, str(expression), given=given)
                if random:
                    self.noise[number, number] = values**2
                return (Term(number),)
        raise InvalidInputError(f"{expression!r} is no expression of genloss.pencils")

    def plain(self, terms: Combination) -> Combination:
        """The same vector without Gaussian matrices, by an unknown of its own if need be."""
        found = next((term.of for term in terms if not isinstance(term.of, int)), None)
        if found is None:
            return terms
        scale = terms[0].scale
        unit = scaled(terms, 1 / scale)
        name = ("plain", key(unit))
        if name not in self._applied:
            copy = self.unknown(found.matrix.rows, text(unit, self.names))
            self._applied[name] = (Term(copy),)
            self.add(copy, [Term(copy), *scaled(unit, -1.0)])
        return scaled(self._applied[name], scale)

    def weighted(self, terms: Combination, by: Coefficient) -> Combination:
        """A diagonal times terms."""
        if isinstance(by, float):
            return scaled(terms, by)
        products = (by if term.diagonal is None else by * term.diagonal for term in terms)
        shared = [self._diagonals.setdefault(values.tobytes(), values) for values in products]
        return tuple(t._replace(diagonal=values) for t, values in zip(terms, shared, strict=True))

    def structure(self) -> Structure:
        """Blocks of mutually dependent unknowns, in an order in which none depends on a later one."""
        depends = np.eye(self.size, dtype=np.float32)
        entries = [*self.deterministic, *((e.equation, e.unknown) for e in self.occurrences)]
        depends[tuple(np.array(entries).T)] = 1.0
        while True:
            further = np.minimum(depends @ depends, 1.0)
            if (further == depends).all():
                break
            depends = further
        reaches = depends > 0
        # who depends on more comes later; members of one block depend on the same unknowns
        first = np.argmax(reaches & reaches.T, axis=1).tolist()
        labels = sorted(set(first), key=lambda k: (int(reaches[k].sum()), k))
        number = {label: block for block, label in enumerate(labels)}
        block_of = np.array([number[k] for k in first], dtype=np.int64)
        blocks = tuple(tuple(np.flatnonzero(block_of == b).tolist()) for b in range(len(labels)))
        return Structure(blocks, block_of, reaches[np.ix_(labels, labels)])

    def __repr__(self) -> str:
        return f"Pencil(size {self.size}, {len(self.occurrences)} Gaussian entries)"


def key(terms: Combination) -> tuple[Any, ...]:
    """What equal combinations have in common."""
    return tuple((term.scale, *term.kind) for term in terms)


def unknown(term: Term) -> int:
    """The unknown of a term of a plain combination."""
    assert isinstance(term.of, int)
    return term.of


def scaled(terms: Combination, by: float) -> Combination:
    """A number times terms."""
    return tuple(term._replace(scale=by * term.scale) for term in terms) if by else ()


def merged(terms: Iterable[Term]) -> Combination:
    """One term for each unknown, and one for each Gaussian matrix in front."""
    groups: dict[tuple[Any, ...], list[Term]] = {}
    for term in terms:
        of = term.of if isinstance(term.of, int) else term.of.matrix
        groups.setdefault((of, id(term.diagonal)), []).append(term)
    return tuple(term for group in groups.values() if (term := _together(group)).scale)


def _together(group: Sequence[Term]) -> Term:
    first = group[0]
    if len(group) == 1:
        return first
    if isinstance(first.of, int):
        return first._replace(scale=sum(term.scale for term in group))
    parts = [p for t in group for p in scaled(t.of.to, t.scale / first.scale)]  # type: ignore[union-attr]
    inside = merged(parts)
    return first._replace(of=Applied(first.of.matrix, inside), scale=first.scale if inside else 0.0)


def text(terms: Combination, names: Sequence[str]) -> str:
    """The terms in words."""
    words = []
    for term in terms:
        inner = f"u{term.of}" if isinstance(term.of, int) else ""
        if not isinstance(term.of, int):
            inner = f"{term.of.matrix} ({text(term.of.to, names)})"
        words.append(
            f"{term.scale:.6g} " * (term.scale != 1) + "D " * (term.diagonal is not None) + inner
        )
    return " + ".join(words)
