"""Run a sweep: open or make its store, compute what it lacks, write every block as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from genloss import _check
from genloss._version import __version__
from genloss.errors import GenlossError
from genloss.sweeps import engines
from genloss.sweeps.blocks import Blocks, best_size, seconds_per_point
from genloss.sweeps.claims import Claims
from genloss.sweeps.creation import create_store
from genloss.sweeps.design import Sweep, check_points
from genloss.sweeps.errors import StoreError
from genloss.sweeps.points import Answers, Part, Work, answer
from genloss.sweeps.store import Store, open_store

if TYPE_CHECKING:
    import xarray

LOSSES = 3
"""Times in a row that workers may be lost without a block being finished."""

ROUND = 4
"""Blocks per worker that a backend gets at a time which answers only when all are done."""

POLL = 0.1
Task = tuple[int, Work, Part, int]


@dataclass(frozen=True, eq=False)
class Run:
    """What a run of a sweep did.

    Attributes
    ----------
    store : Store
        Where the results are; ``store.dataset()`` opens them.
    engine : str
        What computed them; "" if nothing was left to compute.
    computed, found : int
        Blocks that this run computed, and blocks that were there already or came from others.
    seconds : float
        Duration of the run.
    computing_seconds : float
        Part of it from the first block handed out to the last one stored.
    work_seconds : float
        Core seconds spent inside the blocks this run computed.
    """

    store: Store
    engine: str
    computed: int
    found: int
    seconds: float
    computing_seconds: float = 0.0
    work_seconds: float = 0.0

    def dataset(self) -> xarray.Dataset:
        """Return the results."""
        return self.store.dataset()


def run(
    sweep: Sweep,
    url: str,
    *,
    cluster: str | None = None,
    workers: int | None = None,
    block_size: int | None = None,
    any_version: bool = False,
    repair: bool = False,
    progress: bool = False,
) -> Run:
    """Compute what a store lacks of a sweep.

    Parameters
    ----------
    sweep : Sweep
        What to compute.
    url : str
        Folder or URL of the store.
    cluster, workers
        See `genloss.sweeps.sweep`.
    block_size : int, optional
        Points per block of a new store; default: by their measured cost.
    any_version, repair, progress : bool
        See `genloss.sweeps.sweep`.
    """
    start = time.perf_counter()
    if workers is not None:
        workers = _check.integer("workers", workers, minimum=1)
    if block_size is not None:
        block_size = _check.integer("block_size", block_size, minimum=1)
    for name, value in (
        ("any_version", any_version),
        ("repair", repair),
        ("progress", progress),
    ):
        _check.boolean(name, value)
    engines.choose(cluster, workers, 0.0)  # a wrong name shows before any work
    store = open_store(url, sweep, any_version=any_version)
    if store is None:
        n_models = check_points(sweep)
        left, each = sweep.n_points, _cost(sweep, int(n_models.max()))
    else:
        receipts = _sound_receipts(store, repair=repair)
        left, each = _left(sweep, store, receipts)
        if not left:
            return Run(store, "", 0, len(store.blocks), time.perf_counter() - start)
    engine = engines.choose(cluster, workers, each * left)
    with engines.running(engine, workers) as n_workers, _bar(progress, sweep.n_points) as advance:
        if store is None:
            longest_plan = int(n_models.max())
            if block_size is None:
                numbers = len(sweep.routes) * longest_plan
                size = best_size(each, sweep.n_points, n_workers, numbers)
                blocks = Blocks.lasting(sweep.shape, size)
            else:
                blocks = Blocks.of_size(sweep.shape, block_size)
            create_store(url, sweep, blocks, n_models)
            store, receipts = open_store(url, sweep, any_version=any_version), {}
            assert store is not None
        advance(sweep.n_points - left)
        pending = [block for block in range(len(store.blocks)) if block not in receipts]
        begun = time.perf_counter()
        computed, work = _compute(sweep, store, pending, each, advance)
        computing = time.perf_counter() - begun
    found = len(store.blocks) - computed
    return Run(store, engine, computed, found, time.perf_counter() - start, computing, work)


def _left(sweep: Sweep, store: Store, receipts: dict[int, dict[str, Any]]) -> tuple[int, float]:
    """Return how many points a store lacks, and the seconds that each of them takes."""
    done = sum(store.blocks.n_points(block) for block in receipts)
    if done in (0, sweep.n_points):
        return sweep.n_points - done, 0.0 if done else _cost(sweep, store.n_models)
    seconds = sum(float(receipt["seconds"]) for receipt in receipts.values())
    return sweep.n_points - done, seconds / done


def _cost(sweep: Sweep, n_models: int) -> float:
    """Return the seconds that one point takes on one core."""
    few = min(sweep.trials, 16)
    theory, simulation = sweep.work.only_theory(), sweep.work.only_simulation(few)

    def measure(numbers: list[int]) -> float:
        points = [sweep.point(number) for number in numbers]
        seconds = answer(theory, points, n_models).seconds if sweep.theory else 0.0
        if sweep.trials:
            seconds += answer(simulation, points, n_models).seconds * sweep.trials / few
        return seconds

    return seconds_per_point(measure, sweep.n_points)


def _sound_receipts(store: Store, *, repair: bool) -> dict[int, dict[str, Any]]:
    """Return the receipts of blocks whose chunks are what was written."""
    receipts = store.receipts()
    layout, blocks = store.damage(receipts)
    if layout:
        raise StoreError(
            f"store {store.url!r} is damaged: {layout[0]} is not what genloss wrote"
            f"{_and_more(layout)}; coordinates and metadata cannot be computed again in place, "
            "choose another store"
        )
    if blocks and not repair:
        raise StoreError(
            f"store {store.url!r} is damaged: {next(iter(blocks.values()))} is not what genloss "
            f"wrote{_and_more(list(blocks))}; with repair, these blocks are computed again"
        )
    for block in blocks:
        store.forget(block)
        del receipts[block]
    return receipts


def _and_more(entries: Sequence[Any]) -> str:
    return f" (and {len(entries) - 1} more)" if len(entries) > 1 else ""


def _compute(
    sweep: Sweep, store: Store, pending: list[int], each: float, advance: Callable[[int], None]
) -> tuple[int, float]:
    """Compute blocks until the store has them all, whoever wrote them."""
    longest = each * max(store.blocks.n_points(block) for block in pending)
    claims = Claims(store.raw, patience=10.0 + 5 * longest)
    computed, work, losses = 0, 0.0, 0
    left = set(pending)
    try:
        while left:
            free = sorted(left - claims.others())
            if not free:
                time.sleep(POLL)
            before = computed
            try:
                with closing(_results(sweep, store, free, claims)) as results:
                    for block, answers in results:
                        _store_once(store, block, answers)
                        claims.drop(block)
                        computed, work = computed + 1, work + answers.seconds
                        left.discard(block)
                        advance(store.blocks.n_points(block))
            except engines.lost_workers() as error:
                losses = 1 if computed > before else losses + 1
                if losses >= LOSSES:
                    raise GenlossError(
                        f"workers were lost {losses} times without finishing a block "
                        f"({type(error).__name__}: {error}); what was stored is kept. Smaller "
                        "blocks or fewer workers need less memory"
                    ) from error
                claims.drop_all()
            for block in [block for block in left if store.has(block)]:  # by another process
                left.discard(block)
                advance(store.blocks.n_points(block))
    finally:
        claims.drop_all()
    claims.sweep_up()
    return computed, work


def _store_once(store: Store, block: int, answers: Answers) -> None:
    if answers.version != __version__:
        raise GenlossError(
            f"a worker runs genloss {answers.version}, this is {__version__}; install the same "
            "version on all machines"
        )
    if not store.has(block):
        store.write(block, answers)


def _results(
    sweep: Sweep, store: Store, blocks: Sequence[int], claims: Claims
) -> Generator[tuple[int, Answers]]:
    """Yield the answers of blocks as they come, from whatever backend joblib has."""
    from joblib import Parallel, delayed
    from joblib.parallel import SequentialBackend, get_active_backend

    backend, _ = get_active_backend()
    streams = backend.supports_return_generator or isinstance(backend, SequentialBackend)
    # backends that answer only when all is done get a few blocks per worker at a time
    n_jobs = max(1, backend.effective_n_jobs(-1))
    size = len(blocks) if streams else ROUND * n_jobs
    for start in range(0, len(blocks), max(1, size)):
        parallel = Parallel(return_as="generator_unordered" if streams else "list", batch_size=1)
        tasks = _tasks(sweep, store, blocks[start : start + size], claims)
        yield from parallel(delayed(_block)(task) for task in tasks)


def _tasks(sweep: Sweep, store: Store, blocks: Sequence[int], claims: Claims) -> Iterator[Task]:
    """Claim blocks when it is their turn, leaving out what others have or are at."""
    for block in blocks:
        if store.has(block) or claims.other(block):
            continue
        claims.take(block)
        yield block, sweep.work, sweep.part(store.blocks.region(block)), store.n_models


def _block(task: Task) -> tuple[int, Answers]:
    # one tuple, because joblib's Dask backend scatters larger objects, and those can be lost
    block, work, part, n_models = task
    return block, answer(work, part, n_models)


def _bar(show: bool, total: int) -> AbstractContextManager[Callable[[int], None]]:
    if not show:
        return nullcontext(lambda _: None)
    from genloss.report import progress_bar

    return progress_bar("sweeping", total)
