"""The store: written block by block, killed, resumed, shared, damaged, and opened by others."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import genloss as gl
from genloss.errors import InvalidInputError
from genloss.sweeps import StoreError, sweep
from genloss.sweeps.claims import Claims
from genloss.sweeps.creation import create_store
from genloss.sweeps.design import Sweep
from genloss.sweeps.keys import connect
from genloss.sweeps.runs import run

PROBLEM = {"preset": "isotropic", "dim": 12}
PLAN = {"preset": "replace", "generations": 3, "n_samples": 40, "noise": 0.5}
GRID = {"plan.penalty": [0.01, 0.1, 1.0], "plan.noise": [0.1, 0.2, 0.3, 0.4]}
ARGUMENTS = (PROBLEM, PLAN, GRID)

# some 30 ms a point, 24 blocks: long enough to be caught at work
SLOW = {
    "problem": PROBLEM | {"dim": 60},
    "plan": PLAN | {"generations": 5, "n_samples": 150},
    "grid": {"plan.penalty": {"log": [1e-3, 1.0, 6]}, "plan.noise": {"linear": [0.1, 1.0, 4]}},
    "trials": 16,
    "method": "literal",
}
RUN_SLOW = f"""
import sys
from genloss.sweeps.design import Sweep
from genloss.sweeps.runs import run
done = run(Sweep.of(**{SLOW!r}), sys.argv[1], cluster="serial", block_size=1)
print(done.computed, done.found)
"""


def serial(*arguments, **options):
    return sweep(*arguments, **({"cluster": "serial"} | options))


def start(store):
    return subprocess.Popen([sys.executable, "-c", RUN_SLOW, str(store)], stdout=subprocess.PIPE)


def finish(process):
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return tuple(int(number) for number in out.split())


def receipts(store):
    return sorted(store.glob("receipts/0*.json"))


def wait_for(store, count, process):
    for _ in range(6000):
        if len(receipts(store)) >= count:
            return
        assert process.poll() is None
        time.sleep(0.01)
    raise AssertionError("no blocks came")


def content(folder):
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".claim"
    }


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    store = tmp_path_factory.mktemp("finished") / "s.zarr"
    serial(*ARGUMENTS, trials=4, store=store, block_size=4)
    assert len(receipts(store)) == 3
    return store


@pytest.fixture
def copy(finished, tmp_path):
    return Path(shutil.copytree(finished, tmp_path / "copy.zarr"))


@pytest.fixture
def no_work(monkeypatch):
    monkeypatch.setattr("genloss.sweeps.runs.answer", lambda *_: pytest.fail("work was done"))


def test_a_killed_sweep_goes_on_where_it_stopped(tmp_path):
    store, whole = tmp_path / "killed.zarr", tmp_path / "whole.zarr"
    process = start(store)
    wait_for(store, 5, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    stored, before = len(receipts(store)), content(store)
    assert 5 <= stored < 24
    again = start(store)
    run(Sweep.of(**SLOW), str(whole), cluster="serial", block_size=1)
    assert finish(again) == (24 - stored, stored)
    after = content(store)
    recorded = {
        key for path in receipts(store)[:stored] for key in json.loads(path.read_text())["chunks"]
    }
    assert len(recorded) == 7 * stored
    assert all(after[key] == before[key] for key in recorded)  # not even written again
    xr.testing.assert_equal(
        xr.open_zarr(store, chunks=None).drop_attrs(), xr.open_zarr(whole, chunks=None).drop_attrs()
    )
    assert not list(store.glob("receipts/*.claim"))


@pytest.mark.slow
def test_a_sweep_killed_at_random_moments_loses_nothing(tmp_path):
    """Killed while it imports, makes the store, computes, writes: whatever has a receipt stays."""
    store, whole = tmp_path / "killed.zarr", tmp_path / "whole.zarr"
    run(Sweep.of(**SLOW), str(whole), cluster="serial", block_size=1)
    rng, stored, kept, interrupted = np.random.default_rng(0), 0, {}, 0
    while stored < 24:
        process = start(store)
        early = rng.random() < 0.3
        if not early:  # most of the time is spent on imports, where there is nothing to lose
            wait_for(store, min(stored + 4, 24), process)
        time.sleep(rng.uniform(0.0, 2.0 if early else 0.1))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        interrupted += 1
        before, stored = stored, len(receipts(store))
        assert stored >= before
        after = content(store)
        assert all(after[key] == kept[key] for key in kept)  # not even written again
        keys = [key for path in receipts(store) for key in json.loads(path.read_text())["chunks"]]
        kept = {key: after[key] for key in keys}
        assert len(keys) == 7 * stored
    assert interrupted >= 3
    assert finish(start(store)) == (0, 24)
    xr.testing.assert_equal(
        xr.open_zarr(store, chunks=None).drop_attrs(), xr.open_zarr(whole, chunks=None).drop_attrs()
    )
    assert not list(store.glob("receipts/*.claim"))


def test_two_processes_share_a_store(tmp_path):
    store = tmp_path / "shared.zarr"
    first, second = start(store), start(store)
    (computed, found), (computed_too, found_too) = finish(first), finish(second)
    assert computed + found == computed_too + found_too == 24
    assert min(computed, computed_too) >= 5  # both took part
    assert 24 <= computed + computed_too <= 24 + 3  # and hardly anything was done twice
    assert np.isfinite(xr.open_zarr(store, chunks=None).risk).all()
    assert [path.name for path in tmp_path.iterdir()] == ["shared.zarr"]
    assert not list(store.glob("receipts/*.claim"))


def test_a_finished_sweep_is_read_not_computed(finished, no_work):
    before = content(finished)
    again = serial(*ARGUMENTS, trials=4, store=finished)
    assert content(finished) == before
    assert np.isfinite(again.risk).all()
    what = Sweep.of(*ARGUMENTS, trials=4)
    done = run(what, str(finished))
    assert (done.computed, done.found, done.engine) == (0, 3, "")


def test_xarray_opens_it_without_genloss(finished):
    code = f"""
