"""What a monitor reads as a document."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from genloss._version import __version__
from genloss.documents.document import Document, Picture, Sheet
from genloss.documents.pictures import svg
from genloss.report.monitor import reading_columns, reading_legend
from genloss.report.numbers import counted

if TYPE_CHECKING:
    from genloss.watching.reading import Reading


def of_reading(found: Reading, say: Callable[[str], str] = str) -> Document:
    """Return the report of a loop that is watched.

    Parameters
    ----------
    found : Reading
        The answer of `genloss.Monitor`.
    say : callable, optional
        Spells arguments of the package as the caller does.
    """
    answer, *advice = map(say, found.sentences)
    words = f"Rise of the {found.metric} since round 0 with its range, and the drift."
    there = bool(found.rounds.size)
    return Document(
        title="A loop of retrained models, watched",
        answer=answer,
        advice=advice,
        sheets=[Sheet("Rounds", reading_columns(found), reading_legend(found))] * there,
        pictures=[Picture("Rise", words, svg(lambda ax: found.plot(ax=ax)))] if there else [],
        done=[
            f"{counted(found.rounds.size, 'round')} after round 0, read by genloss {__version__}; chance of a "
            f"false alarm, ever: {found.alpha:.0%}.",
        ],
    )
