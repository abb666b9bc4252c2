"""Plan files as arguments of commands: read with their name in every complaint, written on request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from genloss._words import quoted
from genloss.errors import InvalidInputError

if TYPE_CHECKING:
    from genloss.plan import Plan
    from genloss.problem import Problem


class PlanFileError(InvalidInputError):
    """A file is wrong: its words are the file's own and not those of the command's options."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Complaints within are about this file: they name it, and keep its words."""
    try:
        yield
    except InvalidInputError as error:
        said = str(error)
        named = said if path.name in said else f"file {quoted(path)}: {said}"
        raise PlanFileError(named) from None


def read(path: Path) -> tuple[Plan | None, Problem | None]:
    """The plan and the problem of a file, None for one it does not have."""
    from genloss.files import load

    with reading(path):
        return load(path)


def read_both(path: Path) -> tuple[Plan, Problem]:
    """The plan and the problem of a file that must have both."""
    plan, problem = read(path)
    for name, value in (("plan", plan), ("problem", problem)):
        if value is None:
            raise PlanFileError(
                f"plan file {quoted(path)} has no [{name}]; 'genloss example' prints a full one"
            )
    assert plan is not None
    assert problem is not None
    return plan, problem


def read_plan(path: Path) -> Plan:
    """The plan of a file."""
    plan, _ = read(path)
    if plan is None:
        raise PlanFileError(f"plan file {quoted(path)} has no [plan]")
    return plan


def check_written(out: Path | None) -> None:
    """Refuse a plan file that could not be written, before any work."""
    if out is None:
        return
    if out.suffix not in (".toml", ".json"):
        raise InvalidInputError(f"--out was {quoted(out)}; it must end in .toml or .json")
    if not out.resolve().parent.is_dir():
        raise InvalidInputError(f"--out was {quoted(out)}; its folder does not exist")
