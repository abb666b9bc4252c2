"""Problem and Plan as TOML or JSON files, read strictly: an unknown key is an error."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from genloss import _check
from genloss._keys import refuse_unknown
from genloss._words import printable, shown
from genloss.errors import InvalidInputError
from genloss.plan import Plan
from genloss.problem import Problem


def to_toml(*, plan: Plan | None = None, problem: Problem | None = None) -> str:
    """Write a plan, a problem or both as TOML text.

    Parameters
    ----------
    plan, problem : optional
        What to write; at least one.

    Returns
    -------
    str
        What `load` reads back from a file.

    Raises
    ------
    InvalidInputError
        If both are None, or one is of another kind.

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

    Parameters
    ----------
    plan, problem : optional
        What to write; at least one.

    Returns
    -------
    str
        What `load` reads back from a file.

    Raises
    ------
    InvalidInputError
        If both are None, or one is of another kind.

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
        If the ending is neither, there is nothing to write, or the file cannot be written.

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
        A .toml or .json file, or a pipe that brings either.

    Returns
    -------
    plan : Plan or None
    problem : Problem or None

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
    plain = read_tables(path, f"plan file {shown(str(path))}", ("problem", "plan"))
    plan = Plan.from_dict(plain["plan"]) if "plan" in plain else None
    problem = Problem.from_dict(plain["problem"]) if "problem" in plain else None
    return plan, problem


def read_tables(path: Path, where: str, names: tuple[str, ...]) -> dict[str, Any]:
    """The tables of these names in a file, of which any may be missing; ``where`` names it in messages."""
    readers: dict[str, Callable[[str], Any]] = {".toml": tomllib.loads, ".json": _json}
    kind, piped = path.suffix, _is_pipe(path)
    if kind not in readers and not piped:
        raise InvalidInputError(f"{where} must end in .toml or .json")
    try:
        text = path.read_text(encoding="utf-8-sig")
        if piped:  # the name of a pipe says nothing; no TOML begins with a brace
            kind = ".json" if text.lstrip().startswith("{") else ".toml"
        plain = readers[kind](text)
    except OSError as error:
        raise InvalidInputError(f"{where} cannot be read: {error.strerror}") from None
    except RecursionError:
        raise InvalidInputError(
            f"{where} nests brackets deeper than any plan; a plan is a list of tables"
        ) from None
    except ValueError as error:
        raise InvalidInputError(
            f"{where} is not valid {kind[1:].upper()}: {printable(str(error))}"
        ) from None
    if not isinstance(plain, dict):
        tables = ", ".join(f"[{name}]" for name in names)
        raise InvalidInputError(f"{where} must hold the tables {tables}")
    refuse_unknown(plain, names, where=where)
    for key, value in plain.items():
        if not isinstance(value, dict):
            raise InvalidInputError(
                f"{key} in {shown(path.name)} was {shown(value)}; it must be a table"
            )
    return plain


def _is_pipe(path: Path) -> bool:
    """Whether a path is there and neither a file nor a folder, such as ``<(genloss example)``."""
    try:
        return path.exists() and not path.is_file() and not path.is_dir()
    except OSError:  # a name that the system does not look up; reading it says why
        return False


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

    Parameters
    ----------
    path : str or Path
        A .toml or .json file, or a pipe that brings either.

    Returns
    -------
    Plan

    Raises
    ------
    InvalidInputError
        If `load` cannot read it, or it has no [plan].

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
