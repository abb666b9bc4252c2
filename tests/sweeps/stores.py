"""Sweeps that tests of stores share."""

from __future__ import annotations

from genloss.sweeps import sweep

PROBLEM = {"preset": "isotropic", "dim": 12}
PLAN = {"preset": "replace", "generations": 3, "n_samples": 40, "noise": 0.5}
GRID = {"plan.penalty": [0.01, 0.1, 1.0], "plan.noise": [0.1, 0.2, 0.3, 0.4]}
ARGUMENTS = (PROBLEM, PLAN, GRID)


def serial(*arguments, **options):
    return sweep(*arguments, **({"cluster": "serial"} | options))


def blocks(store):
    return sorted((store / "blocks").glob("*.parquet"))


def content(folder):
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".new"
    }
