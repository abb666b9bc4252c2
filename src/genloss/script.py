"""A problem and a plan as Python code, to paste into a script and change."""

from __future__ import annotations

from typing import Any

from genloss import _check
from genloss.errors import InvalidInputError
from genloss.external import External
from genloss.generation import Generation, Source
from genloss.plan import Plan
from genloss.problem import Problem

__all__ = ["to_python"]


def to_python(problem: Problem | None = None, plan: Plan | None = None) -> str:
    """Write a problem, a plan or both as Python code that builds them again.

    Parameters
    ----------
    problem, plan : optional
        What to write; at least one.

    Returns
    -------
    str
        Code that imports genloss and defines ``problem`` and ``plan``.

    Raises
    ------
    InvalidInputError
        If both are None, or one is of another kind.

    Examples
    --------
    >>> import genloss as gl
    >>> plan = gl.Plan.replace(3, 100, noise=0.5)
    >>> print(gl.to_python(gl.Problem.isotropic(20), plan.then(n_samples=400, penalty=0.01)))
    import genloss as gl
    <BLANKLINE>
    problem = gl.Problem.isotropic(dim=20, signal=1.0)
    plan = gl.Plan([
        gl.Generation([gl.Source(n_samples=100, noise=0.5)]),
        *2 * [gl.Generation([gl.Source(n_samples=100, labeler='previous', noise=0.5)])],
        gl.Generation([gl.Source(n_samples=400, labeler='previous')], penalty=0.01),
    ])
    <BLANKLINE>
    """
    if plan is None and problem is None:
        raise InvalidInputError("problem and plan were both None; give at least one")
    lines = ["import genloss as gl", ""]
    if problem is not None:
        lines.append(f"problem = {_problem(_check.instance('problem', problem, Problem))}")
    if plan is not None:
        blocks = _check.instance("plan", plan, Plan).to_dict()["generations"]
        lines += ["plan = gl.Plan([", *(f"    {_stretch(block)}," for block in blocks), "])"]
    return "\n".join([*lines, ""])


def _problem(problem: Problem) -> str:
    plain = problem.to_dict()
    preset = plain.pop("preset", None)
    return _call(f"gl.Problem.{preset}" if preset else "gl.Problem", plain)


def _stretch(block: dict[str, Any]) -> str:
    """Equal neighbours as a repeated list."""
    repeat = block.pop("repeat", 1)
    generation = _generation(Generation.from_dict(block))
    return generation if repeat == 1 else f"*{repeat} * [{generation}]"


def _generation(generation: Generation) -> str:
    plain = generation.to_dict()
    sources = ", ".join(_source(source) for source in generation.sources)
    own = {name: plain[name] for name in plain if name in _OF_THE_FIT}
    return _call("gl.Generation", own, first=f"[{sources}]")


def _source(source: Source) -> str:
    plain = source.to_dict()
    if isinstance(source.labeler, tuple):  # numbers of models as numbers, not as the text of files
        plain["labeler"] = dict(source.labeler)
    elif source.outside:
        plain["labeler"] = source.labeler
    if source.n_samples is None:
        plain = {"n_samples": None, **plain}
    return _call("gl.Source", plain)


def _call(name: str, arguments: dict[str, Any], first: str | None = None) -> str:
    words = [] if first is None else [first]
    return f"{name}({', '.join([*words, *(f'{key}={_value(value)}' for key, value in arguments.items())])})"


def _value(value: Any) -> str:
    if isinstance(value, External):
        return _call("gl.External", value.to_dict())
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_value(k)}: {_value(v)}" for k, v in value.items()) + "}"
    return repr(value)


_OF_THE_FIT = frozenset(Generation.__dataclass_fields__) - {"sources"}
