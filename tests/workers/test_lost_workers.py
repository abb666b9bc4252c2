"""What is lost with a worker that is killed: nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import xarray as xr

import genloss as gl
from genloss.sweeps import load_results
from genloss.sweeps.design import Sweep
from genloss.sweeps.runs import run
from genloss.sweeps.store import Store
from genloss.workers import (
    WorkersLost,
    finished,
    mapped,
    running,
)

PROBLEM = {"preset": "isotropic", "dim": 12}
PLAN = {"preset": "replace", "generations": 3, "n_samples": 40, "noise": 0.5}
GRID = {"plan.penalty": [0.01, 0.1, 1.0], "plan.noise": [0.1, 0.2, 0.3, 0.4]}
SMALL = Sweep.of(PROBLEM, PLAN, GRID, trials=8, seed=1)

SLOW_GRID = {"plan.penalty": {"log": [1e-3, 1.0, 6]}, "plan.noise": {"linear": [0.1, 1.0, 6]}}
SLOW = Sweep.of(
    PROBLEM | {"dim": 60},
    PLAN | {"n_samples": 150},
    SLOW_GRID,
    trials=16,
    method="literal",
    seed=1,
)


def stored(store: Path) -> int:
    return len(list(store.glob("blocks/*.parquet")))


def lives(pid):
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def once_written(monkeypatch, count, act):
    """Do something as soon as this process has written some blocks."""

    def written(*arguments):
        write(*arguments)
        blocks.append(True)
        if len(blocks) == count:
            act()

    write, blocks = Store.write, []
    monkeypatch.setattr(Store, "write", written)


def children(parent=None):
    """Worker processes of loky below one, by default this one."""
    import psutil

    return [
        process.pid
        for process in psutil.Process(parent).children(recursive=True)
        if "loky" in " ".join(process.cmdline())
        and "resource_tracker" not in str(process.cmdline())
    ]


@pytest.mark.slow
def test_a_killed_process_costs_no_result(tmp_path, slow, monkeypatch):
    store, killed = tmp_path / "s", []

    def kill():
        killed.append(children()[0])
        os.kill(killed[0], signal.SIGKILL)

    once_written(monkeypatch, 4, kill)
    done = run(SLOW, str(store), cluster="processes", workers=2, block_size=1)
    assert len(killed) == 1
    assert (done.engine, stored(store)) == ("processes", 36)
    assert not children()
    xr.testing.assert_equal(done.dataset().drop_attrs(), slow.drop_attrs())
    assert sorted(path.name for path in store.iterdir()) == ["_sweep.json", "blocks"]


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    store = tmp_path_factory.mktemp("slow") / "s"
    return run(SLOW, str(store), cluster="serial", block_size=1).dataset()


WRITES = """
import os, signal, sys
from genloss.sweeps.store import Store
write, blocks = Store.write, []
def written(*arguments):
    write(*arguments)
    blocks.append(True)
    act(len(blocks))
Store.write = written
"""
RUN_SLOW = f"""{WRITES}
from genloss.cli.signals import orderly
from genloss.sweeps.design import Sweep
from genloss.sweeps.runs import run
def act(count):
    if count == 3:
        print("three", flush=True)
    if count == 12:
        signal.pause()  # never ends by itself
