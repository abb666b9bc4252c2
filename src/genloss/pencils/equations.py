"""A pencil and its fixed point on paper: as text, or in LaTeX."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from genloss.errors import MissingDependencyError
from genloss.pencils.channels import opposite
from genloss.pencils.expression import Coefficient
from genloss.pencils.pencil import Pencil


class Trace(NamedTuple):
    """``eta[row, column] += sign left right sum_i reads G[read_row, read_column]``."""

    row: int
    column: int
    writes: tuple[Coefficient, ...]
    reads: tuple[Coefficient, ...]
    read_row: int
    read_column: int


def describe(pencil: Pencil) -> str:
    """Text of the equations of a pencil and of its fixed point.

    Parameters
    ----------
    pencil : Pencil
        For instance ``trace(expression).solution.pencil``.

    Examples
    --------
    >>> from genloss.pencils import Space, describe, gaussian, identity, trace
    >>> features, rows = Space.features(100), Space("rows", 200)
    >>> Z = gaussian(rows, features)
    >>> print(describe(trace((Z.T @ Z + 2 * identity(features)).inv()).solution.pencil))
    Q u = f, size 3
      features: u0                          | input
      features: 2 u1 - u0 + Z' u2           | (Z' Z + 2 I)^-1
      rows:     u2 - Z u1                   | Z (u1)
    G = (Q0 - eta)^-1 in every space
      eta[1,1] = - tr_rows(G[2,2])
      eta[2,2] = - tr_features(G[1,1])
    """
    name = _Names()
    lines = [f"Q u = f, size {pencil.size}"]
    width = max(len(space.name) for space in pencil.spaces) + 2
    for equation, space in enumerate(pencil.spaces):
        terms = [
            _signed(name, (value,), f"u{unknown}")
            for (row, unknown), value in pencil.deterministic.items()
            if row == equation and np.any(value)
        ]
        terms += [
            _signed(name, (e.scale, e.left), f"{e.gaussian} {name.of(e.right)}u{e.unknown}")
            for e in pencil.occurrences
            if e.equation == equation
        ]
        left = f"  {space.name + ':':{width}}{_joined(terms)}"
        lines.append(f"{left:40}| {pencil.names[equation]}")
    lines.append("G = (Q0 - eta)^-1 in every space")
    entries: dict[tuple[int, int], list[str]] = {}
    for t in _traces(pencil):
        inside = f"{name.of(*t.reads)}G[{t.read_row},{t.read_column}]"
        trace = f"tr_{pencil.spaces[t.read_row].name}({inside})"
        entries.setdefault((t.row, t.column), []).append(_signed(name, t.writes, trace))
    lines += [f"  eta[{a},{b}] = {_joined(terms)}" for (a, b), terms in sorted(entries.items())]
    return "\n".join(lines)


def latex(pencil: Pencil) -> str:
    r"""LaTeX of ``Q0 - eta``, the inverse of G, one matrix equation per space.

    Parameters
    ----------
    pencil : Pencil
        For instance ``trace(expression).solution.pencil``.

    Raises
    ------
    MissingDependencyError
        Without SymPy, the extra ``symbolic``.
    """
    try:
        sympy: Any = importlib.import_module("sympy")
    except ImportError:
        raise MissingDependencyError("latex needs SymPy: pip install 'genloss[symbolic]'") from None
    names, sums = _Names("\\Delta_{%d}"), []

    def factor(*parts: Coefficient) -> Any:
        number = np.prod([part for part in parts if isinstance(part, float)])
        letters = [
            sympy.Symbol(names.letter(part)) for part in parts if not isinstance(part, float)
        ]
        return sympy.Mul(sympy.nsimplify(number, rational=False), *letters)

    for space in dict.fromkeys(pencil.spaces):
        nodes = [k for k, own in enumerate(pencil.spaces) if own == space]
        kernel = sympy.zeros(len(nodes))
        for (row, column), value in pencil.deterministic.items():
            if row in nodes:
                kernel[nodes.index(row), nodes.index(column)] += factor(value)
        for t in _traces(pencil):
            if t.row in nodes:
                g = sympy.Symbol(f"G_{{{t.read_row},{t.read_column}}}")
                trace = sympy.Function(
                    f"\\mathrm{{tr}}_{{\\text{{{pencil.spaces[t.read_row].name}}}}}"
                )
                kernel[nodes.index(t.row), nodes.index(t.column)] -= factor(*t.writes) * trace(
                    factor(*t.reads) * g
                )
        inverse = sympy.Symbol(f"G_{{\\text{{{space.name}}}}}^{{-1}}")
        sums.append(sympy.latex(sympy.Eq(inverse, kernel, evaluate=False)))
    return " \\\\\n".join(sums)


class _Names:
    """Names of the diagonals of a pencil, in the order in which they are met."""

    def __init__(self, pattern: str = "D%d") -> None:
        self._pattern = pattern
        self._known: list[bytes] = []

    def letter(self, diagonal: Coefficient) -> str:
        values = np.asarray(diagonal).tobytes()
        if values not in self._known:
            self._known.append(values)
        return self._pattern % (1 + self._known.index(values))

    def of(self, *parts: Coefficient) -> str:
        number = float(np.prod([part for part in parts if isinstance(part, float)]))
        words = [] if number == 1 else [f"{number:.6g}"]
        words += [self.letter(part) for part in parts if not isinstance(part, float)]
        return "".join(f"{word} " for word in words)


def _signed(name: _Names, parts: tuple[Coefficient, ...], of: str) -> str:
    text = name.of(*parts) + of
    return text.replace("-1 ", "-", 1) if text.startswith("-1 ") else text


def _joined(terms: list[str]) -> str:
    text = " + ".join(terms).replace("+ -", "- ")
    return "- " + text[1:] if text.startswith("-") else text


def _traces(pencil: Pencil) -> Iterator[Trace]:
    structure = pencil.structure()
    for one, other in opposite(pencil.occurrences):
        if structure.downstream[
            structure.block_of[one.unknown], structure.block_of[other.equation]
        ]:
            writes = (one.scale * other.scale, one.left, other.right)
            reads = (one.right, other.left)
            yield Trace(one.equation, other.unknown, writes, reads, one.unknown, other.equation)
