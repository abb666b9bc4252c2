"""Workers: one seam, `concurrent.futures.Executor`, whatever it is that computes.

`running` turns a name or an address into `Workers`; `finished` hands them tasks and yields results
as they come, `in_order` in the order of the tasks. `mapped` is all of it in one call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from genloss.workers.engines import Cluster, Serial, Workers, running
from genloss.workers.names import check_cluster, choose
from genloss.workers.tasks import SchedulerLost, WorkersLost, finished, in_order

__all__ = [
    "Cluster",
    "SchedulerLost",
    "Workers",
    "WorkersLost",
    "check_cluster",
    "choose",
    "finished",
    "in_order",
    "mapped",
    "running",
]

Task = TypeVar("Task")
Result = TypeVar("Result")


def mapped(
    work: Callable[[Task], Result], tasks: Iterable[Task], cluster: Cluster = None
) -> Iterator[Result]:
    """Yield what ``work`` gives for every task, in the order of the tasks.

    Parameters
    ----------
    work : callable
        What is done; for workers in other processes it must be importable.
    tasks : iterable
        What it is done for; drawn as workers get free, so that few are held at a time.
    cluster : str, Executor or None
        As in `genloss.sweep`. None: the scheduler at DASK_SCHEDULER_ADDRESS, or this process, which
        keeps all its BLAS threads.

    Raises
    ------
    WorkersLost
        If workers died before all was done.

    Examples
    --------
    >>> from genloss.workers import mapped
    >>> list(mapped(abs, [-1, 2, -3], cluster="threads"))
    [1, 2, 3]
    """
    engine = choose(cluster, None, 0.0)
    if engine == "serial":
        yield from in_order(Workers(Serial(), engine, lambda: 1, ahead=1), work, tasks)
        return
    with running(engine, None) as workers:
        yield from in_order(workers, work, tasks)
