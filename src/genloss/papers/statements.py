"""The statements of any paper, drawn as measured over predicted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from genloss.papers.claims import Claim, rows
from genloss.papers.drawing import colour, legend
from genloss.papers.effort import Effort
from genloss.papers.study import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKS = (
    ("exact at finite size", ("exact",), "o"),
    ("deterministic equivalent", ("asymptotic", "approximate"), "s"),
    ("bound", ("at most", "at least"), "|"),
)


def beside_runs(
    title: str,
    statements: Callable[[Effort], Iterable[Claim]],
    seconds: tuple[float, ...] = (),
) -> Study[tuple[Claim, ...]]:
    """The experiment that judges every statement of a paper.

    Parameters
    ----------
    title : str
        Title of the paper.
    statements : callable
        Its claims, from an `Effort`.
    seconds : tuple of float
        Processor time as in `Study`.
    """
    return Study(
        name="statements",
        shows="every formula beside a simulation",
        title="Every formula beside a simulation",
        measure=lambda effort: tuple(statements(effort)),
        table=rows,
        claims=lambda claims: claims,
        draw=_draw,
        caption=lambda _: (
            f"Statements of “{title}”: measured over predicted, ± 2 standard errors. "
            "Measured: literal runs in which every row is drawn, or expectations given drawn "
            "designs. Circles: exact at finite size. Squares: deterministic equivalents, right in "
            "high dimension."
        ),
        seconds=seconds,
    )


def _draw(claims: tuple[Claim, ...]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 0.24 * len(claims) + 1.0), layout="constrained")
    ax = figure.add_subplot()
    ax.axvline(1, color="#999999", lw=0.9)
    for number, (name, kinds, mark) in enumerate(MARKS):
        chosen = [(k, claim) for k, claim in enumerate(claims) if claim.kind in kinds]
        if chosen:
            ax.errorbar(
                [claim.measured / claim.predicted for _, claim in chosen],
                [k for k, _ in chosen],
                xerr=[2 * claim.stderr / abs(claim.predicted) for _, claim in chosen],
                fmt=mark, ms=4, capsize=2, lw=0, elinewidth=0.9, color=colour(number), label=name,
            )  # fmt: skip
    where = [claim.where.removeprefix("section ") for claim in claims]
    names = [f"{claim.claim}  [{at}]" for claim, at in zip(claims, where, strict=True)]
    ax.set_yticks(range(len(claims)), names, fontsize=8)
    ax.invert_yaxis()
    ax.set_xlabel("measured / predicted", fontsize=9)
    ax.tick_params(labelsize=8)
    ax.spines[["top", "right"]].set_visible(False)
    legend(ax, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return figure
