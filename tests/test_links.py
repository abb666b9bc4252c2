"""Every relative link of the documentation leads somewhere."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import pytest

import genloss
from genloss import scaling
from genloss.papers import demystified

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """What can follow a # in a link to this page: explicit anchors, and headings as GitHub names them."""
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r'<a id="([^"]+)">', text))
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return named | {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def test_there_are_pages_with_links():
    names = {page.relative_to(ROOT).as_posix() for page in PAGES}
    assert {"README.md", "docs/explain.md", "docs/paper.md", "docs/gallery/gallery.md"} <= names
    assert sum(len(LINK.findall(page.read_text(encoding="utf-8"))) for page in PAGES) > 50


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_lead_to_what_is_in_the_repository(page):
    broken = []
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        inside = target.is_relative_to(ROOT) and target.exists()
        if not inside or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_a_broken_link_would_be_found():
    text = "![a](b.png) [c](d.md#e) [f](https://g.h) [i](#j)"
    assert LINK.findall(text) == ["b.png", "d.md#e", "https://g.h", "#j"]
    assert "the-theory-explained-at-three-levels" in anchors(ROOT / "docs" / "explain.md")


def resolve(path):
    """The module, or the attribute of one, with this dotted name."""
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError:
        place, _, name = path.rpartition(".")
        return getattr(resolve(place), name)


NAMED = re.compile(r"`(genloss(?:\.\w+)+)(?:\(|`)")


def test_every_dotted_path_that_is_named_leads_somewhere():
    """In pages and docstrings alike; a room that is named is public."""
    texts = [page.read_text(encoding="utf-8") for page in PAGES if page.name != "CHANGELOG.md"]
    texts += [path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py")]
    paths = {path for text in texts for path in NAMED.findall(text)}
    assert len(paths) > 30
    for path in paths:
        resolve(path)


def test_no_room_shares_its_name_with_a_verb_and_public_rooms_are_there():
    rooms = {path.parent.name for path in (ROOT / "src" / "genloss").glob("*/__init__.py")}
    assert rooms & set(genloss.__all__) == set()
    for name in genloss._ROOMS:
        assert inspect.ismodule(getattr(genloss, name))


def test_every_room_and_noun_is_on_the_map_and_all_its_files_are_there():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    places = [path.stem for path in (ROOT / "src" / "genloss").glob("[a-z]*") if path.stem != "py"]
    assert len(places) > 35
    assert [place for place in places if f"`{place}`" not in page] == []
    files = set(re.findall(r"`([a-z_/]+\.py)`", page))
    assert len(files) > 30
    assert [file for file in files if not list((ROOT / "src" / "genloss").rglob(file))] == []


def test_every_function_of_the_paper_is_on_its_page():
    """And every function that the page names is there."""
    page = (ROOT / "docs" / "paper.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_]+)`", page)) - {"warnings", "lambda_i"}
    there = {
        name
        for module in (demystified, scaling, scaling.exponents)
        for name in module.__all__
        if inspect.isfunction(getattr(module, name))
    }
    assert there - named - {"saturated"} == set()
    assert named - there == set()
    for path in re.findall(r"`(genloss[\w.]+)`", page):
        resolve(path)
