"""Forecasts of real tables from parts of their rows, held against long literal chains.

Every forecast sees M rows of a table, drawn at random, and is one line of a file in the cache;
lines that are there are not computed again. `forecast_truths` runs the chains, `forecast_page` sets
both side by side and writes docs/forecast-accuracy.md and .csv.

    python benchmarks/forecast_truths.py --data DIR
    python benchmarks/forecast_accuracy.py --data DIR
    python benchmarks/forecast_page.py --data DIR
"""

from __future__ import annotations

import argparse
import csv
import time
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from forecast_tables import Table, chosen, load, sources
from forecast_truths import CACHE, KERNELS, MODELS, NOISES

import genloss as gl

SETTINGS = {"A": (320, 40), "B": (240, 120), "C": (120, 120), "D": (960, 120), "E": (300, 300)}
"""Rows shown and rows per model."""
PARTS = 5  # random parts at A of a third of the tables
DEFAULT_ROWS = 4000  # most rows shown to a run with the defaults


class Cell(NamedTuple):
    """One forecast to make: ``setting`` "default" leaves plan and kernel to the package."""

    table: str
    kernel: str
    setting: str
    part: int
    noise: float
    seed: int

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(str(value) for value in self)


FIELDS = (
    *Cell._fields,
    *("rows", "n", "penalty", "level", "level_low", "level_high"),
    *("growth", "growth_low", "growth_high"),
    *("first", "first_low", "first_high", "last", "last_low", "last_high"),
    *("real", "real_low", "real_high"),
    *("full_penalty", "full", "full_low", "full_high"),
    *("retuned", "retuned_low", "retuned_high"),
    *("accumulate_penalty", "accumulate", "accumulate_low", "accumulate_high"),
    *("fifth_penalty", "fifth", "fifth_low", "fifth_high"),
    *("kept_penalty", "kept", "kept_low", "kept_high"),
    *("gap", "warnings", "seconds", "failure"),
)
Row = dict[str, str]


