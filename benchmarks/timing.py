"""How long work takes: the shortest of several runs, in turns where two are compared."""

from __future__ import annotations

import time
from collections.abc import Callable

Work = Callable[[], object]


def best_of(work: Callable[[], object], repeats: int = 7) -> float:
    """Shortest time of a few runs, in seconds, after a warm-up."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def together(*works: Work, repeats: int = 7) -> list[float]:
    """Shortest processor time of each, in seconds, taking turns after a warm-up."""
    times: list[list[float]] = [[] for _ in works]
    for work in works:
        work()
    for _ in range(repeats):
        for own, work in zip(times, works, strict=True):
            start = time.process_time()
            work()
            own.append(time.process_time() - start)
    return [min(own) for own in times]
