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
