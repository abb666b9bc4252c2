"""Read what a user has (a file, a frame, arrays) into the `Table` that a forecast starts from."""

from __future__ import annotations

import gzip
import importlib
import importlib.util
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from genloss._check import choice, integer, reachable
from genloss.errors import DataError
from genloss.tables.cells import settle
from genloss.tables.column import Column, printable
from genloss.tables.delimited import Dialect
from genloss.tables.encoder import (
    apply,
    carried,
    categories_of,
    encode,
    features_of,
    left_out,
    refuse_flaws,
    useful,
    varies,
)
from genloss.tables.files import read_file
from genloss.tables.layout import Policy, lay_out
from genloss.tables.remarks import remarks
from genloss.tables.roles import sort_columns
from genloss.tables.table import Table


def load_table(
    data: Any,
    target: str | int | None = None,
    *,
    missing: str = "error",
    max_categories: int = 50,
    encoding: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    sep: str | None = None,
    time: Any = None,
    group: Any = None,
    weights: Any = None,
    texts: str = "drop",
    classes: bool = False,
) -> Table:
    """Read a file, a frame or arrays into numeric features and a target.

    Booleans become 0/1, categories indicators (without the first in sorted order, so that they
    are not collinear with an intercept), dates days since 1970-01-01. Constant columns, row
    indices and text with too many distinct values are dropped. ``notes`` tells what was done,
    ``warnings`` what may have been read in another way than it was meant.

    Parameters
    ----------
    data : path, frame, Bunch, array or pair (X, y)
        A .csv or .tsv (also .gz), .parquet, .npy or .npz file, a pipe, or a folder of Parquet files;
        a pandas, polars or pyarrow frame; a scikit-learn Bunch; a 2-D array; two arrays, X flattened
        to one row per entry of y. In columns of text, words such as NA, null, #N/A or an empty cell
        are missing, ISO dates are dates, and numbers may be written as people do: 1,009 or 12 %.
    target : str or int, optional
        Column name, or the column index of a 2-D array (the last if unset). Left unset when
        ``data`` brings its own target (a pair, a Bunch, an .npz file).
    missing : {"error", "drop", "mean"}
        Refuse missing values, drop their rows, or put in the column's mean (for categories and
        booleans: a category of its own). Unless "error", rows without a target are dropped.
    max_categories : int
        Text columns with more distinct values than this (ids), or with values of more than 200
        characters (prose), are dropped, see ``texts``.
    encoding : str, optional
        Of a text file, such as "latin-1"; default: by its mark, else UTF-8.
    decimal, thousands : str, optional
        Signs that divide, and that group, the digits of numbers in columns of text; default: as all
        columns of the table together leave no doubt.
    sep : str, optional
        Sign between the fields of a text file; default: comma, semicolon, tab or bar, whichever is
        most frequent in the header.
    time, group, weights : str, int or array of shape (n_rows,), optional
        Column by which rows are ordered, whose equal values belong together, and by which rows
        count. They are no features. A row of weight 2 counts as two copies, one of weight 0 is
        left out.
    texts : {"drop", "encode"}
        Whether text columns with too many distinct values are dropped, or kept in ``Table.texts``.
    classes : bool, default False
        Whether the target may be text, which becomes places in ``Table.levels``.

    Returns
    -------
    Table
        Features (n_rows, dim) and target (n_rows,).

    Raises
    ------
    DataError
        If the data cannot be read or used; the message names the file or column and the cure.
    InvalidInputError
        If an option is not allowed.
    MissingDependencyError
        If no installed package reads Parquet.

    Examples
    --------
    >>> table = load_table((np.array([[1.0, 7.0], [2.0, 7.0], [4.0, 7.0]]), [1.0, 2.0, 3.0]))
    >>> table.features.shape, table.feature_names, table.notes
    ((3, 1), ('x0',), ("dropped constant column 'x1'",))
    """
    policy = policy_of(missing, texts, max_categories)
    dialect = Dialect.of(encoding, decimal, thousands, sep)
    roles = roles_of(time, group, weights)
    source, notes, points = "arrays", list[str](), False
    if isinstance(data, str | os.PathLike):
        path = reachable("data", Path(data).expanduser())
        source = printable(path.name)
        data, notes, points = read_file(path, dialect)
    else:
        dialect.refuse_for("data are in memory")
        if not isinstance(data, np.ndarray | tuple):
            package = type(data).__module__.split(".")[0]
            source = "scikit-learn Bunch" if isinstance(data, dict) else f"{package} frame"
    found = sort_columns(data, target, roles)
    del data
    columns, read, warnings = settle([*found.columns, *found.target], dialect.style, points=points)
    *columns, answer = columns
    answer, levels = _levelled(answer) if classes or answer.kind == "boolean" else (answer, ())
    n_rows = len(answer.values)
    for column in columns:
        if len(column.values) != n_rows:
            owner = next((r for r, place in found.roles.items() if columns[place] is column), "X")
            rows = len(column.values)
            raise DataError(f"y had {n_rows} entries; {owner} has {rows} rows and they must agree")
    layout, used, planned = lay_out(columns, answer, found.roles, policy, whole=True)
    notes += [*found.notes, *read]
    block = encode([columns[place] for place in used], answer, layout)
    del found, columns  # they may be large
    refuse_flaws(block.tally, layout, block.crowded)
    story = left_out(block.tally, layout, block.crowded, [*notes, *planned])
    counts = block.weights
    share = {
        key: float(values.mean() if counts is None else np.average(values, weights=counts))
        for key, values in block.columns.items()
    }
    recipe, told = features_of(layout, block.keys, share, block.tally, block.crowded)
    story += told
    names, values = [name for name, _ in recipe], np.array(block.answers)
    varying = [*varies(recipe, block.columns), bool(values.min() < values.max())]
    kept = useful(
        names, varying, layout, levels[int(values[0])] if levels else float(values[0]), story
    )
    table = Table(
        features=apply([recipe[place] for place in kept], block.columns),
        target=values,
        feature_names=tuple(names[place] for place in kept),
        target_name=answer.name,
        source=source,
        notes=tuple(story),
        warnings=(*warnings, *layout.warnings),
        levels=levels,
        categories=categories_of(layout, share, block.crowded),
        **carried(layout, block.columns),
    )
    del block
    return replace(table, notes=(*table.notes, *remarks(table, layout)))


