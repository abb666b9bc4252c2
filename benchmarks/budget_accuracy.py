"""How well `genloss.budget` chooses, on real tables with many rows left to test on.

A run takes a pilot of real and synthetic rows from one table, asks for the best rows for some money, and fits
what was advised, real rows alone for the same money, and a few other mixes: ridge at the weight and penalty that
the rule of `genloss.weigh` chooses, scored on rows that nothing else saw. *Cells* are a table, a labeler, a
pilot, an amount of money and a price; their errors are means over the seeds. Tables at even places of a random
order chose the ranges, those at odd ones measure them.

    python benchmarks/budget_accuracy.py runs.csv --seeds 4 --data DIR
    python benchmarks/budget_accuracy.py runs.csv --page

With ``--said`` the pilot has no synthetic rows, but what the labeler says of its real ones.
"""

from __future__ import annotations

import argparse
import csv
import time
import zlib
from collections.abc import Iterator
from itertools import islice, product
from pathlib import Path

import numpy as np
from forecast_tables import Table
from sklearn.ensemble import GradientBoostingRegressor
from threadpoolctl import threadpool_limits
from weigh_accuracy import direction, ridge, usable

import genloss as gl
from genloss.budgeting.result import LEVEL, POWERED, RATIO
from genloss.weighing.apart import apart
from genloss.weighing.stacked import WEIGHTS, Fit, Stack
from genloss.weighing.surface import left_out

LABELERS = ("own", "noise", "shift .15", "shift .6", "trees")
PILOTS, SYNTHETIC = (100, 200), 1000
TIMES, PRICES = (2, 4), (0.01, 0.1, 0.3)
TEST, FEWEST_SYNTHETIC, MOST_COLUMNS = 600, 1000, 60
GRID = np.logspace(-4, 1, 11)
FIELDS = (
    *(
        "table",
        "place",
        "labeler",
        "n0",
        "money",
        "price",
        "seed",
        "advised_real",
        "advised_synthetic",
    ),
    *("augment", "gain", "ratio", "predicted", "advised", "alone", "mixed", "mixed_real"),
    *("mixed_synthetic", "predicted_alone", "spread", "ppi", "ppi_error", "seconds"),
)
Rows = tuple[np.ndarray, np.ndarray]
Run = dict[str, str]


def pools(
    table: Table, labeler: str, seed: int
) -> tuple[Rows, Rows, Rows, np.ndarray | None] | None:
    """All real rows that can be bought, all synthetic ones, and rows to test on, disjoint.

    Last what the labeler says of the real rows, where it is a model.
    """
    rng = np.random.default_rng(zlib.crc32(f"{table.name}-{labeler}-{seed}".encode()))
    X, y = table.X, table.y
    most = max(PILOTS) * max(TIMES)
    trained = 200 if labeler in ("own", "trees") else 0
    if len(y) < most + trained + TEST + FEWEST_SYNTHETIC:
        return None
    order = rng.permutation(len(y))
    ends = np.cumsum([most, trained, TEST])
    real, before, test, rest = np.split(order, ends)
    rest = rest[:8000]
    sd, labels, said = y.std(), y[rest].astype(float), None
    if labeler in ("own", "trees"):
        model = GradientBoostingRegressor(n_estimators=40, subsample=0.5, random_state=0)
        tell = ridge(X[before], y[before])
        if labeler == "trees":
            tell = model.fit(X[before], y[before]).predict
        labels, said = tell(X[rest]), tell(X[real])
    elif labeler == "noise":
        labels = labels + sd * rng.normal(size=rest.size)
    else:
        labels = labels + float(labeler.split()[1]) * sd * direction(X, rng)[rest]
    return (X[real], y[real]), (X[rest], labels), (X[test], y[test]), said


def fitted(real: Rows, made: Rows, test: Rows) -> float:
    """Test error of ridge on both, at the weight that `weigh`'s rule takes; of real rows alone without others."""
    mean, scale = real[0].mean(axis=0), real[0].std(axis=0)
    scale = np.where(scale > 0, scale, np.inf)
    (X, more, seen), level = (
        ((rows[0] - mean) / scale for rows in (real, made, test)),
        real[1].mean(),
    )
    y, others = real[1] - level, made[1] - level
    if len(others):
        stack = Stack.of(X, y, more, others)
        found = left_out(stack, WEIGHTS, GRID)
        place = found.nearest(apart(stack, more, others, GRID).worth)
        fit = Fit.of(stack.real.plus(float(found.weights[place]), stack.synthetic))
    else:
        stack = Stack.of(X, y, X[:1], y[:1])
        found, place = left_out(stack, np.zeros(1), GRID), 0
        fit = Fit.of(stack.real)
    slopes, intercept = fit.model(float(found.penalties[place] * fit.count))
    return float(np.mean((seen @ slopes + intercept + level - test[1]) ** 2))


