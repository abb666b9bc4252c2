"""Paper: what a paper says and shows, as a value; and the papers that are in this folder."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from genloss import _check
from genloss.errors import InvalidInputError
from genloss.papers.claims import Claim
from genloss.papers.effort import Effort
from genloss.papers.statements import beside_runs
from genloss.papers.study import Study
from genloss.plan import Plan

FOUNDING = "demystified"
"""The paper whose experiments may be named without it."""


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A paper, its statements in numbers and its experiments.

    Parameters
    ----------
    key : str
        Short name; that of its file or folder.
    title, reference : str
        Title; authors and where it was published.
    presets : tuple of str
        Class methods of `genloss.Plan` that say what the paper trains.
    statements : callable, optional
        Claims from an `Effort`: what the paper says in numbers, each beside runs. They are drawn
        and judged as the experiment "statements".
    seconds : tuple of float
        Processor time in seconds that the statements take, quick and in full, as in `Study`.
    experiments : tuple of Study
        Its figures and other experiments, in order.

    Raises
    ------
    InvalidInputError
        If a preset is no preset, or two experiments have one name.

    Examples
    --------
    >>> from genloss.papers import Paper
    >>> Paper(key="tiny", title="A tiny paper", reference="Nobody, 2030", presets=("replace",))
    Paper('tiny': A tiny paper, Nobody, 2030)
    """

    key: str
    title: str
    reference: str
    presets: tuple[str, ...] = ()
    statements: Callable[[Effort], Iterable[Claim]] | None = None
    seconds: tuple[float, ...] = ()
    experiments: tuple[Study[Any], ...] = ()

    def __post_init__(self) -> None:
        for preset in self.presets:
            if not callable(getattr(Plan, preset, None)):
                raise InvalidInputError(f"presets had {preset!r}; Plan has no such class method")
        names = [study.name for study in self.experiments]
        if len({*names, "statements"}) <= len(names):
            raise InvalidInputError(
                f"experiments were {names}; names must differ, and 'statements' is taken"
            )

    def __repr__(self) -> str:
        return f"Paper({self.key!r}: {self.title}, {self.reference})"

    @property
    def studies(self) -> dict[str, Study[Any]]:
        """What can be reproduced, by name: the statements, then the experiments."""
        named = {study.name: study for study in self.experiments}
        if self.statements is None:
            return named
        return {"statements": beside_runs(self.title, self.statements, self.seconds), **named}


def collected() -> dict[str, Paper]:
    """The papers by key, the founding one first.

    A file of `genloss.papers` that has a ``PAPER`` is a paper, and so is a folder with a file
    ``paper.py`` that has one; folders added to ``genloss.papers.__path__`` count.

    Examples
    --------
    >>> from genloss.papers.paper import collected
    >>> list(collected())[0]
    'demystified'
    """
    folder = importlib.import_module("genloss.papers")  # which imports this file
    found = []
    for each in pkgutil.iter_modules(folder.__path__):
        module = f"{folder.__name__}.{each.name}" + (".paper" if each.ispkg else "")
        paper = getattr(importlib.import_module(module), "PAPER", None)
        if isinstance(paper, Paper):
            found.append(paper)
    found.sort(key=lambda paper: (paper.key != FOUNDING, paper.key))
    return {paper.key: paper for paper in found}


def find(wanted: str | Sequence[str]) -> dict[str, tuple[Paper, Study[Any]]]:
    """What a user asked for, by the shortest name that finds it.

    Parameters
    ----------
    wanted : str or sequence of str
        Names or figure numbers, alone ("F1") or after a paper ("demystified/F1"); papers; or "all".

    Raises
    ------
    InvalidInputError
        If a name is unknown; the message names the nearest.

    Examples
    --------
    >>> from genloss.papers.paper import find
    >>> list(find(["F1", "demystified/circle"]))
    ['isotropic', 'circle']
    """
    places = _places()
    known: dict[str, list[str]] = {"all": list(places)}
    for name, (paper, study) in places.items():
        known.setdefault(paper.key, []).append(name)
        for called in {study.name, study.figure.lower()} - {""}:
            known[f"{paper.key}/{called}"] = [name]
            if paper.key == FOUNDING or name == study.name:
                known.setdefault(called, [name])
    chosen: list[str] = []
    for given in [wanted] if isinstance(wanted, str) else _check.sequence("wanted", wanted):
        if not isinstance(given, str):
            raise InvalidInputError(f"wanted had {given!r}; it must hold names")
        name = given.lower().replace("_", "-")
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise InvalidInputError(
                f"name was {given!r}; {hint}it must be 'all' or one of {', '.join(places)}"
            )
        chosen += known[name]
    return {name: places[name] for name in dict.fromkeys(chosen)}


def _places() -> dict[str, tuple[Paper, Study[Any]]]:
    """Everything that can be reproduced; the key of its paper leads a name that another has."""
    places: dict[str, tuple[Paper, Study[Any]]] = {}
    for paper in collected().values():
        for name, study in paper.studies.items():
            places[f"{paper.key}/{name}" if name in places else name] = paper, study
    return places
