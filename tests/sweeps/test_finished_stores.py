"""Finished stores: read, damaged, refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from stores import ARGUMENTS, GRID, PLAN, PROBLEM, blocks, content, serial

import genloss as gl
from genloss.errors import InvalidInputError
from genloss.sweeps import StoreError, load_results, sweep
from genloss.sweeps.blockfile import read_about
from genloss.sweeps.design import Sweep
from genloss.sweeps.runs import run


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    store = tmp_path_factory.mktemp("finished") / "s.sweep"
    serial(*ARGUMENTS, trials=4, store=store, block_size=4)
    assert len(blocks(store)) == 3
    return store


@pytest.fixture
def copy(finished, tmp_path):
    return Path(shutil.copytree(finished, tmp_path / "copy"))


@pytest.fixture
def no_work(monkeypatch):
    monkeypatch.setattr("genloss.sweeps.runs.answer", lambda *_: pytest.fail("work was done"))


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


def flip_a_byte(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path):
    path.write_bytes(path.read_bytes()[:-3])


def swap(path):
    path.write_bytes(path.with_name("0000002.parquet").read_bytes())


def empty(path):
    path.write_bytes(b"")


def foreign(path):
    import pandas as pd

    pd.DataFrame({"risk": [1.0]}).to_parquet(path)


@pytest.mark.parametrize("spoil", [flip_a_byte, cut, swap, empty, foreign])
def test_a_damaged_block_is_reported_and_can_be_repaired(copy, finished, spoil):
    spoil(copy / "blocks/0000001.parquet")
    for _ in range(2):  # reporting changes nothing
        with pytest.raises(
            StoreError, match=r"blocks/0000001.parquet is not what genloss wrote; with repair"
        ):
            serial(*ARGUMENTS, trials=4, store=copy)
    with pytest.raises(StoreError, match=r"blocks/0000001.parquet is not what genloss wrote"):
        load_results(copy)
    done = run(Sweep.of(*ARGUMENTS, trials=4), str(copy), cluster="serial", repair=True)
    assert (done.computed, done.found) == (1, 2)
    xr.testing.assert_identical(done.dataset(), load_results(finished))


def test_every_byte_of_a_block_is_protected(finished):
    good = (finished / "blocks/0000001.parquet").read_bytes()
    assert read_about(good)["block"] == 1
    for place in range(len(good)):
        assert read_about(good[:place] + bytes([good[place] ^ 4]) + good[place + 1 :]) is None
    for length in range(0, len(good), 37):
        assert read_about(good[:length]) is None


def test_a_block_that_is_gone_is_computed_again(copy, finished):
    (copy / "blocks/0000001.parquet").unlink()
    done = run(Sweep.of(*ARGUMENTS, trials=4), str(copy), cluster="serial")
    assert (done.computed, done.found) == (1, 2)
    xr.testing.assert_identical(done.dataset(), load_results(finished))


def test_what_others_put_into_the_folder_is_no_block(copy, no_work):
    (copy / ".DS_Store").write_bytes(b"mac")
    (copy / "blocks" / "notes.txt").write_text("mine")
    (copy / "blocks" / "9999999.parquet").write_text("mine")
    serial(*ARGUMENTS, trials=4, store=copy)
    assert (copy / "blocks" / "notes.txt").exists()


def spoiled_layouts():
    yield from ("", "{", "[]", "3", "null", '"x"', "{}", '{"digest": 3}', "[" * 10**5, "\x00")
    yield from (
        lambda plain: plain.pop("chunk"),
        lambda plain: plain.pop("version"),
        lambda plain: plain.pop("digest"),
        lambda plain: plain.update(parts="x"),
        lambda plain: plain.update(chunk=[]),
        lambda plain: plain.update(n_models=5),
        lambda plain: plain.update(coordinates=5),
        lambda plain: plain["coordinates"][0]["labels"].reverse(),
        lambda plain: plain.update(more=1),
    )


@pytest.mark.parametrize("spoil", list(spoiled_layouts()), ids=lambda _: "")
def test_a_damaged_layout_is_reported(copy, spoil, no_work):
    path = copy / "_sweep.json"
    if isinstance(spoil, str):
        path.write_text(spoil)
    else:
        plain = json.loads(path.read_text())
        spoil(plain)
        path.write_text(json.dumps(plain))
    for repair in (False, True):
        with pytest.raises(StoreError, match=r"damaged: _sweep.json is not what genloss wrote; it"):
            serial(*ARGUMENTS, trials=4, store=copy, repair=repair)
    with pytest.raises(StoreError, match=r"damaged: _sweep.json"):
        load_results(copy)


def test_a_layout_may_be_laid_out_anew(copy, no_work):
    path = copy / "_sweep.json"
    path.write_text(json.dumps(json.loads(path.read_text()), indent=4, sort_keys=True))
    serial(*ARGUMENTS, trials=4, store=copy)


def test_what_is_no_store_is_left_alone(tmp_path, no_work):
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.txt").write_text("long")
    with pytest.raises(StoreError, match="is not a sweep of genloss.*nothing was touched"):
        serial(*ARGUMENTS, store=folder)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "_sweep.json").write_text("{}")
    with pytest.raises(StoreError, match="is damaged"):
        serial(*ARGUMENTS, store=tmp_path / "other")
    old = tmp_path / "old.zarr" / "receipts"
    old.mkdir(parents=True)
    (old / "layout.json").write_text('{"format": 1}')
    with pytest.raises(StoreError, match=r"a Zarr store of an older genloss.*xarray.open_zarr"):
        serial(*ARGUMENTS, store=old.parent)
    with pytest.raises(InvalidInputError, match="is a file, not a folder"):
        serial(*ARGUMENTS, store=folder / "chapter.txt")
    assert [path.name for path in folder.iterdir()] == ["chapter.txt"]


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
    """Write another layout with the digest that it needs."""
    from genloss.sweeps.layout import _digest

    path = store / "_sweep.json"
    plain = json.loads(path.read_text()) | entries
    del plain["digest"]
    path.write_text(json.dumps({**plain, "digest": _digest(plain)}))


def test_a_store_of_another_version_is_refused_unless_allowed(copy, no_work):
    change_layout(copy, version="0.0.1")
    with pytest.raises(StoreError, match=r"made by genloss 0.0.1, this is .* any_version"):
        serial(*ARGUMENTS, trials=4, store=copy)
    allowed = serial(*ARGUMENTS, trials=4, store=copy, any_version=True)
    assert np.isfinite(allowed.risk).all()
    change_layout(copy, format=3)
    with pytest.raises(StoreError, match=r"has layout 3; genloss .* knows layout 2"):
        serial(*ARGUMENTS, trials=4, store=copy, any_version=True)


def test_a_store_that_cannot_be_made(tmp_path, monkeypatch, no_work):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match=r"cannot be made: '.*file' is a file, not a folder"):
        serial(*ARGUMENTS, store=tmp_path / "file" / "in" / "s.sweep")
    monkeypatch.setattr("os.access", lambda *_: False)  # whoever runs the tests may write anywhere
    with pytest.raises(StoreError, match="cannot be made: .* cannot be written to"):
        serial(*ARGUMENTS, store=tmp_path / "s.sweep")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.slow
@pytest.mark.parametrize("fits", [0, 1, 3])
def test_a_full_disk_is_reported_and_the_sweep_goes_on_later(tmp_path, monkeypatch, finished, fits):
    real, written = Path.write_bytes, []

    def full(path, data):
        if len(written) < fits:
            written.append(path)
            return real(path, data)
        real(path, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    store, what = tmp_path / "s", Sweep.of(*ARGUMENTS, trials=4)
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(
        StoreError, match=r"written to: No space left on device; what it has is kept"
    ):
        run(what, str(store), cluster="serial", block_size=4)
    monkeypatch.setattr(Path, "write_bytes", real)
    assert not list(tmp_path.rglob("*.new"))
    done = run(what, str(store), cluster="serial", block_size=4)
    assert (done.computed, done.found) == (3 - max(fits - 1, 0), max(fits - 1, 0))
    xr.testing.assert_identical(done.dataset().drop_attrs(), load_results(finished).drop_attrs())


def test_a_store_that_may_not_be_written_to_is_read_or_refused(copy, monkeypatch, no_work):
    monkeypatch.setattr("os.access", lambda *_: False)
    serial(*ARGUMENTS, trials=4, store=copy)
    blocks(copy)[0].unlink()
    with pytest.raises(StoreError, match="cannot be written to"):
        serial(*ARGUMENTS, trials=4, store=copy)
