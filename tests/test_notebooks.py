"""The stories of the documentation run, and show what is stored in them."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"
BOOKS = sorted(FOLDER.glob("*.ipynb"))


def printed(book: nbformat.NotebookNode) -> list[str]:
    cells = (cell for cell in book.cells if cell.cell_type == "code")
    return [output.text for cell in cells for output in cell.outputs if "text" in output]


def pictures(book: nbformat.NotebookNode) -> list[str]:
    cells = (cell for cell in book.cells if cell.cell_type == "code")
    outputs = [output for cell in cells for output in cell.outputs]
    return [o.data["image/png"] for o in outputs if "image/png" in o.get("data", {})]


def test_every_story_has_its_pictures():
    assert {book.stem for book in BOOKS} == {"bought", "theorist", "weekly"}
    for path in BOOKS:
        book = nbformat.read(path, as_version=4)
        assert len(pictures(book)) >= 2
        assert min(map(len, pictures(book))) > 5_000


@pytest.mark.slow
@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_a_story_runs_and_says_what_is_stored(path, monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import run

    fresh, stored = run.run(path), nbformat.read(path, as_version=4)
    assert printed(fresh) == printed(stored)
    assert len(pictures(fresh)) == len(pictures(stored))
