"""Three passes over a table of very many columns: scales and a sample, a sketch, a sharper sketch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.errors import DataError
from genloss.estimate.moments import ROWS_PER_DIRECTION
from genloss.estimate.sketch import (
    Columns,
    Sketch,
    basis,
    estimate_from_sketch,
    random_test,
)
from genloss.estimate.standardise import Standardiser
from genloss.tables.column import Array, counted
from genloss.tables.encoder import Block, carried, left_out, refuse_flaws, useful
from genloss.tables.layout import VALUE, Key, Layout
from genloss.tables.one_pass import MOST_COLUMNS, Summary, blocks, refuse_overflow, summarise
from genloss.tables.parquet import Piece
from genloss.tables.reservoir import random_numbers


@dataclass(frozen=True, eq=False)
class Scales:
    """Which features vary, how they and the target are centred, and which rows are in the sample."""

    kept: npt.NDArray[np.intp]
    standardiser: Standardiser
    offset: float
    last: float

    def __call__(self, rows: Array) -> tuple[Array, Array]:
        """Standardised features, missing ones zero, and centred target."""
        Z = self.standardiser(rows[:, self.kept])
        return np.nan_to_num(Z, copy=False), rows[:, -1] - self.offset


def _columns(block: Block) -> Columns:
    return Columns.of(block.rows, block.weights)


def sketch(
    piece: Piece,
    layout: Layout,
    schema: Any,
    seed: np.random.SeedSequence,
    scales: Scales,
    test: Array,
) -> Sketch:
    """Second or third pass over one piece; rows of the sample are left out."""
    rng = random_numbers(seed, piece.number)
    dim = len(test)
    found = Sketch.of(np.empty((0, dim)), np.empty(0), test)
    for block in blocks(piece, layout, schema):
        order = rng.random(block.kept.size)[block.kept]
        others = order > scales.last
        own = None if block.weights is None else block.weights[others]
        found = found.merged(Sketch.of(*scales(block.rows[others]), test, own))
    return found


def read_wide(
    layout: Layout,
    schema: Any,
    notes: list[str],
    scan: Callable[[Callable[[Piece], Any]], Any],
    n_sampled: int,
    seed: np.random.SeedSequence,
    *,
    linear: bool,
) -> dict[str, Any]:
    """Read all pieces three times, by way of ``scan``, in memory proportional to the columns.

    Returns the fields of a `StreamedTable`.

    The last two are left out if no estimate is wanted or there are too few rows for one.
    """
    text = [n for n, kind in zip(layout.names, layout.kinds, strict=True) if kind == "text"]
    if text:
        raise DataError(
            f"text column {text[0]!r} in a table of more than {MOST_COLUMNS:,} columns; "
            "make numbers of it, or leave it out"
        )
    survey = partial(
        summarise,
        layout=layout,
        schema=schema,
        n_sampled=n_sampled,
        seed=seed,
        nothing=Columns.of(np.empty((0, len(layout.names) + 1))),
        of=_columns,
    )
    first: Summary = scan(survey)
    refuse_flaws(first.tally, layout, frozenset())
    notes, n_rows = left_out(first.tally, layout, frozenset(), notes), first.tally["rows", ""]
    refuse_overflow([*layout.names, layout.target], first.sums.squares)
    # the target has no gaps: its count is that of all rows
    mean, spread = first.sums.mean, np.sqrt(first.sums.squares / first.sums.count[-1])
    places = np.array([i for i in range(len(layout.names)) if i not in layout.carried], dtype=int)
    names = [layout.names[place] for place in places]
    varies = spread[[*places, -1]] > 0
    kept = places[useful(names, varies, layout, float(mean[-1]), notes)]
    standardiser = Standardiser(mean[kept], spread[kept])
    scales = Scales(kept, standardiser, float(mean[-1]), float(first.sample.order[-1]))
    if gaps := int(sum(first.tally["missing", name] for name in layout.names)):
        notes.append(f"filled {counted(gaps, 'missing value')} by the means of their columns")
    if dates := layout.kinds.count("date"):
        notes.append(f"converted {counted(dates, 'column')} to days since 1970-01-01")
    keys = tuple(Key(place, VALUE) for place in range(len(layout.names)))
    rows = first.sample.aligned(keys)
    rows = np.where(np.isnan(rows), mean, rows)
    estimated = None
    if linear and n_rows - len(rows) >= ROWS_PER_DIRECTION * kept.size:
        test = random_test(kept.size, np.random.SeedSequence(seed.entropy, spawn_key=(1,)))
        found: Sketch | None = None
        for _ in range(2):
            test = test if found is None else basis(found.centred(test)[0])
            found = scan(
                partial(sketch, layout=layout, schema=schema, seed=seed, scales=scales, test=test)
            )
        assert found is not None
        estimated = estimate_from_sketch(found, test)
    return {
        "features": np.ascontiguousarray(rows[:, kept]),
        "target": rows[:, -1].copy(),
        "feature_names": tuple(layout.names[place] for place in kept),
        "notes": tuple(notes),
        "n_rows": n_rows,
        "wide": (standardiser, estimated),
        **carried(layout, dict(zip(keys, rows.T, strict=False))),
    }
