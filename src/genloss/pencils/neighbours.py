"""Chains that are solved one after the other and differ by numbers only: each starts where the last one ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from genloss.pencils.chain import Chain
from genloss.pencils.dyson import Solution
from genloss.pencils.expression import Expression

_LAST: ContextVar[dict[int, Solution] | None] = ContextVar("last", default=None)


@contextmanager
def neighbours() -> Iterator[None]:
    """Within it chains of as many vectors start from each other, as they do on a search for a penalty.

    A start that does not lead to a solution at once is dropped, so that answers are the same to rounding.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.pencils.neighbours import neighbours
    >>> problem = gl.Problem.isotropic(50)
    >>> plans = [gl.Plan.same_design(2, 80, penalty=lam, noise=1.0) for lam in (0.1, 0.2)]
    >>> with neighbours():
    ...     near = [gl.predict(problem, plan).risk[-1] for plan in plans]
    >>> [round(float(risk / curve.risk[-1]), 9) for risk, curve in zip(near, gl.predict(problem, plans))]
    [1.0, 1.0]
    """
    token = _LAST.set({})
    try:
        yield
    finally:
        _LAST.reset(token)


def chain_of(*vectors: Expression) -> Chain:
    """The chain of some vectors, from a neighbour's solution where there is one."""
    last = _LAST.get()
    if last is None:
        return Chain(*vectors)
    found = Chain(*vectors, start=last.get(len(vectors)))
    last[len(vectors)] = found.solution
    return found
