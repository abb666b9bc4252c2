"""What is under way: one job of a kind in a tab, few in all, told as server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from genloss._plain import finite
from genloss.app.jobs import Work
from genloss.errors import GenlossError

MOST = 4
"""Jobs at a time, of all tabs."""

GB = 2**30


class Job(NamedTuple):
    """What is done, for how long at most, with how much memory, and whether with uploads."""

    where: str
    seconds: float
    memory: int = 4 * GB
    tables: bool = False


class BusyError(GenlossError):
    """There are as many jobs under way as there may be."""


@dataclass
class Running:
    """The jobs under way, by tab and kind."""

    _now: dict[tuple[str, str], Work] = field(default_factory=dict)

    async def events(
        self, tab: str, job: Job, query: Mapping[str, Any]
    ) -> AsyncIterator[tuple[str, Any]]:
        """Start a job and yield its events; one of the same kind in the same tab is ended first.

        Raises
        ------
        BusyError
            If there are too many others.
        """
        place = (tab, job.where)
        if before := self._now.pop(place, None):
            before.end("a newer one took its place")
        if len(self._now) >= MOST:
            raise BusyError(f"{MOST} others are under way; stop one, or wait")
        work = self._now[place] = Work(job.where, query, job.memory)
        try:
            async with aclosing(work.events(job.seconds)) as told:  # type: ignore[type-var]
                async for event in told:
                    yield event
        finally:
            if self._now.get(place) is work:
                del self._now[place]

    def end(self, why: str) -> None:
        """End all."""
        for work in self._now.values():
            work.end(why)

    async def answer(self, tab: str, job: Job, query: Mapping[str, Any]) -> Any:
        """Start a job and wait for its end.

        Raises
        ------
        GenlossError
            If it failed; the message says why.
        """
        name, data = "failed", None
        async with aclosing(self.events(tab, job, query)) as told:  # type: ignore[type-var]
            async for name, data in told:  # noqa: B007 -- the last one
                pass
        if name == "failed":
            raise GenlossError(str(data))
        return data


def event(name: str, data: Any) -> str:
    r"""One server-sent event.

    Examples
    --------
    >>> event("done", {"risk": [float("inf")]})
    'event: done\ndata: {"risk":["Infinity"]}\n\n'
    """
    return f"event: {name}\ndata: {written(data)}\n\n"


def written(data: Any) -> str:
    """Plain data as JSON that any reader accepts, on one line."""
    return json.dumps(finite(data), separators=(",", ":"), allow_nan=False)