def powered(real: Rows, said: np.ndarray, made: Rows, test: Rows, weight: float) -> float:
    """Test error of PPI++, by the normal equations of its objective, at the real rows' own penalty."""
    mean, scale = real[0].mean(axis=0), real[0].std(axis=0)
    scale = np.where(scale > 0, scale, np.inf)
    X, more, seen = ((rows[0] - mean) / scale for rows in (real, made, test))
    alone = Stack.of(X, real[1] - real[1].mean(), X[:1], np.zeros(1))
    penalty = float(left_out(alone, np.zeros(1), GRID).penalties[0])
    own, others, new = (np.column_stack([np.ones(len(rows)), rows]) for rows in (X, more, seen))
    shrinks = penalty * np.append(0.0, np.ones(X.shape[1]))
    n, N = len(own), len(others)
    left = weight * others.T @ others / N + (1 - weight) * own.T @ own / n + np.diag(shrinks)
    right = weight * others.T @ made[1] / N + own.T @ (real[1] - weight * said) / n
    return float(np.mean((new @ np.linalg.solve(left, right) - test[1]) ** 2))


def first(rows: Rows, count: float) -> Rows:
    """The first rows of a pool."""
    return rows[0][: int(count)], rows[1][: int(count)]


def measured(table: Table, place: int, seeds: range, by_said: bool) -> Iterator[Run]:
    """All runs of one table."""
    for labeler, seed in product(("own", "trees") if by_said else LABELERS, seeds):
        drawn = pools(table, labeler, seed)
        if drawn is None:
            return
        real, made, test, said = drawn
        for n0, times, price in product(PILOTS, TIMES, PRICES):
            pilot, shown = first(real, n0), first(made, SYNTHETIC)
            start = time.process_time()
            try:
                found = gl.budget(
                    pilot,
                    None if by_said else shown,
                    cost={"real": 1, "synthetic": price},
                    money=times * n0,
                    most=len(made[1]),
                    predictions=None if said is None else said[:n0],
                )
            except gl.DataError:
                continue
            seconds = time.process_time() - start
            mixed, ppi, ratios = found.mix, found.ppi, (np.nan, np.nan)
            if ppi is not None and said is not None:
                bought = first(real, ppi.real), said[: ppi.real]
                told = powered(*bought, first(made, ppi.unlabelled), test, ppi.weight)
                ratios = ppi.ratio, told
            row = (
                *(
                    table.name,
                    place,
                    labeler,
                    n0,
                    times * n0,
                    price,
                    seed,
                    found.real,
                    found.synthetic,
                ),
                *(int(found.augment), found.gain, 1 - found.gain, found.error),
                fitted(first(real, found.real), first(made, found.synthetic), test),
                fitted(first(real, times * n0), first(made, 0), test),
                fitted(first(real, mixed.real), first(made, mixed.synthetic), test),
                *(mixed.real, mixed.synthetic),
                *(found.real_only.error, found.spread, *ratios, f"{seconds:.4f}"),
            )
            yield dict(zip(FIELDS, map(str, row), strict=True))


def column(rows: list[Run], name: str) -> np.ndarray:
    """One field of all runs, as numbers."""
    return np.array([float(run[name]) for run in rows])


def table(headings: str, lines: list[str]) -> list[str]:
    """Lines of Markdown."""
    return ["", f"| {headings} |", "|---" * (headings.count("|") + 1) + "|", *lines]


def spreads(name: str, values: np.ndarray, spread: np.ndarray, ends: tuple[float, float]) -> str:
    """How far measured is from predicted, in logarithms and in spreads, and how often it is in the range."""
    if not values.size:
        return f"| {name} | 0 | | | | |"
    logs = np.log(values)
    far = logs / spread
    low, high = np.quantile(far, [0.05, 0.95])
    inside = np.mean((far >= ends[0]) & (far <= ends[1]))
    typical = np.exp(np.median(np.abs(logs))) - 1
    told = f"{np.median(values):.3f} | {typical:.1%} | {low:.2f} to {high:.2f}"
    return f"| {name} | {values.size:,} | {told} | {inside:.0%} |"