import sys, warnings
warnings.simplefilter("error")
sys.modules["genloss"] = None
import xarray
found = xarray.open_zarr({str(finished)!r}, chunks=None)
print(float(found.risk.sel(penalty=0.1, noise=0.2, route="theory", model=2)), found.risk.dims)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    plan = gl.Plan.replace(3, 40, penalty=0.1, noise=0.2)
    risk, dims = done.stdout.split(maxsplit=1)
    assert float(risk) == pytest.approx(gl.predict(gl.Problem.isotropic(12), plan).risk[2])
    assert dims == "('penalty', 'noise', 'route', 'model')\n"


def test_one_chunk_of_every_array_per_block(finished):
    chunks = [path for path in finished.rglob("*") if path.is_file() and "c" in path.parts]
    by_block = [json.loads(path.read_text())["chunks"] for path in receipts(finished)]
    assert all(len(keys) == 7 for keys in by_block)
    coordinates_and_points = 4 + 2  # penalty, noise, route, model; n_models, seed
    assert len(chunks) == 3 * 7 + coordinates_and_points


def flip_a_byte(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path):
    path.write_bytes(path.read_bytes()[:-3])


def swap(path):
    path.write_bytes((path.parents[3] / "2/0/0/0").read_bytes())


@pytest.mark.parametrize("spoil", [flip_a_byte, cut, swap, Path.unlink])
def test_a_damaged_block_is_reported_and_can_be_repaired(copy, finished, spoil):
    spoil(copy / "risk/c/1/0/0/0")
    for _ in range(2):  # reporting changes nothing
        with pytest.raises(
            StoreError, match=r"risk/c/1/0/0/0 is not what genloss wrote; with repair"
        ):
            serial(*ARGUMENTS, trials=4, store=copy)
    what = Sweep.of(*ARGUMENTS, trials=4)
    done = run(what, str(copy), cluster="serial", repair=True)
    assert (done.computed, done.found) == (1, 2)
    with xr.open_zarr(finished, chunks=None) as expected:
        xr.testing.assert_identical(done.dataset().load(), expected[list(done.dataset())].load())


def test_a_damaged_chunk_is_noticed_by_any_reader(copy):
    flip_a_byte(copy / "risk/c/1/0/0/0")
    opened = xr.open_zarr(copy, chunks=None)
    with pytest.raises(Exception, match=r"checksum|decompress|corrupt|Zstd"):
        opened.risk.load()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"chunks": {}}', '{"chunks": 3, "seconds": 1}'])
