"""What a report says, whatever it is written in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from genloss._columns import Column


@dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes
    ----------
    caption : str
    columns : sequence of Column
        With their cells already written.
    legend : str
        What they mean.
    """

    caption: str
    columns: Sequence[Column]
    legend: str = ""

    @property
    def headings(self) -> list[str]:
        """One line each."""
        return [" ".join(column.heading.split()) for column in self.columns]

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The cells, without the spaces that align them on a terminal."""
        cells = [[cell.strip() for cell in column.cells] for column in self.columns]
        return list(zip(*cells, strict=True))


@dataclass(frozen=True)
class Picture:
    """A drawing.

    Attributes
    ----------
    title, words : str
        What it is, and what it shows.
    svg : str
        An ``<svg>`` element.
    """

    title: str
    words: str
    svg: str


@dataclass(frozen=True)
class Recipe:
    """Code to copy.

    Attributes
    ----------
    title, language, text : str
    """

    title: str
    language: str
    text: str


@dataclass(frozen=True)
class Document:
    """A report from top to bottom.

    Attributes
    ----------
    title, answer : str
        What it is about, and the answer in one sentence.
    advice : sequence of str
        Further sentences.
    warnings : sequence of str
        What makes the answer weak, or failed.
    sheets : sequence of Sheet
        Numbers with their intervals.
    pictures : sequence of Picture
        The same to look at.
    recipes : sequence of Recipe
        The plan to copy.
    done : sequence of str
        What was done to the data, and by what.
    """

    title: str
    answer: str
    advice: Sequence[str] = ()
    warnings: Sequence[str] = ()
    sheets: Sequence[Sheet] = ()
    pictures: Sequence[Picture] = ()
    recipes: Sequence[Recipe] = ()
    done: Sequence[str] = ()