if __name__ == "__main__":
    what = Sweep.of(
        {PROBLEM | {"dim": 60}}, {PLAN | {"n_samples": 150}}, {SLOW_GRID}, trials=16,
        method="literal", seed=1,
    )
    with orderly() as received:
        try:
            run(what, sys.argv[1], cluster="processes", workers=2, block_size=1)
        except KeyboardInterrupt:
            sys.exit(128 + received[0])
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kills with a signal")
@pytest.mark.parametrize(
    ("kill", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)]
)
def test_nothing_outlives_a_sweep(tmp_path, slow, kill, code):
    """Who reads its output sees the end of it: no worker holds it open."""
    store = tmp_path / "s"
    process = subprocess.Popen(
        [sys.executable, "-c", RUN_SLOW, str(store)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline() == "three\n"
    workers = children(process.pid)
    assert len(workers) == 2
    if kill == signal.SIGINT:
        os.killpg(process.pid, kill)  # as a terminal does
    else:
        process.send_signal(kill)
    _, errors = process.communicate(timeout=600)
    assert process.returncode == code
    if kill != signal.SIGKILL:
        assert errors == ""  # workers have nothing to say
        assert not list(store.glob("*.new"))
    while any(map(lives, workers)):  # they have closed its output, and are about to end
        time.sleep(0.01)
    kept = stored(store)
    done = run(SLOW, str(store), cluster="serial")
    assert (done.computed, done.found) == (36 - kept, kept)
    xr.testing.assert_equal(done.dataset().drop_attrs(), slow.drop_attrs())
    assert sorted(path.name for path in store.iterdir()) == ["_sweep.json", "blocks"]


@pytest.mark.slow
def test_tasks_that_wait_do_not_keep_processes_alive():
    """Many more are handed out than the workers' queue holds; the end must not wait for them."""
    script = """
from dataclasses import replace
from time import sleep
from genloss.workers import finished, running
if __name__ == "__main__":
    with running("processes", 1) as workers:
        for _ in finished(replace(workers, ahead=40), sleep, [0.0] + [100.0] * 39):
            raise SystemExit(3)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=600).returncode == 3


def test_workers_that_always_die_end_the_sweep(tmp_path, monkeypatch):
    tried = []

    def dies(*_):
        tried.append(1)
        raise BrokenExecutor("killed by the memory")

    monkeypatch.setattr("genloss.sweeps.runs._block", dies)
    with pytest.raises(gl.GenlossError, match="3 times without finishing a block; what was stored"):
        run(SMALL, str(tmp_path / "s"), cluster="serial")
    assert len(tried) == 3


def test_workers_of_another_version_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("genloss.sweeps.runs.__version__", "9.9")
    with pytest.raises(gl.GenlossError, match=r"a worker runs genloss .*, this is 9.9"):
        run(SMALL, str(tmp_path / "s"), cluster="serial")
    assert stored(tmp_path / "s") == 0


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
        scheduler = keep(command("dask_scheduler", *where, "--port", "0", "--no-show"))
        workers = [
            keep(command("dask_worker", *where, "--nthreads", "1", "--no-nanny")) for _ in range(2)
        ]
        address = ""
        while not address:
            assert scheduler.poll() is None
            time.sleep(0.1)
            with suppress(FileNotFoundError, json.JSONDecodeError):  # not there, or half
                address = json.loads(address_file.read_text())["address"]
        from distributed import Client

        with Client(address, set_as_default=False, timeout=300) as client:
            client.wait_for_workers(2, timeout=300)
        yield address, scheduler, workers


@pytest.mark.slow
def test_a_dask_cluster_by_address_survives_the_loss_of_a_worker(tmp_path, monkeypatch, slow):
    store = tmp_path / "store"
    with dask_cluster(tmp_path) as (address, _, workers):
        once_written(monkeypatch, 6, workers[0].kill)
        done = run(SLOW, str(store), cluster=address, block_size=1)
        assert workers[0].wait(600) == -signal.SIGKILL
        assert workers[1].poll() is None
        assert (done.engine, done.computed) == (address, 36)
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
        other = run(SMALL, str(tmp_path / "other"), block_size=4)
        assert (other.engine, other.computed) == (address, 3)
        assert list(mapped(abs, [-1, 2])) == [1, 2]
    xr.testing.assert_equal(done.dataset().drop_attrs(), slow.drop_attrs())
    assert sorted(path.name for path in store.iterdir()) == ["_sweep.json", "blocks"]


KILLS = f"""{WRITES}
from genloss.cli import main
def act(count):
    if count == 6:
        os.kill(int(sys.argv[1]), signal.SIGKILL)
main(sys.argv[2:])
"""


@pytest.mark.slow
def test_how_many_workers_there_are_nobody_says_where_the_scheduler_died(tmp_path):
    with dask_cluster(tmp_path) as (address, scheduler, _), running(address, None) as workers:
        assert workers.size() in (1, 2)
        scheduler.kill()
        scheduler.wait(60)
        with pytest.raises(workers.gone):
            workers.size()


@pytest.mark.slow
def test_a_scheduler_that_dies_is_said_in_a_sentence(tmp_path, slow, genloss, monkeypatch):
    """The command ends with exit code 2 and without a traceback, and goes on when it is called again."""
    (tmp_path / "a.toml").write_text(
        """
        problem = {preset = "isotropic", dim = 60}
        plan = {preset = "replace", generations = 3, n_samples = 150, noise = 0.5}
        [grid]
        "plan.penalty" = {log = [1e-3, 1.0, 6]}
        "plan.noise" = {linear = [0.1, 1.0, 6]}
        [sweep]
        trials = 16
        method = "literal"
        seed = 1
        block_size = 1
        """
    )
    command = ["sweep", "a.toml", "--store", "s", "--cluster"]
    with dask_cluster(tmp_path) as (address, scheduler, _):
        ended = subprocess.run(
            [sys.executable, "-c", KILLS, str(scheduler.pid), *command, address],
            check=False,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert scheduler.wait(600) == -signal.SIGKILL
    assert ended.returncode == 2
    *progress, said = ended.stderr.splitlines()  # the former where the machine is busy
    assert said.startswith(f"genloss: the scheduler of cluster {address!r} is gone")
    assert [line for line in progress if not line.startswith("genloss: sweeping, ")] == []
    assert 6 <= (kept := stored(tmp_path / "s")) < 36
    monkeypatch.chdir(tmp_path)
    code, said, _ = genloss(*command, "serial")
    assert code == 0
    assert f"{36 - kept} blocks computed" in said
    xr.testing.assert_equal(load_results(tmp_path / "s").drop_attrs(), slow.drop_attrs())


@pytest.mark.slow
def test_tasks_that_dask_gives_up_are_reported():
    import dask

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        running("local", 2) as workers,
        pytest.raises(WorkersLost, match="KilledWorker"),
    ):
        list(finished(workers, os._exit, [1]))