def test_a_damaged_receipt_is_reported_and_can_be_repaired(copy, text):
    (copy / "receipts/0000001.json").write_text(text)
    with pytest.raises(StoreError, match=r"receipts/0000001.json is not what genloss wrote"):
        serial(*ARGUMENTS, trials=4, store=copy)
    done = run(Sweep.of(*ARGUMENTS, trials=4), str(copy), cluster="serial", repair=True)
    assert (done.computed, done.found) == (1, 2)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("penalty/c/0", "penalty/c/0 is not what genloss wrote"),
        ("seed/c/0/0", "seed/c/0/0 is not what genloss wrote"),
        ("risk/zarr.json", "damaged"),
        ("zarr.json", "damaged"),
        ("receipts/layout.json", "layout.json is not what genloss writes"),
    ],
)
def test_damaged_coordinates_or_metadata_are_reported(copy, name, message, no_work):
    for spoil in (cut, lambda path: path.write_bytes(b""), Path.unlink):
        spoil(copy / name)
        if spoil is Path.unlink and name == "receipts/layout.json":
            message = "is not a sweep of genloss"
        for repair in (False, True):
            with pytest.raises(StoreError, match=message):
                serial(*ARGUMENTS, trials=4, store=copy, repair=repair)


def test_chunks_without_a_receipt_do_not_count(copy):
    (copy / "receipts/0000002.json").unlink()  # killed between the chunks and the receipt
    flip_a_byte(copy / "risk/c/2/0/0/0")
    (copy / "risk/c/2/0/0/0.0123.partial").write_bytes(b"half")
    done = run(Sweep.of(*ARGUMENTS, trials=4), str(copy), cluster="serial")
    assert (done.computed, done.found) == (1, 2)
    assert np.isfinite(done.dataset().risk).all()


def test_what_is_no_store_is_left_alone(tmp_path, no_work):
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.txt").write_text("long")
    with pytest.raises(StoreError, match="is not a sweep of genloss.*nothing was touched"):
        serial(*ARGUMENTS, store=folder)
    xr.Dataset({"risk": ("x", [1.0])}).to_zarr(
        tmp_path / "other.zarr", zarr_format=3, consolidated=False
    )
    with pytest.raises(StoreError, match="is not a sweep of genloss"):
        serial(*ARGUMENTS, store=tmp_path / "other.zarr")
    with pytest.raises(InvalidInputError, match="is a file, not a folder"):
        serial(*ARGUMENTS, store=folder / "chapter.txt")
    assert [path.name for path in folder.iterdir()] == ["chapter.txt"]


def test_an_empty_folder_becomes_the_store(tmp_path):
    serial(*ARGUMENTS, store=tmp_path)
    assert np.isfinite(xr.open_zarr(tmp_path, chunks=None).risk).all()


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        ({"seed": 1}, "seed"),
        ({"trials": 5}, "trials"),
        ({"plan": PLAN | {"n_samples": 41}}, "plan"),
        ({"problem": PROBLEM | {"dim": 13}}, "problem"),
        ({"grid": {"plan.penalty": [0.1]}, "method": "literal"}, "grid, method"),
    ],
)
def test_a_store_of_another_sweep_is_refused(finished, no_work, changed, difference):
    given = {"problem": PROBLEM, "plan": PLAN, "grid": GRID, "trials": 4} | changed
    with pytest.raises(StoreError, match=f"another sweep: it differs in {difference};"):
        sweep(**given, store=finished)


def change_layout(store, **entries):
    path = store / "receipts/layout.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


def test_a_store_of_another_version_is_refused_unless_allowed(copy, no_work):
    change_layout(copy, version="0.0.1")
    with pytest.raises(StoreError, match=r"made by genloss 0.0.1, this is .* any_version"):
        serial(*ARGUMENTS, trials=4, store=copy)
    allowed = serial(*ARGUMENTS, trials=4, store=copy, any_version=True)
    assert np.isfinite(allowed.risk).all()
    change_layout(copy, format=0)
    with pytest.raises(StoreError, match=r"has layout 0; .* open it with xarray"):
        serial(*ARGUMENTS, trials=4, store=copy, any_version=True)


def test_a_url_is_a_store_too(no_work_later):
    url = "memory://sweeps/a.zarr"
    first = serial(*ARGUMENTS, store=url, block_size=5).load()
    assert np.isfinite(first.risk).all()
    no_work_later()
    xr.testing.assert_identical(serial(*ARGUMENTS, store=url).load(), first)
    xr.testing.assert_equal(xr.open_zarr(url, chunks=None).risk, first.risk)
    with pytest.raises(InvalidInputError, match="Protocol not known"):
        serial(*ARGUMENTS, store="nowhere://a.zarr")


