"""Processes, executors and schedulers: the same numbers."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import BrokenExecutor, CancelledError, Future, ThreadPoolExecutor
from multiprocessing.pool import ThreadPool

import pytest
import xarray as xr

import genloss as gl
from genloss.errors import InvalidInputError
from genloss.sweeps.design import Sweep
from genloss.sweeps.runs import run
from genloss.workers import (
    SchedulerLost,
    Workers,
    WorkersLost,
    choose,
    engines,
    finished,
    in_order,
    running,
)
from genloss.workers.engines import Serial

PROBLEM = {"preset": "isotropic", "dim": 12}
PLAN = {"preset": "replace", "generations": 3, "n_samples": 40, "noise": 0.5}
GRID = {"plan.penalty": [0.01, 0.1, 1.0], "plan.noise": [0.1, 0.2, 0.3, 0.4]}
SMALL = Sweep.of(PROBLEM, PLAN, GRID, trials=8, seed=1)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    store = tmp_path_factory.mktemp("serial") / "s"
    return run(SMALL, str(store), cluster="serial", block_size=4).dataset()


def test_processes_give_the_same_numbers(tmp_path, expected):
    done = run(SMALL, str(tmp_path / "s"), cluster="processes", workers=2, block_size=4)
    assert (done.engine, done.computed) == ("processes", 3)
    xr.testing.assert_equal(done.dataset().drop_attrs(), expected.drop_attrs())


def test_an_executor_of_your_own(tmp_path, expected):
    with ThreadPoolExecutor(2) as mine:
        done = run(SMALL, str(tmp_path / "s"), cluster=mine, block_size=4)
        assert (done.engine, done.computed) == ("ThreadPoolExecutor", 3)
        assert mine.submit(abs, -1).result() == 1  # it stays open
    xr.testing.assert_equal(done.dataset().drop_attrs(), expected.drop_attrs())


@pytest.mark.parametrize("cluster", ["ray", "ray://head:10001"])
def test_ray_is_joined_and_left(tmp_path, expected, monkeypatch, cluster):
    """Ray's own pool has the interface of multiprocessing; here threads stand in for its actors."""
    from types import ModuleType, SimpleNamespace

    said = []
    ray, util, pool = (ModuleType(name) for name in ("ray", "ray.util", "ray.util.multiprocessing"))
    ray.is_initialized = lambda: False
    ray.init = lambda **options: said.append(options["address"])
    ray.shutdown = lambda: said.append("left")
    ray.cluster_resources = lambda: {"CPU": 2.0}
    ray.exceptions = SimpleNamespace(
        RayActorError=type("RayActorError", (Exception,), {}),
        WorkerCrashedError=type("WorkerCrashedError", (Exception,), {}),
        RaySystemError=type("RaySystemError", (Exception,), {}),
    )
    pool.Pool = lambda: ThreadPool(2)
    for module in (ray, util, pool):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    done = run(SMALL, str(tmp_path / "s"), cluster=cluster, block_size=4)
    assert said == [None if cluster == "ray" else cluster, "left"]
    assert (done.engine, done.computed) == (cluster, 3)
    xr.testing.assert_equal(done.dataset().drop_attrs(), expected.drop_attrs())
    with (
        running(cluster, None) as workers,
        pytest.raises(ZeroDivisionError),
    ):
        list(finished(workers, (1).__truediv__, [0]))


def test_the_engine_is_what_is_asked_for_or_already_there(monkeypatch):
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    assert choose(None, 2, 1000.0) == "processes"
    assert choose(None, 1, 1000.0) == "serial"
    assert choose(None, 2, 0.1) == "serial"
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://host:8786")
    assert choose(None, 2, 0.1) == "tcp://host:8786"
    assert choose("serial", 2, 0.1) == "serial"


def crew(executor, size=2, **options):
    return Workers(executor, "mine", lambda: size, **options)


def test_tasks_are_drawn_when_they_are_handed_out():
    drawn = []

    def tasks():
        for number in range(6):
            drawn.append(number)
            yield number

    results = in_order(crew(Serial(), size=1, ahead=1), abs, tasks())
    assert next(results) == 0
    assert drawn == [0]
    assert list(results) == [1, 2, 3, 4, 5]
    with ThreadPoolExecutor(2) as executor:
        assert sorted(finished(crew(executor), abs, range(-9, 0))) == list(range(1, 10))
        assert list(in_order(crew(executor), abs, range(-9, 0))) == list(range(9, 0, -1))
    assert list(finished(crew(Serial()), abs, [])) == []


def test_what_happens_to_workers_has_one_name():
    class Failing(Serial):
        def __init__(self, error):
            self.error = error

        def submit(self, *_):
            future = Future()
            future.set_exception(self.error)
            return future

    for drawn in (finished, in_order):
        with pytest.raises(WorkersLost, match="workers died .BrokenExecutor: memory"):
            list(drawn(crew(Failing(BrokenExecutor("memory"))), abs, [1]))
        with pytest.raises(SchedulerLost, match="the scheduler of cluster 'mine' is gone"):
            list(drawn(crew(Failing(CancelledError())), abs, [1]))
        with pytest.raises(KeyError):
            list(drawn(crew(Failing(KeyError())), abs, [1]))


def test_tasks_nobody_waits_for_are_taken_back():
    go, begun = threading.Event(), []

    def work(number):
        begun.append(number)
        if number:
            go.wait(600)
        return number

    with ThreadPoolExecutor(1) as executor:
        results = finished(crew(executor, size=3), work, range(6))
        assert next(results) == 0
        results.close()
        go.set()
    assert begun in ([0], [0, 1])


def test_a_scheduler_that_does_not_answer(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "CONNECT", 0.3)
    with pytest.raises(InvalidInputError, match="no Dask scheduler answers there"):
        run(SMALL, str(tmp_path / "s"), cluster="tcp://127.0.0.1:9")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_missing_engine_is_named(tmp_path, monkeypatch):
    real = __import__("importlib.util").util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda name, *rest: None if name == "distributed" else real(name, *rest),
    )
    monkeypatch.setitem(sys.modules, "ray", None)
    for cluster, cure in (
        ("tcp://h:1", r"genloss\[cluster\]"),
        ("local", r"genloss\[cluster\]"),
        ("ray", "pip install ray"),
    ):
        with pytest.raises(gl.MissingDependencyError, match=cure):
            run(SMALL, str(tmp_path / "s"), cluster=cluster)


@pytest.mark.slow
def test_a_local_cluster_when_asked(tmp_path, expected):
    done = run(SMALL, str(tmp_path / "s"), cluster="local", workers=2, block_size=4)
    assert (done.engine, done.computed) == ("local", 3)
    xr.testing.assert_equal(done.dataset().drop_attrs(), expected.drop_attrs())
