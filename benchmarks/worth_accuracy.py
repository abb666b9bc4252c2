"""How often the interval of `Weighed.worth` holds what a synthetic row is worth, on real tables.

The truth of a cell (table, numbers of rows, kind of synthetic rows) is literal: the real rows alone with which ridge
errs as little as with all rows at the best fixed weight, read off the mean learning curve of nested draws. Both are
means over seeds; worths below 0.02 count as 0.02, and worths beyond the largest draw as that. The first tables chose
the interval, the others judge it.

    python benchmarks/worth_accuracy.py --data DIR --skip 20 --tables 24 --seeds 4
"""

from __future__ import annotations

import argparse
import warnings
import zlib
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from forecast_tables import Table
from threadpoolctl import threadpool_limits
from weigh_accuracy import ELSEWHERE, MOST_TEST, Rows, draw, ridge, truths, usable

import genloss as gl

SETTINGS = ((50, 1000), (100, 500), (200, 1000))
GROWN = np.array([1, 1.15, 1.35, 1.6, 2, 2.5, 3.2, 4, 5, 6.5, 8, 10, 13, 16, 21])
LEAST = 0.02


def error(real: Rows, test: Rows) -> float:
    return float(np.mean((ridge(*real)(test[0]) - test[1]) ** 2))


def learning(table: Table, n: int, seeds: int) -> np.ndarray:
    """Mean error of real rows alone over that of n of them, falling, for all of `GROWN` that the table has."""
    curves = []
    for seed in range(3 * seeds):
        rng = np.random.default_rng(zlib.crc32(f"{table.name}-{n}-{seed}-curve".encode()))
        order = rng.permutation(len(table.y))
        test, rest = np.split(order, [min(MOST_TEST, len(order) // 3)])
        parts = [rest[: int(n * grown)] for grown in GROWN if n * grown <= len(rest)]
        tested = table.X[test], table.y[test]
        curves.append([error((table.X[rows], table.y[rows]), tested) for rows in parts])
    mean = np.mean([np.array(curve) for curve in curves], axis=0)
    return np.minimum.accumulate(mean / mean[0])


def grown(share: float, curve: np.ndarray) -> float:
    """How many times as many real rows bring the error down to a share of it."""
    if share >= 1:
        return 1.0
    if share <= curve[-1]:
        return float(GROWN[len(curve) - 1])
    return float(np.exp(np.interp(-share, -curve, np.log(GROWN[: len(curve)]))))


def cell(
    table: Table, size: tuple[int, int], kind: str, seeds: int, curve: np.ndarray
) -> list[dict[str, object]]:
    """Answers of all seeds, with the truth that they share."""
    (n, m), found, errors = size, [], []
    for seed in range(seeds):
        tag = zlib.crc32(f"{table.name}-{n}-{m}-{kind}-{seed}-worth".encode())
        drawn = draw(table.X, table.y, n, m, kind, np.random.default_rng(tag))
        if drawn is None or drawn[0][1].std() == 0:
            continue
        varies = drawn[0][0].std(axis=0) > 0
        real, made, test = ((X[:, varies], y) for X, y in drawn)
        answer = gl.weigh(real, made, made_from="elsewhere")
        found.append(answer.worth)
        errors.append(truths(answer, real, made, test))
    if not found:
        return []
    mean = np.mean(errors, axis=0)
    best = int(np.argmin(mean))
    share = mean[best] / mean[0]
    off = np.std([each[best] - share * each[0] for each in errors]) / np.sqrt(len(errors)) / mean[0]
    true, least, most = (
        max((grown(s, curve) - 1) * n / m, LEAST) for s in (share, share + off, share - off)
    )
    end = max((GROWN[len(curve) - 1] - 1) * n / m, LEAST)
    return [
        {
            "table": table.name, "n": n, "m": m, "kind": kind, "true": true, "known": most / least < 4,
            "value": worth.value, "low": worth.low, "high": worth.high,
            "holds": min(max(worth.low, LEAST), end) <= true <= worth.high,
            "factor of 4": min(max(worth.value / 4, LEAST), end) <= true <= 4 * worth.value,
        }
        for worth in found
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--skip", type=int, default=20)
    parser.add_argument("--tables", type=int, default=24)
    parser.add_argument("--seeds", type=int, default=4)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    rows: list[dict[str, object]] = []
    with threadpool_limits(1):
        for table in islice(usable(given.data), given.skip, given.skip + given.tables):
            for size in SETTINGS:
                curve = learning(table, size[0], given.seeds)
                for kind in ELSEWHERE:
                    rows += cell(table, size, kind, given.seeds, curve)
    found = pd.DataFrame(rows)
    print(
        f"{len(found)} runs, {found['known'].mean():.0%} of them with a truth known to a factor of 4"
    )
    columns = ["holds", "factor of 4"]
    print(found[columns].mean(), found[found["known"]][columns].mean())
    for key in ("kind", "n", "table"):
        print(found[found["known"]].groupby(key)[columns].mean().round(2).to_string())


if __name__ == "__main__":
    main()
