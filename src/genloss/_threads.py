"""Threads for independent trials: each holds BLAS to one thread of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

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
    _keep_memory()
    with _blas().limit(limits=1), ThreadPoolExecutor(workers) as pool:
        yield pool


@cache
def _keep_memory() -> None:
    """Let arrays of some megabytes be made anew from memory that the process has.

    Linux's allocator hands large freed arrays back, and threads that ask for pages at once wait for each
    other. It keeps what is smaller than the largest array that was ever given back, up to 32 MB.
    """
    np.empty((1 << 22) - (1 << 12))  # touched by nobody: no page of it is real


@cache
def _blas() -> ThreadpoolController:
    """NumPy's BLAS and SciPy's, which take longer to find than many a simulation."""
    from threadpoolctl import ThreadpoolController

    from genloss import _lapack

    _lapack.pointers()  # bring the second
    return ThreadpoolController().select(user_api="blas")
