"""Limits, maps and filters: processor time against predictions in the same run."""

from __future__ import annotations

import time

import numpy as np
from timing import together

import genloss as gl

LONG = gl.Problem.power_law(1000, capacity=1.2, source=0.5)


def limits() -> list[str]:
    plan = gl.Plan.mix(2, 1500, real=0.3, penalty=0.01, noise=0.5)
    long = gl.Plan.mix(100, 1500, real=0.3, penalty=0.01, noise=0.5)
    found, predicted = together(lambda: gl.limit(LONG, plan), lambda: gl.predict(LONG, long))
    return [
        f"| limit, p = 1,000 | {found * 1e3:.1f} ms | {predicted / found:.1f} x quicker than 100 generations |"
    ]


def maps() -> list[str]:
    problem = gl.Problem.power_law(300, capacity=1.2, source=0.5)
    plan = {
        "preset": "mix",
        "generations": 5,
        "n_samples": 600,
        "real": 0.3,
        "penalty": 0.01,
        "noise": 0.5,
    }
    axes = ("n_samples", np.linspace(310, 904, 100)), ("real", np.linspace(0.01, 1, 100))
    lines = []
    for value in ("limit", "growth"):
        start = time.process_time()
        gl.phases(problem, plan, *axes, value=value)
        lines.append(
            f"| map of 100 x 100, {value}, p = 300 | {time.process_time() - start:.1f} s | |"
        )
    return lines


STAYING = {
    "real rows that stay": {"preset": "anchored", "generations": 5, "n_real": 100, "noise": 0.5},
    "a window of two": {"preset": "window", "generations": 5, "last": 2, "noise": 0.5},
}


def staying(points: int = 40) -> list[str]:
    """Maps of plans whose rows are fitted again, and how far they are from single limits at some points."""
    problem = gl.Problem.power_law(300, capacity=1.2, source=0.5)
    axes = ("n_samples", np.linspace(310, 904, 100)), ("penalty", np.geomspace(1e-3, 1, 100))
    lines = []
    for name, plan in STAYING.items():
        start = time.process_time()
        found = gl.phases(problem, plan, *axes, workers=1)
        seconds, off = time.process_time() - start, []
        for row, column in np.random.default_rng(0).integers(100, size=(points, 2)):
            asked = {**plan, "n_samples": int(found.x[column]), "penalty": float(found.y[row])}
            alone = gl.limit(problem, gl.Plan.from_dict(asked)).risk
            off.append(abs(found.values[row, column] / alone - 1))
        lines.append(
            f"| map of 100 x 100, limit, {name}, p = 300 | {seconds:.0f} s | {found.solved.sum()} points solved; "
            f"{points} of all within {100 * max(off):.2f} % of single limits |"
        )
    return lines


def filtered() -> list[str]:
    lines = []
    for how in (
        gl.filters.GradientDescent(30, 0.5),
        gl.filters.IteratedRidge(3),
        gl.filters.SGD(0.05),
    ):
        fit = gl.Generation([gl.Source(700, noise=0.5)], 0.01, filter=how)
        then = gl.Generation([gl.Source(700, "previous", 0.5)], 0.01, filter=how)
        plan = gl.Plan([fit, *9 * [then]])
        other_rows = gl.Plan(
            [fit]
            + [
                gl.Generation([gl.Source(700 + t, "previous", 0.5)], 0.01, filter=how)
                for t in range(1, 10)
            ]
        )
        ridge = gl.Plan.replace(10, 700, penalty=0.01, noise=0.5)
        own, other, plain = together(
            lambda plan=plan: gl.predict(LONG, plan),
            lambda plan=other_rows: gl.predict(LONG, plan),
            lambda ridge=ridge: gl.predict(LONG, ridge),
        )
        lines += [
            f"| a generation through {how}, p = 1,000 | {own * 1e2:.2f} ms | {own / plain:.1f} x ridge |",
            f"| the same, rows of another number each | {other * 1e2:.2f} ms | {other / plain:.1f} x ridge |",
        ]
    return lines


def channels() -> list[str]:
    """Ten generations of a loss, labels or rule, and where they lead."""
    real = gl.Source(300, labels="sampled")
    kinds = {
        "hard labels": ("hard", None, []),
        "sampled labels": ("sampled", None, []),
        "soft labels": ("soft", None, []),
        "a verifier of classes": ("hard", gl.keep.Agrees("real"), []),
        "hard labels and sampled real ones": ("hard", None, [real]),
    }
    ridge = gl.Plan.replace(10, 1500, penalty=1e-3)
    lines = []
    for name, (labels, keep, more) in kinds.items():
        first = gl.Generation([gl.Source(1500, labels="sampled")], 1e-3, loss="logistic")
        rows = gl.Source(1500, "previous", labels=labels, keep=keep)
        plan = gl.Plan([first, *9 * [gl.Generation([rows, *more], 1e-3, loss="logistic")]])
        own, plain = together(
            lambda plan=plan: gl.predict(LONG, plan), lambda: gl.predict(LONG, ridge)
        )
        lines.append(
            f"| ten logistic generations, {name}, p = 1,000 | {own * 1e3:.0f} ms | {own / plain:.0f} x ridge |"
        )
    found, predicted = together(
        lambda plan=plan: gl.limit(LONG, plan), lambda plan=plan: gl.predict(LONG, plan), repeats=3
    )
    lines.append(
        f"| limit of the last of them | {found * 1e3:.0f} ms | {found / predicted:.1f} x ten generations |"
    )
    return lines


TITLE = "Limits, maps and filters"
WHAT = "Processor time."


def section() -> list[str]:
    """Lines of the page."""
    return [
        "| work | time | beside |",
        "|---|---|---|",
        *limits(),
        *maps(),
        *staying(),
        *filtered(),
        *channels(),
    ]
