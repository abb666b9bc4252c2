"""Forecasts of tables of up to 20 million rows: peak memory, and rows per second against a bare pass.

Every table is written to a temporary folder (up to 1 GB) and removed; every measurement runs in a
process of its own. The bare pass reads the same batches with pyarrow and adds up X'X in NumPy: what
no one-pass estimate of a covariance can undercut.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

BLOCK = 500_000
NOISE = 0.5
WHOLE = 5
"""Millions of rows up to which a table is also read whole; 20 would take some 16 GB."""

HEAD = """
import json, resource, sys, time
path, start = sys.argv[1], time.perf_counter()
"""
BARE = """
import numpy as np, pyarrow.dataset as ds
total = 0
for batch in ds.dataset(path).to_batches(batch_size=2**17):
    rows = np.stack([column.to_numpy().astype(float) for column in batch.columns])
    total = total + rows @ rows.T
noise = None
"""
FORECAST = """
import genloss as gl
plan = gl.Plan.replace(10, 1000, penalty=0.01)
noise = gl.forecast(path, "y", plan, {options}).noise
"""
TAIL = """
seconds = time.perf_counter() - start
said = dict(line.split(":", 1) for line in open("/proc/self/status"))
peak = int(said["VmHWM"].split()[0])  # getrusage would count the peak of the process that wrote the table
workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([seconds, max(peak, workers) / 2**10, noise]))
"""
WAYS = {
    "bare pass: pyarrow and X'X, nothing else": BARE,
    "forecast, block by block": FORECAST.format(options="stream=True"),
    "forecast, block by block, two processes": FORECAST.format(options='cluster="processes"'),
    "forecast, read whole": FORECAST.format(options="stream=False"),
}


def write(path: Path, rows: int, columns: int) -> None:
    """A table of correlated float32 features and a target with noise, block by block."""
    rng = np.random.default_rng(0)
    dim = columns - 1
    mixing = (rng.standard_normal((dim, dim)) / np.sqrt(dim)).astype("f4")
    schema = pa.schema([(f"x{i}", pa.float32()) for i in range(dim)] + [("y", pa.float32())])
    with pq.ParquetWriter(path, schema, use_dictionary=False, compression="none") as writer:
        for first in range(0, rows, BLOCK):
            shape = (min(BLOCK, rows - first), dim)
            X = rng.standard_normal(shape, dtype="f4") @ mixing
            y = X.sum(axis=1) + np.float32(NOISE) * rng.standard_normal(len(X), dtype="f4")
            writer.write_table(pa.table([*X.T, y], schema=schema))


def measure(path: Path, script: str) -> tuple[float, float, float | None]:
    """Seconds, peak MiB of the largest process, and estimated noise."""
    command = [sys.executable, "-c", HEAD + script + TAIL, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, peak, noise = json.loads(done.stdout)
    return seconds, peak, noise


def lines(folder: Path, millions: int, columns: int) -> list[str]:
    """Rows of the table of results for one number of rows."""
    rows, path, found, bare = millions * 10**6, folder / f"{millions}.parquet", [], 0.0
    write(path, rows, columns)
    for name, script in WAYS.items():
        if name.endswith("whole") and millions > WHOLE:
            continue
        seconds, peak, noise = measure(path, script)
        bare = bare or seconds
        cells = [f"{rows:,}", name, f"{seconds:.1f} s", f"{rows / seconds:,.0f}"]
        cells += [f"{seconds / bare:.1f} x", f"{peak:.0f} MiB", f"{noise:.4f}" if noise else ""]
        found.append(f"| {' | '.join(cells)} |")
        print(found[-1], flush=True)
    path.unlink()
    return found


TITLE = "Large tables"
WHAT = (
    f"12 float32 columns in one Parquet file, a linear target with noise {NOISE}, ten models on 1,000 rows each. "
    "Seconds include the start of Python and the whole forecast: estimate, rehearsal and measured chain. Peak "
    "memory is that of the largest process; the goal is 1,024 MiB at 20 million rows."
)


def section(millions: tuple[int, ...] = (1, 5, 20)) -> list[str]:
    """Lines of the page."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [line for number in millions for line in lines(Path(folder), number, 12)]
    return [
        "| rows | work | time | rows per second | against the bare pass | peak memory | noise |",
        "|---|---|---|---|---|---|---|",
        *rows,
    ]
