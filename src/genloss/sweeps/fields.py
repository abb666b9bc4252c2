"""Fields of a Problem or Plan by their dotted path, and how a value is put there."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from genloss.errors import GenlossError, InvalidInputError
from genloss.files import refuse_unknown
from genloss.generation import Generation, Source
from genloss.plan import Plan
from genloss.problem import Problem

Overrides = Sequence[tuple[str, Any]]
"""Paths and the values to put there, in order."""

T = TypeVar("T", Problem, Plan)

OF_ONE_GENERATION = re.compile(
    r"generations\[(?P<generation>-?\d+)\](\.sources\[(?P<source>-?\d+)\])?\.(?P<key>\w+)"
)
OF_THE_FIT = tuple(spec.name for spec in dataclasses.fields(Generation) if spec.name != "sources")
OF_A_SOURCE = tuple(spec.name for spec in dataclasses.fields(Source))

# long name and units by the last word of a path; inputs and labels have whatever unit they have
WORDS = {
    "capacity": ("decay exponent of the spectrum", "1"),
    "source": ("smoothness of the truth", "1"),
    "signal": ("error of the null predictor", "(label unit)^2"),
    "dim": ("number of directions", "1"),
    "generations": ("number of models", "1"),
    "n_samples": ("rows per generation", "1"),
    "penalty": ("ridge penalty", "(input unit)^2"),
    "noise": ("standard deviation of the label noise", "label unit"),
    "real_noise": ("standard deviation of the noise on real labels", "label unit"),
    "real": ("share or weight of real labels", "1"),
    "weight": ("weight of each row", "1"),
    "features": ("number of random features", "1"),
    "subsample": ("rows drawn from all rows so far", "1"),
}


def check_path(path: str) -> None:
    """Raise unless ``path`` has the form of a field; whether it exists depends on the point."""
    root, _, field = path.partition(".")
    if root in ("problem", "plan") and re.fullmatch(r"\w*", field) and path != f"{root}.":
        return
    if root == "plan" and OF_ONE_GENERATION.fullmatch(field):
        return
    raise InvalidInputError(
        f"grid has a field {path!r}; a field is 'problem.KEY', 'plan.KEY', "
        "'plan.generations[2].KEY' ([-1] is the last), 'plan.generations[2].sources[0].KEY', or a "
        "whole 'problem' or 'plan'"
    )


def words(path: str) -> dict[str, str]:
    """Long name and, where it has one, unit of a field, as attributes of its coordinate."""
    key = path.rpartition(".")[2]
    if key not in WORDS:
        return {"long_name": path, "field": path}
    long_name, units = WORDS[key]
    one = OF_ONE_GENERATION.search(path)
    where = f" of generation {one['generation']}" if one else ""
    return {"long_name": long_name + where, "units": units, "field": path}


def coordinate_names(paths: Sequence[str]) -> tuple[str, ...]:
    """Return short names that are identifiers and differ: "penalty", "generations_last_noise"."""
    short = [_identifier(path.partition(".")[2] or path) for path in paths]
    return tuple(
        _identifier(path) if short.count(name) > 1 or name in ("draw", "route", "model") else name
        for path, name in zip(paths, short, strict=True)
    )


def _identifier(path: str) -> str:
    text = path.replace("[-1]", "_last").replace("[-", "_minus")
    return re.sub(r"\W+", "_", text).strip("_")


def build_problem(base: Problem | Mapping[str, Any], overrides: Overrides) -> Problem:
    """Return the problem with other values in some fields."""
    base, changes = _whole("problem", base, overrides)
    if isinstance(base, Problem):
        if not changes:
            return base
        base = base.to_dict()
    return Problem.from_dict({**base, **changes})


def build_plan(base: Plan | Mapping[str, Any], overrides: Overrides) -> Plan:
    """Return the plan with other values in some fields.

    A preset table takes plain keys as its arguments. In a plan that lists its generations they go
    to every generation. Single generations are addressed in what comes of that.
    """
    base, changes = _whole("plan", base, overrides)
    single = {key: value for key, value in changes.items() if OF_ONE_GENERATION.fullmatch(key)}
    plain = {key: value for key, value in changes.items() if key not in single}
    if isinstance(base, Mapping) and "preset" in {**base, **plain}:
        plan, everywhere = Plan.from_dict({**base, **plain}), {}
    else:
        plan, everywhere = base if isinstance(base, Plan) else Plan.from_dict(base), plain
    if not everywhere and not single:
        return plan
    generations = [_with_sources(generation.to_dict()) for generation in plan]
    for key, value in everywhere.items():
        if key == "generations":
            raise InvalidInputError(
                "plan.generations varies, but the plan is a list of generations; give it as a "
                "table with a preset, such as {'preset': 'replace', 'n_samples': 100}"
            )
        for generation in generations:
            _put(generation, None, f"plan.{key}", value)
    for key, value in single.items():
        match = OF_ONE_GENERATION.fullmatch(key)
        assert match is not None
        generation = _entry(generations, match["generation"], f"plan.{key}", "generations")
        source = None
        if match["source"] is not None:
            source = _entry(generation["sources"], match["source"], f"plan.{key}", "sources")
        _put(generation, source, f"plan.{key}", value)
    return Plan.from_dict({"generations": generations})


class Recipes:
    """Problems and plans by what varies in them, each built once while it is in use.

    Parameters
    ----------
    problem : Problem or mapping
        What does not vary of the problem.
    plan : Plan or mapping
        What does not vary of the plan.
    """

    MOST = 1000
    """A grid has far fewer problems and plans than points; a random design does not."""

    def __init__(self, problem: Problem | Mapping[str, Any], plan: Plan | Mapping[str, Any]):
        self._base = (problem, plan)
        self._built: dict[Any, Problem | Plan | GenlossError] = {}

    def at(self, overrides: Overrides) -> tuple[Problem, Plan]:
        """Return problem and plan with other values in some fields."""
        problem, plan = self._base
        return (
            self._once("problem", overrides, lambda own: build_problem(problem, own)),
            self._once("plan", overrides, lambda own: build_plan(plan, own)),
        )

    def _once(self, root: str, overrides: Overrides, build: Callable[[Overrides], T]) -> T:
        own: Overrides = [
            (path, value) for path, value in overrides if path.partition(".")[0] == root
        ]
        key = (root, *((path, _identity(value)) for path, value in own))
        if key not in self._built:
            if len(self._built) >= self.MOST:
                self._built.clear()
            try:
                self._built[key] = build(own)
            except GenlossError as error:
                self._built[key] = error
        found: Any = self._built[key]
        if isinstance(found, GenlossError):
            raise found
        return found


def _identity(value: Any) -> Any:
    # the axes keep whole problems and plans alive, so their address tells them apart
    return id(value) if isinstance(value, Problem | Plan) else repr(value)


def _whole(
    root: str, base: T | Mapping[str, Any], overrides: Overrides
) -> tuple[T | Mapping[str, Any], dict[str, Any]]:
    """Return the base, or what replaces it as a whole, and the changes to its fields."""
    changes = {}
    for path, value in overrides:
        of, _, field = path.partition(".")
        if of == root and field:
            changes[field] = value
        elif of == root:
            base = value
    return base, changes


def _with_sources(generation: dict[str, Any]) -> dict[str, Any]:
    if "sources" in generation:
        return generation
    own = {key: generation.pop(key) for key in OF_THE_FIT if key in generation}
    return {**own, "sources": [generation]}


def _put(generation: dict[str, Any], source: dict[str, Any] | None, path: str, value: Any) -> None:
    where, _, key = path.rpartition(".")
    keys = OF_A_SOURCE if source is not None else (*OF_THE_FIT, *OF_A_SOURCE)
    refuse_unknown([key], keys, where=where)
    if source is not None:
        source[key] = value
    elif key in OF_THE_FIT:
        generation[key] = value
    elif key == "n_samples" and len(generation["sources"]) > 1:
        raise InvalidInputError(
            "plan.n_samples varies, but a generation has rows of several sources; name one, as in "
            "'plan.generations[1].sources[0].n_samples', or give the plan as a preset table"
        )
    else:
        for each in generation["sources"]:
            each[key] = value


def _entry(entries: list[dict[str, Any]], number: str, path: str, what: str) -> dict[str, Any]:
    try:
        return entries[int(number)]
    except IndexError:
        raise InvalidInputError(f"{path} does not exist; there are {len(entries)} {what}") from None
