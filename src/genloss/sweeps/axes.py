"""Axes of a sweep: the values that one field, or several together, run through."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from genloss import _check
from genloss._keys import refuse_unknown
from genloss.errors import InvalidInputError
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.sweeps.fields import check_path, coordinate_names

MOST_POINTS = 10**7
DRAW = "draw"
RANGES = ("linear", "log")
RANDOM = ("uniform", "log_uniform", "choice")
KINDS = ("values", *RANGES, *RANDOM, "named")


@dataclass(frozen=True)
class Axis:
    """One dimension of a sweep.

    Attributes
    ----------
    name : str
        Dimension: the coordinate of its first field, or "draw".
    fields : tuple of str
        Paths of the fields that move along it.
    coordinates : tuple of str
        Name of each field's coordinate.
    values : tuple of tuple
        At every position, the value of each field as plain data.
    labels : tuple of tuple
        At every position, what stands for the value on the coordinate: a number or a text.
    """

    name: str
    fields: tuple[str, ...]
    coordinates: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]
    labels: tuple[tuple[Any, ...], ...]

    def __len__(self) -> int:
        return len(self.values)

    def to_dict(self) -> dict[str, Any]:
        """Plain data that tells this axis from any other."""
        values = [[_json(entry) for entry in row] for row in self.values]
        return {"fields": list(self.fields), "values": values, "labels": list(self.labels)}


def read_grid(grid: Any, *, draws: int | None, seed: int) -> tuple[Axis, ...]:
    """Return the axes of a grid: one per entry with values, and one of all random fields."""
    if not isinstance(grid, Mapping) or not grid:
        raise InvalidInputError(
            f"grid was {grid!r}; it must be a table of fields and their values, such as "
            "{'plan.penalty': [0.01, 0.1]}"
        )
    entries = dict(_flat(grid))
    paths = [path for key in entries for path in _split(key)]
    for path in paths:
        check_path(path)
        if paths.count(path) > 1:
            raise InvalidInputError(f"grid has the field {path!r} more than once")
    names = dict(zip(paths, coordinate_names(paths), strict=True))
    random = {key: each for key, each in entries.items() if _kind(each) in RANDOM}
    axes = [_axis(key, each, names) for key, each in entries.items() if key not in random]
    if random:
        axes.append(_draws(random, names, draws, seed))
    elif draws is not None:
        raise InvalidInputError(
            f"draws was {draws}, but no field of the grid is random; one is, for example, with "
            "{'log_uniform': [1e-4, 1.0]}"
        )
    n_points = math.prod(len(axis) for axis in axes)
    if n_points > MOST_POINTS:
        raise InvalidInputError(f"grid has {n_points} points; at most {MOST_POINTS} are allowed")
    return tuple(axes)


def _flat(grid: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Undo what TOML makes of a dotted key that is not quoted."""
    for key, entry in grid.items():
        if key in ("problem", "plan") and isinstance(entry, Mapping) and "named" not in entry:
            yield from ((f"{key}.{field}", value) for field, value in entry.items())
        else:
            yield str(key), entry


def _split(key: str) -> list[str]:
    return [path.strip() for path in key.split(",")]


def _kind(entry: Any) -> str:
    if not isinstance(entry, Mapping):
        return "values"
    kinds = [kind for kind in KINDS if kind in entry]
    return kinds[0] if kinds else "values"


def _axis(key: str, entry: Any, names: Mapping[str, str]) -> Axis:
    paths = _split(key)
    rows, labels = _rows(key, entry, len(paths))
    if not rows:
        raise InvalidInputError(f"grid[{key!r}] was empty; it must have at least one value")
    first = [row[0] for row in labels]
    if len(set(first)) < len(first):
        raise InvalidInputError(
            f"grid[{key!r}] has a value more than once ({first}); every one must be different"
        )
    coordinates = tuple(names[path] for path in paths)
    return Axis(coordinates[0], tuple(paths), coordinates, tuple(rows), tuple(labels))


