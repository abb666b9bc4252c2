"""Stores of sweeps: made, killed, shared."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import xarray as xr
from stores import ARGUMENTS, PLAN, PROBLEM, blocks, content, serial

import genloss as gl
from genloss.errors import InvalidInputError
from genloss.sweeps import StoreError, export, load_results, load_sweep
from genloss.sweeps.blocks import Blocks
from genloss.sweeps.design import Sweep
from genloss.sweeps.places import Place
from genloss.sweeps.runs import run
from genloss.sweeps.store import Store

# 24 blocks, each some 30 ms
SLOW = {
    "problem": PROBLEM | {"dim": 60},
    "plan": PLAN | {"generations": 5, "n_samples": 150},
    "grid": {"plan.penalty": {"log": [1e-3, 1.0, 6]}, "plan.noise": {"linear": [0.1, 1.0, 4]}},
    "trials": 16,
    "method": "literal",
}
RUN_SLOW = f"""
import os, signal, sys
from genloss.sweeps import runs
from genloss.sweeps.design import Sweep
block, begun = runs._block, []
def caught(task):  # at work on a block, after as many as are asked for
    if len(begun) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGSTOP)
    begun.append(task)
    return block(task)
runs._block = caught
done = runs.run(Sweep.of(**{SLOW!r}), sys.argv[1], cluster="serial", block_size=1)
print(done.computed, done.found)
"""


def start(store, stops_after=-1):
    command = [sys.executable, "-c", RUN_SLOW, str(store), str(stops_after)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def wait_until_it_stops(process):
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)


def finish(process):
    out, _ = process.communicate(timeout=600)
    assert process.returncode == 0
    return tuple(int(number) for number in out.split())


def wait_for(store, count, process):
    works = True
    while len(blocks(store)) < count:
        assert works
        time.sleep(0.01)
        works = process.poll() is None


def assert_whole(store, whole):
    """Every block is there, nothing else is, and the numbers are those of an undisturbed run."""
    assert sorted(path.name for path in store.iterdir()) == ["_sweep.json", "blocks"]
    assert len(list((store / "blocks").iterdir())) == 24
    found, expected = load_results(store), load_results(whole)
    xr.testing.assert_identical(found.drop_attrs(), expected.drop_attrs())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    store = tmp_path_factory.mktemp("whole") / "whole.sweep"
    run(Sweep.of(**SLOW), str(store), cluster="serial", block_size=1)
    return store


@pytest.mark.slow
def test_a_killed_sweep_goes_on_where_it_stopped(tmp_path, whole):
    store = tmp_path / "killed.sweep"
    process = start(store, stops_after=5)
    wait_until_it_stops(process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = content(store / "blocks")
    assert len(before) == 5
    (store / "_0123.new").write_bytes(b"half a block")  # as a kill at the right moment leaves it
    assert finish(start(store)) == (19, 5)
    after = content(store / "blocks")
    assert all(after[key] == before[key] for key in before)  # not even written again
    assert_whole(store, whole)


@pytest.mark.slow
def test_a_sweep_killed_at_random_moments_loses_nothing(tmp_path, whole):
    """Killed while it imports, makes the store, computes, writes: whatever is there stays."""
    rng, interrupted, number = np.random.default_rng(0), 0, 0
    while interrupted < 12:
        number += 1
        store, kept = tmp_path / f"killed{number}.sweep", {}
        while len(kept) < 24:
            process = start(store)
            early = rng.random() < 0.3
            if not early:  # most of the time is spent on imports, where there is nothing to lose
                wait_for(store, min(len(kept) + 4, 24), process)
            time.sleep(rng.uniform(0.0, 2.0 if early else 0.1))
            process.send_signal(signal.SIGKILL)
            process.communicate()
            interrupted += 1
            after = content(store / "blocks")
            assert all(after[key] == kept[key] for key in kept)  # not even written again
            kept = after
        assert finish(start(store)) == (0, 24)
        assert_whole(store, whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        f"killed{i}.sweep" for i in range(1, number + 1)
    )


@pytest.mark.slow
def test_two_processes_share_a_store(tmp_path, whole):
    store = tmp_path / "shared.sweep"
    first = start(store, stops_after=3)
    wait_until_it_stops(first)  # so that both take part however busy the machine is
    second = start(store)
    wait_for(store, 6, second)
    first.send_signal(signal.SIGCONT)
    (computed, found), (computed_too, found_too) = finish(first), finish(second)
    assert computed + found == computed_too + found_too == 24
    assert min(computed, computed_too) >= 3  # both took part
    assert 24 <= computed + computed_too <= 24 + 12  # and little was done twice
    assert [path.name for path in tmp_path.iterdir()] == ["shared.sweep"]
    assert_whole(store, whole)


def test_the_labels_of_rows_are_those_of_the_grid(tmp_path):
    import pandas as pd

    grid = {
        "plan": {"named": {"none": gl.Plan.replace(2, 40), "half": gl.Plan.mix(3, 40, real=0.5)}},
        "plan.noise": {"uniform": [0.1, 1.0]},
        "problem.dim": {"choice": [8, 9]},
    }
    results = serial(PROBLEM, PLAN, grid, draws=3, store=tmp_path / "s", block_size=2)
    frame = pd.read_parquet(tmp_path / "s")
    assert list(frame.columns) == [
        "point", "plan", "draw", "noise", "dim", "route", "model", "risk", "bias", "variance",
        "method", "warnings", "message", "n_models",
    ]  # fmt: skip
    assert len(frame) == 3 * (2 + 3)  # draws; models of each plan
    for row in frame.itertuples():
        here = results.sel(plan=row.plan, draw=row.draw, route=row.route, model=row.model)
        assert (float(here.risk), float(here.noise), int(here.dim)) == (
            row.risk, row.noise, row.dim
        )  # fmt: skip


def test_an_empty_folder_becomes_the_store(tmp_path):
    serial(*ARGUMENTS, store=tmp_path)
    assert np.isfinite(load_results(tmp_path).risk).all()


@pytest.fixture
def memory():
    """Files behind a URL, gone afterwards."""
    import fsspec

    system = fsspec.filesystem("memory")
    yield system
    system.rm("/sweeps", recursive=True)


def test_a_url_is_a_store_too(memory, no_work_later):
    url, what = "memory://sweeps/a", Sweep.of(*ARGUMENTS, trials=4)
    first = run(what, url, cluster="serial", block_size=4)
    expected = first.dataset()
    assert np.isfinite(expected.risk).all()
    memory.rm("/sweeps/a/blocks/0000002.parquet")
    again = run(what, url, cluster="serial")
    assert (again.computed, again.found) == (1, 2)
    block = memory.cat_file("/sweeps/a/blocks/0000001.parquet")
    for spoiled in (block[:-3], block[:9] + bytes([block[9] ^ 1]) + block[10:]):
        memory.pipe_file("/sweeps/a/blocks/0000001.parquet", spoiled)
        with pytest.raises(StoreError, match=r"0000001.parquet is not what genloss wrote"):
            run(what, url, cluster="serial")
    mended = run(what, url, cluster="serial", repair=True)
    assert (mended.computed, mended.found) == (1, 2)
    no_work_later()
    xr.testing.assert_identical(serial(*ARGUMENTS, trials=4, store=url), expected)
    xr.testing.assert_identical(load_results(url), expected)
    memory.pipe_file("/sweeps/c/chapter.txt", b"long")
    with pytest.raises(StoreError, match="is not a sweep of genloss"):
        serial(*ARGUMENTS, store="memory://sweeps/c")
    with pytest.raises(InvalidInputError, match="Protocol not known"):
        serial(*ARGUMENTS, store="nowhere://a")


def test_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path / "..")
    results = serial(*ARGUMENTS, store="~/t.sweep")
    assert (tmp_path / "t.sweep" / "_sweep.json").exists()
    xr.testing.assert_identical(load_results("~/t.sweep"), results)
    file = tmp_path / "a.toml"
    file.write_text(
        "problem = {}\nplan = {}\ngrid = {}\n[sweep]\nstore = '~/elsewhere'\n", encoding="utf-8"
    )
    assert load_sweep("~/a.toml").store == str(tmp_path / "elsewhere")
    export(results, "~/t.nc")
    assert (tmp_path / "t.nc").exists()
    with pytest.raises(InvalidInputError, match="no-such-user"):
        serial(*ARGUMENTS, store="~no-such-user/t")


@pytest.fixture
def no_work_later(monkeypatch):
    return lambda: monkeypatch.setattr(
        "genloss.sweeps.runs.answer", lambda *_: pytest.fail("work was done")
    )


def test_the_second_of_two_makers_uses_the_first_store(tmp_path):
    what = Sweep.of(*ARGUMENTS)
    first = Store.create(Place.of(str(tmp_path)), what, Blocks.of_size(what.shape, 12), 3)
    before = content(tmp_path)
    second = Store.create(Place.of(str(tmp_path)), what, Blocks.of_size(what.shape, 1), 3)
    assert content(tmp_path) == before
    assert second.blocks == first.blocks


def test_a_file_system_without_links_has_stores_too(tmp_path, monkeypatch):
    def refused(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refused)
    test_the_second_of_two_makers_uses_the_first_store(tmp_path)


def test_a_failing_point_is_named_and_the_rest_is_kept(tmp_path, monkeypatch):
    real = gl.predict
    module = sys.modules["genloss.theory.predict"]

    def fails(problem, plans):
        if any(plan.penalty[0] == 1.0 for plan in plans):
            raise FloatingPointError("no")
        return real(problem, plans)

    monkeypatch.setattr(module, "predict", fails)
    monkeypatch.setattr("genloss.sweeps.runs._cost", lambda *_: 0.01)
    store = tmp_path / "s"
    with pytest.raises(gl.GenlossError, match=r"point 8 \(plan.penalty = 1.0.*FloatingPointError"):
        serial(*ARGUMENTS, store=store, block_size=4)
    kept = len(blocks(store))
    assert kept < 3
    monkeypatch.setattr(module, "predict", real)
    done = run(Sweep.of(*ARGUMENTS), str(store), cluster="serial")
    assert (done.computed, done.found) == (3 - kept, kept)
