"""The page of plans: what is said in Python and in TOML is the same plan."""

import re
import tomllib
from pathlib import Path

import pytest

import genloss as gl
from genloss import policies

PAGE = (Path(__file__).parents[2] / "docs" / "plans.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def forgotten():
    yield
    policies._FROM_OUTSIDE.pop("every_other", None)


def test_both_spellings_are_one_plan_and_every_policy_is_there(forgotten, capsys):
    names, seen = {}, 0
    for language, text in BLOCK.findall(PAGE):
        if language in ("python", "py"):
            exec(compile(text, "plans.md", "exec"), names)  # noqa: S102 -- our own page
        else:
            assert gl.Plan.from_dict(tomllib.loads(text)["plan"]) == names["plan"], text
            seen += 1
    assert seen >= 13
    for name in policies.names():
        assert f"gl.Plan.{name}(" in PAGE
