"""Engines: one code path through joblib, whatever computes, and whatever dies meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from joblib import Parallel, delayed, parallel_config

import genloss as gl
from genloss.errors import InvalidInputError
from genloss.sweeps import engines
from genloss.sweeps.design import Sweep
from genloss.sweeps.runs import run

PROBLEM = {"preset": "isotropic", "dim": 12}
PLAN = {"preset": "replace", "generations": 3, "n_samples": 40, "noise": 0.5}
GRID = {"plan.penalty": [0.01, 0.1, 1.0], "plan.noise": [0.1, 0.2, 0.3, 0.4]}
SMALL = Sweep.of(PROBLEM, PLAN, GRID, trials=8, seed=1)

SLOW_GRID = {"plan.penalty": {"log": [1e-3, 1.0, 6]}, "plan.noise": {"linear": [0.1, 1.0, 6]}}
SLOW = Sweep.of(
    PROBLEM | {"dim": 60},
    PLAN | {"n_samples": 150},
    SLOW_GRID,
    trials=48,
    method="literal",
    seed=1,
)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    store = tmp_path_factory.mktemp("serial") / "s"
    return run(SMALL, str(store), cluster="serial", block_size=4).dataset()


def test_processes_give_the_same_numbers(tmp_path, expected):
    done = run(SMALL, str(tmp_path / "s"), cluster="processes", workers=2, block_size=4)
    assert (done.engine, done.computed) == ("processes", 3)
    xr.testing.assert_equal(done.dataset().drop_attrs(), expected.drop_attrs())


def test_an_enclosing_parallel_config_is_obeyed(tmp_path, expected):
    used = []

    class Counting(type(_threading_backend())):
        def submit(self, func, callback=None):
            used.append(1)
            return super().submit(func, callback)

    with parallel_config(Counting(), n_jobs=2):
        done = run(SMALL, str(tmp_path / "s"), block_size=4)
    assert done.engine == "joblib"
    assert len(used) == 3
    xr.testing.assert_equal(done.dataset().drop_attrs(), expected.drop_attrs())


def test_a_backend_that_answers_only_at_the_end_gets_rounds(tmp_path, expected, monkeypatch):
    class AllAtOnce(type(_threading_backend())):  # as Ray's, which is one of multiprocessing
        supports_return_generator = False

    monkeypatch.setattr("genloss.sweeps.runs.ROUND", 1)
    with parallel_config(AllAtOnce(), n_jobs=2):
        done = run(SMALL, str(tmp_path / "s"), block_size=4)
    assert done.computed == 3
    xr.testing.assert_equal(done.dataset().drop_attrs(), expected.drop_attrs())


@pytest.mark.parametrize("cluster", ["ray", "ray://head:10001"])
def test_ray_is_joined_and_left(tmp_path, expected, monkeypatch, cluster):
    """Ray's own backend is one of multiprocessing; here threads stand in for its actors."""
    from types import ModuleType

    from joblib import register_parallel_backend

    said = []

    class Actors(type(_threading_backend())):
        supports_return_generator = False

        def effective_n_jobs(self, n_jobs):
            return max(2, n_jobs)

    ray, util, bridge = (ModuleType(name) for name in ("ray", "ray.util", "ray.util.joblib"))
    ray.is_initialized = lambda: False
    ray.init = lambda **options: said.append(options["address"])
    ray.shutdown = lambda: said.append("left")
    bridge.register_ray = lambda: register_parallel_backend("ray", Actors)
    for module in (ray, util, bridge):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    done = run(SMALL, str(tmp_path / "s"), cluster=cluster, block_size=4)
    assert said == [None if cluster == "ray" else cluster, "left"]
    assert (done.engine, done.computed) == (cluster, 3)
    xr.testing.assert_equal(done.dataset().drop_attrs(), expected.drop_attrs())


def _threading_backend():
    from joblib.parallel import get_active_backend

    with parallel_config("threading", n_jobs=2):
        return get_active_backend()[0]


def test_the_engine_is_what_is_asked_for_or_already_there(monkeypatch):
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    assert engines.choose(None, 2, 1000.0) == "processes"
    assert engines.choose(None, 1, 1000.0) == "serial"
    assert engines.choose(None, 2, 0.1) == "serial"
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://host:8786")
    assert engines.choose(None, 2, 0.1) == "tcp://host:8786"
    assert engines.choose("serial", 2, 0.1) == "serial"
    with parallel_config("threading", n_jobs=2):
        assert engines.choose(None, 2, 1000.0) == "joblib"


def test_a_scheduler_that_does_not_answer(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "CONNECT", 0.3)
    with pytest.raises(InvalidInputError, match="no Dask scheduler answers there"):
        run(SMALL, str(tmp_path / "s"), cluster="tcp://127.0.0.1:9")
    assert not list(tmp_path.iterdir())


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


