"""A document as one HTML page, or as Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from genloss._version import __version__
from genloss.documents.document import Document, Sheet


def html(document: Document) -> str:
    """One page that loads nothing: no script, pictures inside, for screens, phones and paper.

    Examples
    --------
    >>> "<script>" in html(Document("a <script>", "it holds"))
    False
    """
    from jinja2 import Environment, PackageLoader

    pages = Environment(
        loader=PackageLoader("genloss.documents", "pages"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return pages.get_template("report.html.jinja").render(page=document, version=__version__)


def markdown(document: Document) -> str:
    r"""The same as a section of a model card, without the pictures.

    Examples
    --------
    >>> print(markdown(Document("rows | columns", "It *holds*.")))
    # rows \| columns
    <BLANKLINE>
    **It \*holds\*.**
    <BLANKLINE>
    """
    blocks = [f"# {_plain(document.title)}", f"**{_plain(document.answer)}**"]
    blocks += _listed("", document.advice) + _listed("## What makes it weak", document.warnings)
    blocks += [_table(sheet) for sheet in document.sheets]
    for recipe in document.recipes:
        fence = "`" * max(3, 1 + _longest_run(recipe.text))
        text = recipe.text.rstrip()
        blocks += [f"## {_plain(recipe.title)}", f"{fence}{recipe.language}\n{text}\n{fence}"]
    blocks += _listed("## How it came about", document.done)
    return "\n\n".join(blocks) + "\n"


def _listed(heading: str, sentences: Sequence[str]) -> list[str]:
    items = "\n".join(f"- {_plain(words)}" for words in sentences)
    return [part for part in (heading, items) if part] if items else []


def _table(sheet: Sheet) -> str:
    ruler = [":--" if column.left else "--:" for column in sheet.columns]
    rows = [map(_plain, sheet.headings), ruler, *(map(_plain, row) for row in sheet.rows)]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    legend = f"\n\n{_plain(sheet.legend)}" if sheet.legend else ""
    return f"## {_plain(sheet.caption)}\n\n{lines}{legend}"


def _plain(text: str) -> str:
    """Text in which nothing is markup."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", " ".join(text.split()))


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
