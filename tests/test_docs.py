"""What the pages show is what happens: their code runs, and what docstrings cite is there."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", flags=re.MULTILINE | re.DOTALL)
SAID = re.compile(r"<!-- said by: genloss (.*) -->\n```text\n(.*?)```", flags=re.DOTALL)
CITATION = re.compile(r"`([a-z]+)\.md` ((?:(?:sections? )?[\d.]+(?:, | and |-)?)*)")
SOURCES = sorted((ROOT / "src").rglob("*.py"))
SLOW = ("reproduce", "forecast", "sweep")  # commands that take longer than a second or two
SLOW_PAGES = ("budgets", "classes", "large-data", "sweeps")


def blocks(page: Path, language: str) -> Iterator[str]:
    """Code blocks of one language on a page, but for those that install the package."""
    for found, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if found == language and "pip install" not in text:
            yield dedent(text)


def pages_with(language: str) -> list[Path]:
    """Pages with such code; the snippets of ``explain.md`` run in `test_explain`."""
    there = PAGES if language == "sh" else [page for page in PAGES if page.stem != "explain"]
    return [page for page in there if any(blocks(page, language))]


def commands(page: Path) -> list[list[str]]:
    """The lines that call genloss, with what stands after them."""
    lines = "".join(blocks(page, "sh")).replace("\\\n", "").splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.startswith("genloss ")]


def said(line: str) -> str | None:
    """What a line that prints says of its output in its comment."""
    match = re.match(r"^print\(.*\)\s+#\s(.+)$", line)
    return match[1] if match else None


@pytest.fixture
def desk(tmp_path, monkeypatch) -> Path:
    """A folder with the files that stand for a reader's own."""
    import pyarrow
    import pyarrow.parquet

    rng = np.random.default_rng(0)
    table = rng.normal(size=(600, 4)) @ np.triu(np.ones((4, 4)))
    columns = {name: table[:, i] for i, name in enumerate(["area", "rooms", "age", "price"])}
    lines = [",".join(columns), *(",".join(f"{value:.6g}" for value in row) for row in table)]
    (tmp_path / "houses.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "huge.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def families_as_before() -> Iterator[None]:
    """What a page adds to a family leaves it with the page."""
    from genloss import filters, keep, labels, losses, policies
    from genloss.trials import engine

    bases = (labels.Label, losses.Loss, keep.Keep, filters.Filter)
    known = [(base.members, dict(base.members)) for base in bases]
    policies_before, engines_before = dict(policies._FROM_OUTSIDE), [*engine._FROM_OUTSIDE]
    yield
    for members, before in known:
        members.clear()
        members.update(before)
    policies._FROM_OUTSIDE.clear()
    policies._FROM_OUTSIDE.update(policies_before)
    engine._FROM_OUTSIDE[:] = engines_before


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.slow] if page.stem in SLOW_PAGES else [])
        for page in pages_with("python")
    ],
    ids=lambda page: page.name,
)
def test_python_runs_and_prints_what_it_says(page, desk, families_as_before):
    names: dict[str, object] = {}
    for code in blocks(page, "python"):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, page.name, "exec"), names)  # noqa: S102 -- our own pages
        output = iter(printed.getvalue().splitlines())
        for text in filter(None, map(said, code.splitlines())):
            assert text in output, f"{page.name} says {text!r}; printed was {printed.getvalue()}"


def call(words: list[str], genloss) -> None:
    """Run one line of a page; ``> file`` is the one thing of a shell that it may use."""
    into = words[words.index(">") + 1] if ">" in words else None
    code, output, errors = genloss(*words[1 : words.index(">") if into else None])
    assert code == 0, f"{shlex.join(words)}: {errors}"
    if into:
        Path(into).write_text(output, encoding="utf-8")


def alike(one: str, other: str) -> bool:
    """Whether lines say the same, and their numbers nearly: other processors round otherwise."""
    number = re.compile(r"\d+\.?\d*")
    if re.split(r"\s+", number.sub("0", one).strip()) != re.split(
        r"\s+", number.sub("0", other).strip()
    ):
        return False
    numbers = (list(map(float, number.findall(line))) for line in (one, other))
    return all(abs(a - b) <= 0.2 + 0.01 * abs(a) for a, b in zip(*numbers, strict=True))


@pytest.mark.slow
def test_pages_show_what_a_command_says(genloss):
    pages = [page.read_text(encoding="utf-8") for page in PAGES]
    shown = [found for page in pages for found in SAID.findall(page)]
    assert shown
    for words in {words for words, _ in shown}:
        code, output, _ = genloss(*shlex.split(words))
        assert code == 0
        for text in (text for other, text in shown if other == words):
            printed = iter(output.splitlines())
            for line in text.splitlines():
                assert any(alike(line, found) for found in printed), line  # in this order


@pytest.mark.slow
@pytest.mark.parametrize("page", pages_with("sh"), ids=lambda page: page.name)
def test_quick_commands_run(page, desk, genloss):
    for words in commands(page):
        if words[1] not in SLOW:
            call(words, genloss)


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    sorted({tuple(w) for page in pages_with("sh") for w in commands(page) if w[1] in SLOW}),
    ids=" ".join,
)
def test_slow_commands_run(words, desk, genloss):
    call(list(words), genloss)


def sections(name: str) -> set[str]:
    page = ROOT / "docs" / f"{name}.md"
    headings = re.findall(r"^#+ (\d[\d.]*)", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    rows = re.findall(r"^\| (\d\.\d) \|", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {each.rstrip(".") for each in headings} | set(rows)


def citations() -> set[tuple[str, str]]:
    """Every page and section that a docstring names."""
    found = set()
    for path in SOURCES:
        text = re.sub(r"\s*\n\s*(?:#|\"\"\")?\s*", " ", path.read_text(encoding="utf-8"))
        for name, numbers in CITATION.findall(text):
            found |= {(name, number.rstrip(".")) for number in re.findall(r"\d[\d.]*", numbers)}
    return found


def test_what_docstrings_cite_is_in_docs():
    found = citations()
    assert len(found) > 20
    missing = {(name, number) for name, number in found if number not in sections(name)}
    assert missing == set()
