"""A topic: one idea of the theory, told at three levels, from a text and its numbers."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from genloss.explain import topics as texts
from genloss.explain.numerals import Numerals

LEVELS = ("newcomer", "engineer", "theorist")
"""Levels in order of difficulty."""

_NUMERALS = Numerals()


@dataclass(frozen=True)
class Topic:
    """One idea and its three texts, whose numbers are computed when they are asked for.

    Attributes
    ----------
    name : str
        What to ask for.
    place : float
        Place in reading order.
    title : str
        Heading.
    summary : str
        One line for the list of topics.
    figure : str
        Name of its figure, as ``genloss reproduce list`` has it.
    texts : dict of str to str
        Markdown by level, with names in the place of numbers.
    """

    name: str
    place: float
    title: str
    summary: str
    figure: str
    texts: dict[str, str]

    @classmethod
    def read(cls, file: Path) -> Topic:
        """The topic of a Markdown file: a head of keys and values, and one section a level."""
        _, head, body = file.read_text(encoding="utf-8").split("---\n", 2)
        known = dict(line.split(": ", 1) for line in head.splitlines())
        _, *parts = re.split(rf"^# ({'|'.join(LEVELS)})$", body, flags=re.MULTILINE)
        told = {level: text.strip() for level, text in zip(parts[::2], parts[1::2], strict=True)}
        place = float(known.pop("place"))
        return cls(name=file.stem, place=place, texts=told, **known)

    @property
    def numbers(self) -> ModuleType:
        """The module that computes its numbers."""
        return importlib.import_module(f"genloss.explain.numbers.{self.name.replace('-', '_')}")

    def text(self, level: str) -> str:
        """Heading and text of one level, as Markdown."""
        home = self.numbers
        named = vars(home) | getattr(home, level)()
        return f"# {self.title}\n\n{_NUMERALS.vformat(self.texts[level], (), named)}\n"


def collected() -> dict[str, Topic]:
    """Topics by name, in reading order: every Markdown file of the folder `topics`.

    Examples
    --------
    >>> from genloss.explain.topic import collected
    >>> next(iter(collected()))
    'chain'
    """
    files = [file for folder in texts.__path__ for file in Path(folder).glob("*.md")]
    found = sorted((Topic.read(file) for file in files), key=lambda topic: topic.place)
    return {topic.name: topic for topic in found}
