"""Families of small frozen values: one file a member, found by name, more may come from outside."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import re
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any, ClassVar, TypeVar

from genloss._keys import call_with_keys, table
from genloss._words import shown
from genloss.errors import InvalidInputError

T = TypeVar("T", bound="Member")


class Member:
    """A value of a family: a frozen dataclass below the family's base, known by its kind.

    A direct subclass begins a family. Every class below that one is a member from then on, wherever
    it is written; its kind is its name in snake case.
    """

    members: ClassVar[dict[str, type[Any]]]
    kind: ClassVar[str]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if Member in cls.__bases__:
            cls.members = {}
        else:
            cls.kind = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
            cls.members[cls.kind] = cls

    def to_dict(self) -> str | dict[str, Any]:
        """As in a plan file: the kind, or a table of it and of what is not as by default."""
        plain: dict[str, Any] = {}
        for spec in fields(self):  # type: ignore[arg-type]
            value = getattr(self, spec.name)
            if spec.default is MISSING or value != spec.default:
                plain[spec.name] = _plain(value)
        return {"kind": self.kind, **plain} if plain else self.kind

    def __str__(self) -> str:
        values = [
            getattr(self, spec.name)
            for spec in fields(self)  # type: ignore[arg-type]
            if spec.default is MISSING or getattr(self, spec.name) != spec.default
        ]
        said = ", ".join(f"{v:.6g}" if isinstance(v, float) else str(_plain(v)) for v in values)
        words = self.kind.replace("_", " ")
        return f"{words} ({said})" if said else words


def load(folder: Iterable[str], package: str) -> None:
    """Import every file of a family's folder."""
    for module in pkgutil.iter_modules(folder):
        importlib.import_module(f"{package}.{module.name}")


def find(family: type[T], name: str, given: Any) -> T:
    """Return the member that is meant by a value, a kind, or a table as in a plan file.

    Raises
    ------
    InvalidInputError
        If there is no such member, or its arguments are not as it takes them.
    """
    if isinstance(given, family):
        return given
    options = ", ".join(sorted(family.members))
    plain = table(name, given) if isinstance(given, Mapping) else {"kind": given}
    kind = plain.pop("kind", None)
    if not isinstance(kind, str) or kind not in family.members:
        near = difflib.get_close_matches(str(kind)[:80], family.members, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near and isinstance(kind, str) else ""
        raise InvalidInputError(
            f"{name} was {shown(given)}; it must be one of {options}, a table with one of these as "
            f"its kind, or a value of genloss.{family.__module__.split('.')[1]}{hint}"
        )
    member: T = call_with_keys(family.members[kind], plain, where=name)
    return member


def member_named(family: type[Member], name: str, module: str) -> type[Any]:
    """The class of this name, for ``module.__getattr__``."""
    for member in family.members.values():
        if member.__name__ == name:
            return member
    raise AttributeError(f"module {module!r} has no attribute {name!r}")


def _plain(value: Any) -> Any:
    """As files write it: a mixture of labelers as a table, or as pairs where one of them is a value."""
    if not isinstance(value, tuple) or not all(isinstance(pair, tuple) for pair in value):
        return value.to_dict() if hasattr(value, "to_dict") else value
    if any(hasattr(who, "to_dict") for who, _ in value):
        return [[_plain(who), share] for who, share in value]
    return {str(who): share for who, share in value}
