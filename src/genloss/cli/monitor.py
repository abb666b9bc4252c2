"""``genloss monitor``."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genloss._words import quoted
from genloss.cli.app import File, Json, answer, app, check_files, examples, spelling
from genloss.errors import InvalidInputError

if TYPE_CHECKING:
    from genloss.watching.monitor import Monitor

ALARM = 1
"""Exit code where the alarm has rung."""


@app.command(
    help_epilogue=examples(
        "genloss monitor r.db --start a.csv --target y --watched x.csv --n-samples 99",
        "genloss monitor runs.db --append round1.csv --key 2026-11-26",
        "genloss monitor runs.db --plot rise.png",
    )
)
def monitor(
    file: File,
    /,
    *,
    start: File | None = None,
    target: str | None = None,
    watched: File | None = None,
    labels: File | None = None,
    n_samples: int | None = None,
    real: float = 0.0,
    noise: float = 0.0,
    estimator: str | None = None,
    classes: bool = False,
    pseudo_labels: str | None = None,
    penalty: float | None = None,
    rehearsals: int = 40,
    seed: int = 0,
    append: File | None = None,
    round: int | None = None,
    key: str | None = None,
    inputs: File | None = None,
    n_real: int | None = None,
    on_real: File | None = None,
    alpha: float = 0.05,
    plot: File | None = None,
    report: File | None = None,
    json: Json = False,
) -> int:
    """Watch a loop of models that are retrained on their predecessors' labels.

    Start it once with your real rows; then append every round's predictions for the
    watched rows. Exit code 1: the alarm has rung.

    Parameters
    ----------
    file
        An SQLite file with the rounds; made by --start.
    start
        Start with this table of real rows; model 0 is ridge regression on them, of classes (a target of
        text or booleans) logistic regression.
    target
        Column to predict in it.
    watched
        A table of rows (labels are not looked at) for which every model is asked.
    labels
        Real labels of the watched rows, as far as they are known, with --start: a .csv or .npy file
        with one column in their order, nan (of classes an empty cell) where unknown.
    n_samples
        Rows that a round is trained on.
    real
        Share of them with new real labels.
    noise
        Standard deviation of noise on labels that models make.
    estimator
        What is trained instead: boosting, forest, logistic, mlp, neighbours, tree, or a module and a
        class such as sklearn.linear_model:Lasso.
    classes
        Numbers of the target are classes.
    pseudo_labels
        Of classes, the labels that models make: hard, sampled or soft. Default: hard.
    penalty
        Ridge penalty per row; default: chosen by leave-one-out at every fit. With --inputs: the
        round's, on columns standardised by the real rows.
    rehearsals
        Number of rehearsals.
    seed
        Their seed.
    append
        Add a round: a .csv or .npy file with one column, its model's predictions for the
        watched rows in their order, with or without a header. Of classes: a column of chances for
        each, in alphabetical order; of two, that of the second will do.
    round
        Its number; default: the next one.
    key
        A name of the round; what was sent already is not added twice.
    inputs
        A table of the rows that the round's ridge was fitted to, those with real labels first: with
        them in every round the rise is read off the real rows by leave-one-out of the chain.
    n_real
        How many of them had new real labels; default: their share of --start.
    on_real
        The round's predictions for the real rows, a file of one column; default: read off those
        for the watched rows, as of a linear model.
    alpha
        Chance of a false alarm, ever.
    plot
        Write the rise of the error to this .png or .svg file.
    report
        Write a report to this .html or .md file.
    json
        Print JSON for machines instead of tables.
    """
    import genloss
    from genloss.report.monitor import print_reading
    from genloss.tables.remarks import own_cures

    check_files(plot, report)
    live = genloss.Monitor(file)
    if start is None and not file.exists():
        raise InvalidInputError(f"FILE was {str(file)!r}, which does not exist; --start makes it")
    if labels is not None and start is None:
        raise InvalidInputError("--labels needs --start: they are kept from the start on")
    if append is None and (inputs is not None or n_real is not None or on_real is not None):
        raise InvalidInputError(
            "--inputs, --n-real and --on-real need --append: they are a round's"
        )
    if start is not None:
        if watched is None or n_samples is None:
            raise InvalidInputError("--start needs --watched and --n-samples as well")
        with own_cures():
            _start(
                live, start, target, watched, labels, classes=classes, n_samples=n_samples, real=real,
                noise=noise, estimator=estimator, pseudo_labels=pseudo_labels, penalty=penalty,
                rehearsals=rehearsals, seed=seed, progress=not json,
            )  # fmt: skip
    if append is not None:
        with own_cures():
            _append(
                live, append, inputs, on_real, round=round, key=key, n_real=n_real, penalty=penalty
            )
    found = live.read(alpha=alpha)
    answer(found, print_reading, json=json, plot=plot, report=report, say=spelling(monitor))
    return ALARM if found.alarm else 0


def _start(
    live: Monitor,
    data: Path,
    target: str | None,
    watched: Path,
    labels: Path | None,
    *,
    classes: bool,
    **every: Any,
) -> None:
    """Rehearse on a table, with rows of another file in its columns."""
    import numpy as np

    from genloss.tables.column import counted
    from genloss.tables.delimited import Dialect
    from genloss.tables.encoder import GapsError
    from genloss.tables.inputs import inputs_like
    from genloss.tables.load import load_table

    try:
        table = load_table(data, target, classes=True)
    except GapsError as gaps:
        raise InvalidInputError(f"--start {quoted(data)} has {gaps.args[0]}; fill them") from None
    called = f"--watched {quoted(watched)}"
    found = inputs_like(table, watched, Dialect.of(None, None, None, None), called)
    if found.unknown:  # predictions come in the order of the file: no row is left out in silence
        count, what = found.unknown[0]
        raise InvalidInputError(
            f"{called} has {counted(count, 'row')} of which --start knows nothing: {quoted(data)} has no {what}; "
            "take them out of the file"
        )
    rows = found.features
    y = table.target
    if table.levels:
        y, classes = np.asarray(table.levels)[y.astype(np.intp)], True
    known = None if labels is None else _columns("labels", labels, len(rows), words=classes)
    live.start(
        table.features, y, rows, labels=known, columns=table.feature_names,
        classes=True if classes else None, **every,
    )  # fmt: skip


def _append(
    live: Monitor, said: Path, inputs: Path | None, on_real: Path | None, **every: Any
) -> None:
    """Add a round, with what it was fitted to if that is known."""
    from genloss.tables.inputs import inputs_named

    if inputs is not None and not live.columns:
        raise InvalidInputError(
            "--inputs needs a file of rounds whose model 0 is ridge and whose columns have names: "
            "--start makes one"
        )
    live.append(
        _columns("append", said, live.n_watched, width=max(len(live.classes), 1)),
        inputs=None if inputs is None else inputs_named(live.columns, inputs, "--inputs"),
        on_real=None if on_real is None else _columns("on-real", on_real, live.n_rows),
        **every,
    )


def _columns(argument: str, path: Path, count: int, *, width: int = 1, words: bool = False) -> Any:
    """The one column of a file, of ``words`` perhaps, or all ``width`` of them.

    A first line of text that is a number is one where rows else lack one.
    """
    import numpy as np

    from genloss.tables.cells import settle
    from genloss.tables.column import counted
    from genloss.tables.delimited import Dialect
    from genloss.tables.files import read_file
    from genloss.tables.memory import columns_of

    dialect = Dialect.of(None, None, None, None)
    read, _, points = read_file(path, dialect)
    if isinstance(read, np.ndarray) and read.ndim == 1:
        return read
    columns = settle(columns_of(argument, read), dialect.style, points=points)[0]
    kinds = {column.kind for column in columns}
    if len(columns) not in (1, width) or not (kinds == {"number"} or words):
        also = f", or {width} for the classes" if width > 1 else ""
        held = counted(len(columns), "column") + (" of text" if kinds == {"text"} else "")
        raise InvalidInputError(
            f"{argument} was {quoted(path)} with {held}; it must hold one column of numbers{also}"
        )
    if len(columns) > 1:
        return np.column_stack([column.values for column in columns])
    [column] = columns
    if column.levels:
        names = np.array([*column.levels, None], dtype=object)  # the last one of gaps
        return names[np.asarray(column.values, dtype=np.intp)]
    if isinstance(read, list) and len(column.values) == count - 1:
        with suppress(ValueError):  # a header that is none, as np.savetxt writes
            return np.array([float(column.name), *column.values])
    return column.values
