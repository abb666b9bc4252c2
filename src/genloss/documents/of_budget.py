"""A budget as a document."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from genloss._version import __version__
from genloss.documents.document import Document, Picture, Sheet
from genloss.documents.pictures import svg
from genloss.report.budget import money_columns, money_legend
from genloss.report.numbers import counted

if TYPE_CHECKING:
    from genloss.budgeting.result import Budget


def of_budget(found: Budget, say: Callable[[str], str] = str) -> Document:
    """Return the report of a budget.

    Parameters
    ----------
    found : Budget
        The answer of `genloss.budget`.
    say : callable, optional
        Spells arguments of the package as the caller does.

    Examples
    --------
    >>> import genloss as gl
    >>> problem, cost = gl.Problem.isotropic(50), {"real": 1, "synthetic": 0.1}
    >>> found = gl.budget(problem, noise=1.0, labeler_noise=1.0, cost=cost, money=100)
    >>> of_budget(found).sheets[0].headings[0]
    'money'
    """
    answer, *more = map(say, found.sentences)
    pilot = (
        f"A pilot of {counted(found.n_pilot, 'real row')} and {counted(found.m_pilot, 'synthetic row')} of {found.source}."
        if found.n_pilot
        else "A problem given in theory."
    )
    return Document(
        title=f"Budget of labels: {found.target} of {found.source}",
        answer=answer,
        advice=more,
        warnings=[*map(say, found.warnings)],
        sheets=[Sheet("Other amounts of money", money_columns(found), money_legend(found))],
        pictures=[
            Picture(
                "Error against money",
                "Predicted error of the best mix, and of real rows alone.",
                svg(lambda ax: found.plot(ax=ax)),
            )
        ],
        done=[pilot, *map(say, found.notes), f"Computed by genloss {__version__}."],
    )
