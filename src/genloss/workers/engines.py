"""Engines: every one is an executor that is opened by a name or an address, and closed again."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

from genloss import _check
from genloss._needs import need
from genloss._threads import cores
from genloss.errors import InvalidInputError, MissingDependencyError
from genloss.workers.parent import end_with

CONNECT = 10
"""Seconds a scheduler has to answer."""

MOST_WORKERS = 1024

Cluster = str | Executor | None
Errors = tuple[type[BaseException], ...]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Workers:
    """An open executor.

    Attributes
    ----------
    executor : concurrent.futures.Executor
        Takes tasks.
    name : str
        What it was asked for as.
    size : callable
        Returns the number of its workers now.
    ahead : int
        Tasks per worker that are handed out at a time, so that none waits for its next one.
    lost, gone : tuple of exception types
        What a task raises whose worker, or whose scheduler, died.
    takes_back : bool
        Whether tasks that nobody waits for any more are cancelled.
    """

    executor: Executor
    name: str
    size: Callable[[], int]
    ahead: int = 2
    lost: Errors = (BrokenExecutor,)
    gone: Errors = (CancelledError,)
    takes_back: bool = True


@contextmanager
def running(engine: str | Executor, workers: int | None) -> Iterator[Workers]:
    """Open an engine; at the end nothing of it is left, whatever happened.

    Parameters
    ----------
    engine : str or Executor
        What `choose` returned. An executor stays open.
    workers : int or None
        Local workers; default: one per core. A cluster that exists has as many as it has.

    Raises
    ------
    InvalidInputError
        If no scheduler answers at the address, or it has no workers.
    MissingDependencyError
        If the package of the engine is not installed.
    """
    count = (
        cores()
        if workers is None
        else _check.integer("workers", workers, minimum=1, maximum=MOST_WORKERS)
    )
    opened: AbstractContextManager[Workers]
    if isinstance(engine, Executor):
        yield Workers(engine, type(engine).__name__, lambda: count)
        return
    if engine in ("serial", "threads"):
        opened = _here(engine, count)
    elif engine == "processes":
        opened = _processes(count)
    elif engine == "ray" or engine.startswith("ray://"):
        opened = _ray(engine)
    else:
        opened = _dask(engine, count)
    with opened as found:
        yield found


class Serial(Executor):
    """Does every task at once, in the thread that hands it out."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Return a future that is done."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 -- the future hands it on
            future.set_exception(error)
        return future


@contextmanager
def _here(name: str, count: int) -> Iterator[Workers]:
    from threadpoolctl import threadpool_limits

    # the limit is of the process, and threads that end would lift it for the others
    with threadpool_limits(1, user_api="blas"):
        if name == "serial":
            yield Workers(Serial(), name, lambda: 1, ahead=1)
            return
        with ThreadPoolExecutor(count) as executor:
            yield Workers(executor, name, lambda: count)


@contextmanager
def _processes(count: int) -> Iterator[Workers]:
    # scikit-learn brings it; unlike the standard library's it needs no guard in the user's script
    from joblib.externals.loky import ProcessPoolExecutor

    executor = ProcessPoolExecutor(count, initializer=end_with, initargs=(os.getpid(),))
    done = False
    try:
        # loky's manager dies of a cancelled task when it kills its workers; they die without it
        yield Workers(executor, "processes", lambda: count, takes_back=False)
        done = True
    finally:
        with nullcontext() if done else _unheard("ExecutorManagerThread"):
            executor.shutdown(wait=True, kill_workers=not done)


@contextmanager
def _unheard(name: str) -> Iterator[None]:
    """Let a thread of this name die in silence, as loky's does of a task that waits when it kills its workers."""
    before = threading.excepthook

    def hear(error: threading.ExceptHookArgs) -> None:
        if error.thread is None or error.thread.name != name:
            before(error)

    threading.excepthook = hear
    try:
        yield
    finally:
        threading.excepthook = before


@contextmanager
def _dask(engine: str, count: int) -> Iterator[Workers]:
    need("cluster", "distributed")
    from distributed import Client, KilledWorker, LocalCluster
    from distributed.comm.core import CommClosedError

    with ExitStack() as stack:
        stack.enter_context(_quiet("distributed", "distributed.client", "tornado.application"))
        address: Any = engine
        if engine == "local":
            address = stack.enter_context(
                LocalCluster(  # type: ignore[no-untyped-call]
                    n_workers=count, threads_per_worker=1, dashboard_address=":0"
                )
            )
        try:
            client: Any = Client(  # type: ignore[no-untyped-call]
                address, timeout=CONNECT, set_as_default=False
            )
        except (OSError, ValueError) as error:
            raise InvalidInputError(
                f"cluster was {engine!r}; no Dask scheduler answers there: {error}"
            ) from None
        stack.enter_context(client)
        try:
            client.wait_for_workers(1, timeout=CONNECT)
        except TimeoutError:
            raise InvalidInputError(
                f"cluster was {engine!r}; it has no workers, none came in {CONNECT} s"
            ) from None

        def size() -> int:
            try:
                return max(1, sum(client.nthreads().values()))
            except OSError as error:  # it is tried again for a while where no one answers
                raise CommClosedError(str(error)) from error

        yield Workers(
            client.get_executor(pure=False),
            engine,
            size,
            lost=(KilledWorker,),
            gone=(CancelledError, CommClosedError),
        )


@contextmanager
def _quiet(*names: str) -> Iterator[None]:
    """Keep a library from printing tracebacks of what is reported as an error of ours."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _ray(engine: str) -> Iterator[Workers]:
    ray: Any
    try:
        ray, pools = (import_module(name) for name in ("ray", "ray.util.multiprocessing"))
    except ImportError:
        raise MissingDependencyError("cluster 'ray' needs ray; pip install ray") from None
    mine = not ray.is_initialized()
    if mine:
        ray.init(address=None if engine == "ray" else engine)
    pool = pools.Pool()
    try:
        yield Workers(
            _Pooled(pool),
            engine,
            lambda: max(1, int(ray.cluster_resources().get("CPU", 1))),
            lost=(ray.exceptions.RayActorError, ray.exceptions.WorkerCrashedError),
            gone=(CancelledError, ray.exceptions.RaySystemError),
        )
    finally:
        pool.terminate()
        if mine:
            ray.shutdown()


class _Pooled(Executor):
    """The executor of a pool that has the interface of multiprocessing."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        self._pool.apply_async(
            fn, args, kwargs, callback=future.set_result, error_callback=future.set_exception
        )
        return future
