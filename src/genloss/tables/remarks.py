"""What is worth knowing about a finished table: copies of rows, ids, dates, columns that hardly vary."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from genloss.tables.column import Array, Codes, counted, some
from genloss.tables.layout import Layout
from genloss.tables.table import Table

_ID = re.compile(
    r"(^|[_ .-])(id|ids|uid|uuid|guid|zip|zipcode|zip_?code|postcode|postal_?code|plz|fips|ssn|phone)"
    r"($|[_ .-])|[a-z](Id|ID|Zip|Code)$|cod$",
)
_NEARLY = 0.99
_FEW = 20


def remarks(table: Table, layout: Layout, n_rows: int | None = None) -> tuple[str, ...]:
    """Return sentences about a table, or about the sample of ``n_rows`` rows that it is."""
    found = list[str]()
    whole = n_rows in (None, table.target.size)
    copies = int(table.target.size - np.unique(same_rows(table)).size)
    if copies:
        of = "" if whole else f"of the {table.target.size:,} sampled rows, "
        verb = "is a copy" if copies == 1 else "are copies"
        found.append(f"{of}{counted(copies, 'row')} {verb} of another (features and target alike)")
    if table.target.size < _FEW:
        return tuple(found)
    ids = list(_ids(table, table.target.size if n_rows is None else n_rows))
    if ids:
        found.append(
            f"{some(ids)} {'looks' if len(ids) == 1 else 'look'} like an id or a code, used as a number "
            "here; leave it out unless its size means something"
        )
    if same := list(_nearly_constant(table, layout)):
        verb = "is" if len(same) == 1 else "are"
        found.append(f"{some(same)} {verb} nearly constant: one value in {_NEARLY:.0%} of the rows")
    dates = [n for n, kind in zip(layout.names, layout.kinds, strict=True) if kind == "date"]
    if table.time is None and (dates := [name for name in dates if name in table.feature_names]):
        found.append(
            f"rows have dates and are split at random; time={dates[0]!r} trains on the past and "
            "tests on the future"
        )
    return tuple(found)


def same_rows(table: Table) -> Codes:
    """A number for every row, equal for rows whose features, target and groups are equal."""
    mixed = np.full(table.target.size, 0x9E3779B97F4A7C15, dtype=np.uint64)
    extra = [table.time, table.weights, table.groups, *table.texts.values()]
    columns = [*table.features.T, table.target, *(c for c in extra if c is not None)]
    for column in columns:
        bits = (np.asarray(column, dtype=np.float64) + 0.0).view(np.uint64)  # -0.0 becomes 0.0
        mixed = (mixed ^ bits) * np.uint64(0xFF51AFD7ED558CCD)
        mixed ^= mixed >> np.uint64(32)
    return np.unique(mixed, return_inverse=True)[1].astype(np.intp)


def _ids(table: Table, n_rows: int) -> Iterator[str]:
    """Names of columns that number the rows, or are called as ids and codes are."""
    for name, values in zip(table.feature_names, table.features.T, strict=True):
        if values[0] != np.floor(values[0]):
            continue
        if (values != np.floor(values)).any():
            continue
        if _ID.search(name):
            if np.unique(values).size > 10:
                yield name
        elif values.max() - values.min() + 1 == n_rows and np.unique(values).size == values.size:
            yield name


def _nearly_constant(table: Table, layout: Layout) -> Iterator[str]:
    """Names of columns, as the user has them, that have one value in nearly all rows."""
    own = set(layout.names)
    few = slice(None, None, max(table.target.size // 9, 1))
    for name, values in zip(table.feature_names, table.features.T, strict=True):
        if name in own and _share(values, float(np.median(values[few]))) >= _NEARLY:
            yield name


def _share(values: Array, value: float) -> float:
    return float(np.mean(values == value))
