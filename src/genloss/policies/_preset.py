"""A policy as a class method of plans, with the signature and the words of its function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Generic, ParamSpec, TypeVar

from genloss.generation import Generation

P = ParamSpec("P")
T = TypeVar("T")


class Preset(Generic[P]):
    """What ``Plan.replace`` and its kind are: a plan of the generations that a policy writes."""

    def __init__(self, policy: Callable[P, Iterable[Generation]]) -> None:
        self._policy = policy
        self._bound: dict[type, Callable[..., Any]] = {}

    def __get__(self, plan: object, kind: type[T]) -> Callable[P, T]:
        if kind not in self._bound:
            self._bound[kind] = self._of(kind)
        return self._bound[kind]

    def _of(self, kind: type[T]) -> Callable[P, T]:
        make: Any = kind

        @wraps(self._policy)
        def build(*args: P.args, **kwargs: P.kwargs) -> T:
            found: T = make(tuple(self._policy(*args, **kwargs)))
            return found

        shown: Any = build
        del shown.__wrapped__
        shown.__signature__ = inspect.signature(self._policy).replace(return_annotation=kind)
        # where pickle finds it again
        build.__module__, build.__qualname__ = (
            kind.__module__,
            f"{kind.__qualname__}.{build.__name__}",
        )
        return build
