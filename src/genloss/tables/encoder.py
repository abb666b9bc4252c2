"""One encoder for all tables: blocks of columns become rows of numbers, and those become features.

What depends on rows that have not been seen yet is put off to the end: every category gets an
indicator when it first turns up (before that it was zero), and a missing value gets a fixed stand-in
and an indicator of its own. Dropping a category or filling by the mean is then a linear map of the
rows, and so of their moments. A table in memory is a stream of one block.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.errors import DataError
from genloss.tables.column import Array, Codes, Column, brief, counted, some
from genloss.tables.copies import strips
from genloss.tables.layout import (
    GAP,
    LEVEL,
    PROSE,
    VALUE,
    Key,
    Keys,
    Layout,
    categorical,
    is_prose,
)

Mask = npt.NDArray[np.bool_]
Numbers = Array | Mask
Tally = Counter[tuple[str, str]]
Encoding = list[tuple[str, dict[Key, float]]]
"""Features by name, each a sum of weights times numbers of a row."""

_ROUNDING = 1e-12  # of shares
_HEAVIEST = 1e100


@dataclass(frozen=True, eq=False)
class Block:
    """Numbers of one block of rows.

    Attributes
    ----------
    columns : mapping of Key to ndarray of shape (n,)
        Numbers or, of indicators, booleans; sorted by key.
    answers : ndarray of shape (n,)
        The target.
    weights : ndarray of shape (n,) or None
        By which rows count; None where they count alike.
    kept : ndarray of bool, shape (n_block,)
        Which rows of the block these are.
    tally : Counter
        Numbers of missing and infinite values by column, and of rows left out.
    crowded : frozenset of int
        Positions of text columns with too many categories.
    """

    columns: Mapping[Key, Numbers]
    answers: Array
    weights: Array | None
    kept: Mask
    tally: Tally
    crowded: frozenset[int]

    @property
    def keys(self) -> Keys:
        """What the columns of ``rows`` are, without the target."""
        return tuple(self.columns)

    @cached_property
    def rows(self) -> Array:
        """The block as a matrix of shape (n, len(keys) + 1); the target is last."""
        matrix = np.empty((len(self.columns) + 1, self.answers.size))
        for row, values in zip(matrix, [*self.columns.values(), self.answers], strict=True):
            row[:] = values
        return matrix.T


def encode(columns: Sequence[Column], target: Column, layout: Layout) -> Block:
    """Return the numbers of one block."""
    tally, missing = Tally(), layout.policy.missing
    answers, gap = _checked(target.values, layout.target, tally)
    kept = np.ones(answers.size, dtype=bool)
    if gap is not None:
        flaw = ("missing", layout.target) if missing == "error" else ("target", "")
        tally[flaw] += int(gap.sum())
        answers, kept = np.where(gap, 0.0, answers), ~gap if missing != "error" else kept
    numbers: dict[Key, Numbers] = {}
    gaps: dict[int, Mask] = {}
    crowded = set()
    if (position := layout.weights) is not None:
        values = columns[position].values
        for odd, where in (
            ("weightless", values == 0),  # no copies: not there
            ("negative", values < 0),
            ("extreme", (values > _HEAVIEST) | ((values > 0) & (values < 1 / _HEAVIEST))),
        ):
            tally[odd, ""] += int((kept & where).sum())
            kept &= ~where
    for position, column in enumerate(columns):
        text = column.kind == "text" and position not in layout.carried
        if text:
            codes = column.values
            used = np.flatnonzero(np.bincount(codes[kept & (codes >= 0)]))
        if column.kind == "crowded" or (text and not categorical(column, used, layout.policy)):
            crowded.add(position)
            tally["prose", layout.names[position]] += int(text and is_prose(column, used))
            continue
        if text:
            if (codes < 0).any():
                gaps[position] = codes < 0
            numbers |= {Key(position, LEVEL, column.levels[c]): codes == c for c in used}
            continue
        values = _hashed(column) if column.kind == "text" else column.values
        values, lacking = _checked(values, layout.names[position], tally)
        if lacking is not None:
            gaps[position] = lacking
            if not layout.raw:
                values = np.where(lacking, layout.stand_ins[position], values)
        numbers[Key(position, VALUE)] = values
    if missing == "drop" and gaps:
        whole = ~np.any(list(gaps.values()), axis=0)
        tally["dropped", ""] += int((kept & ~whole).sum())
        kept &= whole
    for position, where in gaps.items():
        tally["missing", layout.names[position]] += int((where & kept).sum())
        if missing == "mean" and not layout.raw:
            numbers[Key(position, GAP)] = where
    if not kept.all():
        numbers = {key: values[kept] for key, values in numbers.items()}
        answers = answers[kept]
    tally["rows", ""] += answers.size
    weights = None
    if layout.weights is not None:
        weights = np.asarray(numbers[Key(layout.weights, VALUE)], dtype=np.float64)
    return Block(dict(sorted(numbers.items())), answers, weights, kept, tally, frozenset(crowded))


def _checked(values: Array, name: str, tally: Tally) -> tuple[Array, Mask | None]:
    """Count infinite values and make them zero; return where values are missing, if any are."""
    with np.errstate(all="ignore"):
        if np.isfinite(values.sum()):
            return values, None
    infinite, missing = np.isinf(values), np.isnan(values)
    if infinite.any():
        tally["infinite", name] += int(infinite.sum())
        values = np.where(infinite, 0.0, values)
    return values, missing if missing.any() else None


def _hashed(column: Column) -> Array:
    """A number for every word, the same in every block: 53 bits of a digest."""
    digests = (blake2b(level.encode("utf-8", "replace"), digest_size=8) for level in column.levels)
    numbers = [int.from_bytes(digest.digest()) >> 11 for digest in digests]
    return np.array([*numbers, np.nan], dtype=np.float64)[column.values]


class GapsError(DataError):
    """Missing values where none are wanted: the argument says where, who asked knows other cures."""

    def __str__(self) -> str:
        return f"{self.args[0]}; fill them, or pass missing='drop' or missing='mean'"


def refuse_flaws(tally: Tally, layout: Layout, crowded: frozenset[int]) -> None:
    """Refuse infinite values, missing ones where they are not wanted, and fewer than two rows."""
    used = [name for place, name in enumerate(layout.names) if place not in crowded]
    carried = [layout.names[place] for place, role in layout.carried.items() if role != "text"]
    _refuse("infinite", [layout.target, *layout.names], tally, "replace them by finite numbers")
    if layout.weights is not None:
        _refuse_weights(layout.names[layout.weights], tally)
    found = _flawed("missing", [layout.target, *used], tally)
    if found and layout.policy.missing == "error":
        raise GapsError(found)
    if layout.policy.missing == "mean":
        cure = "times, groups and weights have no mean: fill them, or pass missing='drop'"
        _refuse("missing", carried, tally, cure)


def _refuse_weights(name: str, tally: Tally) -> None:
    if number := tally["negative", ""]:
        raise DataError(
            f"weights column {name!r} holds {counted(number, 'negative value')}; weights must be >= 0"
        )
    if tally["extreme", ""]:
        raise DataError(
            f"weights column {name!r} holds values beyond {_HEAVIEST:g}, or below its inverse, whose "
            "squares are no floating-point numbers; only ratios matter: give them in other units"
        )
    if tally["weightless", ""] and not tally["rows", ""]:
        raise DataError(f"weights column {name!r} is all zero; some rows must count")


def _refuse(flaw: str, names: Sequence[str], tally: Tally, cure: str) -> None:
    if found := _flawed(flaw, names, tally):
        raise DataError(f"{found}; {cure}")


def _flawed(flaw: str, names: Sequence[str], tally: Tally) -> str:
    """Which columns have a flaw, and how often; nothing if none has."""
    counts = [(name, tally[flaw, name]) for name in names]
    found = [f"{name!r} ({count:,})" for name, count in counts if count]
    more = f" and {len(found) - 6} more columns" if len(found) > 6 else ""
    return f"{flaw} values in {', '.join(found[:6])}{more}" if found else ""


def left_out(tally: Tally, layout: Layout, crowded: frozenset[int], notes: list[str]) -> list[str]:
    """Return notes on rows and columns that were left out, around those of the layout."""
    first = []
    if number := tally["target", ""]:
        first.append(f"dropped {counted(number, 'row')} with a missing target")
    most = layout.policy.max_categories
    late = []
    for place in sorted(crowded):
        name = layout.names[place]
        why = PROSE if tally["prose", name] else f"more than {most} distinct values"
        late.append(f"dropped text column {name!r} ({why})")
    if number := tally["dropped", ""]:
        late.append(f"dropped {counted(number, 'row')} with a missing value")
    if number := tally["weightless", ""]:
        late.append(f"left out {counted(number, 'row')} of weight 0")
    said = [*first, *notes, *late]
    if tally["rows", ""] < 2:
        left = counted(tally["rows", ""], "usable row")
        why = "".join(f"; {note}" for note in said)
        raise DataError(f"data has {left}; at least 2 are needed{why}")
    return said


def features_of(
    layout: Layout, keys: Keys, share: Mapping[Key, float], tally: Tally, crowded: frozenset[int]
) -> tuple[Encoding, list[str]]:
    """Every feature as a sum of what was tracked, and notes.

    ``share`` has the means by key, weighted where rows have weights.
    """
    found, notes, rows = Encoding(), list[str](), tally["rows", ""]
    levels: dict[int, list[Key]] = {}
    for key in keys:
        if key.part == LEVEL and share[key] > 0:  # of rows that were kept
            levels.setdefault(key.position, []).append(key)
    for position, (name, kind) in enumerate(zip(layout.names, layout.kinds, strict=True)):
        gaps = tally["missing", name] if layout.policy.missing == "mean" else 0
        gap, value = Key(position, GAP), Key(position, VALUE)
        if position in crowded or position in layout.carried:
            continue
        if gaps == rows:
            notes.append(f"dropped column {name!r}, all missing")
        elif kind == "text" or (kind == "boolean" and gaps):
            here = levels.get(position, [])
            words, number = {f"{name}={key.level}": key for key in here[1:]}, len(here)
            if kind == "boolean":
                number = len(_of_two(share, position))
                words = {f"{name}=True": value} if number == 2 else {}
            if gaps:
                words[f"{name} is missing"] = gap
            elif number == 1:
                found.append((name, {}))
                continue
            found += [(word, {key: 1.0}) for word, key in words.items()]
            categories = "1 category" if number == 1 else f"{number} categories"
            extra = " and missing" if gaps else ""
            notes.append(f"encoded {name!r} ({categories}{extra}) as indicators")
        else:
            parts = {value: 1.0}
            if kind == "date":
                notes.append(f"converted {name!r} to days since 1970-01-01")
            if gaps:
                # stand-ins become the mean of what was there
                parts[gap] = (share[value] - layout.stand_ins[position]) / (1 - share[gap])
                filled = counted(gaps, "missing value")
                notes.append(f"filled {filled} of {name!r} by the mean")
            found.append((name, parts))
    names = Counter(name for name, _ in found)
    if repeated := sorted(name for name, number in names.items() if number > 1):
        raise DataError(f"X has duplicate column names {some(repeated)}; rename them")
    return found, notes


def categories_of(
    layout: Layout, share: Mapping[Key, float], crowded: frozenset[int]
) -> dict[str, tuple[str, ...]]:
    """Which categories the rows used hold, sorted: of every column of text, and of booleans with gaps."""
    found: dict[str, tuple[str, ...]] = {}
    for key in sorted(share):
        name, kind = layout.names[key.position], layout.kinds[key.position]
        if share[key] <= 0 or key.position in crowded or key.position in layout.carried:
            continue
        if key.part == LEVEL:
            found[name] = (*found.get(name, ()), key.level)
        elif key.part == GAP and kind == "boolean":
            found[name] = _of_two(share, key.position)
    return found


def _of_two(share: Mapping[Key, float], position: int) -> tuple[str, ...]:
    """Which of its two values a boolean column holds."""
    true, gap = share[Key(position, VALUE)], share.get(Key(position, GAP), 0.0)
    parts = ("False", 1 - true - gap), ("True", true)
    return tuple(word for word, part in parts if part > _ROUNDING)


def apply(encoding: Encoding, columns: Mapping[Key, Numbers]) -> Array:
    """Features (n, len(encoding)) of columns of n rows."""
    n_rows = next(iter(columns.values())).size if columns else 0
    features = np.empty((n_rows, len(encoding)))
    for strip in strips(n_rows, len(encoding)):
        for feature, (_, parts) in zip(features[strip].T, encoding, strict=True):
            feature[:] = _summed(parts, columns, strip)
    return features


def varies(encoding: Encoding, columns: Mapping[Key, Numbers]) -> list[bool]:
    """Which features do; nearly always the first rows tell."""
    looks = slice(0, 1000), slice(None)
    return [
        any(np.min(seen) < np.max(seen) for seen in (_summed(parts, columns, r) for r in looks))
        for _, parts in encoding
    ]


def _summed(parts: Mapping[Key, float], columns: Mapping[Key, Numbers], rows: slice) -> Any:
    terms = [
        columns[key][rows] if weight == 1 else weight * columns[key][rows]
        for key, weight in parts.items()
    ]
    return sum(terms[1:], start=terms[0] + 0.0) if terms else 0.0


def useful(
    names: Sequence[str],
    varying: Sequence[bool] | Mask,
    layout: Layout,
    level: float | str,
    notes: list[str],
) -> Codes:
    """Places of the features that vary; refuses a target, which is last, that does not."""
    if not varying[-1]:
        said = brief(level) if isinstance(level, str) else f"{level:g}"
        raise DataError(f"target {layout.target!r} is constant ({said}); it must vary")
    if constant := [name for name, good in zip(names, varying, strict=False) if not good]:
        notes.append(
            f"dropped constant {'columns' if len(constant) > 1 else 'column'} {some(constant)}"
        )
    if not any(varying[:-1]) and "text" not in layout.carried.values():
        why = "; ".join(notes) or "there was none"
        raise DataError(f"no usable feature column is left ({why}); add one that varies")
    return np.flatnonzero(varying[:-1])


def carried(layout: Layout, columns: Mapping[Key, Numbers]) -> dict[str, Any]:
    """The fields of a `Table` that are no features."""
    found: dict[str, Any] = {}
    texts: dict[str, Codes] = {}
    for position, role in layout.carried.items():
        name, values = (
            layout.names[position],
            np.array(columns[Key(position, VALUE)], dtype=np.float64),
        )
        if role == "time":
            found["time"] = values
        elif role == "weights":
            found["weights"] = values
        else:
            codes = np.unique(values, return_inverse=True)[1].astype(np.intp)
            if role == "group":
                found["groups"] = codes
            else:
                texts[name] = codes
    return {**found, "texts": texts}
