"""Ratios that must not fall: a quick look at some of the claims, which reports and never fails."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from spectra import recursion
from timing import together

import genloss as gl
from genloss.outlook.ridge import factored
from genloss.steps import resolve
from genloss.theory.gradients.gradient import along


def small_predict() -> float:
    problem = gl.Problem.power_law(100, capacity=1.5, source=0.5)
    plan = gl.Plan.replace(5, 200, penalty=1e-2, noise=0.3)
    ours, bare = together(
        lambda: gl.predict(problem, plan),
        lambda: recursion(problem, 200, np.full(5, 1e-2), 0.3),
        repeats=30,
    )
    return bare / ours


def long_predict() -> float:
    problem, penalties = (
        gl.Problem.power_law(1000, capacity=1.5, source=0.5),
        np.geomspace(1e-4, 1e-2, 100),
    )
    plan = gl.Plan.replace(100, 400, penalty=penalties, noise=0.3)
    ours, bare = together(
        lambda: gl.predict(problem, plan), lambda: recursion(problem, 400, penalties, 0.3)
    )
    return bare / ours


def over_compressed(plan: gl.Plan, repeats: int) -> float:
    """Runs of revealed designs, sixteen at a time, that one of compressed rows takes, d 1,000."""
    from revealed import chain, law, revealed_designs, triangular_rows

    ours, dense = together(
        chain(revealed_designs, law(1000), plan, 16),
        chain(triangular_rows, law(1000), plan, 1),
        repeats=repeats,
    )
    return 16 * dense / ours


def revealed() -> float:
    return over_compressed(gl.Plan.replace(1, 3000, penalty=1e-2, noise=0.3), 3)


def accumulate() -> float:
    plan = gl.Plan.accumulate(5, 2000, design="fresh", penalty=1e-2, noise=0.3)
    return over_compressed(plan, 2)


def slopes() -> float:
    problem = gl.Problem.power_law(200, capacity=1.5, source=0.5)
    plan = gl.Plan.replace(100, 100, penalty=np.geomspace(1e-4, 1e-1, 100), noise=0.3)
    steps, last = resolve(plan), np.eye(100)[-1]
    ours, once = together(
        lambda: along(problem.directions, steps, plan.penalty, lambda _: last),
        lambda: gl.predict(problem, plan),
        repeats=30,
    )
    return once / ours


def classes() -> float:
    from revealed import logistic

    ours, theirs = logistic(2)
    return theirs / ours


def least_squares() -> float:
    from revealed import chain, law, literal, two_numbers

    plan = gl.Plan.replace(20, 600, noise=0.5)
    ours, rows = together(
        chain(two_numbers, law(300), plan, 512), chain(literal, law(300), plan, 1), repeats=3
    )
    return 512 * rows / ours


def kernel() -> float:
    from sklearn.kernel_ridge import KernelRidge

    rng = np.random.default_rng(0)
    X = rng.standard_normal((2000, 20))
    y, rbf = np.sin(X[:, 0]), gl.Kernel("rbf", gamma=0.05)
    ours, theirs = together(
        lambda: factored(X, rbf, y[:, None], np.array([1e-3]))(X),
        lambda: KernelRidge(alpha=2.0, kernel="rbf", gamma=0.05).fit(X, y).predict(X),
        repeats=3,
    )
    return theirs / ours


FLOORS: list[tuple[str, Callable[[], float], float]] = [
    ("bare recursion over predict, p 100, 5 generations", small_predict, 0.25),
    ("bare recursion over predict, p 1,000, a penalty per generation", long_predict, 1.5),
    ("a prediction over all slopes of a chain of 100", slopes, 1 / 3),
    ("compressed rows over a revealed fit, d 1,000, n 3,000", revealed, 100.0),
    ("compressed rows over revealed ones that accumulate, d 1,000", accumulate, 30.0),
    ("scikit-learn over a revealed logistic fit, d 1,000, n 3,000", classes, 20.0),
    ("literal over a least-squares chain, d 300", least_squares, 30_000.0),
    ("scikit-learn over a kernel fit refined to 1e-12, n 2,000", kernel, 2.2),
]
"""Goals of the page Speed where it has them, else two thirds of what was found when they were set."""


def report() -> list[str]:
    """A line for every floor."""
    lines = ["| ratio | floor | found | holds |", "|---|---|---|---|"]
    for name, ratio, floor in FLOORS:
        found = ratio()
        lines.append(
            f"| {name} | {floor:,.3g} | {found:,.3g} | {'yes' if found >= floor else '**no**'} |"
        )
    return lines
