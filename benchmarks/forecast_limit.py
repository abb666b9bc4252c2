"""How well a growth can be known from the rows shown, by whatever algorithm scores models on them.

Chains are run as for the truths, on fresh rows of the whole table and at the forecast's own penalty,
but every model is scored on the rows that the forecast saw, none of which trains a model. What still
differs from the truth is the luck of those rows.

    python benchmarks/forecast_limit.py --data DIR
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from forecast_accuracy import SETTINGS, Cell, read, shown
from forecast_tables import load
from forecast_truths import CACHE, MODELS, Array, Design, Population

LIMITS = CACHE / "limits.csv"
FIELDS = (*Cell._fields, "limit")
CHAINS = 40


def growth(population: Population, cell: Cell, penalty: float, rows: Array, chain: int) -> Array:
    """Errors of the first and the last model of one chain on the rows shown."""
    X, y, _, kernel = population
    rng, n = np.random.default_rng(chain), SETTINGS[cell.setting][1]
    pool = np.setdiff1d(np.arange(y.size), rows)
    last_used, before, errors = np.full(pool.size, -1.0), None, []
    values, offset = np.empty(0), np.empty(0)
    for t in range(MODELS):
        place = np.argpartition(last_used + rng.random(pool.size), n - 1)[:n]
        last_used[place] = t
        here = X[pool[place]]
        labels = y[pool[place]][:, None].copy()
        if before is not None:
            noise = y.std() * cell.noise * rng.standard_normal((n, 1))
            labels = before.at(here) @ values + offset + noise
        before = Design.of(here, kernel)
        offset = labels.mean(axis=0)
        values = before.coefficients(labels - offset, np.array([penalty]))
        errors.append(np.mean(((before.at(X[rows]) @ values)[:, 0] + offset - y[rows]) ** 2))
    return np.array([errors[0], errors[-1]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with the larger data sets")
    parser.add_argument("--forecasts", type=Path, nargs="*", default=[CACHE / "forecasts.csv"])
    arguments = parser.parse_args()
    done = {tuple(row[key] for key in Cell._fields) for row in read(LIMITS)}
    for row in (row for path in arguments.forecasts for row in read(path)):
        key = tuple(row[name] for name in Cell._fields)
        if key in done or row["setting"] != "A" or row["part"] != "0" or row["seed"] != "0":
            continue
        cell = Cell(*key[:3], int(row["part"]), float(row["noise"]), int(row["seed"]))
        table = load(arguments.data, cell.table)
        given = Population.of(table, cell.kernel), cell, float(row["penalty"]), shown(table, cell)
        first, last = np.mean([growth(*given, chain) for chain in range(CHAINS)], axis=0)
        new = not LIMITS.exists()
        with LIMITS.open("a", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if new:
                writer.writerow(FIELDS)
            writer.writerow([*key, f"{last / first:.6g}"])
        done.add(key)


if __name__ == "__main__":
    main()
