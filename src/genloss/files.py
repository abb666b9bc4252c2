"""Problem and Plan as TOML or JSON files, read strictly: an unknown key is an error."""

from __future__ import annotations

import difflib
import inspect
import json
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from genloss import _check
from genloss._words import printable, shown
from genloss.errors import InvalidInputError
from genloss.generation import Generation
from genloss.plan import MOST_MODELS, Plan
from genloss.problem import Problem

T = TypeVar("T")


def table(where: str, plain: Any) -> dict[str, Any]:
    """Return a table of keys and values as a new dictionary."""
    if not isinstance(plain, Mapping):
        raise InvalidInputError(
            f"{where} was {shown(plain)}; it must be a table of keys and values"
        )
    return dict(plain)


def refuse_unknown(given: Iterable[str], allowed: Iterable[str], *, where: str) -> None:
    """Raise for a key that is not allowed, naming the nearest one that is."""
    options = sorted(allowed)
    for key in given:
        if key not in options:
            near = difflib.get_close_matches(str(key)[:80], options, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise InvalidInputError(
                f"{where} has an unknown key {shown(key)}{hint} (allowed: {', '.join(options)})"
            )


def call_with_keys(
    build: Callable[..., T],
    plain: Any,
    *,
    where: str,
    also: Collection[str] = (),
) -> T:
    """Call ``build`` with the keys of a table; unknown and missing keys are named."""
    plain = table(where, plain)
    parameters = _parameters(build)
    allowed = list(parameters)
    refuse_unknown(plain, [*allowed, *also], where=where)
    missing = [
        name
        for name in allowed
        if name not in plain and parameters[name].default is inspect.Parameter.empty
    ]
    if missing:
        raise InvalidInputError(f"{where} lacks {' and '.join(map(repr, missing))}")
    return build(**plain)


@cache
def _parameters(build: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(build).parameters


def plan_to_dict(plan: Plan) -> dict[str, Any]:
    """Plain data of a plan; equal neighbours are written once, with ``repeat``."""
    blocks: list[dict[str, Any]] = []
    before: Generation | None = None
    for generation in plan:
        if generation == before:
            blocks[-1]["repeat"] = blocks[-1].get("repeat", 1) + 1
        else:
            blocks.append(generation.to_dict())
        before = generation
    return {"generations": blocks}


def plan_from_dict(plain: Mapping[str, Any]) -> tuple[Generation, ...]:
    """Generations of a plan: a list of tables, or a preset with its arguments, and ``then`` more."""
    presets: dict[str, Callable[..., Plan]] = {
        "replace": Plan.replace,
        "mix": Plan.mix,
        "mix_labels": Plan.mix_labels,
        "accumulate": Plan.accumulate,
        "subsample": Plan.subsample,
        "same_design": Plan.same_design,
    }
    rest = table("plan", plain)
    preset, then = rest.pop("preset", None), rest.pop("then", [])
    if preset is None:
        refuse_unknown(rest, ("preset", "generations", "then"), where="plan")
        generations = _read_blocks(rest.get("generations"), "plan.generations")
    else:
        name = _check.choice("plan.preset", preset, tuple(presets))
        generations = call_with_keys(presets[name], rest, where="plan").generations
    return generations + _read_blocks(then, "plan.then", labeler="previous")


def _read_blocks(blocks: Any, where: str, *, labeler: str = "real") -> tuple[Generation, ...]:
    if not isinstance(blocks, list) or not all(isinstance(block, Mapping) for block in blocks):
        raise InvalidInputError(f"{where} was {shown(blocks)}; it must be a list of tables")
    if len(blocks) > MOST_MODELS:
        raise InvalidInputError(f"{where} holds more than {MOST_MODELS} generations, the most")
    read: list[Generation] = []
    for i, block in enumerate(blocks):
        rest = dict(block) if "sources" in block else {"labeler": labeler, **block}
        repeat = _check.integer(
            f"{where}[{i}].repeat", rest.pop("repeat", 1), minimum=1, maximum=MOST_MODELS
        )
        if len(read) + repeat > MOST_MODELS:
            raise InvalidInputError(f"{where} holds more than {MOST_MODELS} generations, the most")
        read += [Generation.from_dict(rest, where=f"{where}[{i}]")] * repeat
    return tuple(read)


def to_toml(*, plan: Plan | None = None, problem: Problem | None = None) -> str:
    """Write a plan, a problem or both as TOML text.

    Examples
    --------
    >>> import genloss as gl
    >>> print(gl.to_toml(plan=gl.Plan.replace(3, 100), problem=gl.Problem.isotropic(20)))
    [problem]
    preset = "isotropic"
    dim = 20
    signal = 1.0
    <BLANKLINE>
    [plan]
    generations = [
        { n_samples = 100 },
        { n_samples = 100, labeler = "previous", repeat = 2 },
    ]
    <BLANKLINE>
    """
    import tomli_w

    return tomli_w.dumps(_plain(plan, problem)).replace("\n\n\n", "\n\n")


def to_json(*, plan: Plan | None = None, problem: Problem | None = None) -> str:
    """Write a plan, a problem or both as JSON text.

    Examples
    --------
    >>> import genloss as gl
    >>> gl.to_json(problem=gl.Problem.isotropic(20)).startswith('{')
    True
    """
    return json.dumps(_plain(plan, problem), indent=2)


def _plain(plan: Plan | None, problem: Problem | None) -> dict[str, Any]:
    if plan is None and problem is None:
        raise InvalidInputError("plan and problem were both None; give at least one")
    plain = {}
    if problem is not None:
        plain["problem"] = _check.instance("problem", problem, Problem).to_dict()
    if plan is not None:
        plain["plan"] = _check.instance("plan", plan, Plan).to_dict()
    return plain


def save(path: str | Path, *, plan: Plan | None = None, problem: Problem | None = None) -> None:
    """Write a plan file, TOML or JSON by its ending.

    Parameters
    ----------
    path : str or Path
        File to write; it ends in .toml or .json.
    plan, problem : optional
        What to write.

    Raises
    ------
    InvalidInputError
        If the ending is neither, or there is nothing to write.

    Examples
    --------
    >>> import genloss as gl, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "plan.toml"
    >>> gl.save(path, plan=gl.Plan.replace(3, 100))
    >>> gl.load_plan(path).n_models
    3
    """
    path = _check.path("path", path)
    writers = {".toml": to_toml, ".json": to_json}
    if path.suffix not in writers:
        raise InvalidInputError(f"path was {shown(str(path))}; it must end in .toml or .json")
    text = writers[path.suffix](plan=plan, problem=problem)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(
            f"path was {shown(str(path))}; it cannot be written: {error.strerror}"
        ) from None


def load(path: str | Path) -> tuple[Plan | None, Problem | None]:
    """Read a plan file: its [plan] and its [problem], None for one it does not have.

    Parameters
    ----------
    path : str or Path
        A .toml or .json file.

    Raises
    ------
    InvalidInputError
        If the file cannot be read, is not of its format, or has an unknown key.

    Examples
    --------
    >>> import genloss as gl, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "plan.json"
    >>> gl.save(path, plan=gl.Plan.replace(3, 100), problem=gl.Problem.isotropic(20))
    >>> plan, problem = gl.load(path)
    >>> problem
    Problem.isotropic(dim=20, signal=1.0)
    """
    path = _check.path("path", path)
    plain = _read(path, f"plan file {shown(str(path))}")
    plan = Plan.from_dict(plain["plan"]) if "plan" in plain else None
    problem = Problem.from_dict(plain["problem"]) if "problem" in plain else None
    return plan, problem


def _read(path: Path, where: str) -> dict[str, Any]:
    """The tables of a plan file; ``where`` names it in messages."""
    readers: dict[str, Callable[[str], Any]] = {".toml": tomllib.loads, ".json": _json}
    if path.suffix not in readers:
        raise InvalidInputError(f"{where} must end in .toml or .json")
    try:
        plain = readers[path.suffix](path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InvalidInputError(f"{where} cannot be read: {error.strerror}") from None
    except RecursionError:
        raise InvalidInputError(
            f"{where} nests brackets deeper than any plan; a plan is a list of tables"
        ) from None
    except ValueError as error:
        kind = path.suffix[1:].upper()
        raise InvalidInputError(f"{where} is not valid {kind}: {printable(str(error))}") from None
    if not isinstance(plain, dict):
        raise InvalidInputError(f"{where} must hold the tables [problem], [plan]")
    refuse_unknown(plain, ("plan", "problem"), where=where)
    for key, value in plain.items():
        if not isinstance(value, dict):
            raise InvalidInputError(
                f"{key} in {shown(path.name)} was {shown(value)}; it must be a table"
            )
    return plain


def _json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object in which no key is written twice."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {shown(key)} is written twice")
        found[key] = value
    return found


def load_plan(path: str | Path) -> Plan:
    """Read the plan of a plan file.

    Examples
    --------
    >>> import genloss as gl, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "plan.toml"
    >>> _ = path.write_text('plan = {preset = "replace", generations = 4, n_samples = 100}')
    >>> gl.load_plan(path).n_models
    4
    """
    plan, _ = load(path)
    if plan is None:
        raise InvalidInputError(f"plan file {shown(str(path))} has no [plan]")
    return plan
