"""Filters: how a fit that is not the exact minimiser answers to labels, one file a filter.

A spectral filter fits ``w = g(S) X'y / n`` with ``S = X'X / n``. One from outside is a frozen dataclass
below `Filter` with ``shrink`` and ``fit``; it is known by its name in snake case from then on.
"""

from __future__ import annotations

from typing import Any

from genloss import _family
from genloss.filters._base import Filter

__all__ = ["Filter", "find"]

_family.load(__path__, __name__)


def find(name: str, given: Any) -> Filter:
    """The filter that is meant by a value or a table; ``name`` is for the error.

    Examples
    --------
    >>> from genloss import filters
    >>> filters.find("filter", {"kind": "gradient_descent", "steps": 30, "step": 0.5})
    GradientDescent(steps=30, step=0.5)
    """
    return _family.find(Filter, name, given)  # type: ignore[type-abstract]


def __getattr__(name: str) -> Any:
    return _family.member_named(Filter, name, __name__)


def __dir__() -> list[str]:
    return sorted([*__all__, *(member.__name__ for member in Filter.members.values())])