def _rows(
    key: str, entry: Any, n_fields: int
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Return the value and the label of every field at every position."""
    where = f"grid[{key!r}]"
    if isinstance(entry, Mapping):
        kind = _only_kind(where, entry)
        if n_fields > 1 and kind != "values":
            raise InvalidInputError(
                f"{where} was {entry!r}; several fields need a list of values for each position"
            )
        if kind == "named":
            named = entry[kind]
            if not isinstance(named, Mapping):
                raise InvalidInputError(f"{where}.named was {named!r}; it must be a table")
            return [(_plain(value),) for value in named.values()], [(str(name),) for name in named]
        entry = entry[kind] if kind == "values" else _range(where, kind, entry)
    if isinstance(entry, str) or not isinstance(entry, Iterable) or getattr(entry, "ndim", 1) == 0:
        raise InvalidInputError(f"{where} was {entry!r}; it must be a list of values")
    if n_fields == 1:
        rows = [(_plain(value),) for value in entry]
    else:
        rows = [tuple(_plain(value) for value in row) for row in map(_list, entry)]
        if any(len(row) != n_fields for row in rows):
            raise InvalidInputError(f"{where} must have {n_fields} values at each position")
    return rows, [tuple(_label(value) for value in row) for row in rows]


def _only_kind(where: str, entry: Mapping[str, Any]) -> str:
    refuse_unknown(entry, (*KINDS, "whole"), where=where)
    kinds = [kind for kind in KINDS if kind in entry]
    if len(kinds) != 1:
        raise InvalidInputError(f"{where} was {dict(entry)!r}; it must have one of {KINDS}")
    _check.boolean(f"{where}.whole", entry.get("whole", False))
    if "whole" in entry and kinds[0] not in (*RANGES, "uniform", "log_uniform"):
        raise InvalidInputError(f"{where}.whole rounds numbers; it does not go with {kinds[0]}")
    return kinds[0]


def _range(where: str, kind: str, entry: Mapping[str, Any]) -> list[Any]:
    limits = _list(entry[kind])
    if len(limits) != 3:
        raise InvalidInputError(f"{where}.{kind} was {entry[kind]!r}; it must be [from, to, count]")
    start, stop = _limits(where, kind, limits[:2])
    count = _check.integer(f"{where}.{kind}[2]", limits[2], minimum=1, maximum=MOST_POINTS)
    spaced = np.linspace if kind == "linear" else np.geomspace
    return _numbers(spaced(start, stop, count), entry.get("whole", False))


def _limits(where: str, kind: str, limits: list[Any]) -> list[float]:
    check = _check.positive if kind.startswith("log") else _check.finite
    return [check(f"{where}.{kind}[{i}]", limit) for i, limit in enumerate(limits)]


def _numbers(values: np.ndarray[Any, Any], whole: bool) -> list[Any]:
    return np.rint(values).astype(np.int64).tolist() if whole else values.tolist()


def _draws(
    random: Mapping[str, Any], names: Mapping[str, str], draws: int | None, seed: int
) -> Axis:
    if draws is None:
        raise InvalidInputError(f"draws is missing; {sorted(random)} are random")
    count = _check.integer("draws", draws, minimum=1, maximum=MOST_POINTS)
    columns = [_sample(path, entry, count, seed) for path, entry in random.items()]
    values = tuple(zip(*columns, strict=True))
    return Axis(
        DRAW,
        tuple(random),
        tuple(names[path] for path in random),
        values,
        tuple(tuple(_label(value) for value in row) for row in values),
    )


def _sample(path: str, entry: Mapping[str, Any], count: int, seed: int) -> list[Any]:
    """Return draws of one field; its own stream, so that other fields do not change them."""
    where = f"grid[{path!r}]"
    if "," in path:
        raise InvalidInputError(f"{where} names several fields; draw each of its own distribution")
    kind = _only_kind(where, entry)
    rng = np.random.default_rng(np.random.SeedSequence([seed, *path.encode()]))
    limits = _list(entry[kind])
    if kind == "choice":
        if not limits:
            raise InvalidInputError(f"{where}.choice was empty; it must have at least one value")
        return [_plain(limits[i]) for i in rng.integers(len(limits), size=count)]
    if len(limits) != 2:
        raise InvalidInputError(f"{where}.{kind} was {entry[kind]!r}; it must be [from, to]")
    low, high = _limits(where, kind, limits)
    if low > high:
        raise InvalidInputError(f"{where}.{kind} was {entry[kind]!r}; it must run upwards")
    if kind == "uniform":
        values = rng.uniform(low, high, count)
    else:
        values = np.exp(rng.uniform(math.log(low), math.log(high), count))
    return _numbers(values, entry.get("whole", False))


def _list(values: Any) -> list[Any]:
    if isinstance(values, str | Mapping) or not isinstance(values, Iterable):
        raise InvalidInputError(f"grid has {values!r} where a list was expected")
    return list(values)


def _plain(value: Any) -> Any:
    """Return a value as Python data; whole problems and plans stay as they are."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value


def _json(value: Any) -> Any:
    return value.to_dict() if isinstance(value, Problem | Plan) else value


def _label(value: Any) -> Any:
    if isinstance(value, bool | int | float | str):
        return value
    return json.dumps(_json(value))
