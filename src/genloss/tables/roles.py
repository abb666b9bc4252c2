"""Which column is the target, and which ones order, group or weigh the rows."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from genloss.errors import DataError
from genloss.tables.column import refuse_repeated, some
from genloss.tables.memory import Columns, columns_of


@dataclass(frozen=True, eq=False)
class Sorted:
    """Columns by what they are for.

    Attributes
    ----------
    columns : list of Column or Words
        Features, and the columns with another role.
    target : list of one Column or Words
        The target.
    roles : mapping of str to int
        Places in ``columns`` by role: "time", "group", "weights".
    notes : list of str
        What was done on the way.
    """

    columns: Columns
    target: Columns
    roles: Mapping[str, int]
    notes: list[str]


def sort_columns(data: Any, target: str | int | None, roles: Mapping[str, Any]) -> Sorted:
    """Find the target and the roles among what a table, a pair, a Bunch or an array holds.

    A role is the name of a column (its index in an array), or an array of one value per row.
    """
    names, answer_name = None, "y"
    if isinstance(data, dict) and data.keys() >= {"data", "target"}:
        names, answer_name = data.get("feature_names"), "target"
        data = data["data"], data["target"]
    if isinstance(data, tuple) and len(data) == 2:
        if target is not None:
            raise DataError(f"target was {target!r}; leave it unset, the data bring their own")
        features, answers = columns_of("X", data[0], names), columns_of("y", data[1], [answer_name])
        if len(answers) != 1:
            raise DataError(f"y had {len(answers)} columns; it must have one")
        shape = " x ".join(map(str, np.shape(data[0])[1:]))
        notes = [f"flattened {shape} arrays to one row each"] if "x" in shape else []
        return _with_roles(features, answers, roles, notes, isinstance(data[0], np.ndarray))
    columns = columns_of("data", data)
    by_index = isinstance(data, np.ndarray)
    place = position(target, [c.name for c in columns], by_index=by_index)
    notes = [f"the last column, {columns[place].name!r}, is the target"] if target is None else []
    rest = columns[:place] + columns[place + 1 :]
    return _with_roles(rest, [columns[place]], roles, notes, by_index)


def _with_roles(
    columns: Columns, target: Columns, roles: Mapping[str, Any], notes: list[str], by_index: bool
) -> Sorted:
    names = [column.name for column in columns]
    found = {}
    for role, chosen in roles.items():
        if isinstance(chosen, str | int | np.integer):
            if chosen == target[0].name:
                raise DataError(f"{role} was {chosen!r}, which is the target; name another column")
            by_number = by_index and not (isinstance(chosen, str) and chosen in names)
            found[role] = position(chosen, names, argument=role, by_index=by_number)
        else:
            extra = columns_of(role, chosen if hasattr(chosen, "dtype") else list(chosen), [role])
            if len(extra) != 1:
                raise DataError(f"{role} had {len(extra)} columns; it must have one")
            found[role] = len(columns)
            columns = [*columns, *extra]
    if repeated := [places for places in Counter(found.values()).values() if places > 1]:
        one = [role for role, place in found.items() if list(found.values()).count(place) > 1]
        raise DataError(f"{' and '.join(one)} were one column ({repeated[0]} times); name others")
    return Sorted(columns, target, found, notes)


def position(
    chosen: str | int | np.integer[Any] | None,
    names: Sequence[str],
    *,
    argument: str = "target",
    by_index: bool = False,
) -> int:
    """Return which of the columns an argument names."""
    if by_index:
        try:
            return range(len(names))[-1 if chosen is None else int(chosen)]
        except (TypeError, ValueError, IndexError):
            cure = f"it must be a column index from {-len(names)} to {len(names) - 1}"
            raise DataError(f"{argument} was {chosen!r}; {cure}") from None
    refuse_repeated("data", names)
    if str(chosen) in names:
        return names.index(str(chosen))
    lower = {name.lower(): name for name in names}
    near = difflib.get_close_matches(str(chosen).lower(), lower, n=1)
    if near and chosen is not None:
        raise DataError(f"{argument} was {chosen!r}; did you mean the column {lower[near[0]]!r}?")
    raise DataError(f"{argument} was {chosen!r}; it must be one of the columns {some(names, 20)}")
