"""Sweeps: what they add to their points, and how soon a finished one is read again."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

import genloss as gl
from genloss.sweeps.design import Sweep
from genloss.sweeps.runs import run

PROBLEM = {"preset": "power_law", "dim": 300, "capacity": 1.5, "source": 0.5}
PLAN = {"preset": "replace", "generations": 10, "n_samples": 600, "noise": 0.5}


def theory(n_points: int) -> Sweep:
    """Theory only; every point has its own penalty and noise."""
    grid = {
        "plan.penalty": {"log": [1e-4, 1.0, n_points // 100]},
        "plan.noise": {"linear": [0.1, 1.0, 100]},
    }
    return Sweep.of(PROBLEM, PLAN, grid)


def simulation(n_points: int) -> Sweep:
    """Theory and four runs a point, some ten milliseconds."""
    grid = {
        "plan.penalty": {"log": [1e-4, 1.0, n_points // 100]},
        "plan.noise": {"linear": [0.1, 1.0, 100]},
    }
    return Sweep.of(PROBLEM | {"dim": 60}, PLAN | {"n_samples": 150}, grid, trials=4)


def finished_again(folder: Path, n_points: int) -> list[str]:
    """Time the same call before and after there is anything to compute."""
    url = str(folder / "again")
    at_once = batched(theory(n_points))
    before = time.process_time()
    first = run(theory(n_points), url, cluster="serial")
    share = (time.process_time() - before) / at_once
    times = []
    for _ in range(5):
        start = time.perf_counter()
        again = run(theory(n_points), url, cluster="serial")
        values = again.dataset().load()
        times.append(time.perf_counter() - start)
        assert again.computed == 0
        assert np.isfinite(values.risk).all()
    files = sum(1 for path in Path(url).rglob("*") if path.is_file())
    made = first.seconds - first.computing_seconds
    return [
        f"| {n_points:,} points, theory only, first run (serial, {_blocks(first.computed)}, "
        f"{files} files) | {first.seconds:.2f} s | | {made:.2f} s of it to check every point "
        "and make the store |",
        "| processor time of that run, over one call of predict with the same plans, which are there "
        f"| {at_once:.2f} s | 2 x | {share:.2f} x |",
        f"| the same call when it is finished: checked, opened and read | {min(times):.3f} s "
        f"| 65 x | {first.seconds / min(times):.0f} x the first run |",
    ]


def batched(sweep: Sweep) -> float:
    """Time one call of `predict` with the plans of all points."""
    whole = sweep.part(tuple(slice(0, size) for size in sweep.shape))
    points = [sweep.work.built.at(overrides) for overrides in whole.overrides()]
    before = time.process_time()
    gl.predict(points[0][0], [plan for _, plan in points])
    return time.process_time() - before


def _blocks(count: int) -> str:
    return f"{count} block{'s' * (count > 1)}"


def overheads(folder: Path, n_points: int, repeats: int) -> list[str]:
    """Engines with one and two workers: what they add to the time inside blocks."""
    from distributed import Client, LocalCluster

    lines = []
    for workers in (1, 2):
        with (
            LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=":0"
            ) as cluster,
            Client(cluster) as client,
        ):
            client.run(import_everything)
            places = {"processes (loky)": "processes", "Dask, by address": client.scheduler.address}
            if workers == 1:
                places = {"serial": "serial", "threads": "threads", **places}
            for name, place in places.items():
                shares = []
                for repeat in range(repeats + 1):
                    url = str(folder / f"{place[:3]}{workers}{repeat}")
                    done = run(simulation(workers * n_points), url, cluster=place, workers=workers)
                    if repeat:  # the first one starts the workers
                        shares.append(workers * done.computing_seconds / done.work_seconds - 1)
                lines.append(
                    f"| {name}, {workers} worker{'s' * (workers > 1)}, {_blocks(done.computed)} of "
                    f"{done.work_seconds / done.computed:.2f} s | {done.computing_seconds:.2f} s "
                    f"| 5 % | {statistics.median(shares) * 100:.1f} % more than inside the blocks |"
                )
    return lines


def import_everything() -> None:
    import pyarrow.parquet  # noqa: F401
    import xarray  # noqa: F401

    gl.predict(gl.Problem.isotropic(3), gl.Plan.replace(1, 9))


TITLE = "Sweeps"
WHAT = "10,000 points, theory only, ten models each."


def section(points: int = 10_000) -> list[str]:
    """Lines of the page."""
    import_everything()
    with tempfile.TemporaryDirectory() as name:
        return [
            "| work | time | goal | against |",
            "|---|---|---|---|",
            *finished_again(Path(name), points),
            *overheads(Path(name), points // 40, 2),
        ]
