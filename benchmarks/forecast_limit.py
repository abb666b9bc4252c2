"""How well a growth can be known from the rows shown, by whatever algorithm scores models on them.

Chains are run as for the truths, on fresh rows of the whole table and at the forecast's own penalty,
but every model is scored on the rows that the forecast saw, none of which trains a model. What still
differs from the truth is the luck of those rows. The same of the best penalty of model 0: the one whose
models, of unlimited fresh rows, err least on the rows seen.

    python benchmarks/forecast_limit.py --data DIR
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from forecast_accuracy import SETTINGS, Cell, read, shown
from forecast_tables import load
from forecast_truths import CACHE, MODELS, RELATIVE, Array, Design, Population

LIMITS = CACHE / "limits.csv"
PENALTIES = CACHE / "limits-penalty.csv"
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


def penalty(population: Population, cell: Cell, rows: Array) -> float:
    """Penalty of least error on the rows shown, of models that were fitted on any others."""
    X, y, trace, kernel = population
    n, error = SETTINGS[cell.setting][1], np.zeros(RELATIVE.size)
    pool = np.setdiff1d(np.arange(y.size), rows)
    for chain in range(CHAINS):
        here = np.random.default_rng(chain).permutation(pool)[:n]
        design, offset = Design.of(X[here], kernel), y[here].mean()
        labels = np.repeat(y[here, None] - offset, RELATIVE.size, axis=1)
        values = design.coefficients(labels, RELATIVE * trace)
        error += np.mean((design.at(X[rows]) @ values + offset - y[rows, None]) ** 2, axis=0)
    return float(trace * RELATIVE[np.argmin(error)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with the larger data sets")
    parser.add_argument("--forecasts", type=Path, nargs="*", default=[CACHE / "forecasts.csv"])
    arguments = parser.parse_args()
    forecasts = [row for path in arguments.forecasts for row in read(path)]
    for kept, name in ((PENALTIES, "limit_penalty"), (LIMITS, "limit")):
        done = {tuple(row[key] for key in Cell._fields) for row in read(kept)}
        for row in forecasts:
            key = tuple(row[field] for field in Cell._fields)
            cell = Cell(*key[:3], int(row["part"]), float(row["noise"]), int(row["seed"]))
            if key in done or cell.seed != cell.part or cell.setting not in SETTINGS:
                continue
            if name == "limit" and (cell.setting != "A" or cell.part):
                continue
            table = load(arguments.data, cell.table)
            population, rows = Population.of(table, cell.kernel), shown(table, cell)
            if name == "limit":
                given = population, cell, float(row["penalty"]), rows
                first, last = np.mean([growth(*given, chain) for chain in range(CHAINS)], axis=0)
                found = last / first
            else:
                found = penalty(population, cell, rows)
            new = not kept.exists()
            with kept.open("a", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                if new:
                    writer.writerow((*Cell._fields, name))
                writer.writerow([*key, f"{found:.6g}"])
            done.add(key)


if __name__ == "__main__":
    main()
