"""A pencil and its fixed point on paper: as text, or in LaTeX."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from genloss import _check
from genloss.errors import MissingDependencyError
from genloss.pencils.channels import opposites
from genloss.pencils.expression import Array, Coefficient
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
    _check.instance("pencil", pencil, Pencil)
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
        lines.append(f"{left:39} | {pencil.names[equation]}")
    lines.append("G = (Q0 - eta)^-1 in every space")
    entries: dict[tuple[int, int], list[str]] = {}
    for one, other in opposites(pencil, Layout(pencil)):
        read, written = pencil.spaces[one.unknown], pencil.spaces[one.equation]
        own = f"cov({one.gaussian.name}) " if one.gaussian.covariance is not None else ""
        inside = (
            f"{own * read.full}G[{one.unknown},{other.equation}])",
            (one.right, other.left),
        )
        trace = f"{own * written.full}tr_{read.name}("
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
    _check.instance("pencil", pencil, Pencil)
    try:
        sympy: Any = importlib.import_module("sympy")
    except ImportError:
        raise MissingDependencyError('latex needs SymPy; pip install "genloss[symbolic]"') from None
    names, equations = _Names("\\Delta_{%d}"), []

    def factor(*parts: Coefficient) -> Any:
        number, letters = names.split(*parts)
        return sympy.Mul(sympy.nsimplify(number, rational=False), *map(sympy.Symbol, letters))

    layout = Layout(pencil)
    for space, nodes in zip(layout.spaces, layout.members, strict=True):
        kernel = sympy.zeros(len(nodes))
        for (row, column), value in pencil.deterministic.items():
            if row in nodes:
                kernel[nodes.index(row), nodes.index(column)] += factor(value)
        for one, other in opposites(pencil, layout):
            if one.equation in nodes:
                read = pencil.spaces[one.unknown]
                trace = sympy.Function(f"\\mathrm{{tr}}_{{\\text{{{read.name}}}}}")
                own = sympy.Integer(1)
                if one.gaussian.covariance is not None:
                    own = sympy.Symbol(f"\\Sigma_{{{one.gaussian.name}}}")
                g = sympy.Symbol(f"G_{{{one.unknown},{other.equation}}}")
                around, inside = (own, 1) if space.full else (1, own)
                kernel[nodes.index(one.equation), nodes.index(other.unknown)] -= (
                    factor(one.left, other.right)
                    * around
                    * trace(factor(one.right, other.left) * inside * g)
                )
        inverse = sympy.Symbol(f"G_{{\\text{{{space.name}}}}}^{{-1}}")
        equations.append(sympy.latex(sympy.Eq(inverse, kernel, evaluate=False)))
    return " \\\\\n".join(equations)


class _Names:
    """Names of the diagonals of a pencil, in the order in which they are met."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._known: list[Array] = []

    def split(self, *parts: Coefficient) -> tuple[float, list[str]]:
        """A product as one number and names; proportional diagonals have one name."""
        number, names = 1.0, []
        for part in parts:
            if isinstance(part, float):
                number *= part
            else:
                ratio, k = self._find(part)
                number *= ratio
                names.append(self._pattern % (k + 1))
        return number, names

    def _find(self, part: Array) -> tuple[float, int]:
        for k, known in enumerate(self._known):
            if known.size == part.size:
                ratio = float(part @ known) / float(known @ known)
                if np.allclose(part, ratio * known, rtol=1e-12, atol=0):
                    return ratio, k
        self._known.append(part)
        return 1.0, len(self._known) - 1

    def term(
        self, outer: tuple[Coefficient, ...], of: str, end: str, inner: tuple[Coefficient, ...] = ()
    ) -> str:
        """Outer diagonals, a matrix or trace, inner diagonals and what they multiply."""
        (a, before), (b, within) = self.split(*outer), self.split(*inner)
        sign = {"1": "", "-1": "-"}.get(text := f"{a * b:.6g}", f"{text} ")
        return sign + " ".join([*before, of + " ".join([*within, end])])


def _joined(terms: list[str]) -> str:
    text = " + ".join(terms).replace("+ -", "- ")
    return "- " + text[1:] if text.startswith("-") else text
