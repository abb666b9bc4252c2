"""The texts of ``genloss explain``: complete, on the page as they are printed, and easy to add to."""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import sys

import numpy as np
import pytest

import genloss as gl
from genloss import explain as package
from genloss.explain import COMMAND, LEVELS, TOPICS, Topic, explain, numbers, overview, page, topics
from genloss.explain.numerals import Numerals, fixed, number, percent, printed, table
from genloss.papers.paper import find

from .page import snippets, text, written

# practice rehearses a forecast
COMPUTED = [pytest.param(n, marks=[pytest.mark.slow] if n == "practice" else []) for n in TOPICS]


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPUTED)
def test_a_topic_on_the_page_is_what_the_code_writes_now(name):
    assert package._section(TOPICS[name]) in written(), f"run: {COMMAND}"


def test_the_page_is_whole(monkeypatch):
    """Head, contents and anchors as the code writes them; every link leads to an anchor."""
    monkeypatch.setattr(Topic, "text", lambda topic, level: f"#\n\n{text(topic.name, level)}\n")
    assert page() == written(), f"run: {COMMAND}"
    anchors = set(re.findall(r'<a id="([\w-]+)"></a>', written()))
    links = re.findall(r"\]\(#([\w-]+)\)", written())
    assert len(links) == len(TOPICS) * (1 + len(LEVELS))
    assert set(links) == anchors


@pytest.mark.parametrize("name", TOPICS)
def test_texts_are_whole(name):
    found = [text(name, level) for level in LEVELS]
    for each in found:
        assert not re.search(r"[{}]|\b(nan|inf|(?<!dim=)None)\b|np\.float", each)
        assert each.count("```") % 2 == 0
    newcomer, engineer, theorist = found
    assert "```" not in newcomer
    assert "**Pitfalls.**" in theorist
    fenced = [line for level in LEVELS for block in snippets(name, level, r"\w+")
              for line in block.split("\n")]  # fmt: skip
    assert max(map(len, fenced)) <= 78  # in a terminal of 80 columns
    for other in re.findall(r"genloss explain ([\w-]+)", engineer + theorist):
        assert other in TOPICS
    for other in re.findall(r"topic \*([\w-]+)\*", "".join(found)):
        assert other in TOPICS
    for other in re.findall(r"genloss reproduce ([\w-]+)", engineer):
        assert list(find(other)) == [other]


@pytest.mark.parametrize("name", COMPUTED)
def test_every_snippet_prints_what_stands_beside_it(name):
    assert snippets(name, "engineer", "python")
    for block in snippets(name, "engineer", "python"):
        said = re.findall(r"^(?: *print\(.*\)  |)# (.*)$", block, re.MULTILINE)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(block, name, "exec"), {})  # noqa: S102 -- our own snippet
        assert said, block
        assert out.getvalue().splitlines() == said


TINY = """---
place: 2.5
title: A tiny topic
summary: what two is
figure: chain
---

# newcomer

Two is {two:.1}.

# engineer

{TWICE} of {two:=2}

# theorist

{two:2%}
"""


def test_a_new_topic_is_one_text_and_one_file_of_numbers(tmp_path, monkeypatch, genloss):
    (tmp_path / "a-topic.md").write_text(TINY, encoding="utf-8")
    said = "TWICE = 2\n\n\ndef newcomer():\n    return {'two': 2.0}\n\n\nengineer = theorist = newcomer\n"
    (tmp_path / "a_topic.py").write_text(said, encoding="utf-8")
    for folder in (topics, numbers):
        monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    assert list(package.TOPICS)[1:4] == ["growth", "a-topic", "ridge"]
    assert explain("A_Topic") == "# A tiny topic\n\nTwo is 2.0.\n"
    assert explain("a-topic", "engineer").endswith("\n2 of 2.0\n")
    assert "- **a-topic**: what two is" in overview()
    code, out, _ = genloss("explain", "a-topic", "--level", "theorist")
    assert (code, "200 %" in out, "next: genloss explain ridge" in out) == (0, True, True)
    del sys.modules["genloss.explain.numbers.a_topic"]


def test_numbers_in_prose():
    assert number(0.0996, 2) == "0.10"
    assert number(-0.5, 1) == "\N{MINUS SIGN}0.5"
    assert number(99.6, 2) == "100"
    assert number(0) == "0.0"
    assert percent(1.5) == "150 %"
    assert printed(np.float64(0.25084), 2) == "0.25"
    assert table(("a", "b"), [("1", "2")]).count("\n") == 2
    assert Numerals().format("{x:=-1} {x:g} {name}", x=1234.5, name="{}") == "1230.0 1234.5 {}"
    for wrong in (float("nan"), float("inf")):
        for write in (number, fixed, percent, lambda value: printed(value, 1)):
            with pytest.raises(ValueError, match="no number to print"):
                write(wrong)


def test_all_at_one_level_and_the_list(monkeypatch):
    monkeypatch.setattr(Topic, "text", lambda topic, level: f"# {topic.title}: {level}\n")
    said = explain("all", "theorist")
    assert said == "\n".join(f"# {topic.title}: theorist\n" for topic in TOPICS.values())
    assert explain() == overview()
    for name, topic in TOPICS.items():
        assert f"- **{name}**: {topic.summary}" in overview()


@pytest.mark.parametrize(
    ("topic", "level", "message"),
    [
        (
            "rigde",
            "newcomer",
            r"topic was 'rigde'; did you mean 'ridge'\? it must be one of chain, .*all",
        ),
        ("zzz", "newcomer", r"topic was 'zzz'; it must be one of chain"),
        ("ridge", "enginer", r"level was 'enginer'; did you mean 'engineer'\?"),
        (3, "newcomer", r"topic was 3; it must be one of"),
    ],
)
def test_an_unknown_topic_or_level_names_the_nearest(topic, level, message):
    with pytest.raises(gl.InvalidInputError, match=message):
        package.explain(topic, level)


def test_the_command_line_prints(genloss):
    listed = genloss("explain")[1]
    assert all(name in listed for name in TOPICS)
    told = genloss("explain", "growth")[1]
    assert TOPICS["growth"].title in told
    assert "genloss explain ridge" in told
    assert "--level engineer" in told
    assert "this was the last topic" in genloss("explain", "networks", "--level", "theorist")[1]
    source = genloss("explain", "growth", "--level", "theorist", "--markdown")[1]
    assert source == explain("growth", "theorist")


def test_the_command_line_refuses(genloss):
    for arguments in (["rigde"], ["ridge", "--level", "expert"]):
        code, _, said = genloss("explain", *arguments)
        assert (code, said.startswith("genloss: ")) == (2, True)
