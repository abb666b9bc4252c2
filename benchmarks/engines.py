"""Speed of the simulation engines, as ratios against plain loops in the same run.

python benchmarks/engines.py --output docs/engines.md
"""

from __future__ import annotations

import argparse
import cProfile
import platform
import pstats
from pathlib import Path

import numpy as np
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge
from speed import best_of
from threadpoolctl import threadpool_limits

import genloss as gl
from genloss.data.chain import fit_dual
from genloss.equivalents import kappa
from genloss.simulate import compressed, increments, literal, radial
from genloss.simulate.conditional import downstream


def least_squares_chain() -> list[str]:
    problem = gl.Problem.power_law(300, capacity=1.5, source=0.5)
    plan = gl.Plan.replace(20, 600, noise=0.5)
    rng = np.random.default_rng(0)
    slow = best_of(lambda: literal.run(problem, plan, rng, 1), 5)
    fast = best_of(lambda: radial.run(problem, plan, rng, 64)) / 64
    vectors = best_of(lambda: increments.run(problem, plan, rng, 64)) / 64
    return [
        row("least-squares chain, dim 300, n 600, 20 generations", fast, 2000, slow, "literal"),
        row("the same with every model's coefficients", vectors, None, slow, "literal"),
    ]


def ridge_chain() -> list[str]:
    problem, noise, lam = gl.Problem.power_law(100, capacity=1.5, source=0.5), 0.3, 1e-2
    root, rng = np.sqrt(problem.spectrum), np.random.default_rng(0)

    def loop(n: int, generations: int) -> None:
        w = problem.truth
        for _ in range(generations):
            X = rng.standard_normal((n, 100)) * root
            y = X @ w + noise * rng.standard_normal(n)
            w = Ridge(alpha=n * lam, fit_intercept=False).fit(X, y).coef_

    rows = []
    for n, goal, drawn in ((1000, 10, 1000), (10**6, 10_000, 10_000)):
        plan = gl.Plan.replace(100, n, penalty=lam, noise=noise)
        fast = best_of(lambda plan=plan: compressed.run(problem, plan, rng, 1), 15)
        generations = 100 if drawn == n else 10
        slow = best_of(lambda drawn=drawn, g=generations: loop(drawn, g), 5)
        slow *= 100 / generations * n / drawn
        against = "scikit-learn Ridge loop" + (", extrapolated from 10,000" if drawn < n else "")
        rows.append(
            row(f"ridge chain, dim 100, n {n:,}, 100 generations", fast, goal, slow, against)
        )
    return rows


def isotropic_ridge() -> list[str]:
    problem, rng = gl.Problem.isotropic(100), np.random.default_rng(0)
    penalties, generations = np.geomspace(1e-3, 10, 20), 20

    def refit() -> None:
        X = rng.standard_normal((1000, 100))
        literal.fit(X, X @ problem.truth + 0.5 * rng.standard_normal(1000), penalty=0.1)

    def ours() -> None:
        parts = downstream(problem, n_samples=1000, penalties=penalties, trials=8, workers=1)
        for n in range(generations + 1):
            parts.risk(noise=0.5, inherited=n * 0.25 / 99)

    plan = gl.Plan.replace(20, 1000, penalty=0.1, noise=0.5)
    big = gl.Problem.isotropic(300)
    chain = best_of(lambda: radial.run(big, plan, rng, 16)) / 16
    slow_chain = best_of(lambda: literal.run(big, plan, rng, 1), 3)
    return [
        row(
            "isotropic ridge, dim 100, T 1,000: 20 penalties, all n <= 20, per design",
            best_of(ours) / 8,
            200,
            best_of(refit) * penalties.size * (generations + 1),
            "one refit per penalty and n",
        ),
        row(
            "isotropic ridge chain, dim 300, n 1,000, 20 generations",
            chain,
            None,
            slow_chain,
            "literal",
        ),
    ]


