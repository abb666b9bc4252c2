"""A table as columns of cells that are written already, and the same table in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column, its cells already written.

    Attributes
    ----------
    heading : str
        May have several lines.
    cells : sequence of str
        Of one row each.
    rank : int
        Where a table is too wide for a terminal: 0 stays; of the others the highest leaves first.
    left, wraps : bool
        Whether it is set to the left; whether its text may be broken between words.
    style : str
        Style of its cells on a terminal.
    said : bool
        Whether words above the table say the same, so that it may leave without being named.
    """

    heading: str
    cells: Sequence[str]
    rank: int = 0
    left: bool = False
    wraps: bool = False
    style: str = ""
    said: bool = False

    @property
    def missed(self) -> bool:
        """Whether a reader must hear of it where it was left out."""
        return not self.said and (len(self.cells) == 1 or len(set(self.cells)) > 1)


def markdown(columns: Sequence[Column]) -> str:
    """The table in Markdown, words to the left and numbers to the right.

    Examples
    --------
    >>> print(markdown([Column("copies", ["1"], left=True), Column("error", [" 0.25"])]))
    | copies | error |
    |:---|---:|
    | 1 | 0.25 |
    """
    marks = "|".join(":---" if column.left else "---:" for column in columns)
    lines = [[column.heading for column in columns]]
    lines += [list(cells) for cells in zip(*(column.cells for column in columns), strict=True)]
    head, *body = (
        f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in line)} |"
        for line in lines
    )
    return "\n".join([head, f"|{marks}|", *body])
