"""From what a user gives to the rows a forecast works on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss._words import quoted
from genloss.errors import DataError, GenlossError, InvalidInputError
from genloss.estimate.kernels import Kernel, nystrom_features
from genloss.estimate.row_weights import unequal
from genloss.estimate.rows import FEWEST_ROWS, MOST_ROWS, Estimate, estimate_standardised
from genloss.estimate.standardise import Standardiser, unit_target
from genloss.outlook.sample import Sample, copies, joined
from genloss.outlook.split import check_groups
from genloss.outlook.theory import Theory
from genloss.tables.delimited import Dialect
from genloss.tables.inputs import inputs_like, named_like
from genloss.tables.streaming import LargeTable, StreamedTable, open_table, stream_note
from genloss.tables.table import Table

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

FEWEST_TABLE = 2 * FEWEST_ROWS
"""Rows that a table must have at least: half of them are seen in the check."""

MOST_USED = 12_000
FEWEST_UNLABELLED = 5  # one for every fold
_FARTHEST = 1e50  # squares of squares stay numbers
MOST_TEST = 6_000
EXACT_KERNEL = 4_000
"""Rows per fit up to which kernel ridge is solved exactly."""

LANDMARKS = 2_000


@dataclass(frozen=True, eq=False)
class Prepared:
    """A table ready for a forecast.

    Attributes
    ----------
    table : Table
        As read.
    sample : Sample
        Its rows in random order, at most `MOST_USED`, standardised.
    place : ndarray of int of shape (M,)
        Where each of them stands in the table.
    n_table : int
        Usable rows of the whole table.
    estimate : Estimate or None
        From all rows; None where there are too few.
    notes : tuple of str
        What was done.
    repeated : int
        Rows that are exact copies of others.
    unlabelled : ndarray of shape (l, p) or None
        Further inputs, treated alike.
    """

    table: Table
    sample: Sample
    place: Rows
    n_table: int
    estimate: Estimate | None
    notes: tuple[str, ...]
    repeated: int
    unlabelled: Array | None

    @property
    def theory(self) -> Theory | None:
        """Theory of the estimated problem."""
        return None if self.estimate is None else Theory.of(self.estimate, self.sample.weights)


def opened(
    X: Any,
    y: Any,
    missing: str,
    stream: bool | None,
    cluster: str | None,
    more: dict[str, Any],
    *,
    classes: bool,
) -> Table | LargeTable:
    """The table that the arguments stand for, with columns of time, groups and weights."""
    if isinstance(X, np.ndarray) and X.ndim == 2 and y is None:
        raise InvalidInputError(
            "y was not given with a matrix X; pass the labels as y, or the number of the column "
            "that holds them"
        )
    given = {key: value for key, value in more.items() if value is not None}
    return open_table(X, y, missing, stream, cluster, classes=classes, **given)


def refuse_beside_weights(unlabelled: Any, texts: str) -> None:
    """Refuse what knows no weights of rows."""
    if unlabelled is not None:
        raise InvalidInputError(
            "unlabelled was given beside weights, which those rows do not have; leave one of them out"
        )
    if texts == "encode":
        raise InvalidInputError(
            "texts was 'encode' beside weights, which an encoding by the target does not know; "
            "leave one of them out"
        )


def logged(table: Table) -> Table:
    """The table with the logarithm of its target."""
    least = float(table.target.min())
    if least <= 0:
        raise DataError(
            f"log was True and the target {table.target_name!r} had minimum {least:g}; a logarithm "
            "needs positive values: leave log out, or shift the target yourself"
        )
    return replace(table, target=np.log(table.target))


def prepare(
    table: Table,
    kernel: Kernel | None,
    n_samples: int,
    seed: np.random.SeedSequence,
    *,
    log: bool,
    unlabelled: Any = None,
) -> Prepared:
    """Draw the rows that are used, standardise them, and estimate the problem behind them."""
    if table.weights is not None:
        refuse_beside_weights(unlabelled, "encode" if table.texts else "drop")
    rng = np.random.default_rng(seed)
    place = rng.permutation(table.target.size)[:MOST_USED]
    raw, y = table.features[place], table.target[place]
    unit_target(y)  # refuses what does not vary, or has squares that are no numbers
    estimate: Estimate | None = None
    weights = unequal(None if table.weights is None else table.weights[place])
    standardise = Standardiser.of(raw, weights)
    if isinstance(table, StreamedTable):
        standardise, estimate = table.apart_from(np.empty(0, dtype=np.intp))
    note = stream_note(table, estimate)
    repeated = copies(raw, y)
    kept = {
        name: None if (values := getattr(table, name)) is None else values[place]
        for name in ("time", "groups")
    }
    texts = {name: codes[place] for name, codes in table.texts.items()}
    X = standardise(raw)
    more = None if unlabelled is None else standardise(inputs_of(unlabelled, table))
    if more is not None and texts:
        raise InvalidInputError("unlabelled was given beside encoded text columns; drop either")
    if kernel is not None:
        kernel.check(X)
    if kernel is not None and n_samples > EXACT_KERNEL:
        landmarks = nystrom_features(X, kernel, LANDMARKS, int(rng.integers(2**31)))
        X, more = landmarks(X), None if more is None else landmarks(more)
        kernel = None
    sample = Sample(
        X,
        y,
        kernel,
        groups=joined(kept["groups"], repeated),
        time=kept["time"],
        weights=weights,
        texts=texts,
        log=log,
    )
    check_groups(sample)
    if estimate is None:
        estimate = estimated(sample)
    return Prepared(
        table=table,
        sample=sample,
        place=place,
        n_table=table.n_rows if isinstance(table, StreamedTable) else table.target.size,
        estimate=estimate,
        notes=(*table.notes, *note),
        repeated=0 if repeated is None else y.size - int(repeated.max()) - 1,
        unlabelled=more,
    )


def read_unlabelled(table: Table, unlabelled: Any, dialect: Dialect) -> tuple[Table, Any]:
    """Rows of a file or frame in the table's columns, and the table with a note on what was left out."""
    if not (isinstance(unlabelled, str | Path) or named_like(table, unlabelled)):
        return table, unlabelled
    called = (
        f"unlabelled {quoted(unlabelled)}" if isinstance(unlabelled, str | Path) else "unlabelled"
    )
    found = inputs_like(table, unlabelled, dialect, called)
    notes = found.left_out("unlabelled row", "the table")
    return replace(table, notes=(*table.notes, *notes)), found.features[~found.strange]


