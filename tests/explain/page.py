"""The texts as they stand on the page of the documentation."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "explain.md"


@cache
def written() -> str:
    return PAGE.read_text(encoding="utf-8")


def text(name: str, level: str) -> str:
    """One text, without its heading."""
    start = f'<a id="{name}-{level}"></a>\n\n### For the {level}\n\n'
    return written().split(start)[1].split("\n\n<a id=")[0]


def snippets(name: str, level: str, language: str) -> list[str]:
    found = rf"^```{language}\n(.*?)^```$"
    return re.findall(found, text(name, level), re.MULTILINE | re.DOTALL)
