"""Numbers among the words of a call: which are no number, and which are no whole one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args, get_origin

from cyclopts import CoercionError

from genloss.errors import InvalidInputError

_WORDS = {int: "a whole number", float: "a number"}
_WHOLE = ("int", "int | None")


def told(error: CoercionError) -> str | None:
    """What was wrong with a word that should have been a number; None of another kind of value.

    Examples
    --------
    >>> from cyclopts import Token
    >>> token = Token(keyword="--penalty", value="abc")
    >>> told(CoercionError(token=token, target_type=float | Literal["cv"] | None))
    "--penalty was 'abc'; it must be a number or 'cv'"
    """
    kinds = _kinds(error.target_type)
    allowed = [_WORDS[kind] if kind in _WORDS else repr(kind) for kind in kinds]
    if error.token is None or not error.token.keyword or not set(kinds) & set(_WORDS):
        return None
    return f"{error.token.keyword} was {error.token.value!r}; it must be {' or '.join(map(str, allowed))}"


def _kinds(hint: Any) -> list[Any]:
    """Types of numbers and words that a type allows; nothing where it allows others."""
    if hint in _WORDS:
        return [hint]
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    parts = [_kinds(part) for part in get_args(hint) if part is not type(None)]
    return [kind for part in parts for kind in part] if all(parts) else []


def refuse_fractions(command: Callable[..., Any], words: Sequence[str]) -> None:
    """Refuse numbers with a fraction where whole ones are asked, which would be rounded in silence.

    Raises
    ------
    InvalidInputError
        If an option of whole numbers has one.

    Examples
    --------
    >>> def walk(*, steps: int): ...
    >>> refuse_fractions(walk, ["walk", "--steps", "3.0"])
    >>> refuse_fractions(walk, ["walk", "--steps=3.5"])
    Traceback (most recent call last):
    genloss.errors.InvalidInputError: steps was 3.5; it must be a whole number
    """
    for name, parameter in inspect.signature(command).parameters.items():
        if inspect.formatannotation(parameter.annotation).strip("'") not in _WHOLE:
            continue
        option = f"--{name.replace('_', '-')}"
        for word, after in zip(words, [*words[1:], ""], strict=True):
            value = after if word == option else word.partition(f"{option}=")[2]
            if _is_fraction(value):
                raise InvalidInputError(f"{name} was {value}; it must be a whole number")


def _is_fraction(word: str) -> bool:
    try:
        return "." in word and not float(word).is_integer()
    except ValueError:
        return False
