"""Finished sweeps, and none that works."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sweeps_in_processes import ARGUMENTS, blocks, serial


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