def inputs_of(unlabelled: Any, table: Table) -> Array:
    """Rows without labels, in the columns of the table."""
    if isinstance(unlabelled, Table):
        if unlabelled.feature_names != table.feature_names:
            raise InvalidInputError("unlabelled had other columns than the table; they must agree")
        if unlabelled.categories and unlabelled.categories != table.categories:
            raise InvalidInputError(
                "unlabelled had other categories than the table; they must agree"
            )
        return unlabelled.features
    try:
        found = np.asarray(unlabelled, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInputError("unlabelled was not numeric; encode it as the table is") from None
    width = table.features.shape[1]
    if found.ndim != 2 or found.shape[1] != width or not len(found):
        raise InvalidInputError(
            f"unlabelled had shape {found.shape}; it must be 2-D with the table's {width} columns"
        )
    if not np.isfinite(found).all():
        raise InvalidInputError("unlabelled had entries that are not finite; fill or drop them")
    if len(found) < FEWEST_UNLABELLED:
        raise InvalidInputError(
            f"unlabelled had {len(found)} rows; it must have at least {FEWEST_UNLABELLED}"
        )
    if (np.abs(found) / _FARTHEST > np.abs(table.features).max(axis=0)).any():
        raise InvalidInputError(
            f"unlabelled had entries more than {_FARTHEST:g} times the table's largest; the units differ"
        )
    return found


def estimated(sample: Sample) -> Estimate | None:
    """The problem behind some rows; None where they are too few or do not vary."""
    if sample.size < FEWEST_ROWS:
        return None
    try:
        with np.errstate(all="ignore"):
            found = estimate_standardised(
                sample.features()[:MOST_ROWS],
                sample.y[:MOST_ROWS],
                sample.kernel,
                None if sample.weights is None else sample.weights[:MOST_ROWS],
            )
    except (GenlossError, ValueError, np.linalg.LinAlgError):
        return None  # rehearsals do without
    return found if np.isfinite(found.truth).all() and found.spectrum.size else None
