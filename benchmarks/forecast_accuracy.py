"""Forecast against the literally run chain on real data; writes a table for the docs.

Data: scikit-learn's digits, and with ``--data DIR`` the files mnist.npz, blog_feedback.parquet,
king_county_houses.parquet and diamonds.parquet found there. Every finished forecast is a row of
docs/forecast-accuracy.csv; rows that are there already are not computed again.

    python benchmarks/forecast_accuracy.py --data DIR
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

import genloss as gl
from genloss.tables.load import example_table

DOCS = Path(__file__).parent.parent / "docs"
CELLS = DOCS / "forecast-accuracy.csv"
PENALTIES = (1e-8, 1e-4, 1e-2, 1.0)
NOISES = (0.0, 0.5)  # in standard deviations of the target; 0 only from 1,000 rows on
MODELS, TRIALS = 11, 4
MEASURABLE = 0.05  # standard error of the measured chain up to which a difference means something

KEYS = ("data", "kernel", "n", "penalty", "noise")
FIELDS = (*KEYS, "error_0", "error_1_10", "chain_stderr", "seconds")
Row = dict[str, str]


def tables(folder: Path | None) -> Iterator[tuple[str, gl.Table, dict[str, tuple[int, ...]]]]:
    """Name, table, and the numbers of rows per generation for every kernel."""
    small = dict.fromkeys(("linear", "rbf", "polynomial"), (100, 200, 350))
    digits = example_table("digits")
    yield "digits", digits, small
    yield "digits parity", parity(digits), small
    if folder is None:
        return
    mixed = {"linear": (250, 1000, 4000), "rbf": (250, 1000)}
    blog = gl.load_table(folder / "blog_feedback.parquet", "comments_next_day")
    yield "blog_feedback (log1p)", replace(blog, target=np.log1p(blog.target)), mixed
    houses = gl.load_table(folder / "king_county_houses.parquet", "price")
    yield "king_county (log)", replace(houses, target=np.log(houses.target)), mixed
    yield "diamonds", gl.load_table(folder / "diamonds.parquet", "price"), mixed
    mnist = gl.load_table(folder / "mnist.npz")
    kernels = {"rbf": (250, 1000), "polynomial": (250, 1000)}
    yield "mnist", mnist, kernels
    yield "mnist parity", parity(mnist), kernels


def parity(table: gl.Table) -> gl.Table:
    """The same images, with +1 for even digits and -1 for odd ones as target."""
    return replace(table, target=1.0 - 2 * (table.target % 2), target_name="parity")


def settings(folder: Path | None) -> Iterator[tuple[gl.Table, Row]]:
    """Every forecast to make."""
    for name, table, kernels in tables(folder):
        for kernel, sizes in kernels.items():
            for n in sizes:
                for penalty in PENALTIES:
                    for noise in NOISES if n < 1000 else NOISES[:1]:
                        values = (name, kernel, str(n), f"{penalty:g}", f"{noise:g}")
                        yield table, dict(zip(KEYS, values, strict=True))


def forecast(table: gl.Table, row: Row, seed: int) -> Row:
    """Make one forecast and compare models 1-10 with the measured chain."""
    noise = float(row["noise"]) * float(table.target.std())
    plan = gl.Plan.replace(MODELS, int(row["n"]), penalty=float(row["penalty"]), noise=noise)
    start = time.perf_counter()
    outlook = gl.forecast(table, plan=plan, kernel=row["kernel"], trials=TRIALS, seed=seed)
    error, stderr = outlook.relative_error, outlook.measured.stderr / outlook.measured.risk
    return row | {
        "error_0": f"{error[0]:.4f}",
        "error_1_10": f"{np.median(np.abs(error[1:])):.4f}",
        "chain_stderr": f"{np.median(stderr):.4f}",
        "seconds": f"{time.perf_counter() - start:.1f}",
    }


def group(
    rows: list[Row], key: Callable[[Row], tuple[str, ...]]
) -> dict[tuple[str, ...], list[Row]]:
    """Rows by key, in order of appearance."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def summary(rows: list[Row], keys: tuple[str, ...]) -> list[str]:
    """Markdown table of the errors by the given keys."""
    lines = [
        f"| {' | '.join(keys)} | forecasts | median | 90th percentile "
        "| measurable | median | 90th percentile | seconds |",
        "|" + "---|" * (len(keys) + 7),
    ]
    for values, members in group(rows, lambda row: tuple(row[key] for key in keys)).items():
        errors = np.array([float(row["error_1_10"]) for row in members])
        clear = np.array([float(row["chain_stderr"]) <= MEASURABLE for row in members])
        numbers = [
            str(len(members)),
            f"{np.median(errors):.1%}",
            f"{np.quantile(errors, 0.9):.1%}",
            str(clear.sum()),
            f"{np.median(errors[clear]):.1%}" if clear.any() else "-",
            f"{np.quantile(errors[clear], 0.9):.1%}" if clear.any() else "-",
            f"{np.median([float(row['seconds']) for row in members]):.1f}",
        ]
        lines.append("| " + " | ".join([*values, *numbers]) + " |")
    return lines


