"""Study: one experiment of a paper as measure, table, claims, figure and caption."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from genloss.papers.claims import Claim
from genloss.papers.effort import Effort
from genloss.papers.reproduction import Reproduction, Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class Study(Generic[Found]):
    """An experiment: everything random or costly happens in ``measure``, the rest reads what it found.

    Attributes
    ----------
    name : str
        What to ask for, and the stem of its files.
    shows : str
        What is to be seen, in a few words.
    title : str
        Title of the figure; ``{data}`` in it stands for that attribute of what was found.
    measure : callable
        What was computed and simulated, from an `Effort`.
    table, claims, draw, caption : callable
        Rows of numbers, claims, figure and caption, each from what was measured.
    figure : str
        Its number in the paper or its page, such as "F1".
    options : mapping of str to str
        What ``effort.options`` may hold for it, each with what it means.
    seconds : tuple of float
        Processor time in seconds of a quick run and, where that was measured too, of a full one.

    Examples
    --------
    >>> from genloss.papers.effort import Effort
    >>> from genloss.papers.demystified.figures.chain import STUDY
    >>> STUDY.figure, STUDY.run(Effort(quick=True)).claims[0].verdict
    ('F4', 'holds')
    """

    name: str
    shows: str
    title: str
    measure: Callable[[Effort], Found]
    table: Callable[[Found], Sequence[Row]]
    claims: Callable[[Found], Iterable[Claim]]
    draw: Callable[[Found], Figure]
    caption: Callable[[Found], str]
    figure: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    seconds: tuple[float, ...] = ()

    def takes(self, quick: bool) -> str:
        """What a run costs, in words; "" where nobody has measured it.

        Parameters
        ----------
        quick : bool
            Whether it is a quick run.

        Examples
        --------
        >>> from dataclasses import replace
        >>> from genloss.papers.demystified.figures.chain import STUDY
        >>> replace(STUDY, seconds=(3.4, 400.0)).takes(quick=False)
        '7 min'
        """
        place = 0 if quick else 1
        if place >= len(self.seconds):
            return ""
        seconds = max(self.seconds[place], 1)
        return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"

    def run(self, effort: Effort) -> Reproduction:
        """Measure, and read everything off what was found."""
        found = self.measure(effort)
        return Reproduction(
            title=self.title.format(data=getattr(found, "data", "")),
            caption=self.caption(found),
            figure=self.draw(found),
            table=self.table(found),
            claims=tuple(self.claims(found)),
        )
