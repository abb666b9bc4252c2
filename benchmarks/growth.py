"""How cost grows: exponents between neighbouring sizes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from engines import seconds
from timing import Work, together

import genloss as gl

TITLE = "Growth"
WHAT = (
    "Processor time at rising sizes, and the exponent between neighbours: 1 is proportional. Sizes are the number "
    "in brackets; spectra fall as `i^-1.5`."
)


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


def paths() -> list[tuple[str, tuple[int, ...], Callable[[int], Work]]]:
    """Every path: its name, sizes, and the work of a size."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((8000, 20))
    y = X[:, 0] + rng.standard_normal(8000)

    def predicted(problem: gl.Problem, plan: gl.Plan) -> Work:
        gl.predict(problem, plan)  # its directions are kept
        return lambda: gl.predict(problem, plan)

    def simulated(dim: int) -> Work:
        problem, plan = law(dim), ridge(1, 3 * dim)
        return lambda: gl.simulate(problem, plan, trials=4, workers=1, method="revealed")

    def asked(rows: int) -> Work:
        plan = gl.Plan.replace(3, 200, penalty=0.1)
        return lambda: gl.forecast(X[:rows], y[:rows], plan, trials=2)

    def written(count: int) -> Work:
        def plan() -> gl.Plan:
            longer = gl.Plan.replace(1, 600, penalty=1e-2, noise=0.3)
            for _ in range(count - 1):
                longer = longer.then(n_samples=600, penalty=1e-2, noise=0.3)
            return longer

        return plan

    return [
        (
            "predict (directions)",
            (1000, 10_000, 100_000),
            lambda p: predicted(law(p), ridge(5, 600)),
        ),
        ("predict (generations)", (30, 100, 300), lambda t: predicted(law(300), ridge(t, 600))),
        (
            "predict, one design (generations)",
            (2, 4, 8),
            lambda t: predicted(law(300), gl.Plan.same_design(t, 600, penalty=1e-2, noise=0.3)),
        ),
        (
            "predict, one design, least squares (generations)",
            (100, 300, 1000),
            lambda t: predicted(law(300), gl.Plan.same_design(t, 600, noise=0.3)),
        ),
        (
            "predict, labels by the mean of all before (generations)",
            (10, 20, 40),
            lambda t: predicted(law(300), ensembles(t)),
        ),
        (
            "predict, weighted sources in one fit (sources)",
            (5, 20, 50),
            lambda k: predicted(law(300), weighted(k)),
        ),
        ("`then`, again and again (generations)", (30, 100, 300), written),
        ("simulate, a revealed fit (directions)", (1000, 4000, 16_000), simulated),
        ("tune (generations)", (5, 20, 80), lambda t: lambda: gl.tune(law(200), ridge(t, 300))),
        ("forecast, linear, 20 columns (rows)", (1000, 4000, 8000), asked),
    ]


def section() -> list[str]:
    """Lines of the page."""
    lines = ["| path | sizes | times | exponents |", "|---|---|---|---|"]
    for name, sizes, work_of in paths():
        times = together(*(work_of(size) for size in sizes), repeats=3)
        exponents = np.diff(np.log(times)) / np.diff(np.log(sizes))
        told = (
            ", ".join(parts)
            for parts in (
                (f"{size:,}" for size in sizes),
                map(seconds, times),
                (f"{each:.1f}" for each in exponents),
            )
        )
        lines.append(f"| {name} | {' | '.join(told)} |")
    return lines
