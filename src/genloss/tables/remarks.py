"""What is worth knowing about a finished table: copies of rows, ids, dates, columns that hardly vary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from genloss.errors import DataError
from genloss.tables.column import Array, counted, some
from genloss.tables.copies import same_rows, strips
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
    extra = [table.time, table.weights, table.groups, *table.texts.values()]
    numbers = same_rows(table.features, table.target, *(e for e in extra if e is not None))
    if numbers is not None:
        copies = numbers.size - int(numbers.max()) - 1
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


_CURES = re.compile(
    r"; texts='encode' keeps it|; time=('[^']*'|\"[^\"]*\") trains on the past and tests on the future"
)
_MARKS = re.compile(r"pass decimal='.' or (decimal|thousands)='.'")
_ENCODINGS = re.compile(r"pass the file's encoding, such as .*")


def without_options(message: str) -> str:
    """The same for verbs without ``time``, ``texts``, ``decimal`` and ``encoding``, which are no cures there.

    Examples
    --------
    >>> without_options("dropped text column 'a' (99 distinct values; texts='encode' keeps it)")
    "dropped text column 'a' (99 distinct values)"
    """
    plain = "write them with decimal points, digits not grouped,"
    message = _MARKS.sub(lambda found: plain if found[1] == "decimal" else plain[:-1], message)
    return _CURES.sub("", _ENCODINGS.sub("save it as UTF-8", message))


@contextmanager
def own_cures() -> Iterator[None]:
    """Let errors of tables name no options that a verb lacks."""
    try:
        yield
    except DataError as error:
        if (message := without_options(str(error))) == str(error):
            raise
        raise type(error)(message) from error


def _ids(table: Table, n_rows: int) -> Iterator[str]:
    """Names of columns that number the rows, or are called as ids and codes are."""
    whole, span = _whole(table.features)
    for place in np.flatnonzero(whole):
        name, values = table.feature_names[place], table.features[:, place]
        if _ID.search(name):
            if _distinct(values) > 10:
                yield name
        elif span[place] + 1 == n_rows and _distinct(values) == values.size:
            yield name


def _whole(features: Array) -> tuple[npt.NDArray[np.bool_], Array]:
    """Which columns hold whole numbers only, and from the least to the largest of them how far."""
    whole = np.ones(features.shape[1], dtype=bool)
    low, high = features[0].copy(), features[0].copy()
    for strip in strips(*features.shape):
        part = features[strip]
        whole &= (part == np.floor(part)).all(axis=0)
        if not whole.any():
            break
        np.minimum(low, part.min(axis=0), out=low)
        np.maximum(high, part.max(axis=0), out=high)
    return whole, high - low


def _distinct(values: Array) -> int:
    """How many different values there are."""
    ordered = np.sort(values)
    return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + 1


def _nearly_constant(table: Table, layout: Layout) -> Iterator[str]:
    """Names of columns, as the user has them, that have one value in nearly all rows."""
    own = set(layout.names)
    candidates = np.array([name in own for name in table.feature_names], dtype=bool)
    few = np.sort(table.features[:: max(table.target.size // 9, 1)], axis=0)
    middle, n_rows = few[len(few) // 2], table.target.size
    others = np.zeros(len(candidates), dtype=np.intp)
    for strip in strips(*table.features.shape):
        if not candidates.any():
            break
        others += np.count_nonzero(table.features[strip] != middle, axis=0)
        candidates &= others <= n_rows - _NEARLY * n_rows
    yield from (table.feature_names[place] for place in np.flatnonzero(candidates))
