"""Run a sweep: open or make its store, compute what it lacks, write every block as it comes.

Runs that share a store need no locks: a block is one file that is renamed into its place, so that
one which two of them computed is there once. Each takes the blocks in an order of its own, which
makes that rare.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from genloss import _check
from genloss._needs import need
from genloss._version import __version__
from genloss.errors import GenlossError
from genloss.sweeps.blocks import Blocks, best_size, seconds_per_point
from genloss.sweeps.design import Sweep, check_points
from genloss.sweeps.places import Place
from genloss.sweeps.points import Answers, Part, Work, answer
from genloss.sweeps.store import Store, open_store
from genloss.workers import SchedulerLost, Workers, WorkersLost, choose, finished, running

if TYPE_CHECKING:
    import xarray

LOSSES = 3
"""Times in a row that workers may be lost without a block being finished."""

LONG = 3.0
"""Seconds from which it is worth a line how long a sweep will take."""

Task = tuple[int, Work, Part, int]


@dataclass(frozen=True, eq=False)
class Run:
    """What a run of a sweep did.

    Attributes
    ----------
    store : Store
        Where the results are; ``store.dataset()`` reads them.
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
    cluster: str | Executor | None = None,
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

    Raises
    ------
    MissingDependencyError
        If what writes and reads a store is not installed; nothing was made then.
    """
    start = time.perf_counter()
    need("sweep", "pyarrow", "xarray")
    if workers is not None:
        workers = _check.integer("workers", workers, minimum=1)
    if block_size is not None:
        block_size = _check.integer("block_size", block_size, minimum=1)
    for name, value in (("any_version", any_version), ("repair", repair), ("progress", progress)):
        _check.boolean(name, value)
    choose(cluster, workers, 0.0)  # a wrong name shows before any work
    place = Place.of(url)
    store = open_store(place, sweep, any_version=any_version)
    if store is None:
        n_models = int(check_points(sweep).max())
        done: dict[int, float] = {}
        left, each = sweep.n_points, _cost(sweep, n_models)
    else:
        n_models = store.layout.n_models
        done = store.seconds(repair=repair)
        left = sweep.n_points - sum(map(store.blocks.n_points, done))
        if not left:
            place.tidy()
            return Run(store, "", 0, len(done), time.perf_counter() - start)
        place.check_writable()
        each = sum(done.values()) / (sweep.n_points - left) if done else _cost(sweep, n_models)
    engine, losses, told = choose(cluster, workers, each * left), 0, not progress
    with _bar(progress, sweep.n_points) as advance:
        advance(sweep.n_points - left)
        tally = Tally(advance)
        while True:
            before = tally.computed
            try:
                with running(engine, workers) as crew:
                    if not told:
                        _announce(left, each, crew.size())
                        told = True
                    store = store or _created(place, sweep, n_models, each, block_size, crew)
                    _fill(store, sweep, crew, tally)
                break
            except WorkersLost as error:
                losses = 1 if tally.computed > before else losses + 1
                if losses < LOSSES and not isinstance(error, SchedulerLost):
                    continue
                times = "" if losses < LOSSES else f" {LOSSES} times without finishing a block"
                raise GenlossError(
                    f"{error}{times}; what was stored is kept, and the same call goes on from there. "
                    "Smaller blocks or fewer workers need less memory"
                ) from error
    place.tidy()
    found = len(store.blocks) - tally.computed
    took = time.perf_counter() - start
    return Run(store, crew.name, tally.computed, found, took, tally.seconds, tally.work)


@dataclass
class Tally:
    """What was computed so far: blocks, the seconds it took, and core seconds inside them."""

    advance: Callable[[int], None]
    computed: int = 0
    seconds: float = 0.0
    work: float = 0.0


def _created(
    place: Place,
    sweep: Sweep,
    n_models: int,
    each: float,
    block_size: int | None,
    crew: Workers,
) -> Store:
    """Make the store, cut by the cost of a point where no size is asked for."""
    if block_size is not None:
        blocks = Blocks.of_size(sweep.shape, block_size)
    else:
        numbers = len(sweep.routes) * n_models
        size = best_size(each, sweep.n_points, crew.size(), numbers)
        blocks = Blocks.lasting(sweep.shape, size)
    return Store.create(place, sweep, blocks, n_models)


def _fill(store: Store, sweep: Sweep, crew: Workers, tally: Tally) -> None:
    """Compute the blocks that a store lacks."""
    begun = time.perf_counter()
    missing = [block for block in range(len(store.blocks)) if block not in store.found()]
    random.Random().shuffle(missing)
    try:
        with closing(finished(crew, _block, _tasks(store, sweep, missing))) as results:
            for block, part, answers in results:
                _check_version(answers)
                if not store.has(block):
                    store.write(block, part, answers)
                tally.computed += 1
                tally.work += answers.seconds
                tally.advance(store.blocks.n_points(block))
    finally:
        tally.seconds += time.perf_counter() - begun


def _tasks(store: Store, sweep: Sweep, blocks: list[int]) -> Iterator[Task]:
    """Yield blocks when it is their turn, leaving out what others have stored meanwhile."""
    for block in blocks:
        if not store.has(block):
            yield block, sweep.work, sweep.part(store.blocks.region(block)), store.layout.n_models


def _block(task: Task) -> tuple[int, Part, Answers]:
    block, work, part, n_models = task
    return block, part, answer(work, part, n_models)


def _check_version(answers: Answers) -> None:
    if answers.version != __version__:
        raise GenlossError(
            f"a worker runs genloss {answers.version}, this is {__version__}; install the same "
            "version on all machines"
        )


def _cost(sweep: Sweep, n_models: int) -> float:
    """Return the seconds that one point takes on one core."""
    work, few = sweep.work, min(sweep.work.trials, 16)
    theory, simulation = work.only_theory(), work.only_simulation(few)

    def measure(numbers: list[int]) -> float:
        points = [sweep.point(number) for number in numbers]
        seconds = answer(theory, points, n_models).seconds if work.theory else 0.0
        if work.trials:
            seconds += answer(simulation, points, n_models).seconds * work.trials / few
        return seconds

    return seconds_per_point(measure, sweep.n_points)


def _announce(points: int, each: float, workers: int) -> None:
    """Say on standard error how long it will take, by what points cost so far, if that is a while."""
    seconds = each * points / workers
    if seconds >= LONG:
        from genloss._progress import lasting

        on = "one worker" if workers == 1 else f"{workers} workers"
        print(
            f"genloss: {points:,} points take about {lasting(seconds)} on {on}",
            file=sys.stderr,
            flush=True,
        )


def _bar(show: bool, total: int) -> AbstractContextManager[Callable[[int], None]]:
    if not show:
        return nullcontext(lambda _: None)
    from genloss._progress import progress_bar

    return progress_bar("sweeping", total)