def receipts(store: Path) -> int:
    return len(list(store.glob("receipts/0*.json")))


@contextmanager
def once_stored(store, count, act):
    """Do something as soon as a store has some blocks."""

    def watch():
        while receipts(store) < count and not over.is_set():
            time.sleep(0.01)
        if not over.is_set():
            seen.append(act())

    over, seen = threading.Event(), []
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def children():
    """Worker processes of loky below this one."""
    import psutil

    return [
        process.pid
        for process in psutil.Process().children(recursive=True)
        if "loky" in " ".join(process.cmdline())
        and "resource_tracker" not in str(process.cmdline())
    ]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kills with a signal")
def test_a_killed_process_costs_no_result(tmp_path):
    from joblib.externals.loky import get_reusable_executor

    store = tmp_path / "s"
    try:
        with once_stored(store, 4, lambda: os.kill(children()[0], signal.SIGKILL)) as killed:
            done = run(SLOW, str(store), cluster="processes", workers=2, block_size=1)
        assert killed == [None]
        assert done.computed == 36
    finally:
        get_reusable_executor().shutdown(wait=True)
    assert np.isfinite(done.dataset().risk).all()


def test_workers_that_always_die_end_the_sweep(tmp_path, monkeypatch):
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    tried = []

    def dies(*_):
        tried.append(1)
        raise TerminatedWorkerError("killed by the memory")
        yield

    monkeypatch.setattr("genloss.sweeps.runs._results", dies)
    with pytest.raises(gl.GenlossError, match="workers were lost 3 times without finishing"):
        run(SMALL, str(tmp_path / "s"), cluster="serial")
    assert len(tried) == 3


def test_workers_of_another_version_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("genloss.sweeps.runs.__version__", "9.9")
    with pytest.raises(gl.GenlossError, match=r"a worker runs genloss .*, this is 9.9"):
        run(SMALL, str(tmp_path / "s"), cluster="serial")
    assert receipts(tmp_path / "s") == 0


@contextmanager
def dask_cluster(folder):
    """A scheduler and two workers, each a process of its own as a cluster would start them."""
    address_file = folder / "scheduler.json"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}

    def command(what, *options):
        return subprocess.Popen(
            [sys.executable, "-m", "distributed.cli." + what, *options],
            env=environment,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    with ExitStack() as stack:

        def keep(process):
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        where = ["--scheduler-file", str(address_file), "--host", "127.0.0.1", "--no-dashboard"]
        keep(command("dask_scheduler", *where, "--port", "0", "--no-show"))
        workers = [
            keep(command("dask_worker", *where, "--nthreads", "1", "--no-nanny")) for _ in range(2)
        ]
        for _ in range(600):
            if address_file.exists():
                break
            time.sleep(0.1)
        address = json.loads(address_file.read_text())["address"]
        from distributed import Client

        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield address, workers


@pytest.mark.slow
def test_a_dask_cluster_by_address_survives_the_loss_of_a_worker(tmp_path, monkeypatch):
    serial = run(SLOW, str(tmp_path / "serial"), cluster="serial", block_size=1).dataset()
    store = tmp_path / "store.zarr"
    with dask_cluster(tmp_path) as (address, workers):
        with once_stored(store, 6, workers[0].kill) as killed:
            done = run(SLOW, str(store), cluster=address, block_size=1)
        assert killed == [None]
        assert workers[0].poll() == -signal.SIGKILL
        assert workers[1].poll() is None
        assert (done.engine, done.computed) == (address, 36)
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
        other = run(SMALL, str(tmp_path / "other.zarr"), block_size=4)
        assert (other.engine, other.computed) == (address, 3)
    xr.testing.assert_equal(done.dataset().drop_attrs(), serial.drop_attrs())
    assert not list(store.glob("receipts/*.claim"))


@pytest.mark.slow
def test_tasks_that_dask_gives_up_are_reported(tmp_path):
    import dask
    from distributed import Client, KilledWorker, LocalCluster

    from genloss.sweeps.dask import backend

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=60
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
        parallel_config(backend(client), n_jobs=-1),
        pytest.raises(KilledWorker),
    ):
        list(Parallel(return_as="generator_unordered")([delayed(os._exit)(1)]))


@pytest.mark.slow
def test_a_local_cluster_when_asked(tmp_path, expected):
    done = run(SMALL, str(tmp_path / "s"), cluster="local", workers=2, block_size=4)
    assert (done.engine, done.computed) == ("local", 3)
    xr.testing.assert_equal(done.dataset().drop_attrs(), expected.drop_attrs())
