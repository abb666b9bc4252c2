"""Two tables in the columns of the first: what a second file holds, encoded as the real one is."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss._words import number, quoted
from genloss.errors import DataError
from genloss.tables.column import ROW_INDEX, Column, counted, printable, some
from genloss.tables.delimited import Dialect
from genloss.tables.encoder import GapsError
from genloss.tables.files import read_file
from genloss.tables.inputs import columns_behind, encode_like, named, settle_like
from genloss.tables.load import load_table
from genloss.tables.remarks import own_cures, without_options
from genloss.tables.roles import sort_columns
from genloss.tables.table import Table
from genloss.tables.target import classified, with_note

Array = npt.NDArray[np.float64]

FEWEST_REAL, FEWEST_SYNTHETIC = 20, 5


@dataclass(frozen=True, eq=False)
class Pair:
    """Real and synthetic rows in the same features.

    Attributes
    ----------
    X, y : ndarray of shape (n, p) and (n,)
        Real rows.
    X_synthetic, y_synthetic : ndarray of shape (m, p) and (m,)
        Synthetic ones.
    target, sources : str and pair of str
        What is predicted, and what the tables are called.
    levels : tuple of str
        Names of the classes, of which labels are the places; empty where labels are numbers.
    notes, warnings : tuple of str
        What was done, and what may have been read in another way than it was meant.
    """

    X: Array
    y: Array
    X_synthetic: Array
    y_synthetic: Array
    target: str
    sources: tuple[str, str]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    levels: tuple[str, ...] = ()


def real_table(real: Any, target: Any, missing: str, *, classes: bool = False) -> Table:
    """Read the real table, whose gaps are refused or dropped.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    if isinstance(real, Table):
        return real
    try:
        with own_cures():
            table = load_table(real, target, missing=missing, classes=classes)
    except GapsError as gaps:
        called = f"real {quoted(real)}" if isinstance(real, str | os.PathLike) else "real"
        raise DataError(f"{called} has {gaps.args[0]}; fill them, or pass missing='drop'") from None
    return replace(
        table,
        notes=tuple(map(without_options, table.notes)),
        warnings=tuple(map(without_options, table.warnings)),
    )


def read_pair(
    real: Any,
    synthetic: Any,
    target: Any,
    missing: str,
    *,
    classes: bool | None = False,
    classifier: bool = False,
) -> Pair:
    """Read both tables; categories that the real one lacks, and missing columns, are said.

    ``classes`` says whether labels are classes; None: where they are text or booleans, or whole numbers for
    a classifier.

    Raises
    ------
    DataError
        If a table cannot be read, has too few rows, or the second lacks a column of the first.
    """
    table, levels = (
        real_table(real, target, missing, classes=classes is not False),
        tuple[str, ...](),
    )
    if table.target.size < FEWEST_REAL:
        raise DataError(
            f"real has {counted(table.target.size, 'usable row')}; at least {FEWEST_REAL} are needed"
        )
    named = bool(table.levels) or (classifier and bool(np.all(table.target % 1 == 0)))
    if classes or (classes is None and named):
        table, levels = classified(table)
    elif classes is None:
        table = with_note(table, classes)
    try:
        with own_cures():
            columns, answer, source = _columns_of(
                synthetic, _same_target(real, synthetic, target, table), table
            )
    except DataError as error:
        raise DataError(f"synthetic cannot be used: {error}") from None
    alike = encode_like(table, columns, "synthetic", "real")
    features, strange = alike.features, alike.strange
    extra = [c.name for c in columns if c.name not in alike.used and c.name not in ROW_INDEX]
    notes = [f"not used of synthetic, as no feature of real: {some(extra)}"] if extra else []
    notes += alike.left_out("synthetic row", "real")
    if levels:
        labels, unknown, said = _classes(answer, levels)
        strange = strange | unknown
        notes += said
    else:
        labels = _labels(answer)
    whole = np.isfinite(features).all(axis=1) & np.isfinite(labels)
    if infinite := [
        name
        for name, values in zip(table.feature_names, features.T, strict=True)
        if np.isinf(values).any()
    ]:
        raise DataError(f"synthetic has infinite values in {some(infinite)}; replace them")
    if np.isinf(labels).any():
        raise DataError(f"synthetic has infinite values in {answer.name!r}; replace them")
    if gaps := int((~whole).sum()):
        if missing == "error":
            lacking = {answer.name: int(np.isnan(labels).sum())} | dict(alike.gaps)
            replace(alike, gaps={n: k for n, k in lacking.items() if k}).refuse_gaps(
                (
                    f"synthetic {quoted(synthetic)}"
                    if isinstance(synthetic, str | os.PathLike)
                    else "synthetic"
                ),
                "fill them, or pass missing='drop'",
            )
        notes.append(f"dropped {counted(gaps, 'synthetic row')} with missing values")
    used = whole & ~strange
    if used.sum() < FEWEST_SYNTHETIC:
        why = "".join(f"; {note}" for note in notes)
        raise DataError(
            f"synthetic has {counted(int(used.sum()), 'usable row')}; at least {FEWEST_SYNTHETIC} are "
            f"needed{why}"
        )
    return Pair(
        X=table.features,
        y=table.target,
        X_synthetic=np.ascontiguousarray(features[used]),
        y_synthetic=labels[used],
        target=table.target_name,
        sources=(table.source, source),
        notes=(*table.notes, *notes),
        warnings=table.warnings,
        levels=levels,
    )