def ways(rows: list[Run]) -> list[str]:
    """Errors over those of real rows alone for the same money."""
    found = []
    for name, key in (("what is advised", "advised"), ("the law's best mix, always", "mixed")):
        ratio = column(rows, key) / column(rows, "alone")
        harm = np.mean(ratio > 1.03)
        found.append(
            f"| {name} | {ratio.mean():.3f} | {np.quantile(ratio, 0.95):.3f} | {harm:.1%} |"
        )
    return found


def advised(name: str, rows: list[Run]) -> list[str]:
    """How often synthetic rows were advised, and what they brought there; nothing where never."""
    here = [run for run in rows if run["augment"] == "1"]
    if not here:
        return [f"| {name} | 0% | | | |"]
    ratio = column(here, "advised") / column(here, "alone")
    gain = f"{np.median(column(here, 'gain')):.1%} | {np.median(1 - ratio):.1%}"
    return [f"| {name} | {len(here) / len(rows):.0%} | {gain} | {np.mean(ratio > 1.03):.0%} |"]


def page(rows: list[Run]) -> str:
    """Tables of what was measured."""
    lines = []
    for odd, words in ((0, "chose the ranges"), (1, "measure them")):
        some = [run for run in rows if int(run["place"]) % 2 == odd]
        if not some:
            continue
        names = {run["table"] for run in some}
        lines += ["", f"### {len(names)} tables that {words}, {len(some):,} runs"]
        bought = [run for run in some if run["augment"] == "1"]
        ratio = column(bought, "advised") / column(bought, "alone") / column(bought, "ratio")
        level = column(some, "advised") / column(some, "predicted")
        lines += table(
            "measured over predicted | runs | median | off by | 5 to 95 %, in spreads | in the range",
            [
                spreads("ratio to real rows alone", ratio, column(bought, "spread"), RATIO),
                spreads("error", level, column(some, "spread"), LEVEL),
            ],
        )
        told = [run for run in some if run["ppi"] != "nan"]
        by_ppi = column(told, "ppi_error") / column(told, "alone")
        lines += table(
            "prediction-powered inference | runs | median | off by | 5 to 95 %, in spreads | in the range",
            [
                spreads(
                    "ratio to real rows alone",
                    by_ppi / column(told, "ppi"),
                    column(told, "spread"),
                    POWERED,
                )
            ],
        )
        for labeler in ("own", "trees"):
            here = np.array([run["labeler"] == labeler for run in told])
            promised = here & (column(told, "ppi") <= 0.98)
            lines.append("")
            lines.append(
                f"Labels: {labeler}: predicted {np.mean(column(told, 'ppi')[here]):.3f}, measured "
                f"{np.mean(by_ppi[here]):.3f} of the error of real rows alone; a gain of 2 % was predicted in "
                f"{promised.sum()} of {here.sum()} runs."
            )
        lines += table("rows | error over real rows alone | 95 % | harm", ways(some))
        by_price = [
            advised(f"price {each}", [run for run in some if float(run["price"]) == each])
            for each in PRICES
        ]
        by_labels = [
            advised(f"labels: {each}", [run for run in some if run["labeler"] == each])
            for each in LABELERS
        ]
        lines += table(
            "where | advised in | gain predicted | gain measured | harm",
            [line for those in (*by_price, *by_labels) for line in those],
        )
        lines += ["", "Tables: " + ", ".join(sorted(names)) + "."]
    return "\n".join(lines)


def main() -> None:
    """Run, or write the page of runs that are there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--tables", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--said", action="store_true")
    parser.add_argument("--page", action="store_true")
    given = parser.parse_args()
    if given.page:
        with given.file.open(encoding="utf-8", newline="") as text:
            print(page(list(csv.DictReader(text))))
        return
    with given.file.open("w", encoding="utf-8", newline="") as text, threadpool_limits(1):
        writer = csv.DictWriter(text, FIELDS)
        writer.writeheader()
        small = (table for table in usable(given.data) if table.X.shape[1] <= MOST_COLUMNS)
        for place, table in enumerate(islice(small, given.tables)):
            for run in measured(table, place, range(given.seeds), given.said):
                writer.writerow(run)
            text.flush()
            print(table.name, table.X.shape, f"{time.process_time():.0f} s", flush=True)


if __name__ == "__main__":
    main()
