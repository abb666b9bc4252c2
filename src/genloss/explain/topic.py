"""A topic: one idea of the founding paper, told at three levels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from genloss.explain.wrapping import wrap

LEVELS = ("newcomer", "engineer", "theorist")
"""Levels in order of difficulty."""


@dataclass(frozen=True)
class Topic:
    """One idea and its three texts, each a function that computes its numbers when it is called.

    Attributes
    ----------
    name : str
        What to ask for.
    title : str
        Heading.
    summary : str
        One line for the list of topics.
    figure : str
        Name of its figure, as `genloss reproduce list` has it.
    newcomer : callable
        Text without formulas or terms that are not explained.
    engineer : callable
        What to call, which number to look at, rules of thumb and how good they are.
    theorist : callable
        Formula, conditions, derivation, limits, pitfalls.
    """

    name: str
    title: str
    summary: str
    figure: str
    newcomer: Callable[[], str]
    engineer: Callable[[], str]
    theorist: Callable[[], str]

    def text(self, level: str) -> str:
        """Heading and text of one level, as Markdown."""
        write: Callable[[], str] = getattr(self, level)
        return f"# {self.title}\n\n{wrap(write().strip())}\n"
