"""Rules that keep some of the labelled rows and drop the others, one file a rule.

A rule looks at a row's label and at the value ``v = x'c`` of a judge: its own labeler, without noise, or
another model. A rule from outside is a frozen dataclass below `Keep` with ``intervals``; it is known by
its name in snake case from then on (`channels.md` 1; the page *Losses and labels*).
"""

from __future__ import annotations

from typing import Any

from genloss import _family
from genloss.keep._base import Keep

__all__ = ["Keep", "find"]

_family.load(__path__, __name__)


def find(name: str, given: Any) -> Keep:
    """The rule that is meant by a value or a table; ``name`` is for the error.

    Examples
    --------
    >>> from genloss import keep
    >>> keep.find("keep", {"kind": "confident", "threshold": 1.5}) == keep.Confident(1.5)
    True
    """
    return _family.find(Keep, name, given)  # type: ignore[type-abstract]


def __getattr__(name: str) -> Any:
    return _family.member_named(Keep, name, __name__)


def __dir__() -> list[str]:
    return sorted([*__all__, *(member.__name__ for member in Keep.members.values())])
