"""Policies: functions that write the generations of a plan, one small file each, found by name.

A module of this folder that defines a function of its own name is a policy: `Plan` has it as a
class method, and plan files as a ``preset``. One from outside joins them by `register`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, TypeVar

from genloss import _check
from genloss._words import shown
from genloss.errors import InvalidInputError
from genloss.generation import Generation

Policy = Callable[..., Iterable[Generation]]
P = TypeVar("P", bound=Policy)

_FROM_OUTSIDE: dict[str, Policy] = {}


@cache
def _files() -> tuple[str, ...]:
    return tuple(module.name for module in iter_modules(__path__) if module.name[0] != "_")


def names() -> tuple[str, ...]:
    """Names of all policies."""
    return (*_files(), *_FROM_OUTSIDE)


def get(name: str) -> Policy:
    """The policy of a name.

    Raises
    ------
    InvalidInputError
        If there is none.

    Examples
    --------
    >>> from genloss import policies
    >>> len(policies.get("replace")(generations=3, n_samples=100))
    3
    """
    name = _check.choice("policy", name, names())
    if name in _FROM_OUTSIDE:
        return _FROM_OUTSIDE[name]
    policy: Policy = getattr(import_module(f"{__name__}.{name}"), name)
    return policy


def register(policy: P) -> P:
    """Add a function that returns generations as the policy of its name; usable as a decorator.

    Parameters
    ----------
    policy : callable
        Takes arguments by name and returns generations. An attribute ``SCHEMA`` of its module may
        describe them for `genloss.file_schema`, as JSON schemas by name.

    Returns
    -------
    callable
        The same function.

    Raises
    ------
    InvalidInputError
        If the name is taken.
    """
    name = policy.__name__
    if name in names():
        raise InvalidInputError(
            f"policy was {shown(name)}; there is one of that name, take another"
        )
    _FROM_OUTSIDE[name] = policy
    return policy


def arguments(name: str) -> Mapping[str, Any]:
    """JSON schemas of those arguments of a policy that are unlike everybody's of that name."""
    module = import_module(get(name).__module__)
    return getattr(module, "SCHEMA", {})
