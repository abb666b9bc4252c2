"""Stores of sweeps: killed, shared, read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import xarray as xr
from sweeps_in_processes import ARGUMENTS, PLAN, PROBLEM, blocks, content, serial

import genloss as gl
from genloss.sweeps import load_results
from genloss.sweeps.design import Sweep
from genloss.sweeps.runs import run

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


@pytest.mark.parametrize("days", [-400, 400])
def test_clocks_do_not_matter(copy, finished, days):
    """A machine whose clock is ahead or behind made half of the store."""
    blocks(copy)[1].unlink()
    for path in (copy, *copy.rglob("*")):
        then = time.time() + days * 86400
        os.utime(path, (then, then))
    done = run(Sweep.of(*ARGUMENTS, trials=4), str(copy), cluster="serial")
    assert (done.computed, done.found) == (1, 2)
    xr.testing.assert_identical(done.dataset(), load_results(finished))


def test_a_finished_sweep_is_read_not_computed(finished, no_work):
    before = content(finished)
    again = serial(*ARGUMENTS, trials=4, store=finished)
    assert content(finished) == before
    assert np.isfinite(again.risk).all()
    what = Sweep.of(*ARGUMENTS, trials=4)
    done = run(what, str(finished))
    assert (done.computed, done.found, done.engine) == (0, 3, "")


@pytest.mark.slow
def test_pandas_and_polars_read_it_without_genloss(finished):
    code = f"""
import sys, warnings
warnings.simplefilter("error")
sys.modules["genloss"] = None
import pandas, polars
frame = pandas.read_parquet({str(finished)!r})
asked = "penalty == 0.1 and noise == 0.2 and route == 'theory' and model == 2"
print(repr(float(frame.query(asked).risk.item())), len(frame))
table = polars.read_parquet({str(finished / "blocks")!r})
c = polars.col
asked = (c("penalty") == 0.1) & (c("noise") == 0.2) & (c("route") == "theory") & (c("model") == 2)
print(repr(table.filter(asked)["risk"].item()), len(table))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    point = load_results(finished).sel(penalty=0.1, noise=0.2, route="theory", model=2)
    assert done.stdout.splitlines() == [f"{float(point.risk)!r} {12 * 2 * 3}"] * 2
    plan = gl.Plan.replace(3, 40, penalty=0.1, noise=0.2)
    assert float(point.risk) == pytest.approx(gl.predict(gl.Problem.isotropic(12), plan).risk[2])


def test_an_unfinished_store_is_read_too(copy, finished):
    blocks(copy)[1].unlink()
    found, expected = load_results(copy), load_results(finished)
    there = found.n_models > 0
    assert int(there.sum()) == 8
    xr.testing.assert_equal(found.risk.where(there), expected.risk.where(there))
    assert found.risk.where(~there).isnull().all()


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
