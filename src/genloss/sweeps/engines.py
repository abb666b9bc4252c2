"""Where blocks are computed: every engine is a backend of joblib, chosen by one argument."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from genloss import _check
from genloss._threads import cores
from genloss.errors import InvalidInputError, MissingDependencyError
from genloss.sweeps.keys import need

LOCAL = {"serial": "sequential", "threads": "threading", "processes": "loky"}
WORTH_PROCESSES = 3.0
"""Seconds of work below which starting processes does not pay; starting them takes one or two."""

CONNECT = 10
"""Seconds a scheduler has to answer."""


def choose(cluster: str | None, workers: int | None, seconds: float) -> str:
    """Return the engine: the one asked for, or one that is already there, or a local one.

    Parameters
    ----------
    cluster : str or None
        "serial", "threads", "processes", "local" (a Dask cluster on this machine), "ray", or the
        address of a Dask scheduler or Ray head. None: the backend of an enclosing
        ``joblib.parallel_config``, the scheduler at DASK_SCHEDULER_ADDRESS, or else serial or
        processes by the amount of work.
    workers : int or None
        How many local workers.
    seconds : float
        Time the work takes on one core.
    """
    if cluster is not None:
        return check_name(cluster)
    if _inside_parallel_config():
        return "joblib"
    if address := os.environ.get("DASK_SCHEDULER_ADDRESS"):
        return address
    return "processes" if (workers or cores()) > 1 and seconds > WORTH_PROCESSES else "serial"


def check_name(cluster: Any) -> str:
    """Return the name or address of an engine, or say what it may be."""
    names = (*LOCAL, "local", "ray")
    if isinstance(cluster, str) and (cluster in names or "://" in cluster):
        return cluster
    near = difflib.get_close_matches(cluster, names, n=1) if isinstance(cluster, str) else []
    hint = f"did you mean {near[0]!r}? It" if near else "it"
    raise InvalidInputError(
        f"cluster was {cluster!r}; {hint} must be 'serial', 'threads', 'processes', 'local', "
        "'ray' or the address of a scheduler, such as 'tcp://host:8786'"
    )


def lost_workers() -> tuple[type[BaseException], ...]:
    """Errors of backends whose workers died; only of those that are in use."""
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    if "distributed" not in sys.modules:
        return (TerminatedWorkerError,)
    from distributed import KilledWorker

    return (TerminatedWorkerError, KilledWorker)


def _inside_parallel_config() -> bool:
    from joblib.parallel import get_active_backend

    backend, n_jobs = get_active_backend()
    return n_jobs not in (None, 1) or type(backend).__name__ != "LokyBackend"


@contextmanager
def running(engine: str, workers: int | None) -> Iterator[int]:
    """Make an engine the backend of every `joblib.Parallel` inside; yields its number of workers.

    Parameters
    ----------
    engine : str
        What `choose` returned.
    workers : int or None
        Local workers; default: one per core. A cluster that exists has as many as it has.

    Raises
    ------
    InvalidInputError
        If no scheduler answers at the address.
    MissingDependencyError
        If the package of the engine is not installed.
    """
    from joblib import parallel_config
    from threadpoolctl import threadpool_limits

    count = cores() if workers is None else _check.integer("workers", workers, minimum=1)
    with ExitStack() as stack:
        if engine in LOCAL:
            # the limit is of the process, and threads that end would lift it for the others
            stack.enter_context(threadpool_limits(1, user_api="blas"))
            stack.enter_context(parallel_config(LOCAL[engine], n_jobs=count))
        elif engine == "ray" or engine.startswith("ray://"):
            stack.enter_context(_ray(engine))
            stack.enter_context(parallel_config("ray", n_jobs=-1))
        elif engine != "joblib":
            backend = stack.enter_context(_dask(engine, count))
            stack.enter_context(parallel_config(backend, n_jobs=-1))
        yield _n_workers(engine)


def _n_workers(engine: str) -> int:
    from joblib import effective_n_jobs
    from joblib.parallel import get_active_backend

    try:
        return max(1, effective_n_jobs(get_active_backend()[1]))
    except TimeoutError as error:
        raise InvalidInputError(f"cluster was {engine!r}; it has no workers: {error}") from None


@contextmanager
def _dask(engine: str, count: int) -> Iterator[Any]:
    need("cluster", "distributed")
    from distributed import Client, LocalCluster

    from genloss.sweeps.dask import backend

    with ExitStack() as stack:
        address: Any = engine
        if engine == "local":
            address = stack.enter_context(
                LocalCluster(  # type: ignore[no-untyped-call]
                    n_workers=count, threads_per_worker=1, dashboard_address=":0"
                )
            )
        try:
            client = Client(  # type: ignore[no-untyped-call]
                address, timeout=CONNECT, set_as_default=False
            )
        except (OSError, ValueError) as error:
            raise InvalidInputError(
                f"cluster was {engine!r}; no Dask scheduler answers there: {error}"
            ) from None
        yield backend(stack.enter_context(client))


@contextmanager
def _ray(engine: str) -> Iterator[None]:
    try:
        import ray
    except ImportError:
        raise MissingDependencyError("cluster 'ray' needs ray; pip install ray") from None
    from ray.util.joblib import register_ray

    register_ray()
    mine = not ray.is_initialized()
    if mine:
        ray.init(address=None if engine == "ray" else engine, ignore_reinit_error=True)
    try:
        yield
    finally:
        if mine:
            ray.shutdown()
