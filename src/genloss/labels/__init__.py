"""Labels: how what a labeler says becomes a label, one file a rule.

A rule is applied to ``h = x'theta + noise * e``, the labeler's value with its noise. A rule from outside
is a frozen dataclass below `Label` with ``law``; it is known by its name in snake case from then on
(`channels.md` 1; the page *Losses and labels*).
"""

from __future__ import annotations

from typing import Any

from genloss import _family
from genloss.labels._base import Label

__all__ = ["Label", "find"]

_family.load(__path__, __name__)


def find(name: str, given: Any) -> Label:
    """The rule that is meant by a value, a name or a table; ``name`` is for the error.

    Examples
    --------
    >>> from genloss import labels
    >>> labels.find("labels", "hard")
    Hard()
    >>> labels.find("labels", {"kind": "clipped", "low": -1, "high": 1}) == labels.Clipped(-1, 1)
    True
    """
    return _family.find(Label, name, given)  # type: ignore[type-abstract]


def __getattr__(name: str) -> Any:
    return _family.member_named(Label, name, __name__)


def __dir__() -> list[str]:
    return sorted([*__all__, *(member.__name__ for member in Label.members.values())])
