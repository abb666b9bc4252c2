"""Losses: what a fit minimises beside its penalty, one file a loss.

A fit minimises ``(1/n) sum_i weight_i loss(y_i, x_i'w) + penalty |w|**2``, n the rows as written.
A loss from outside is a frozen dataclass below `Loss` with ``value``, ``slope`` and ``curvature``; it is
known by its name in snake case from then on (`channels.md` 1; the page *Losses and labels*).
"""

from __future__ import annotations

from typing import Any

from genloss import _family
from genloss.losses._base import Loss

__all__ = ["Loss", "find"]

_family.load(__path__, __name__)


def find(name: str, given: Any) -> Loss:
    """The loss that is meant by a value, a name or a table; ``name`` is for the error.

    Examples
    --------
    >>> from genloss import losses
    >>> losses.find("loss", "squared_hinge")
    SquaredHinge()
    >>> losses.find("loss", {"kind": "huber", "delta": 0.5}) == losses.Huber(0.5)
    True
    """
    return _family.find(Loss, name, given)  # type: ignore[type-abstract]


def __getattr__(name: str) -> Any:
    return _family.member_named(Loss, name, __name__)


def __dir__() -> list[str]:
    return sorted([*__all__, *(member.__name__ for member in Loss.members.values())])
