"""How cost grows: exponents between neighbouring sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from engines import seconds
from timing import Work, together

import genloss as gl

TITLE = "Growth"
WHAT = (
    "Processor time at rising sizes, and the exponent between neighbours: 1 is proportional. Sizes are the number "
    "in brackets; spectra fall as `i^-1.5`. *Needed* is the exponent of the arithmetic, which larger sizes tend to."
)


class Path(NamedTuple):
    """Its name, the exponent that its arithmetic has, sizes, and the work of a size."""

    name: str
    needed: str
    sizes: tuple[int, ...]
    work_of: Callable[[int], Work]


def law(dim: int) -> gl.Problem:
    return gl.Problem.power_law(dim, capacity=1.5, source=0.5)


def ridge(generations: int, n: int) -> gl.Plan:
    return gl.Plan.replace(generations, n, penalty=1e-2, noise=0.3)


def ensembles(generations: int) -> gl.Plan:
    """Every model learns from the mean of all before it."""
    first = gl.Generation([gl.Source(600, "real", 0.3)], 1e-2)
    later = [
        gl.Generation([gl.Source(600, dict.fromkeys(range(t), 1 / t), 0.3)], 1e-2)
        for t in range(1, generations)
    ]
    return gl.Plan([first, *later])


def weighted(sources: int) -> gl.Plan:
    """One fit to rows of many weights."""
    rows = [gl.Source(60, "real", 0.3, weight=1.0 + k) for k in range(sources)]
    return gl.Plan([gl.Generation(rows, 1e-2)])


def all_before(generations: int) -> gl.Plan:
    """Every model is fitted to rows of every model before it."""
    first = gl.Generation([gl.Source(600, "real", 0.3)], 1e-2)
    later = [
        gl.Generation([gl.Source(60, labeler, 0.3) for labeler in range(t)], 1e-2)
        for t in range(1, generations)
    ]
    return gl.Plan([first, *later])


def predicted(plan: Callable[[int], gl.Plan]) -> Callable[[int], Work]:
    """Predictions of plans by their size; directions are kept."""

    def work_of(size: int) -> Work:
        problem, own = law(300), plan(size)
        gl.predict(problem, own)
        return lambda: gl.predict(problem, own)

    return work_of


def theory() -> list[Path]:
    pooled = {"penalty": 1e-2, "noise": 0.3}

    def of_dim(dim: int) -> Work:
        problem, plan = law(dim), ridge(5, 600)
        gl.predict(problem, plan)
        return lambda: gl.predict(problem, plan)

    return [
        Path(
            "predict (directions)", "1; a constant once compressed", (1000, 10_000, 100_000), of_dim
        ),
        Path("predict (generations)", "1", (30, 100, 300), predicted(lambda t: ridge(t, 600))),
        Path(
            "predict, one design (generations)",
            "2: all pairs",
            (2, 4, 8),
            predicted(lambda t: gl.Plan.same_design(t, 600, **pooled)),
        ),
        Path(
            "predict, one design, least squares (generations)",
            "1",
            (100, 300, 1000),
            predicted(lambda t: gl.Plan.same_design(t, 600, noise=0.3)),
        ),
        Path(
            "predict, labels by the mean of all before (generations)",
            "3: a fit asks all pairs of labelers",
            (10, 20, 40),
            predicted(ensembles),
        ),
        Path(
            "predict, rows of every model before (generations)",
            "3: the same",
            (10, 20, 40),
            predicted(all_before),
        ),
        Path(
            "predict, weighted sources in one fit (sources)",
            "2: all pairs",
            (5, 20, 50),
            predicted(weighted),
        ),
        Path(
            "predict, accumulate on new inputs (generations)",
            "3: a fit has the blocks of all before",
            (3, 6, 12),
            predicted(lambda t: gl.Plan.accumulate(t, 200, design="fresh", **pooled)),
        ),
        Path(
            "predict, accumulate on one design (generations)",
            "3: the same",
            (3, 6, 12),
            predicted(lambda t: gl.Plan.accumulate(t, 600, design="same", **pooled)),
        ),
        Path(
            "predict, subsample (generations)",
            "none: rows fall into 2^T kinds",
            (4, 8, 12),
            predicted(lambda t: gl.Plan.subsample(t, 300, design="fresh", **pooled)),
        ),
    ]


def verbs() -> list[Path]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((8000, 320))
    y = X[:, 0] + rng.standard_normal(8000)
    short = gl.Plan.replace(3, 200, penalty=0.1)

    def simulated(dim: int) -> Work:
        problem, plan = law(dim), ridge(1, 3 * dim)
        return lambda: gl.simulate(problem, plan, trials=4, workers=1, method="revealed")

    def accumulated(count: int) -> Work:
        plan = gl.Plan.accumulate(count, 600, design="fresh", penalty=1e-2, noise=0.3)
        return lambda: gl.simulate(law(300), plan, trials=16, workers=1, method="revealed")

    def written(count: int) -> Work:
        def plan() -> gl.Plan:
            longer = gl.Plan.replace(1, 600, penalty=1e-2, noise=0.3)
            for _ in range(count - 1):
                longer = longer.then(n_samples=600, penalty=1e-2, noise=0.3)
            return longer

        return plan

    def shared(count: int) -> Work:
        plan = gl.Plan.accumulate(count, 100, design="fresh", noise=0.3)
        return lambda: gl.tune(law(100), plan, over="schedule")

    return [
        Path("`then`, again and again (generations)", "1", (30, 100, 300), written),
        Path(
            "a plan of subsamples, written and checked (generations)",
            "1",
            (100, 300, 1000),
            lambda t: lambda: gl.Plan.subsample(t, 300, design="fresh", noise=0.3),
        ),
        Path("simulate, a revealed fit (directions)", "1", (1000, 4000, 16_000), simulated),
        Path(
            "simulate, accumulate, revealed (generations)",
            "2 to 3: a fit asks all blocks, along what they were asked before",
            (5, 10, 20),
            accumulated,
        ),
        Path(
            "tune a penalty (generations)",
            "1",
            (5, 20, 80),
            lambda t: lambda: gl.tune(law(200), ridge(t, 300)),
        ),
        Path(
            "tune a schedule (generations)",
            "1, times the steps",
            (5, 20, 80),
            lambda t: lambda: gl.tune(law(200), ridge(t, 300), over="schedule"),
        ),
        Path("tune a schedule, accumulate (generations)", "that of predict", (2, 3, 4), shared),
        Path(
            "forecast, linear, 20 columns (rows)",
            "1",
            (1000, 4000, 8000),
            lambda n: lambda: gl.forecast(X[:n, :20], y[:n], short, trials=2),
        ),
        Path(
            "forecast, linear, 1,000 rows (columns)",
            "2, of fits with fewer columns than rows",
            (20, 80, 320),
            lambda p: lambda: gl.forecast(X[:1000, :p], y[:1000], short, trials=2),
        ),
        Path(
            "forecast, RBF, 20 columns (rows)",
            "at most 3, capped",
            (500, 1000, 2000),
            lambda n: lambda: gl.forecast(X[:n, :20], y[:n], short, trials=2, kernel="rbf"),
        ),
    ]


def section() -> list[str]:
    """Lines of the page."""
    lines = ["| path | sizes | times | exponents | needed |", "|---|---|---|---|---|"]
    for path in (*theory(), *verbs()):
        times = together(*(path.work_of(size) for size in path.sizes), repeats=3)
        exponents = np.diff(np.log(times)) / np.diff(np.log(path.sizes))
        told = (
            ", ".join(parts)
            for parts in (
                (f"{size:,}" for size in path.sizes),
                map(seconds, times),
                (f"{each:.1f}" for each in exponents),
            )
        )
        lines.append(f"| {path.name} | {' | '.join(told)} | {path.needed} |")
    return lines
