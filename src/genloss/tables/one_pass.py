"""One pass over a table with all second moments of its features, and a random sample of its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import csc_array

from genloss.errors import DataError
from genloss.estimate.moments import Moments
from genloss.tables.arrow import column
from genloss.tables.cells import SecondThoughtError
from genloss.tables.column import Array, some
from genloss.tables.encoder import (
    Block,
    Encoding,
    Tally,
    apply,
    carried,
    categories_of,
    encode,
    features_of,
    left_out,
    refuse_flaws,
    useful,
)
from genloss.tables.layout import LEVEL, Keys, Layout
from genloss.tables.parquet import Piece, batches
from genloss.tables.reservoir import Reservoir, Sample, places, random_numbers, union

MOST_COLUMNS = 5000
"""Columns up to which all second moments are held, 8 * columns**2 bytes."""


def blocks(piece: Piece, layout: Layout, schema: Any) -> Iterator[Block]:
    """Yield the rows of a piece as numbers, block by block, in their order."""
    most = layout.policy.max_categories
    for batch in batches(piece, schema, [*layout.names, layout.target]):
        kinds = zip(layout.names, layout.kinds, layout.hows, strict=True)
        columns = [
            column(name, batch.column(name), kind, how, None if place in layout.carried else most)
            for place, (name, kind, how) in enumerate(kinds)
        ]
        answers = batch.column(layout.target)
        target = column(layout.target, answers, layout.target_kind, layout.target_how)
        yield encode(columns, target, layout)


@dataclass(frozen=True, eq=False)
class Sums:
    """Moments of the features named by ``keys``; text columns at ``crowded`` have been given up."""

    keys: Keys
    moments: Moments
    crowded: frozenset[int]
    most: int

    def merged(self, other: Sums) -> Sums:
        """Sums over the rows of both; a category that one of them never met was zero there."""
        crowded = self.crowded | other.crowded
        if not crowded and self.keys == other.keys:
            return Sums(self.keys, self.moments.merged(other.moments), crowded, self.most)
        levels = Counter(k.position for k in {*self.keys, *other.keys} if k.part == LEVEL)
        crowded |= {place for place, number in levels.items() if number > self.most}
        keys = tuple(k for k in union(self.keys, other.keys) if k.position not in crowded)
        if len(keys) > MOST_COLUMNS:
            raise DataError(
                f"the table has more than {MOST_COLUMNS:,} features, most of them categories of "
                "text; make numbers of its text columns, or leave some out"
            )
        moments = self._aligned(keys).merged(other._aligned(keys))
        return Sums(keys, moments, crowded, self.most)

    def _aligned(self, keys: Keys) -> Moments:
        if keys == self.keys:
            return self.moments
        ours = [key for key in self.keys if key in set(keys)]
        return self.moments.taken(places(ours, self.keys)).placed(places(ours, keys), len(keys) + 1)


@dataclass(frozen=True, eq=False)
class Summary:
    """What one pass keeps of some rows: sums, a sample of at most ``size`` rows, and a tally."""

    sums: Any
    """Of any kind that can be ``merged``."""

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
    piece: Piece,
    layout: Layout,
    schema: Any,
    n_sampled: int,
    seed: np.random.SeedSequence,
    nothing: Any,
    of: Callable[[Block], Any],
) -> Summary:
    """Read one piece; its sums begin with ``nothing``, and are those ``of`` its blocks."""
    sums, tally = nothing, Tally()
    reservoir, rng = Reservoir(n_sampled), random_numbers(seed, piece.number)
    for block in blocks(piece, layout, schema):
        order = rng.random(block.kept.size)[block.kept]
        reservoir.offer(Sample(block.keys, order, block.rows))
        sums = sums.merged(of(block))
        tally += block.tally
    return Summary(sums, reservoir.sample(), n_sampled, tally)


def _sums(block: Block, most: int) -> Sums:
    return Sums(block.keys, Moments.of_rows(block.rows, block.weights), block.crowded, most)


def read_once(
    layout: Layout,
    schema: Any,
    notes: list[str],
    scan: Callable[[Callable[[Piece], Summary]], Summary],
    n_sampled: int,
    seed: np.random.SeedSequence,
) -> dict[str, Any]:
    """Read all pieces once, by way of ``scan``; return the fields of a `StreamedTable`."""
    most = layout.policy.max_categories
    read = partial(
        summarise,
        layout=layout,
        schema=schema,
        n_sampled=n_sampled,
        seed=seed,
        nothing=Sums((), Moments.of_rows(np.empty((0, 1))), frozenset(), most),
        of=partial(_sums, most=most),
    )
    summary = scan(read)
    keys, moments, tally = summary.sums.keys, summary.sums.moments, summary.tally
    if summary.sums.crowded and layout.policy.texts == "encode":
        raise SecondThoughtError(layout.names[min(summary.sums.crowded)], "many")
    refuse_flaws(tally, layout, summary.sums.crowded)
    notes = left_out(tally, layout, summary.sums.crowded, notes)
    share = dict(zip(keys, moments.mean[:-1], strict=True))
    recipe, told = features_of(layout, keys, share, tally, summary.sums.crowded)
    notes += told
    names = [*(layout.names[key.position] for key in keys), layout.target]
    refuse_overflow(names, np.diagonal(moments.scatter))
    matrix = _as_matrix(recipe, keys)
    mapped = moments.mapped(matrix)
    # where stand-ins were replaced, a variance may be nothing but what did not cancel
    terms = abs(matrix)
    rounding = 1e-13 * np.asarray(terms.multiply(np.abs(moments.scatter) @ terms).sum(axis=0))
    single = np.array([len(parts) == 1 for _, parts in recipe] + [True])
    spread = np.diagonal(mapped.scatter)
    # a single number's mean is kept relative to a row: what does not vary has a spread of zero
    varies = spread > np.where(single, 0.0, rounding)
    kept = useful([name for name, _ in recipe], varies, layout, float(mapped.mean[-1]), notes)
    rows = summary.sample.aligned(keys)
    columns = dict(zip(keys, rows.T, strict=False))  # the target is last
    return {
        "features": apply([recipe[place] for place in kept], columns),
        "target": rows[:, -1].copy(),
        "feature_names": tuple(recipe[place][0] for place in kept),
        "notes": tuple(notes),
        "categories": categories_of(layout, share, summary.sums.crowded),
        "n_rows": moments.count,
        "moments": mapped.taken(np.append(kept, len(recipe))),
        **carried(layout, columns),
    }


def _as_matrix(recipe: Encoding, keys: Keys) -> Any:
    """The features, and the target, as sparse columns of weights of what was tracked."""
    where = {key: place for place, key in enumerate(keys)}
    entries = [
        (weight, where[key], column)
        for column, (_, parts) in enumerate(recipe)
        for key, weight in parts.items()
    ]
    weights, rows, columns = zip(*entries, (1.0, len(keys), len(recipe)), strict=True)
    shape = (len(keys) + 1, len(recipe) + 1)
    return csc_array((weights, (rows, columns)), shape=shape)


def refuse_overflow(names: list[str], squares: Array) -> None:
    """Refuse columns whose squares do not fit into a float, naming them."""
    large = [name for name, square in zip(names, squares, strict=True) if not np.isfinite(square)]
    if large:
        raise DataError(
            f"the values of {some(large)} are so large, or so near each other, that their squares "
            "are no floating-point numbers; give them in other units"
        )
