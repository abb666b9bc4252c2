"""Speed of the theory and of the exact engine, as ratios against stated baselines in one run.

python benchmarks/speed.py --output docs/speed.md
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.optimize import brentq
from threadpoolctl import threadpool_limits

import genloss as gl
from genloss.equivalents import kappa
from genloss.simulate import increments, literal


def best_of(work: Callable[[], object], repeats: int = 7) -> float:
    """Shortest time of a few runs, in seconds, after a warm-up."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def state_evolution() -> list[str]:
    lines = []
    problem = gl.Problem.power_law(1000, capacity=1.5, source=0.5)
    for name, penalty in (
        ("one penalty", 1e-3),
        ("a penalty per generation", np.geomspace(1e-4, 1e-2, 100)),
    ):
        plan = gl.Plan.replace(100, 400, penalty=penalty, noise=0.3)
        each = best_of(lambda plan=plan: gl.predict(problem, plan)) / 100
        lines.append(
            f"| state evolution, p = 1,000, {name} | {each * 1e6:.0f} us per generation | 50 us | |"
        )
    return lines


def kappa_solves() -> list[str]:
    rng = np.random.default_rng(0)
    spectrum = np.arange(1, 1001) ** -1.5
    penalty, rows = 10 ** rng.uniform(-8, 1, 5000), rng.integers(10, 3000, 5000)
    ours = best_of(lambda: kappa(spectrum, penalty, rows))

    def one(lam: float, n: float) -> float:
        gap = lambda t: 1 - lam / np.exp(t) - np.sum(spectrum / (spectrum + np.exp(t))) / n
        return float(brentq(gap, np.log(lam), np.log(lam + spectrum.sum() / n) + 1e-9, xtol=1e-14))

    few = 100
    loop = best_of(lambda: [one(*pair) for pair in zip(penalty[:few], rows[:few], strict=True)], 3)
    ratio = loop / few * 5000 / ours
    return [
        f"| 5,000 effective penalties, p = 1,000 | {ours * 1e3:.0f} ms | 100 ms "
        f"| {ratio:.0f} x a loop over scipy.optimize.brentq |"
    ]


def exact_chain() -> list[str]:
    problem = gl.Problem.power_law(300, capacity=1.5, source=0.5)
    plan = gl.Plan.replace(20, 600, noise=0.5)
    rng = np.random.default_rng(0)
    slow = best_of(lambda: literal.run(problem, plan, rng, 1), 5)
    fast = best_of(lambda: increments.run(problem, plan, rng, 64)) / 64
    return [
        f"| least-squares chain, dim 300, n 600, 20 generations | {fast * 1e3:.3f} ms per run | "
        f"1,000 x | {slow / fast:.0f} x drawing every row and fitting every model "
        f"({slow * 1e3:.0f} ms) |"
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    with threadpool_limits(1, user_api="blas"):
        rows = [*state_evolution(), *kappa_solves(), *exact_chain()]
    text = "\n".join(
        [
            "# Speed",
            "",
            "Written by `python benchmarks/speed.py --output docs/speed.md`; one thread, "
            f"Python {platform.python_version()}, NumPy {np.__version__}, shortest of several runs. "
            "Absolute times vary between machines, ratios less.",
            "",
            "| work | time | goal | against |",
            "|---|---|---|---|",
            *rows,
        ]
    )
    print(text)
    if arguments.output:
        arguments.output.write_text(text + "\n")


if __name__ == "__main__":
    main()
