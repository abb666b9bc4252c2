"""Stores that are damaged, foreign, or on odd file systems."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from sweeps_in_processes import ARGUMENTS, GRID, PLAN, PROBLEM, blocks, content, serial

import genloss as gl
from genloss.errors import InvalidInputError
from genloss.sweeps import StoreError, export, load_results, load_sweep, sweep
from genloss.sweeps.blockfile import read_about
from genloss.sweeps.blocks import Blocks
from genloss.sweeps.design import Sweep
from genloss.sweeps.places import Place
from genloss.sweeps.runs import run
from genloss.sweeps.store import Store


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


def test_an_empty_folder_becomes_the_store(tmp_path):
    serial(*ARGUMENTS, store=tmp_path)
    assert np.isfinite(load_results(tmp_path).risk).all()


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
