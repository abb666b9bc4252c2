"""Plan files that come through a pipe, and paths that no system looks up."""

from __future__ import annotations

import os
import threading

import pytest

import genloss as gl
from genloss.errors import InvalidInputError
from genloss.files import to_json, to_toml
from genloss.sweeps import StoreError, load_results

PLAN = gl.Plan.replace(3, 50, penalty=0.1)


@pytest.mark.parametrize("written", [to_toml, to_json])
def test_a_pipe_brings_a_plan_in_either_format(tmp_path, written):
    pipe = tmp_path / "63"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text(written(plan=PLAN)))
    writer.start()
    assert gl.load_plan(pipe) == PLAN
    writer.join()


@pytest.mark.parametrize(
    "ask",
    [
        lambda name: gl.load_plan(f"{name}.toml"),
        lambda name: gl.load_table(f"{name}.csv", "y"),
        lambda name: gl.forecast(f"{name}.csv", "y"),
        load_results,
    ],
)
def test_a_name_too_long_is_refused_in_few_words(ask):
    with pytest.raises(InvalidInputError, match="too long") as refused:
        ask("a" * 5000)
    assert len(str(refused.value)) < 300


def test_a_store_that_does_not_exist_is_said_not_to(tmp_path):
    with pytest.raises(StoreError, match="does not exist$"):
        load_results(tmp_path / "none")
    with pytest.raises(StoreError, match="is not a sweep"):
        load_results(tmp_path)
