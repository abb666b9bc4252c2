"""Tables of keys and values read strictly: an unknown key is an error that names the nearest."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from genloss._words import shown
from genloss.errors import InvalidInputError

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
        named = " and ".join(f"{name!r}{_choices(build, name)}" for name in missing)
        raise InvalidInputError(f"{where} lacks {named}")
    return build(**plain)


def _choices(build: Callable[..., Any], name: str) -> str:
    """What a key may be, in brackets, where its annotation is a few words."""
    try:
        hint = get_type_hints(build).get(name)
    except (AttributeError, NameError, TypeError):  # names that are there for type checkers alone
        return ""
    words = get_args(hint) if get_origin(hint) is Literal else ()
    return f" ({' or '.join(map(repr, words))})" if words else ""


@cache
def _parameters(build: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(build).parameters
