"""Work that takes longer: each job in a process of its own, which whoever asked for it can end."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from genloss.errors import GenlossError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext

Event = tuple[str, Any]


@cache
def context() -> BaseContext:
    """How processes are started."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["genloss.app.preloaded"])
    return found


def warm() -> None:
    """Load what jobs need while nobody waits for it."""
    if context().get_start_method() == "forkserver":
        from multiprocessing.forkserver import ensure_running

        ensure_running()


class Work:
    """A job on its way.

    Parameters
    ----------
    where : str
        Module and function, such as "genloss.app.explore:simulate"; it is called with the query and a
        function that takes the name of an event and its data, and returns the answer.
    query : mapping
        Plain data.
    memory : int
        Bytes that its process may use beyond those it starts with, where the system can be told so.
    """

    def __init__(self, where: str, query: Mapping[str, Any], memory: int) -> None:
        self._ours, theirs = multiprocessing.Pipe(duplex=False)
        make: Any = context()
        self._process = make.Process(
            target=_child, args=(theirs, where, dict(query), memory), daemon=True
        )
        self._theirs = theirs
        self._why = "its process ended before it was done: memory may have run out"
        self._over = False

    def end(self, why: str) -> None:
        """End it from outside, also while it is being started."""
        self._why, self._over = why, True
        if self._process.pid is not None:
            self._process.kill()

    async def events(self, seconds: float) -> AsyncIterator[Event]:
        """Yield what it says, the last event "done" or "failed"; leaving the iterator ends it.

        Parameters
        ----------
        seconds : float
            After which it is ended.
        """
        import anyio

        end, name = anyio.current_time() + seconds, ""
        try:
            await anyio.to_thread.run_sync(self._start)
            self._theirs.close()
            while name not in ("done", "failed"):
                name, data = "failed", f"it took longer than {seconds:g} seconds, and was ended"
                with anyio.move_on_after(end - anyio.current_time()):
                    name, data = await anyio.to_thread.run_sync(
                        self._received, abandon_on_cancel=True
                    )
                yield name, data
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._close)

    def _start(self) -> None:
        self._process.start()
        if self._over:
            self._process.kill()

    def _received(self) -> Event:
        try:
            event: Event = self._ours.recv()
        except (EOFError, OSError):
            return "failed", self._why
        return event

    def _close(self) -> None:
        if self._process.pid is not None:
            self._process.kill()
            self._process.join()
        self._ours.close()


def _child(out: Connection, where: str, query: dict[str, Any], memory: int) -> None:
    """Do a job, and send what it says."""
    out_of_the_way()
    bounded(memory)

    def say(name: str, data: Any) -> None:
        out.send((name, data))

    with suppress(BrokenPipeError):  # nobody waits for it any more
        try:
            module, function = where.split(":")
            say("done", getattr(import_module(module), function)(query, say))
        except GenlossError as error:
            say("failed", str(error))
        except MemoryError:
            say("failed", "memory ended; ask for fewer rows or directions")
        except Exception as error:  # noqa: BLE001 -- the page says what happened, as it may
            say("failed", f"this should not happen: {type(error).__name__}: {error}")


def out_of_the_way() -> None:
    """Leave control-C to the server, and the quick answers their turn."""
    import signal

    from genloss.workers.parent import end_with

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["MPLBACKEND"] = "agg"
    if hasattr(os, "nice"):
        os.nice(5)
    end_with(os.getppid())


def bounded(memory: int) -> None:
    """Refuse this process more memory than it has now and ``memory`` bytes."""
    if sys.platform != "linux":  # elsewhere nothing keeps to it
        return
    import resource

    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + memory, hard))
