"""Forecast against the literally run chain on real data; writes a table for the docs.

Data: scikit-learn's digits, and with ``--data DIR`` the files mnist.npz, blog_feedback.parquet,
king_county_houses.parquet and diamonds.parquet found there.

    python benchmarks/forecast_accuracy.py --data DIR --output docs/forecast-accuracy.md
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

import genloss as gl
from genloss.data.tables import example_table

PENALTIES = (1e-8, 1e-4, 1e-2, 1.0)
NOISES = (0.0, 0.5)
MODELS = 11


def tables(
    folder: Path | None,
) -> Iterator[tuple[str, gl.Table, tuple[str | None, ...], tuple[int, ...]]]:
    """Name, table, kernels and sample sizes of every data set."""
    digits = example_table("digits")
    parity = replace(digits, target=1.0 - 2 * (digits.target % 2), target_name="parity")
    for table in (digits, parity):
        yield f"digits {table.target_name}", table, (None, "rbf", "polynomial"), (100, 200, 350)
    if folder is None:
        return
    sizes = (250, 1000)
    mixed = (None, "rbf")
    blog = gl.load_table(folder / "blog_feedback.parquet", "comments_next_day")
    yield "blog_feedback", replace(blog, target=np.log1p(blog.target)), mixed, sizes
    houses = gl.load_table(folder / "king_county_houses.parquet", "price")
    yield "king_county", replace(houses, target=np.log(houses.target)), mixed, sizes
    yield "diamonds", gl.load_table(folder / "diamonds.parquet", "price"), mixed, sizes
    mnist = gl.load_table(folder / "mnist.npz")
    for target in ("parity", "digit"):
        labels = 1.0 - 2 * (mnist.target % 2) if target == "parity" else mnist.target
        table = replace(mnist, target=labels, target_name=target)
        yield f"mnist {target}", table, ("rbf", "polynomial"), sizes


def cells(folder: Path | None, only: str, trials: int) -> list[dict[str, object]]:
    """One row per forecast: errors of models 1-10 against the measured chain."""
    rows = []
    for name, table, kernels, sizes in tables(folder):
        if only not in name:
            continue
        spread = float(table.target.std())
        for kernel in kernels:
            for n in sizes:
                for penalty in PENALTIES:
                    for noise in NOISES if n < 1000 else NOISES[:1]:
                        plan = gl.Plan.replace(MODELS, n, penalty=penalty, noise=noise * spread)
                        start = time.perf_counter()
                        f = gl.forecast(
                            table, plan=plan, kernel=kernel, trials=trials, seed=len(rows)
                        )
                        error = f.relative_error
                        inside = (f.measured.risk > f.low) & (f.measured.risk < f.high)
                        rows.append(
                            {
                                "data": name,
                                "kernel": kernel or "linear",
                                "n": n,
                                "penalty": penalty,
                                "noise": noise,
                                "error": error,
                                "stderr": f.measured.stderr / f.measured.risk,
                                "inside": float(inside.mean()),
                                "seconds": time.perf_counter() - start,
                            }
                        )
                        print(
                            f"{name:16} {kernel or 'linear':10} {n:5} {penalty:7.0e} {noise:3} "
                            f"model 0 {error[0]:+7.1%}  1-10 {np.median(np.abs(error[1:])):6.1%} "
                            f"s.e. {np.median(rows[-1]['stderr']):6.1%} {rows[-1]['seconds']:.1f} s",
                            file=sys.stderr,
                            flush=True,
                        )
    return rows


def summary(rows: list[dict[str, object]], keys: tuple[str, ...]) -> list[str]:
    """Markdown table: median and 90th percentile by the given keys."""
    groups: dict[tuple[object, ...], list[dict[str, object]]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    lines = [
        "| " + " | ".join(keys) + " | forecasts | median | 90th percentile | bias | "
        "chain s.e. | inside band | seconds |",
        "|" + "---|" * (len(keys) + 7),
    ]
    for group, members in groups.items():
        error = np.concatenate([np.asarray(row["error"])[1:] for row in members])
        stderr = np.concatenate([np.asarray(row["stderr"])[1:] for row in members])
        lines.append(
            "| "
            + " | ".join(
                f"{value:g}" if isinstance(value, float) else str(value) for value in group
            )
            + f" | {len(members)} | {np.median(np.abs(error)):.1%}"
            f" | {np.quantile(np.abs(error), 0.9):.1%} | {np.median(error):+.1%}"
            f" | {np.median(stderr):.1%} | {np.mean([row['inside'] for row in members]):.0%}"
            f" | {np.median([row['seconds'] for row in members]):.1f} |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    rows = cells(arguments.data, arguments.only, arguments.trials)
    measurable = [r for r in rows if np.median(np.asarray(r["stderr"])[1:]) < 0.05]
    text = "\n".join(
        [
            "All forecasts:",
            "",
            *summary([r | {"set": "all"} for r in rows], ("set",)),
            "",
            "Those whose measured chain has a standard error below 5 %:",
            "",
            *summary([r | {"set": "measurable"} for r in measurable], ("set",)),
            "",
            *summary(measurable, ("data", "kernel")),
            "",
            *summary(measurable, ("penalty",)),
            "",
            *summary(measurable, ("n",)),
        ]
    )
    print(text)
    if arguments.output:
        arguments.output.write_text(text + "\n")


if __name__ == "__main__":
    main()
