"""The templates of docs/adding.md as files in the folders that the page names: nothing else is edited."""

import re
import sys
from importlib import import_module
from pathlib import Path

import pytest

import genloss as gl
from genloss._family import load
from genloss.file_schema import file_schema

PAGE = (Path(__file__).parents[2] / "docs" / "adding.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"In `src/genloss/(\w+)/(\w+)\.py`\.\n\n```python\n(.*?)```", PAGE, re.DOTALL)

BASES = {"labels": "Label", "losses": "Loss", "keep": "Keep", "filters": "Filter"}


def test_a_template_of_every_family_is_short():
    assert {family for family, *_ in BLOCKS} == {*BASES}
    assert all(block.count("\n") <= 60 for *_, block in BLOCKS)


@pytest.mark.parametrize(("family", "name", "block"), BLOCKS, ids=[family for family, *_ in BLOCKS])
def test_a_file_in_the_folder_is_a_member(family, name, block, tmp_path, monkeypatch):
    room = import_module(f"genloss.{family}")
    base = getattr(room, BASES[family])
    monkeypatch.setattr(base, "members", dict(base.members))
    monkeypatch.setattr(room, "__path__", [*room.__path__, str(tmp_path)])
    member = re.split(r"\n\n\n(?!@|class)", block)[0]  # without the plan that tries it
    (tmp_path / f"{name}.py").write_text(member, encoding="utf-8")
    monkeypatch.delitem(sys.modules, f"{room.__name__}.{name}", raising=False)
    load(room.__path__, room.__name__)
    assert base.members[name].__module__ == f"genloss.{family}.{name}"
    assert name in str(file_schema()["$defs"]["generation"])
    key = BASES[family].lower().replace("label", "labels")
    value = {"kind": name, "share": 0.1} if name == "flipped" else name
    plan = gl.Plan.from_dict({"generations": [{"n_samples": 9, "penalty": 0.1, key: value}]})
    assert gl.Plan.from_dict(plan.to_dict()) == plan
