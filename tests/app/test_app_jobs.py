"""Jobs in processes of their own: they end, whatever they do."""

from __future__ import annotations

import os
import time
from contextlib import aclosing

import anyio
import pytest

from genloss.app.jobs import Work
from genloss.app.running import MOST, BusyError, Job, Running

pytestmark = pytest.mark.slow

GB = 2**30


def number(query, say):
    """Tell the number of this process, then do as is asked."""
    say("number", os.getpid())
    if query["do"] == "memory":
        return len(bytearray(8 * GB))
    if query["do"] == "raise":
        raise ZeroDivisionError("never")
    if query["do"] == "exit":
        os._exit(0)
    time.sleep(3600)
    return None


WHERE = f"{__name__}:number"


def gone(process):
    """Whether a process ends soon, on the busiest machine."""
    for _ in range(2000):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


async def told(do, seconds=600.0, memory=GB):
    """All events of a job."""
    return [event async for event in Work(WHERE, {"do": do}, memory).events(seconds)]


@pytest.mark.parametrize(
    ("do", "words"),
    [
        ("raise", "this should not happen: ZeroDivisionError: never"),
        ("memory", "memory ended"),
        ("exit", "its process ended before it was done"),
    ],
)
def test_a_job_that_fails_says_so(do, words):
    (_, process), (name, why) = anyio.run(told, do)
    assert name == "failed"
    assert words in why
    assert gone(process)


def test_a_job_that_takes_too_long_is_ended():
    anyio.run(told, "exit")  # what jobs need is loaded then
    for seconds in (1, 10, 100):  # as many as it takes to begin
        *begun, (name, why) = anyio.run(told, "sleep", float(seconds))
        assert (name, why) == ("failed", f"it took longer than {seconds} seconds, and was ended")
        if begun:
            break
    [(_, process)] = begun
    assert gone(process)


def test_leaving_a_job_ends_it():
    async def leave():
        async with aclosing(Work(WHERE, {"do": "sleep"}, GB).events(600.0)) as events:
            _, process = await anext(events)
            return process

    assert gone(anyio.run(leave))


def test_one_job_of_a_kind_in_a_tab_and_few_in_all():
    job, running = Job(WHERE, 600.0, GB), Running()

    async def both():
        async with aclosing(running.events("tab", job, {"do": "sleep"})) as first:
            _, process = await anext(first)
            async with aclosing(running.events("tab", job, {"do": "sleep"})) as second:
                assert (await anext(second))[0] == "number"
                assert await anext(first) == ("failed", "a newer one took its place")
                assert gone(process)
                others = [running.events(str(k), job, {"do": "sleep"}) for k in range(MOST - 1)]
                for other in others:
                    await anext(other)
                with pytest.raises(BusyError, match="are under way"):
                    await anext(running.events("one more", job, {"do": "sleep"}))
                for other in others:
                    await other.aclose()
        assert running._now == {}

    anyio.run(both)