def _levelled(answer: Column) -> tuple[Column, tuple[str, ...]]:
    """A target of text as places of its words, and these; booleans are named."""
    if answer.kind == "boolean":
        return answer, ("False", "True")
    if answer.kind != "text":
        return answer, ()
    places = np.where(answer.missing, np.nan, answer.values)
    return replace(answer, kind="number", values=places, levels=()), answer.levels


def policy_of(missing: str, texts: str = "drop", max_categories: int = 50) -> Policy:
    """Check what is wanted."""
    return Policy(
        missing=choice("missing", missing, ("error", "drop", "mean")),
        max_categories=integer("max_categories", max_categories, minimum=0),
        texts=choice("texts", texts, ("drop", "encode")),
    )


def roles_of(time: Any, group: Any, weights: Any) -> Mapping[str, Any]:
    """The roles that are given."""
    given = {"time": time, "group": group, "weights": weights}
    return {role: chosen for role, chosen in given.items() if chosen is not None}


def example_table(name: str) -> Table:
    """Return one of the data sets inside scikit-learn, which needs no network.

    Parameters
    ----------
    name : {"digits", "diabetes"}
        Digits: 1,797 images of 8 x 8 pixels; diabetes: 442 patients, 10 measurements.

    Returns
    -------
    Table
        As from `load_table`.

    Raises
    ------
    InvalidInputError
        If ``name`` is another.
    """
    choice("name", name, ("digits", "diabetes"))
    if name == "digits":
        return replace(load_table(_digits()), source="scikit-learn digits", target_name="digit")
    bunch = importlib.import_module("sklearn.datasets").load_diabetes()
    return replace(load_table(bunch), source="scikit-learn diabetes", target_name="progression")


def _digits() -> dict[str, Any]:
    """What scikit-learn's ``load_digits`` reads, without its import, which takes longer."""
    found = importlib.util.find_spec("sklearn")
    assert found is not None
    assert found.origin is not None
    path = Path(found.origin).with_name("datasets") / "data" / "digits.csv.gz"
    if not path.exists():
        bunch: dict[str, Any] = importlib.import_module("sklearn.datasets").load_digits()
        return bunch
    with gzip.open(path, "rt") as lines:
        rows = np.loadtxt(lines, delimiter=",")
    names = [f"pixel_{row}_{column}" for row in range(8) for column in range(8)]
    return {"data": rows[:, :-1], "target": rows[:, -1].astype(int), "feature_names": names}
