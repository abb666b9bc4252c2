"""The pencil engine, and how its cost grows with the number of generations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from timing import together

import genloss as gl
from genloss.pencils import Space, diagonal, gaussian, identity, noise, risk, risks, vector

GENERATIONS = (2, 4, 8, 16)


def shortest(work: Callable[[], object], repeats: int = 5) -> float:
    """Shortest processor time of a few runs, in seconds, after a warm-up."""
    return together(work, repeats=repeats)[0]


def ridge(dim: int, penalty: float) -> Callable[[], object]:
    problem = gl.Problem.power_law(dim, capacity=1.5, source=0.5)
    features, rows = Space.features(dim), Space("rows", dim // 2)

    def work() -> object:
        X = gaussian(rows, features) @ diagonal(features, np.sqrt(problem.spectrum))
        w = vector(features, problem.truth)
        fit = (X.T @ X / rows.size + penalty * identity(features)).inv() @ X.T
        error = fit @ (X @ w + noise(rows, 0.3)) / rows.size - w
        return risk(error, diagonal(features, problem.spectrum))

    return work


def of_plan(dim: int, plan: gl.Plan) -> Callable[[], object]:
    problem = gl.Problem.power_law(dim, capacity=1.2, source=0.5)
    return lambda: risks(problem, plan)


def rows_of_speed() -> list[str]:
    accumulate = gl.Plan.accumulate(2, [80, 120], design="fresh", penalty=0.05)
    unequal = [600, 300, 500, 200, 800]
    cases: list[tuple[str, Callable[[], object], float]] = [
        ("ridge risk, expression, 100 eigenvalues", ridge(100, 1e-2), 5),
        ("ridge risk, expression, 1,000 eigenvalues", ridge(1000, 1e-2), 20),
        ("the same, penalty 1e-6", ridge(1000, 1e-6), 20),
        ("accumulate, 2 generations, reused rows, dim 100", of_plan(100, accumulate), 200),
        (
            "replace, 5 generations of unequal size, ridge, dim 1,000",
            of_plan(1000, gl.Plan.replace(5, unequal, penalty=0.01, noise=0.3)),
            2000,
        ),
        (
            "one design, 10 generations, ridge, dim 1,000",
            of_plan(1000, gl.Plan.same_design(10, 500, penalty=0.01, noise=0.3)),
            np.nan,
        ),
        *(
            (
                f"accumulate-subsample, {generations} generations, {design} inputs, ridge, dim 1,000",
                of_plan(
                    1000,
                    gl.Plan.subsample(generations, 500, design=design, penalty=0.01, noise=0.3),
                ),
                np.nan,
            )
            for generations, design in ((4, "fresh"), (12, "fresh"), (4, "same"), (5, "same"))
        ),
    ]
    return [
        f"| {name} | {shortest(work) * 1e3:.1f} ms | {'' if np.isnan(goal) else f'{goal:.0f} ms'} |"
        for name, work, goal in cases
    ]


def rows_of_growth(dim: int) -> list[str]:
    plans: dict[str, Callable[[int], gl.Plan]] = {
        "replace": lambda g: gl.Plan.replace(g, dim // 2 + np.arange(g), penalty=0.01, noise=0.3),
        "one design": lambda g: gl.Plan.same_design(g, dim // 2, penalty=0.01, noise=0.3),
        "accumulate": lambda g: gl.Plan.accumulate(
            g, dim // 4, design="fresh", penalty=0.01, noise=0.3
        ),
    }
    lines = []
    for name, plan in plans.items():
        seconds = [shortest(of_plan(dim, plan(g)), 2) for g in GENERATIONS]
        degree = np.log2(seconds[-1] / seconds[-2]) / np.log2(GENERATIONS[-1] / GENERATIONS[-2])
        times = " | ".join(f"{s * 1e3:.0f} ms" for s in seconds)
        lines.append(f"| {name} | {times} | {degree:.1f} |")
    return lines


TITLE = "Pencils"
WHAT = "Processor time, expressions built anew in every run."


def section() -> list[str]:
    """Lines of the page."""
    heads = " | ".join(f"{g} generations" for g in GENERATIONS)
    return [
        "| work | time | goal |",
        "|---|---|---|",
        *rows_of_speed(),
        "",
        "Growth with the number of generations, dim 200; the last column is the measured degree of the "
        "polynomial between the last two.",
        "",
        f"| plan | {heads} | degree |",
        "|---" * (2 + len(GENERATIONS)) + "|",
        *rows_of_growth(200),
    ]