def page(rows: list[Row]) -> str:
    """The docs page."""
    everything = [row | {"set": "all"} for row in rows]
    worst = sorted(rows, key=lambda row: -float(row["error_1_10"]))[:12]
    return "\n".join(
        [
            "# How well the forecast does",
            "",
            "Every forecast sees part of the rows (up to 12,000), predicts the mean squared error of "
            f"{MODELS} models, and is",
            f"compared with the same plan run literally on other rows ({TRIALS} runs, each scored on "
            "fresh test rows). The error of one",
            "forecast is the median of |predicted / measured - 1| over models 1 to 10. Penalties: "
            "1e-8, 1e-4, 1e-2, 1; noise added to",
            "model-made labels: 0 or half of the target's standard deviation. Rows per generation go "
            "up to half of the rows seen",
            "(digits: 350 of 719; king_county: 4,000 of 8,646). A forecast is *measurable* if the "
            "standard error of the measured chain",
            "is at most 5 %; for the others, nobody can say who is wrong.",
            "",
            "Written by `python benchmarks/forecast_accuracy.py --data DIR`; every forecast is a row "
            "of [forecast-accuracy.csv](forecast-accuracy.csv).",
            "",
            *summary(everything, ("set",)),
            "",
            *summary(rows, ("data", "kernel")),
            "",
            *summary(rows, ("penalty",)),
            "",
            *summary(rows, ("n",)),
            "",
            "## The worst",
            "",
            "| " + " | ".join(KEYS) + " | model 0 | models 1-10 | chain s.e. |",
            "|" + "---|" * (len(KEYS) + 3),
            *(
                "| "
                + " | ".join(row[key] for key in KEYS)
                + f" | {float(row['error_0']):+.0%} | {float(row['error_1_10']):.0%}"
                + f" | {float(row['chain_stderr']):.0%} |"
                for row in worst
            ),
            "",
            "They have a cause in common: linear models, or kernels of high degree, with hardly any "
            "penalty on features that are",
            "nearly always zero (rare categories, border pixels). A row in which such a feature is "
            "not zero is seen once or never, and a single",
            "one decides the error. No single number describes such a chain; the forecast's band is "
            "wide there and a warning says so.",
            "",
        ]
    )


def read() -> list[Row]:
    """Finished forecasts."""
    if not CELLS.exists():
        return []
    with CELLS.open(newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with the larger data sets")
    parser.add_argument("--only", default="", help="name of one data set")
    arguments = parser.parse_args()
    done = {tuple(row[key] for key in KEYS) for row in read()}
    for seed, (table, row) in enumerate(settings(arguments.data)):
        if arguments.only in row["data"] and tuple(row.values()) not in done:
            result = forecast(table, row, seed)
            new = not CELLS.exists()
            with CELLS.open("a", newline="") as file:
                writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
                if new:
                    writer.writeheader()
                writer.writerow(result)
            print(", ".join(result.values()), flush=True)
    order = {tuple(row.values()): i for i, (_, row) in enumerate(settings(arguments.data))}
    rows = sorted(read(), key=lambda row: order.get(tuple(row[key] for key in KEYS), len(order)))
    (DOCS / "forecast-accuracy.md").write_text(page(rows))


if __name__ == "__main__":
    main()
