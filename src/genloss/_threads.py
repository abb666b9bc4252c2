"""Threads for independent trials: each holds BLAS to one thread of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


def cores() -> int:
    """Number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def trial_pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Pool of threads; BLAS has one thread in the whole process while it is open."""
    with _blas().limit(limits=1), ThreadPoolExecutor(workers) as pool:
        yield pool


@cache
def _blas() -> ThreadpoolController:
    """NumPy's BLAS and SciPy's, which take longer to find than many a simulation."""
    from threadpoolctl import ThreadpoolController

    from genloss import _lapack

    _lapack.pointers()  # bring the second
    return ThreadpoolController().select(user_api="blas")
