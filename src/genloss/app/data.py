"""The view *Your data*: what a table holds, and what is said of it; always in a process of its own."""

from __future__ import annotations

import html
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genloss import _check
from genloss.app import asked
from genloss.app.explore import Say
from genloss.errors import GenlossError

if TYPE_CHECKING:
    from genloss.tables.column import Column

ROWS = 8
"""Rows that are shown."""

COLUMNS = 200
"""Columns that are shown."""

LONGEST = 60
"""Characters of a cell that are shown."""

MODELS: Mapping[str, Mapping[str, str]] = {
    "linear": {},
    "rbf": {"kernel": "rbf"},
    **{name: {"estimator": name} for name in ("logistic", "forest", "boosting")},
}
"""Models that may be chosen: ridge, and some of the estimators that have a name."""

PLAIN = ("classes", "noise", "penalty", "real", "log", "missing")
"""Arguments of `genloss.forecast` that are handed on as they come; it checks them."""


def preview(query: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """What a table holds: names and kinds of columns, and the first rows.

    Parameters
    ----------
    query : mapping
        ``tables``: one upload, with its ``path`` and ``name``.
    """
    from genloss.outlook.plans import default_rows
    from genloss.tables.cells import settle
    from genloss.tables.delimited import Dialect
    from genloss.tables.files import read_file
    from genloss.tables.memory import columns_of

    [tables] = asked.fields(query, "tables")
    [table] = tables
    with _named(tables):
        say("step", "reading the table")
        data, _, points = read_file(Path(table["path"]), Dialect())
        columns, _, warnings = settle(columns_of("data", data), None, points=points)
    rows = len(columns[0].values) if columns else 0
    return {
        "name": table["name"],
        "rows": rows,
        "each": default_rows(rows),
        "columns": [_described(column) for column in columns[:COLUMNS]],
        "more": max(0, len(columns) - COLUMNS),
        "warnings": [*warnings],
    }


def _described(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "kind": column.kind,
        "missing": int(column.missing.sum()),
        "first": [_cell(column, value) for value in column.values[:ROWS]],
    }


def _cell(column: Column, value: Any) -> str:
    if column.kind == "text":
        return column.levels[value][:LONGEST] if value >= 0 else ""
    if np.isnan(value):
        return ""
    if column.kind == "date":
        return str(np.datetime64(0, "s") + np.timedelta64(round(float(value) * 86400), "s"))[:10]
    if column.kind == "boolean":
        return "yes" if value else "no"
    return f"{value:.6g}"


def forecast(query: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """Forecast what retraining does to a model of a table, and write the report.

    Parameters
    ----------
    query : mapping
        ``tables``: one upload; ``model``, one of `MODELS`; ``target``, ``classes``, ``generations``,
        ``n_samples``, ``noise``, ``penalty`` (None or "cv"), ``real``, ``log`` and ``missing`` as in
        `genloss.forecast`.
    say : callable
        Is told the event "step" and its name.

    Returns
    -------
    dict
        ``answer``, and the ``report`` as HTML and as ``markdown``.
    """
    from genloss.outlook.forecast import forecast as run

    tables, model, target, n_samples, *rest = asked.fields(
        query, "tables", "model", "target", "n_samples", *PLAIN, "generations"
    )
    generations = asked.number("generations", rest.pop())
    if n_samples is not None:
        n_samples = asked.number("n_samples", n_samples)
    [table] = tables
    say("step", "reading the table")
    with _named(tables), _told(say, tables):
        outlook = run(
            table["path"],
            _check.text("target", target),
            generations=generations,
            n_samples=n_samples,
            **_model(model),
            **dict(zip(PLAIN, rest, strict=True)),
        )
        say("step", "writing the report")
        return _written(outlook, tables)


def weigh(query: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """Say which weight synthetic rows deserve beside real ones, and write the report.

    Parameters
    ----------
    query : mapping
        ``tables``: the real one and the synthetic one; ``model``, one of `MODELS`; ``target``,
        ``classes``, ``made_from`` and ``missing`` as in `genloss.weigh`.
    say : callable
        Is told the event "step" and its name.

    Returns
    -------
    dict
        ``answer``, and the ``report`` as HTML and as ``markdown``.
    """
    from genloss.weighing.weigh import weigh as run

    tables, model, target, classes, made_from, missing = asked.fields(
        query, "tables", "model", "target", "classes", "made_from", "missing"
    )
    real, synthetic = tables
    say("step", "reading both tables")
    with _named(tables), _told(say, tables):
        found = run(
            real["path"],
            synthetic["path"],
            _check.text("target", target),
            made_from=made_from,
            missing=missing,
            classes=classes,
            **_model(model),
        )
        say("step", "writing the report")
        return _written(found, tables)


def _model(name: Any) -> dict[str, Any]:
    """What a verb is told of a model."""
    return dict(MODELS[_check.choice("model", name, tuple(MODELS))])


def _written(found: Any, tables: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    from genloss import documents

    document = documents.as_document(found)
    page = documents.html(document)
    for table in tables:  # which lie under names of the server's own
        page = page.replace(Path(table["path"]).name, html.escape(table["name"]))
    text = _with_names(documents.markdown(document), tables)
    return {"answer": document.answer, "report": page, "markdown": text}


def _with_names(text: str, tables: Sequence[Mapping[str, str]]) -> str:
    for table in tables:
        path = table["path"]
        text = text.replace(path, table["name"]).replace(Path(path).name, table["name"])
    return text


@contextmanager
def _named(tables: Sequence[Mapping[str, str]]) -> Iterator[None]:
    """Complaints within are about the tables as the user calls them."""
    try:
        yield
    except GenlossError as error:
        raise GenlossError(_with_names(str(error), tables)) from None


@contextmanager
def _told(say: Say, tables: Sequence[Mapping[str, str]]) -> Iterator[None]:
    """What the package logs on the way is told as a step."""

    class Steps(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            """Tell it."""
            say("step", _with_names(record.getMessage(), tables))

    log, steps = logging.getLogger("genloss"), Steps(logging.INFO)
    before = log.level
    log.addHandler(steps)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(steps)
        log.setLevel(before)
