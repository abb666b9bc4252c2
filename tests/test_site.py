"""The documentation site has a place for every public name and every page."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import genloss

DOCS = Path(__file__).parents[1] / "docs"
TOCTREE = re.compile(r"^```\{toctree\}\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)


def test_every_public_name_is_on_an_api_page(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    import api

    listed = set(re.findall(r"^   (\w+)$", (DOCS / "api.md").read_text("utf-8"), re.MULTILINE))
    assert listed == set(genloss.__all__) - {"__version__"}, "docs/api.md lists other names"
    pages = api.rooms()
    assert {f"genloss.{room}" for room in genloss._ROOMS} <= set(pages)
    for title, text in pages.items():
        names = getattr(sys.modules[title], "__all__", ())
        assert {name for name in names if not re.search(rf"\b{name}$", text, re.MULTILINE)} == set()
    tocs = TOCTREE.findall((DOCS / "api.md").read_text("utf-8"))
    assert {f"generated/api/{title}" for title in pages} <= set("\n".join(tocs).splitlines())


def test_every_page_has_one_place_in_the_site():
    tocs = [toc for page in DOCS.glob("*.md") for toc in TOCTREE.findall(page.read_text("utf-8"))]
    lines = [line for toc in tocs for line in toc.splitlines() if line and line[0] != ":"]
    entries = [re.sub(r"^.*<(.*)>$", r"\1", line) for line in lines]
    assert {entry for entry in entries if entries.count(entry) > 1} == set()
    found = [each for entry in entries for each in DOCS.glob(f"{entry}.*")]
    placed = {"index", *(each.relative_to(DOCS).with_suffix("").as_posix() for each in found)}
    pages = {*DOCS.glob("*.md"), *DOCS.glob("gallery/*.md"), *DOCS.glob("notebooks/*.ipynb")}
    there = {page.relative_to(DOCS).with_suffix("").as_posix() for page in pages}
    assert there - placed == set(), "in no toctree: see docs/how-to.md and its neighbours"


def test_the_drawn_flow_has_the_commands_of_its_page(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    from decide_figure import FLOW

    page = (DOCS / "decide.md").read_text("utf-8")
    said = [answer[1] for _, *answers in FLOW for answer in answers if isinstance(answer, tuple)]
    verbs = [" ".join(each.split()[:2]) for each in said if each.startswith("genloss")]
    assert len(verbs) > 5
    places = [page.find(verb) for verb in verbs]
    assert min(places) > 0
    assert all(f"**{number}. " in page for number in range(1, len(FLOW) + 1))
