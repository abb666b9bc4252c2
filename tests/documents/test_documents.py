"""Reports: the same answer as HTML and as Markdown, safe whatever names the data have."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import genloss as gl
from genloss.documents import of_forecast, write_report

HOSTILE = "<script>alert(1)</script>\"'|`*"


class _Page(HTMLParser):
    """Tags with their attributes, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture(scope="module")
def outlook() -> gl.Forecast:
    rng = np.random.default_rng(3)
    X = rng.standard_normal((240, 6))
    y = X @ [1.0, -0.5, 0.3, 0, 0, 0] + rng.standard_normal(240)
    columns = {f"{HOSTILE}{k}": X[:, k] for k in range(6)}
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(columns | {HOSTILE: y})
    return gl.forecast(frame, HOSTILE, gl.Plan.replace(4, 60, noise=0.5), trials=2)


@pytest.fixture(scope="module")
def page(outlook: gl.Forecast, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "r.html"
    write_report(outlook, path)
    return path.read_text(encoding="utf-8")


def test_page_runs_nothing_and_loads_nothing(page: str) -> None:
    found = _Page(page)
    assert {"script", "link", "img", "iframe", "object", "form"}.isdisjoint(
        tag for tag, _ in found.tags
    )
    for tag, attributes in found.tags:
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        for name in ("href", "src", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#"), (tag, attributes)
    assert len(page.encode()) < 150_000
    assert HOSTILE in found.words


@pytest.mark.slow
def test_reports_of_weights_and_budgets_are_as_safe(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    tables = []
    for count in (60, 200):
        X = rng.standard_normal((count, 3))
        columns = {f"{HOSTILE}{k}": X[:, k] for k in range(3)}
        tables.append(pandas.DataFrame(columns | {HOSTILE: X.sum(axis=1)}))
    tables[1][f"{HOSTILE} more"] = 1.0
    write_report(gl.weigh(*tables, HOSTILE, made_from="elsewhere"), tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert len(page.encode()) < 150_000
    assert "script" not in {tag for tag, _ in _Page(page).tags}
    assert HOSTILE in _Page(page).words
    cost = {"real": 1, "synthetic": 0.1}
    write_report(gl.budget(*tables, HOSTILE, cost=cost, money=90), tmp_path / "r.md")
    assert "<script>" not in (tmp_path / "r.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_errors_are_written_in_the_unit_that_is_asked_for(outlook: gl.Forecast) -> None:
    document = of_forecast(outlook, unit="rmse")
    assert document.answer == outlook.advice.said("rmse")[0]
    sheet = document.sheets[0]
    errors = [row[sheet.headings.index("root error")] for row in sheet.rows]
    np.testing.assert_allclose(np.array(errors, dtype=float) ** 2, outlook.own.error, rtol=1e-3)
    assert document.pictures[0].words.startswith("Change of the root error")
    with pytest.raises(gl.InvalidInputError, match="unit was 'mae'"):
        of_forecast(outlook, unit="mae")


def test_page_says_the_answer_and_every_number_of_the_tables(
    page: str, outlook: gl.Forecast
) -> None:
    words = _Page(page).words
    document = of_forecast(outlook)
    assert words.index(document.answer) < words.index(document.sheets[0].caption)
    for sheet in document.sheets:
        for row in sheet.rows:
            assert all(cell in words for cell in row)
    for text in (*document.advice, *document.done, *document.warnings):
        assert text in words


@pytest.mark.slow
def test_recipes_build_the_plan_again(outlook: gl.Forecast, tmp_path: Path) -> None:
    by_language = {recipe.title: recipe.text for recipe in of_forecast(outlook).recipes}
    (tmp_path / "plan.toml").write_text(by_language["The plan as a file"])
    assert gl.load_plan(tmp_path / "plan.toml") == outlook.plan
    names: dict[str, object] = {}
    exec(by_language["The plan in Python"], names)  # noqa: S102
    assert names["plan"] == outlook.plan
    exec(by_language["The model in scikit-learn"], names)  # noqa: S102
    assert names["model"].steps[-1][1].alpha == pytest.approx(60 * outlook.plan.penalty[0], 1e-3)


def test_markdown_has_the_tables_and_no_markup_of_names(
    outlook: gl.Forecast, tmp_path: Path
) -> None:
    write_report(outlook, tmp_path / "r.md")
    text = (tmp_path / "r.md").read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    assert "<script>" not in prose
    models = [line for line in text.splitlines() if re.match(r"\| \d+ \|", line)]
    assert len(models) == 4
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in models}) == 1


@pytest.mark.slow
def test_same_answer_same_page(page: str, outlook: gl.Forecast, tmp_path: Path) -> None:
    write_report(outlook, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == page


@pytest.mark.parametrize("name", ["report.pdf", "no/such/folder/report.html"])
def test_report_that_cannot_be_written_is_refused_before_any_work(name: str, genloss) -> None:
    code, out, errors = genloss("forecast", "missing.csv", "--target", "y", "--report", name)
    assert (code, out) == (2, "")
    assert "--report" in errors
    assert name in errors


def test_what_is_no_answer_is_refused_by_name(tmp_path):
    with pytest.raises(gl.InvalidInputError, match="answer was NoneType"):
        write_report(None, tmp_path / "r.md")
    with pytest.raises(gl.InvalidInputError, match="path was None"):
        write_report(None, None)
    assert not list(tmp_path.iterdir())
