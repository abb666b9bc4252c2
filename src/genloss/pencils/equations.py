"""A pencil and its fixed point on paper: as text, or in LaTeX."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from genloss.errors import MissingDependencyError
from genloss.pencils.channels import opposites
from genloss.pencils.expression import Coefficient
from genloss.pencils.layout import Layout
from genloss.pencils.pencil import Pencil


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
      features: - u0 + 2 u1 + Z' u2         | (Z' Z + 2 I)^-1
      rows:     u2 - Z u1                   | Z (Z' Z + 2 I)^-1
    G = (Q0 - eta)^-1 in every space
      eta[1,1] = - tr_rows(G[2,2])
      eta[2,2] = - tr_features(G[1,1])
    """
    names = _Names("D%d")
    lines = [f"Q u = f, size {pencil.size}"]
    width = max(len(space.name) for space in pencil.spaces) + 2
    for equation, space in enumerate(pencil.spaces):
        terms = [
            names.term((value,), "", f"u{unknown}")
            for (row, unknown), value in pencil.deterministic.items()
            if row == equation and np.any(value)
        ]
        terms += [
            names.term((o.left,), f"{o.gaussian} ", f"u{o.unknown}", (o.right,))
            for o in pencil.occurrences
            if o.equation == equation
        ]
        left = f"  {space.name + ':':{width}}{_joined(terms)}"
        lines.append(f"{left:40}| {pencil.names[equation]}")
    lines.append("G = (Q0 - eta)^-1 in every space")
    entries: dict[tuple[int, int], list[str]] = {}
    for one, other in opposites(pencil, Layout(pencil)):
        inside = f"G[{one.unknown},{other.equation}])", (one.right, other.left)
        trace = f"tr_{pencil.spaces[one.unknown].name}("
        term = names.term((one.left, other.right), trace, *inside)
        entries.setdefault((one.equation, other.unknown), []).append(term)
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
    names, equations = _Names("\\Delta_{%d}"), []

    def factor(*parts: Coefficient) -> Any:
        number = sympy.nsimplify(names.number(parts), rational=False)
        return sympy.Mul(number, *map(sympy.Symbol, names.letters(parts)))

    layout = Layout(pencil)
    for space, nodes in zip(layout.spaces, layout.members, strict=True):
        kernel = sympy.zeros(len(nodes))
        for (row, column), value in pencil.deterministic.items():
            if row in nodes:
                kernel[nodes.index(row), nodes.index(column)] += factor(value)
        for one, other in opposites(pencil, layout):
            if one.equation in nodes:
                read = pencil.spaces[one.unknown].name
                trace = sympy.Function(f"\\mathrm{{tr}}_{{\\text{{{read}}}}}")
                g = sympy.Symbol(f"G_{{{one.unknown},{other.equation}}}")
                kernel[nodes.index(one.equation), nodes.index(other.unknown)] -= factor(
                    one.left, other.right
                ) * trace(factor(one.right, other.left) * g)
        inverse = sympy.Symbol(f"G_{{\\text{{{space.name}}}}}^{{-1}}")
        equations.append(sympy.latex(sympy.Eq(inverse, kernel, evaluate=False)))
    return " \\\\\n".join(equations)


class _Names:
    """Names of the diagonals of a pencil, in the order in which they are met."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._known: dict[bytes, str] = {}

    def number(self, parts: Iterable[Coefficient]) -> float:
        """The product of those parts that are numbers."""
        return math.prod(part for part in parts if isinstance(part, float))

    def letters(self, parts: Iterable[Coefficient]) -> list[str]:
        """The names of the others."""
        diagonals = [part.tobytes() for part in parts if not isinstance(part, float)]
        return [
            self._known.setdefault(values, self._pattern % (1 + len(self._known)))
            for values in diagonals
        ]

    def term(
        self, outer: tuple[Coefficient, ...], of: str, end: str, inner: tuple[Coefficient, ...] = ()
    ) -> str:
        """Outer diagonals, a matrix or trace, inner diagonals and what they multiply."""
        number = self.number(outer + inner)
        sign = {1.0: "", -1.0: "-"}.get(number, f"{number:.6g} ")
        before, within = ("".join(f"{d} " for d in self.letters(side)) for side in (outer, inner))
        return f"{sign}{before}{of}{within}{end}"


def _joined(terms: list[str]) -> str:
    text = " + ".join(terms).replace("+ -", "- ")
    return "- " + text[1:] if text.startswith("-") else text
