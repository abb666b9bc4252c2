"""Tasks: handed to workers a few at a time, their results as they come or in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from genloss.errors import GenlossError
from genloss.workers.engines import Workers

Task = TypeVar("Task")
Result = TypeVar("Result")


class WorkersLost(GenlossError):
    """Workers died, most often for want of memory; their tasks can be handed out again."""


class SchedulerLost(WorkersLost):
    """Who handed tasks to the workers is gone; nobody is left to take them."""


def finished(
    workers: Workers, work: Callable[[Task], Result], tasks: Iterable[Task]
) -> Generator[Result]:
    """Yield the result of every task as it comes; tasks are drawn when they are handed out."""
    rest = iter(tasks)
    running: set[Future[Result]] = set()
    with _translated(workers, running):
        while True:
            running.update(_handed_out(workers, work, rest, len(running)))
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            running -= done
            for future in done:
                yield future.result()


def in_order(
    workers: Workers, work: Callable[[Task], Result], tasks: Iterable[Task]
) -> Generator[Result]:
    """Yield the results in the order of the tasks, no more than a few of them ahead."""
    rest = iter(tasks)
    running: deque[Future[Result]] = deque()
    with _translated(workers, running):
        while True:
            running.extend(_handed_out(workers, work, rest, len(running)))
            if not running:
                return
            yield running.popleft().result()


def _handed_out(
    workers: Workers, work: Callable[[Task], Result], rest: Iterator[Task], n_running: int
) -> Iterator[Future[Result]]:
    room = workers.ahead * workers.size() - n_running
    return (workers.executor.submit(work, task) for task in islice(rest, max(0, room)))


@contextmanager
def _translated(workers: Workers, running: Iterable[Future[Result]]) -> Iterator[None]:
    """Give the ends of all engines one name, and take back what nobody waits for any more."""
    try:
        yield
    except workers.lost as error:
        raise WorkersLost(f"workers died ({type(error).__name__}: {error})") from error
    except workers.gone as error:
        raise SchedulerLost(
            f"the scheduler of cluster {workers.name!r} is gone ({type(error).__name__})"
        ) from error
    finally:
        if workers.takes_back:
            for future in running:
                future.cancel()