def test_a_store_behind_a_url_is_checked_and_goes_on(no_work_later):
    from zarr.storage import FsspecStore

    from genloss.sweeps import keys

    url, what = "memory://sweeps/b.zarr", Sweep.of(*ARGUMENTS, trials=4)
    first = run(what, url, cluster="serial", block_size=4)
    expected = first.dataset().load()
    raw = connect(url)
    assert isinstance(raw, FsspecStore)
    keys.delete(raw, "receipts/0000002.json")  # killed before it was written
    again = run(what, url, cluster="serial")
    assert (again.computed, again.found) == (1, 2)
    chunk = keys.read(raw, "risk/c/1/0/0/0")
    for spoiled in (chunk[:-3], bytes([chunk[0] ^ 1]) + chunk[1:]):
        keys.write(raw, "risk/c/1/0/0/0", spoiled)
        with pytest.raises(StoreError, match=r"risk/c/1/0/0/0 is not what genloss wrote"):
            run(what, url, cluster="serial")
    mended = run(what, url, cluster="serial", repair=True)
    assert (mended.computed, mended.found) == (1, 2)
    xr.testing.assert_identical(mended.dataset().load(), expected)
    no_work_later()
    keys.write(connect("memory://sweeps/c.zarr"), "chapter.txt", b"long")
    with pytest.raises(StoreError, match="is not a sweep of genloss"):
        serial(*ARGUMENTS, store="memory://sweeps/c.zarr")


@pytest.fixture
def no_work_later(monkeypatch):
    return lambda: monkeypatch.setattr(
        "genloss.sweeps.runs.answer", lambda *_: pytest.fail("work was done")
    )


def test_the_second_of_two_makers_uses_the_first_store(tmp_path):
    url = str(tmp_path / "s.zarr")
    first, n_models = Sweep.of(*ARGUMENTS), np.full(12, 3)
    from genloss.sweeps.blocks import Blocks

    create_store(url, first, Blocks.of_size(first.shape, 12), n_models)
    before = content(tmp_path)
    create_store(url, first, Blocks.of_size(first.shape, 1), n_models)
    assert content(tmp_path) == before


def test_claims_of_the_dead_and_the_slow_do_not_count(copy):
    raw = connect(str(copy))
    mine, other = Claims(raw, patience=60.0), Claims(raw, patience=60.0)
    other.take(1)
    assert mine.other(1)
    assert mine.others() == {1}
    assert not other.other(1)
    assert not Claims(raw, patience=-1.0).other(1)
    note = copy / "receipts/0000001.claim"
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                           capture_output=True, check=True)  # fmt: skip
    note.write_text(json.dumps(json.loads(note.read_text()) | {"process": int(ended.stdout)}))
    assert not mine.other(1)
    note.write_text("{")
    assert mine.others() == set()
    other.drop_all()
    assert not note.exists()


def test_a_failing_point_is_named_and_the_rest_is_kept(tmp_path, monkeypatch):
    real = gl.predict
    module = sys.modules["genloss.predict"]

    def fails(problem, plan):
        if plan.penalty[0] == 1.0:
            raise FloatingPointError("no")
        return real(problem, plan)

    monkeypatch.setattr(module, "predict", fails)
    monkeypatch.setattr("genloss.sweeps.runs._cost", lambda *_: 0.01)
    store = tmp_path / "s.zarr"
    with pytest.raises(gl.GenlossError, match=r"point 8 \(plan.penalty = 1.0.*FloatingPointError"):
        serial(*ARGUMENTS, store=store, block_size=4)
    assert len(receipts(store)) == 2
    assert not list(store.glob("receipts/*.claim"))
    monkeypatch.setattr(module, "predict", real)
    done = run(Sweep.of(*ARGUMENTS), str(store), cluster="serial")
    assert (done.computed, done.found) == (1, 2)


def test_a_store_that_cannot_be_made(tmp_path, monkeypatch, no_work):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match=r"cannot be made: '.*file' is a file, not a folder"):
        serial(*ARGUMENTS, store=tmp_path / "file" / "in" / "s.zarr")
    monkeypatch.setattr("os.access", lambda *_: False)  # whoever runs the tests may write anywhere
    with pytest.raises(StoreError, match="cannot be made: .* cannot be written to"):
        serial(*ARGUMENTS, store=tmp_path / "s.zarr")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_store_that_fills_the_disk_is_reported_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("genloss.sweeps.creation._fill", full)
    with pytest.raises(StoreError, match="cannot be made: No space left on device"):
        serial(*ARGUMENTS, store=tmp_path / "s.zarr")
    assert not list(tmp_path.iterdir())