def cells(names: list[str], sizes: dict[str, int], parts: int) -> Iterator[Cell]:
    """All forecasts, in an order that can be cut short.

    First every table at A, and either with the defaults or, in turn, at another setting; then
    further parts at A, other seeds on the same rows, and what is left. Noise on model-made labels
    alternates.
    """
    order = [names[i] for i in np.random.default_rng(1).permutation(len(names))]

    def both(name: str, setting: str, part: int, seed: int) -> Iterator[Cell]:
        rows, n = SETTINGS[setting]
        if sizes[name] >= max(10 * n, 1.35 * rows):
            for kernel in KERNELS:
                noise = NOISES[(part + zlib.crc32(f"{name}{kernel}".encode())) % 2]
                yield Cell(name, kernel, setting, part, float(noise), seed)

    others = [setting for setting in SETTINGS if setting != "A"]
    for turn in range(len(others)):
        for place, name in enumerate(order):
            if turn == 0:
                yield from both(name, "A", 0, 0)
            if turn == 0 and place % 2:
                yield Cell(name, "linear", "default", 0, 0.0, 0)
            elif turn or not place % 2:
                yield from both(name, others[(place // 2 + turn) % len(others)], 0, 0)
        if turn == 0:
            for part in range(1, parts):
                for name in order[::3]:
                    yield from both(name, "A", part, part)
            for name in order[::9]:
                for seed in range(1, 6):
                    yield from both(name, "A", 0, seed)


def shown(table: Table, cell: Cell) -> np.ndarray:
    """Which rows a forecast sees."""
    rows = SETTINGS.get(cell.setting, (DEFAULT_ROWS, 0))[0]
    tag = zlib.crc32(f"{cell.table}-{cell.setting}-{cell.part}".encode())
    return np.random.default_rng(tag).permutation(table.y.size)[:rows]


def measure(table: Table, cell: Cell) -> Row:
    """Make one forecast; an exception is a result too."""
    rows = shown(table, cell)
    X, y = table.X[rows], table.y[rows]
    plan = None
    if cell.setting != "default":
        n = SETTINGS[cell.setting][1]
        plan = gl.Plan.replace(MODELS, n, noise=cell.noise * table.y.std())
    start = time.process_time()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = gl.forecast(X, y, plan, cell.kernel, cell.seed, tune_penalty=True)
        numbers = answers(found) if hasattr(found, "own") else former_answers(found)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is a result
        numbers = {"failure": f"{type(error).__name__}: {error}"}
    row = dict(zip(Cell._fields, cell.key, strict=True)) | {"rows": str(rows.size)}
    row |= {
        key: value if isinstance(value, str) else f"{value:.6g}" for key, value in numbers.items()
    }
    return row | {"seconds": f"{time.process_time() - start:.2f}"}


def answers(found: Any) -> dict[str, Any]:
    """What a forecast says, as numbers; real rows "none" means all."""
    advice, n = found.advice, int(found.plan.n_samples.max())
    policies = {policy.name: policy for policy in found.policies}
    fifth = next((p for name, p in policies.items() if "fifth" in name or "20" in name), None)
    accumulate = next((p for name, p in policies.items() if "accumulate" in name), None)
    kept = next((p for name, p in policies.items() if "kept" in name), None)

    def count(rows: int | None) -> int:
        return n if rows is None else rows

    def growth(name: str, outcome: Any) -> dict[str, Any]:
        if outcome is None:
            return {}
        return {
            name: outcome.growth[-1],
            f"{name}_low": outcome.growth_low[-1],
            f"{name}_high": outcome.growth_high[-1],
        } | ({} if name in ("growth", "retuned") else {f"{name}_penalty": outcome.penalty})

    return {
        "n": n,
        "penalty": found.plan.penalty[0],
        "level": found.own.error[0],
        "level_low": found.own.low[0],
        "level_high": found.own.high[0],
        **growth("growth", found.own),
        **dict(zip(("first_low", "first_high"), advice.best_first_penalty_range, strict=True)),
        **dict(zip(("last_low", "last_high"), advice.best_penalty_range, strict=True)),
        "first": advice.best_first_penalty,
        "last": advice.best_penalty,
        "real": count(advice.real_rows),
        "real_low": count(advice.real_rows_range[0]),
        "real_high": count(advice.real_rows_range[1]),
        "full_penalty": found.full.penalty,
        "full": found.full.error[0],
        "full_low": found.full.low[0],
        "full_high": found.full.high[0],
        **growth("retuned", found.retuned),
        **growth("accumulate", accumulate),
        **growth("fifth", fifth),
        **growth("kept", kept),
        "gap": float(np.median(np.abs(found.relative_error))),
        "warnings": " | ".join(found.warnings),
    }


def former_answers(found: Any) -> dict[str, Any]:
    """The same of the algorithm before (commit b425c2a, by PYTHONPATH): no intervals on growth."""
    advice, n = found.advice, int(found.plan.n_samples.max())
    risk = found.predicted.risk
    return {
        "n": n,
        "penalty": found.plan.penalty[0],
        "level": risk[0],
        "level_low": found.low[0],
        "level_high": found.high[0],
        "growth": risk[-1] / risk[0],
        "first": found.plan.penalty[0],
        "last": advice.best_penalty,
        "real": n if advice.real_rows is None else advice.real_rows,
        "gap": float(np.median(np.abs(found.relative_error))),
        "warnings": " | ".join(found.predicted.warnings + found.measured.warnings),
    }


def read(path: Path) -> list[Row]:
    """Finished forecasts."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with the larger data sets")
    parser.add_argument("--out", type=Path, default=CACHE / "forecasts.csv")
    parser.add_argument("--only", default="", help="part of a table's name")
    parser.add_argument("--every", type=int, default=1, help="only every k-th table")
    parser.add_argument("--half", choices=["chosen", "held out"], help="only these tables")
    parser.add_argument("--settings", nargs="*", default=[*SETTINGS, "default"])
    parser.add_argument("--kernels", nargs="*", default=list(KERNELS))
    parser.add_argument("--random", type=int, help="seed of a random order, to be cut anywhere")
    parser.add_argument(
        "--parts", type=int, default=PARTS, help="random parts at A of a third of the tables"
    )
    parser.add_argument(
        "--minutes", type=float, default=np.inf, help="processor time to stop after"
    )
    arguments = parser.parse_args()
    names = [name for name in sources(arguments.data) if arguments.only in name]
    if arguments.half:
        picked = chosen(list(sources(arguments.data)))
        names = [name for name in names if (name in picked) == (arguments.half == "chosen")]
    names = names[:: arguments.every]
    sizes = {name: load(arguments.data, name).y.size for name in names}
    done = {tuple(row[key] for key in Cell._fields) for row in read(arguments.out)}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    wanted = [
        cell
        for cell in cells(names, sizes, arguments.parts)
        if cell.setting in arguments.settings and cell.kernel in arguments.kernels
    ]
    if arguments.random is not None:
        places = np.random.default_rng(arguments.random).permutation(len(wanted))
        wanted = [wanted[place] for place in places]
    for cell in wanted:
        if cell.key in done:
            continue
        row = measure(load(arguments.data, cell.table), cell)
        new = not arguments.out.exists()
        with arguments.out.open("a", newline="") as file:
            writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow(row)
        print(*cell.key, row["seconds"], row.get("failure", ""), flush=True)
        if time.process_time() > 60 * arguments.minutes:
            break


if __name__ == "__main__":
    main()
