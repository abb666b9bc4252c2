"""Answers as documents that people keep: one HTML page without scripts, or Markdown for a model card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from genloss import _check
from genloss._words import shown
from genloss.documents.document import Document, Picture, Recipe, Sheet
from genloss.documents.markup import html, markdown
from genloss.documents.of_budget import of_budget
from genloss.documents.of_forecast import of_forecast
from genloss.documents.of_measured import of_measured
from genloss.documents.of_reading import of_reading
from genloss.documents.of_weighed import of_weighed
from genloss.errors import InvalidInputError

if TYPE_CHECKING:
    from genloss.budgeting.result import Budget
    from genloss.outlook.measured.result import MeasuredForecast
    from genloss.outlook.result import Forecast
    from genloss.watching.reading import Reading
    from genloss.weighing.result import Weighed

__all__ = [
    "ENDINGS",
    "Document",
    "Picture",
    "Recipe",
    "Sheet",
    "as_document",
    "check_path",
    "html",
    "markdown",
    "of_budget",
    "of_forecast",
    "of_measured",
    "of_reading",
    "of_weighed",
    "write_report",
]

ENDINGS = {".html": html, ".md": markdown}
"""What a report can be, by the ending of its file."""


def write_report(
    answer: Document | Budget | Forecast | MeasuredForecast | Reading | Weighed,
    path: str | Path,
    *,
    say: Callable[[str], str] = str,
) -> None:
    """Write an answer as a report: the sentence first, then numbers, pictures, and how it came about.

    Parameters
    ----------
    answer : Forecast, MeasuredForecast, Weighed, Budget, Reading or Document
        What to write down.
    path : str or Path
        A file that ends in .html (one page, pictures inside, nothing is loaded) or .md.
    say : callable, optional
        Spells arguments of the package as the caller does.

    Raises
    ------
    InvalidInputError
        If the ending is another, or the file cannot be written.

    Examples
    --------
    >>> import genloss as gl, pathlib, sklearn.datasets, tempfile
    >>> outlook = gl.forecast(*sklearn.datasets.load_diabetes(return_X_y=True), trials=2)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "report.md"
    >>> gl.documents.write_report(outlook, path)
    >>> path.read_text().splitlines()[0]
    '# Retraining on model-made labels: y of arrays'
    """
    path = check_path("path", path)
    document = as_document(answer, say)
    text = ENDINGS[path.suffix](document)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(
            f"path was {shown(str(path))}; it cannot be written: {error.strerror}"
        ) from None


def as_document(
    answer: Document | Budget | Forecast | MeasuredForecast | Reading | Weighed,
    say: Callable[[str], str] = str,
) -> Document:
    """Return the report of an answer, whatever its kind.

    Parameters
    ----------
    answer : Forecast, MeasuredForecast, Weighed, Budget, Reading or Document
        What to write down.
    say : callable, optional
        Spells arguments of the package as the caller does.

    Raises
    ------
    InvalidInputError
        If it is something else.

    Examples
    --------
    >>> as_document(Document("a title", "It holds.")).answer
    'It holds.'
    """
    if isinstance(answer, Document):
        return answer
    from genloss.budgeting.result import Budget
    from genloss.outlook.measured.result import MeasuredForecast
    from genloss.outlook.result import Forecast
    from genloss.watching.reading import Reading
    from genloss.weighing.result import Weighed

    if isinstance(answer, Budget):
        return of_budget(answer, say)
    if isinstance(answer, MeasuredForecast):
        return of_measured(answer, say)
    if isinstance(answer, Reading):
        return of_reading(answer, say)
    if isinstance(answer, Weighed):
        return of_weighed(answer, say)
    return of_forecast(_check.instance("answer", answer, Forecast), say)


def check_path(name: str, path: str | Path) -> Path:
    """Return the path of a report that can be written, or raise before any work."""
    path = _check.path(name, path)
    if path.suffix not in ENDINGS:
        raise InvalidInputError(
            f"{name} was {shown(str(path))}; it must end in {' or '.join(ENDINGS)}"
        )
    if not path.resolve().parent.is_dir():
        raise InvalidInputError(f"{name} was {shown(str(path))}; its folder does not exist")
    return path
