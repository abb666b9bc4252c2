"""`genloss forecast FILE --target NAME` of every table as a file, all else by default: who is warned, of what.

Nothing of a table is encoded beforehand, text and gaps are in the file (rows with gaps are dropped, as
the command then asks for). `forecast_page` counts what is found here.

    OPENBLAS_NUM_THREADS=1 python benchmarks/forecast_defaults.py --data DIR
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from forecast_accuracy import read
from forecast_tables import MOST_ROWS, sources
from forecast_truths import CACHE

from genloss.cli import main as genloss

DEFAULTS = CACHE / "defaults.csv"


def run(frame: pd.DataFrame, target: str, folder: Path) -> dict[str, str]:
    """Rows, exit code, warnings and complaint of one run."""
    path = folder / "table.csv"
    frame.to_csv(path, index=False)
    line = ["forecast", str(path), "--target", target, "--json"]
    if frame.isna().to_numpy().any():
        line += ["--missing", "drop"]
    out, said = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
        try:
            genloss(line)
            code = 0
        except SystemExit as left:
            code = int(left.code or 0)
    told = json.loads(out.getvalue())["warnings"] if code == 0 else []
    return {
        "rows": str(len(frame)),
        "code": str(code),
        "warnings": " | ".join(told),
        "complaint": "" if code == 0 else said.getvalue().strip(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with the larger data sets")
    parser.add_argument("--out", type=Path, default=DEFAULTS)
    arguments = parser.parse_args()
    done = {row["table"] for row in read(arguments.out)}
    tables = sources(arguments.data)
    names = list(tables)
    for place in np.random.default_rng(2).permutation(len(names)):
        name, source = names[place], tables[names[place]]
        if name in done:
            continue
        frame = source.read().drop(columns=list(source.without))
        frame = frame.sample(min(len(frame), MOST_ROWS), random_state=0)
        if source.log:
            frame[source.target] = np.log1p(frame[source.target])
        with tempfile.TemporaryDirectory() as folder:
            row = {"table": name} | run(frame, source.target, Path(folder))
        new = not arguments.out.exists()
        with arguments.out.open("a", newline="") as file:
            writer = csv.DictWriter(file, list(row), lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow(row)
        print(name, row["code"], row["warnings"] or row["complaint"], flush=True)


if __name__ == "__main__":
    main()