def _columns_of(data: Any, target: Any, like: Table) -> tuple[list[Column], Column, str]:
    """Features, target and name of the second table, whose words are read as those of the first."""
    if isinstance(data, Table):
        return (
            columns_behind(data),
            Column(data.target_name, "number", data.target, data.levels),
            data.source,
        )
    source, points, dialect = "arrays", False, Dialect.of(None, None, None, None)
    if isinstance(data, str | os.PathLike):
        path = Path(data).expanduser()
        source = printable(path.name)
        data, _, points = read_file(path, dialect)
    elif not isinstance(data, np.ndarray | tuple):
        source = f"{type(data).__module__.split('.')[0]} frame"
    found = sort_columns(data, target, {})
    *columns, answer = settle_like(like, [*found.columns, *found.target], dialect, points=points)
    return columns, answer, source


def _same_target(real: Any, synthetic: Any, target: Any, table: Table) -> Any:
    """How the second table calls the target."""
    if isinstance(synthetic, Table) or (isinstance(synthetic, tuple) and len(synthetic) == 2):
        return None
    if isinstance(synthetic, np.ndarray) or not (isinstance(real, tuple) or target is None):
        return target
    return table.target_name


def _labels(answer: Column) -> Array:
    if answer.kind not in ("number", "boolean"):
        raise DataError(
            f"synthetic has a target {answer.name!r} of {answer.kind}; it must hold numbers"
        )
    return np.asarray(answer.values, dtype=np.float64)


def _classes(
    answer: Column, levels: tuple[str, ...]
) -> tuple[Array, npt.NDArray[np.bool_], list[str]]:
    """Labels as places among the real classes, rows of other classes, and what is said of these."""
    if answer.levels:
        values, names = np.asarray(answer.values, dtype=np.intp), answer.levels
        known = values >= 0
    else:
        numbers = np.asarray(answer.values, dtype=np.float64)
        known = ~np.isnan(numbers)
        there, values = np.unique(np.where(known, numbers, 0.0), return_inverse=True)
        names = tuple(number(float(value), 12) for value in there)
        if answer.kind == "boolean":
            names = tuple(str(bool(value)) for value in there)
    place = {name: k for k, name in enumerate(levels)}
    codes = np.array([float(place.get(name, -1)) for name in names])[np.where(known, values, 0)]
    strange, told = known & (codes < 0), []
    if strange.any():
        used = sorted({names[k] for k in values[strange]})
        told.append(
            f"left out {counted(int(strange.sum()), 'synthetic row')}: real has no class "
            f"{named(used)} of {answer.name!r}"
        )
    if lacking := [name for name, k in place.items() if not (known & (codes == k)).any()]:
        told.append(f"synthetic has no row of class {named(lacking)}")
    return np.where(known, codes, np.nan), strange, told