def kernel_chain() -> list[str]:
    rng = np.random.default_rng(0)
    n, dim, generations = 1000, 20, 10
    pool = rng.standard_normal((n * (generations + 1), dim))
    labels = np.sin(pool[:, 0]) + 0.1 * rng.standard_normal(len(pool))
    kernel, lam = gl.Kernel("rbf", gamma=1 / dim), 1e-3

    def blocks():
        return [slice(n * t, n * (t + 1)) for t in range(generations)]

    def loop() -> None:
        y = labels[:n]
        for t, block in enumerate(blocks()):
            model = KernelRidge(alpha=n * lam, kernel="rbf", gamma=1 / dim).fit(pool[block], y)
            y = model.predict(pool[n * (t + 1) : n * (t + 2)])

    def ours() -> None:
        y = labels[:n]
        for t, block in enumerate(blocks()):
            dual, intercept = fit_dual(kernel(pool[block], pool[block]), y, lam)
            y = kernel(pool[n * (t + 1) : n * (t + 2)], pool[block]) @ dual + intercept

    return [
        row(
            "kernel ridge chain, n 1,000, 10 generations",
            best_of(ours, 5),
            2,
            best_of(loop, 5),
            "scikit-learn KernelRidge loop",
        )
    ]


def theory_at_scale() -> list[str]:
    spectrum, rng = np.arange(1, 10**6 + 1) ** -1.5, np.random.default_rng(0)
    lam, n = 10 ** rng.uniform(-8, 1, 1000), rng.integers(10, 10**6, 1000)
    took = best_of(lambda: kappa(spectrum, lam, n), 3)
    return [f"| 1,000 effective penalties of 1,000,000 eigenvalues | {took:.2f} s | 2 s | |"]


def shares() -> list[str]:
    """Where the time of each engine goes."""
    random = ("standard_normal", "chisquare", "beta")
    cases = {
        "literal": (literal, gl.Plan.replace(20, 600, noise=0.5, penalty=0.01), 2),
        "compressed rows": (compressed, gl.Plan.replace(20, 600, noise=0.5, penalty=0.01), 4),
        "increments": (increments, gl.Plan.same_design(20, 600, noise=0.5), 64),
        "two numbers per model": (radial, gl.Plan.replace(20, 600, noise=0.5), 256),
    }
    lines = ["| engine (dim 300, n 600, 20 generations) | random numbers | algebra and the rest |"]
    lines.append("|---|---|---|")
    for name, (engine, plan, count) in cases.items():
        problem = gl.Problem.power_law(300, capacity=1.5, source=0.5)
        profile = cProfile.Profile()
        profile.enable()
        engine.run(problem, plan, np.random.default_rng(0), count)
        profile.disable()
        stats = pstats.Stats(profile).stats
        total = sum(entry[2] for entry in stats.values())
        drawn = sum(e[2] for key, e in stats.items() if any(word in key[2] for word in random))
        lines.append(f"| {name} | {drawn / total:.0%} | {1 - drawn / total:.0%} |")
    return lines


def row(work: str, fast: float, goal: float | None, slow: float, against: str) -> str:
    wanted = f"{goal:,} x" if goal else ""
    return f"| {work} | {_seconds(fast)} | {_seconds(slow)} ({against}) | {slow / fast:,.1f} x | {wanted} |"


def _seconds(seconds: float) -> str:
    for unit, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds:.2g} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    with threadpool_limits(1, user_api="blas"):
        table = [*least_squares_chain(), *ridge_chain(), *isotropic_ridge(), *kernel_chain()]
        scale, split = theory_at_scale(), shares()
    text = "\n".join(
        [
            "# Speed of the simulation engines",
            "",
            "Written by `python benchmarks/engines.py --output docs/engines.md`; one thread, Python "
            f"{platform.python_version()}, NumPy {np.__version__}, shortest of several runs, per "
            "chain. Absolute times vary between machines, ratios less.",
            "",
            "| work | genloss | against | ratio | goal |",
            "|---|---|---|---|---|",
            *table,
            "",
            "| theory | time | goal | |",
            "|---|---|---|---|",
            *scale,
            "",
            "Distance to the limit, by the profiler:",
            "",
            *split,
        ]
    )
    print(text)
    if arguments.output:
        arguments.output.write_text(text + "\n")


if __name__ == "__main__":
    main()
