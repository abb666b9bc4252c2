"""What ``cluster=`` may be, and what computes where nothing was asked for."""

from __future__ import annotations

import difflib
import os
from concurrent.futures import Executor
from typing import Any

from genloss._threads import cores
from genloss.errors import InvalidInputError

NAMES = ("serial", "threads", "processes", "local", "ray")
WORTH_PROCESSES = 3.0
"""Seconds of work below which starting processes does not pay; starting them takes one or two."""


def choose(cluster: str | Executor | None, workers: int | None, seconds: float) -> str | Executor:
    """Return the engine: the one asked for, or one that is already there, or a local one.

    Parameters
    ----------
    cluster : str, Executor or None
        A name, the address of a Dask scheduler or Ray head, or an executor that is there. None: the
        scheduler at DASK_SCHEDULER_ADDRESS, or else serial or processes by the amount of work.
    workers : int or None
        How many local workers.
    seconds : float
        Time the work takes on one core.
    """
    if cluster is not None:
        return check_cluster(cluster)
    if address := os.environ.get("DASK_SCHEDULER_ADDRESS"):
        return address
    return "processes" if (workers or cores()) > 1 and seconds > WORTH_PROCESSES else "serial"


def check_cluster(cluster: Any) -> str | Executor:
    """Return the name, address or executor, or say what it may be."""
    if isinstance(cluster, Executor):
        return cluster
    if isinstance(cluster, str) and (cluster in NAMES or "://" in cluster):
        return cluster
    near = difflib.get_close_matches(cluster, NAMES, n=1) if isinstance(cluster, str) else []
    hint = f"did you mean {near[0]!r}? It" if near else "it"
    raise InvalidInputError(
        f"cluster was {cluster!r}; {hint} must be 'serial', 'threads', 'processes', 'local', 'ray', "
        "the address of a scheduler, such as 'tcp://host:8786', or an Executor"
    )
