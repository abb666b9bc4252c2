"""Fields of a Problem or Plan by their dotted path, and how a value is put there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from genloss._keys import refuse_unknown
from genloss.errors import InvalidInputError
from genloss.generation import Generation, Source
from genloss.plan import Plan
from genloss.problem import Problem

Overrides = Sequence[tuple[str, Any]]
"""Paths and the values to put there, in order."""

Change = tuple[int | None, str, Any]
"""One source or all that the fit has, the path of the field, and the value to put there."""

T = TypeVar("T", Problem, Plan)

OF_ONE_GENERATION = re.compile(
    r"generations\[(?P<generation>-?\d+)\](\.sources\[(?P<source>-?\d+)\])?\.(?P<key>\w+)"
)
OF_THE_FIT = tuple(spec.name for spec in fields(Generation) if spec.name != "sources")
OF_A_SOURCE = tuple(spec.name for spec in fields(Source))

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
    everywhere = {key: value for key, value in changes.items() if key not in single}
    if isinstance(base, Mapping) and "preset" in {**base, **everywhere}:
        plan, everywhere = Plan.from_dict({**base, **everywhere}), {}
    else:
        plan = base if isinstance(base, Plan) else Plan.from_dict(base)
    if not everywhere and not single:
        return plan
    if "generations" in everywhere:
        raise InvalidInputError(
            "plan.generations varies, but the plan is a list of generations; give it as a "
            "table with a preset, such as {'preset': 'replace', 'n_samples': 100}"
        )
    own: dict[int, list[Change]] = {}
    for key, value in single.items():
        match = OF_ONE_GENERATION.fullmatch(key)
        assert match is not None
        model = _place(match["generation"], plan.n_models, f"plan.{key}", "generations")
        source = None
        if match["source"] is not None:
            sources = len(plan.generations[model].sources)
            source = _place(match["source"], sources, f"plan.{key}", "sources")
        own.setdefault(model, []).append((source, f"plan.{key}", value))
    return _with_values(plan, [(None, f"plan.{key}", everywhere[key]) for key in everywhere], own)


def _with_values(plan: Plan, shared: Sequence[Change], own: Mapping[int, Sequence[Change]]) -> Plan:
    """Return the plan with other values in all generations, and in some of them."""
    changed: dict[Any, Generation] = {}  # neighbours are one object, and stay one
    generations = []
    for model, generation in enumerate(plan):
        which = (id(generation), model if model in own else None)
        if which not in changed:
            changed[which] = _changed(generation, [*shared, *own.get(model, ())])
        generations.append(changed[which])
    return Plan(tuple(generations))


def _changed(generation: Generation, changes: Sequence[Change]) -> Generation:
    """Return the generation with other values, set together: each may need the others."""
    fit: dict[str, Any] = {}
    rows: list[dict[str, Any]] = [{} for _ in generation.sources]
    for source, path, value in changes:
        where, _, key = path.rpartition(".")
        refuse_unknown(
            [key], OF_A_SOURCE if source is not None else (*OF_THE_FIT, *OF_A_SOURCE), where=where
        )
        if source is not None:
            rows[source][key] = value
        elif key in OF_THE_FIT:
            fit[key] = value
        elif key == "n_samples" and len(rows) > 1:
            raise InvalidInputError(
                "plan.n_samples varies, but a generation has rows of several sources; name one, as "
                "in 'plan.generations[1].sources[0].n_samples', or give the plan as a preset table"
            )
        else:
            for each in rows:
                each[key] = value
    sources = zip(generation.sources, rows, strict=True)
    if any(rows):
        fit["sources"] = tuple(replace(source, **own) if own else source for source, own in sources)
    return replace(generation, **fit)


def _place(number: str, count: int, path: str, what: str) -> int:
    if not -count <= int(number) < count:
        raise InvalidInputError(f"{path} does not exist; there are {count} {what}")
    return int(number) % count


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


class Built:
    """Problems and plans by what varies in them, each built and checked once while it is in use.

    Parameters
    ----------
    problem : Problem or mapping
        What does not vary of the problem.
    plan : Plan or mapping
        What does not vary of the plan.
    """

    MOST_PROBLEMS = 1000
    """A grid has far fewer problems than points; a random design does not."""

    MOST_MODELS = 200_000
    """Models of all plans that are kept, some hundred bytes each."""

    def __init__(self, problem: Problem | Mapping[str, Any], plan: Plan | Mapping[str, Any]):
        self._base = (problem, plan)
        self._problems: dict[Any, Problem | InvalidInputError] = {}
        self._plans: dict[Any, Plan | InvalidInputError] = {}
        self._n_models = 0

    def at(self, overrides: Overrides) -> tuple[Problem, Plan]:
        """Return problem and plan, or raise what is wrong with them."""
        of_plan = [entry for entry in overrides if entry[0].startswith("plan")]
        of_problem = [entry for entry in overrides if entry[0].startswith("problem")]
        if len(self._problems) >= self.MOST_PROBLEMS:
            self._problems.clear()
        if self._n_models >= self.MOST_MODELS:
            self._plans.clear()
            self._n_models = 0
        return self._once(self._problems, of_problem, self._problem), self._once(
            self._plans, of_plan, self._plan
        )

    def _once(
        self,
        kept: dict[Any, T | InvalidInputError],
        own: Overrides,
        build: Callable[[Overrides], T],
    ) -> T:
        key = tuple([(path, _identity(value)) for path, value in own])
        found = kept.get(key)
        if found is None:
            try:
                found = build(own)
            except InvalidInputError as error:
                found = error
            kept[key] = found
        if isinstance(found, InvalidInputError):
            raise found
        return found

    def _problem(self, own: Overrides) -> Problem:
        return build_problem(self._base[0], own)

    def _plan(self, own: Overrides) -> Plan:
        """Build a plan; a penalty is put into the one that has all the rest, built for many."""
        base, values = self._base[1], dict(own)
        penalty = values.pop("plan.penalty", None)
        apart = "then" in base if isinstance(base, Mapping) else False
        if isinstance(penalty, float) and not apart and not any(map(_special, values)):
            rest = self._once(self._plans, list(values.items()), self._plan)
            plan = rest.with_penalty(penalty)
        else:
            plan = build_plan(base, own)
        self._n_models += plan.n_models
        return plan


def _special(path: str) -> bool:
    """Whether a field is a whole plan, or of one generation, which come before or after others."""
    return path == "plan" or "[" in path


def _identity(value: Any) -> Any:
    # the axes keep whole problems and plans alive, so their address tells them apart
    return id(value) if isinstance(value, Problem | Plan) else repr(value)
