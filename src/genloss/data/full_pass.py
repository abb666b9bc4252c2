"""One pass over a table with all second moments of its features, and a random sample of its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array

from genloss.data.batches import GAP, LEVEL, VALUE, Key, Layout, Piece, Tally, read
from genloss.data.columns import some
from genloss.data.moments import Moments
from genloss.data.reservoir import Keys, Reservoir, Sample, places, random_numbers, union
from genloss.data.streaming import MOST_CATEGORIES, MOST_COLUMNS, StreamedTable, crowded_note
from genloss.data.tables import constant_note, counted, refuse_flaws
from genloss.errors import DataError

Array = npt.NDArray[np.float64]
Encoding = list[tuple[str, dict[Key, float]]]


@dataclass(frozen=True, eq=False)
class Sums:
    """Moments of the features named by ``keys``; text columns at ``crowded`` have been given up."""

    keys: Keys
    moments: Moments
    crowded: frozenset[int]

    def merged(self, other: Sums) -> Sums:
        """Sums over the rows of both; a category that one of them never met was zero there."""
        crowded = self.crowded | other.crowded
        if not crowded and self.keys == other.keys:
            return Sums(self.keys, self.moments.merged(other.moments), crowded)
        levels = Counter(k.position for k in {*self.keys, *other.keys} if k.part == LEVEL)
        crowded |= {place for place, number in levels.items() if number > MOST_CATEGORIES}
        keys = tuple(k for k in union(self.keys, other.keys) if k.position not in crowded)
        if len(keys) > MOST_COLUMNS:
            raise DataError(
                f"the table has more than {MOST_COLUMNS:,} features, most of them categories of "
                "text; make numbers of its text columns, or leave some out"
            )
        return Sums(keys, self._aligned(keys).merged(other._aligned(keys)), crowded)

    def _aligned(self, keys: Keys) -> Moments:
        if keys == self.keys:
            return self.moments
        ours = [key for key in self.keys if key in set(keys)]
        return self.moments.taken(places(ours, self.keys)).placed(places(ours, keys), len(keys) + 1)


@dataclass(frozen=True, eq=False)
class Summary:
    """What one pass keeps of some rows: sums, a sample of at most ``size`` rows, and a tally."""

    sums: Sums
    sample: Sample
    size: int
    tally: Tally

    def merged(self, other: Summary) -> Summary:
        """Summary of the rows of both."""
        reservoir = Reservoir(self.size)
        reservoir.offer(self.sample)
        reservoir.offer(other.sample)
        sums = self.sums.merged(other.sums)
        return Summary(sums, reservoir.sample(), self.size, self.tally + other.tally)


def summarise(
    piece: Piece, layout: Layout, n_sampled: int, seed: np.random.SeedSequence
) -> Summary:
    """Read one piece."""
    sums, tally = Sums((), Moments.of_rows(np.empty((0, 1))), frozenset()), Tally()
    reservoir, rng = Reservoir(n_sampled), random_numbers(seed, piece.number)
    for block in read(piece, layout):
        order = rng.random(block.kept.size)[block.kept]
        reservoir.offer(Sample(block.keys, order, block.rows))
        sums = sums.merged(Sums(block.keys, Moments.of_rows(block.rows), block.crowded))
        tally += block.tally
    return Summary(sums, reservoir.sample(), n_sampled, tally)


def read_once(
    layout: Layout,
    notes: list[str],
    scan: Callable[[Callable[[Piece], Summary]], Summary],
    n_sampled: int,
    seed: np.random.SeedSequence,
) -> StreamedTable:
    """Read all pieces once, by way of ``scan``, and make numeric features of what was found."""
    summary = scan(partial(summarise, layout=layout, n_sampled=n_sampled, seed=seed))
    keys, moments = summary.sums.keys, summary.sums.moments
    notes = notes + check(summary.tally, layout, summary.sums.crowded)
    encoding = _encoding(summary, layout, notes)
    names = [*(layout.names[key.position] for key in keys), layout.target]
    refuse_overflow(names, np.diagonal(moments.scatter))
    matrix = _as_matrix(encoding, keys)
    mapped = moments.mapped(matrix)
    # where stand-ins were replaced, a variance may be nothing but what did not cancel
    terms = abs(matrix)
    rounding = 1e-13 * np.asarray(terms.multiply(np.abs(moments.scatter) @ terms).sum(axis=0))
    varies = (mapped.deviation > 0) & (np.diagonal(mapped.scatter) > rounding)
    kept = useful([name for name, _ in encoding], varies, layout.target, notes)
    chosen = np.append(kept, len(encoding))
    rows = summary.sample.aligned(keys) @ matrix[:, chosen]
    return StreamedTable(
        features=np.ascontiguousarray(rows[:, :-1]),
        target=rows[:, -1].copy(),
        feature_names=tuple(encoding[place][0] for place in kept),
        target_name=layout.target,
        source="",
        notes=tuple(notes),
        n_rows=moments.count,
        moments=mapped.taken(chosen),
    )


def _as_matrix(encoding: Encoding, keys: Keys) -> Any:
    """The features, and the target, as sparse columns of weights of what was tracked."""
    where = {key: place for place, key in enumerate(keys)}
    entries = [
        (weight, where[key], column)
        for column, (_, parts) in enumerate(encoding)
        for key, weight in parts.items()
    ]
    weights, rows, columns = zip(*entries, (1.0, len(keys), len(encoding)), strict=True)
    shape = (len(keys) + 1, len(encoding) + 1)
    return csc_array((weights, (rows, columns)), shape=shape)


def refuse_overflow(names: list[str], squares: Array) -> None:
    """Refuse columns whose squares do not fit into a float, naming them."""
    large = [name for name, square in zip(names, squares, strict=True) if not np.isfinite(square)]
    if large:
        raise DataError(
            f"the values of {some(large)} are so large, or so near each other, that their squares "
            "are no floating-point numbers; give them in other units"
        )


def check(tally: Tally, layout: Layout, crowded: frozenset[int]) -> list[str]:
    """Refuse what `load_table` refuses; return notes on the rows and columns that were left out."""
    everything = [layout.target, *layout.names]
    refuse_flaws(
        [(name, tally["infinite", name]) for name in everything],
        "infinite",
        "replace them by finite numbers",
    )
    notes = []
    if number := tally["target", ""]:
        notes.append(f"dropped {counted(number, 'row')} with a missing target")
    notes += [crowded_note(layout.names[place]) for place in sorted(crowded)]
    left_out = {layout.names[place] for place in crowded}
    if layout.missing == "error":
        refuse_flaws(
            [(name, tally["missing", name]) for name in everything if name not in left_out],
            "missing",
            "fill them, or pass missing='drop' or missing='mean'",
        )
    if number := tally["dropped", ""]:
        notes.append(f"dropped {counted(number, 'row')} with a missing value")
    if tally["rows", ""] < 2:
        left = counted(tally["rows", ""], "usable row")
        why = "".join(f"; {note}" for note in notes)
        raise DataError(f"data has {left}; at least 2 are needed{why}")
    return notes


def useful(
    names: list[str], varies: npt.NDArray[np.bool_], target: str, notes: list[str]
) -> npt.NDArray[np.intp]:
    """Places of the features that vary; refuses a target, which is last, that does not."""
    if not varies[-1]:
        raise DataError(f"target {target!r} is constant; it must vary")
    if constant := [name for name, good in zip(names, varies, strict=False) if not good]:
        notes.append(constant_note(constant))
    if not varies[:-1].any():
        why = "; ".join(notes) or "there was none"
        raise DataError(f"no usable feature column is left ({why}); add one that varies")
    return np.flatnonzero(varies[:-1])


def _encoding(summary: Summary, layout: Layout, notes: list[str]) -> Encoding:
    """Every feature as a weighted sum of the tracked ones, as `genloss.data.tables` encodes them."""
    moments, tally = summary.sums.moments, summary.tally
    share = dict(zip(summary.sums.keys, moments.mean[:-1], strict=True))
    found: Encoding = []
    for position, (name, kind) in enumerate(zip(layout.names, layout.kinds, strict=True)):
        gaps = tally["missing", name] if layout.missing == "mean" else 0
        gap, value = Key(position, GAP), Key(position, VALUE)
        if position in summary.sums.crowded:
            continue
        if gaps == moments.count:
            notes.append(f"dropped column {name!r}, all missing")
        elif kind == "text" or (kind == "boolean" and gaps):
            levels = [key for key in summary.sums.keys if key[:2] == (position, LEVEL)]
            levels = [key for key in levels if share[key] > 0]  # of rows that were kept
            words = {f"{name}={key.level}": key for key in levels[1:]}
            number = len(levels)
            if kind == "boolean":
                true = round(share[value] * moments.count)
                number = (true > 0) + (true + gaps < moments.count)
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
                known = 1 - gaps / moments.count
                parts[gap] = (share[value] - layout.stand_ins[position]) / known
                filled = counted(gaps, "missing value")
                notes.append(f"filled {filled} of {name!r} by the mean")
            found.append((name, parts))
    names = Counter(name for name, _ in found)
    if repeated := sorted(name for name, number in names.items() if number > 1):
        raise DataError(f"X has duplicate column names {repeated[:6]}; rename them")
    return found
