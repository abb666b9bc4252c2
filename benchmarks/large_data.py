"""Rows per second and peak memory of a forecast on tables of 1, 5 and 20 million rows.

Every table is written to a temporary folder (up to 1 GB); every forecast runs in a process of its
own, of which the memory is measured.

    python benchmarks/large_data.py [--folder DIR] [--columns 12] [--cluster processes]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

MILLIONS = (1, 5, 20)
BLOCK = 500_000
SCRIPT = """
import json, resource, sys, time
import genloss as gl
start = time.perf_counter()
stream, cluster = json.loads(sys.argv[2])
plan = gl.Plan.replace(10, 1000, penalty=0.01)
outlook = gl.forecast(sys.argv[1], "y", plan, stream=stream, cluster=cluster)
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
print(json.dumps([seconds, peak, outlook.noise]))
"""


def write(path: Path, rows: int, columns: int) -> None:
    """A table of correlated float32 features and a target with noise 0.5, block by block."""
    rng = np.random.default_rng(0)
    dim = columns - 1
    mixing = (rng.standard_normal((dim, dim)) / np.sqrt(dim)).astype("f4")
    schema = pa.schema([(f"x{i}", pa.float32()) for i in range(dim)] + [("y", pa.float32())])
    with pq.ParquetWriter(path, schema, use_dictionary=False, compression="none") as writer:
        for first in range(0, rows, BLOCK):
            shape = (min(BLOCK, rows - first), dim)
            X = rng.standard_normal(shape, dtype="f4") @ mixing
            y = X.sum(axis=1) + np.float32(0.5) * rng.standard_normal(len(X), dtype="f4")
            writer.write_table(pa.table([*X.T, y], schema=schema))


def measure(path: Path, stream: bool, cluster: str | None) -> tuple[float, float, float]:
    """Seconds, peak MiB and estimated noise of one forecast."""
    options = json.dumps([stream, cluster])
    command = [sys.executable, "-c", SCRIPT, str(path), options]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, peak, noise = json.loads(done.stdout)
    return seconds, peak, noise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where to write the tables")
    parser.add_argument("--columns", type=int, default=12)
    parser.add_argument("--cluster", help="where pieces are read")
    parser.add_argument("--whole", action="store_true", help="also read the smaller tables whole")
    given = parser.parse_args()
    print("| rows | columns | read | seconds | rows per second | peak MiB | noise (0.5) |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        for millions in MILLIONS:
            rows, path = millions * 10**6, Path(folder) / f"{millions}.parquet"
            write(path, rows, given.columns)
            for stream in (True, False) if given.whole and millions <= 5 else (True,):
                cluster = given.cluster if stream else None
                seconds, peak, noise = measure(path, stream, cluster)
                how = "block by block" if stream else "whole"
                cells = [f"{rows:,}", given.columns, how, f"{seconds:.1f}"]
                cells += [f"{rows / seconds:,.0f}", f"{peak:.0f}", f"{noise:.4f}"]
                print("|", " | ".join(map(str, cells)), "|", flush=True)
            path.unlink()


if __name__ == "__main__":
    main()
