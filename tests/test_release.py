"""What names a version, or a dependency, says the same everywhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RECIPE = yaml.safe_load((ROOT / "recipe" / "recipe.yaml").read_text("utf-8"))


def test_one_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    about = (ROOT / "docs" / "project.md").read_text("utf-8")
    steps = (ROOT / "docs" / "releasing.md").read_text("utf-8")
    version = PROJECT["tool"]["hatch"]["version"]["fallback-version"]
    assert citation["version"] == RECIPE["context"]["version"] == version
    assert re.findall(r"version = \{(.*?)\}", about) == [version]
    assert re.search(r"year += \{(\d+)\}", about)[1] == citation["date-released"][:4]
    assert f"release/check.py {version}" in steps


def test_the_recipe_asks_for_what_the_package_asks_for():
    def plain(requirement: str) -> str:
        name, bounds = re.fullmatch(r"([\w-]+?)(?:-base)? ?([<>=].*)", requirement).groups()
        return name + bounds

    host, run = (RECIPE["requirements"][part] for part in ("host", "run"))
    assert {plain(each) for each in run[1:]} == set(PROJECT["project"]["dependencies"])
    assert {plain(each) for each in host[2:]} == set(PROJECT["build-system"]["requires"])
    assert PROJECT["project"]["requires-python"] == f">={RECIPE['context']['python_min']}"
    scripts = {f"{name} = {place}" for name, place in PROJECT["project"]["scripts"].items()}
    assert scripts == set(RECIPE["build"]["python"]["entry_points"])
