"""The page that says which test holds which statement names files that are there."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "evidence.md"


def test_every_file_that_the_page_names_is_there():
    files = {each.stem for each in TESTS.rglob("test_*.py")}
    named = re.findall(r"`(?:[a-z_]+/)?(test_[a-z_]+)`", PAGE.read_text(encoding="utf-8"))
    assert len(named) > 40
    assert set(named) <= files
    rooms = re.findall(r"`([a-z_]+)/`", PAGE.read_text(encoding="utf-8"))
    assert all((TESTS / room).is_dir() for room in rooms)
    placed = re.findall(r"`([a-z_]+/test_[a-z_]+)`", PAGE.read_text(encoding="utf-8"))
    assert all((TESTS / f"{each}.py").is_file() for each in placed)
