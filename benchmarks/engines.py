"""The simulation engines, as ratios against plain loops in the same run."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from unittest.mock import patch

import numpy as np
import scipy.linalg
from joblib import Parallel, delayed
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge
from threadpoolctl import threadpool_limits
from timing import best_of, together

import genloss as gl
from genloss.equivalents import kappa
from genloss.outlook.ridge import factored
from genloss.steps import resolve
from genloss.trials.engines import least_squares, literal, triangular_rows, two_numbers
from genloss.trials.given_inputs import downstream


def least_squares_chain() -> list[str]:
    problem = gl.Problem.power_law(300, capacity=1.5, source=0.5)
    plan = gl.Plan.replace(20, 600, noise=0.5)
    rng = np.random.default_rng(0)
    slow = best_of(lambda: literal.run(problem, resolve(plan), rng, 1), 5)
    fast = best_of(lambda: two_numbers.run(problem, resolve(plan), rng, 64)) / 64
    vectors = best_of(lambda: least_squares.run(problem, resolve(plan), rng, 64)) / 64
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
        fast = (
            best_of(lambda plan=plan: triangular_rows.run(problem, resolve(plan), rng, 4), 25) / 4
        )
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
    chain = best_of(lambda: two_numbers.run(big, resolve(plan), rng, 16)) / 16
    slow_chain = best_of(lambda: literal.run(big, resolve(plan), rng, 1), 3)
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
            models = factored(pool[block], kernel, y[:, None], np.array([lam]))
            y = models(pool[n * (t + 1) : n * (t + 2)])[:, 0]

    alone = row(
        "kernel ridge chain, n 1,000, 10 generations, one thread",
        best_of(ours, 5),
        None,
        best_of(loop, 5),
        "scikit-learn KernelRidge loop",
    )
    with ThreadPoolExecutor(2) as threads:
        pair = best_of(lambda: list(threads.map(lambda _: ours(), range(2))), 5) / 2
    with threadpool_limits(2, user_api="blas"):
        threaded = best_of(loop, 5)
    together = row(
        "the same on two cores, two chains at a time, as `forecast` runs them",
        pair,
        2,
        threaded,
        "the same loop, BLAS on two threads",
    )
    return [alone, together]


def theory_at_scale() -> list[str]:
    spectrum, rng = np.arange(1, 10**6 + 1) ** -1.5, np.random.default_rng(0)
    lam, n = 10 ** rng.uniform(-8, 1, 1000), rng.integers(10, 10**6, 1000)
    roots = best_of(lambda: kappa(spectrum, lam, n), 3)
    problem = gl.Problem(spectrum, spectrum**0.1)
    plans = [
        gl.Plan.replace(5, int(rows), penalty=penalty, noise=0.3)
        for rows, penalty in zip(n, lam, strict=True)
    ]
    curves = best_of(lambda: gl.predict(problem, plans), 3)
    lines = [
        f"| 1,000 effective penalties of 1,000,000 eigenvalues | {roots:.2f} s | 2 s | |",
        f"| 1,000 plans of 5 models, 1,000,000 eigenvalues, one call | {curves:.2f} s | 2 s | |",
    ]
    for dim in (100, 1000):
        problem = gl.Problem.power_law(dim, capacity=1.5, source=0.5)
        grid = [
            gl.Plan.replace(10, int(rows), penalty=penalty, noise=0.3)
            for penalty in np.geomspace(1e-4, 1, 20)
            for rows in np.geomspace(60, 5000, 20)
        ]
        call = best_of(lambda problem=problem, grid=grid: gl.predict(problem, grid), 3)
        each = best_of(
            lambda problem=problem, grid=grid: [gl.predict(problem, plan) for plan in grid], 1
        )
        lines.append(
            f"| 400 plans of 10 models, dim {dim:,}, one call | {call * 1e3:.0f} ms | | "
            f"{each / call:.1f} x one call each |"
        )
    return lines


def single_precision() -> list[str]:
    return [_single_precision(dim) for dim in (100, 300, 1000)]


def _single_precision(dim: int) -> str:
    problem = gl.Problem.power_law(dim, capacity=1.5, source=0.5)
    plan, rng = gl.Plan.replace(3, 3 * dim, penalty=1e-2, noise=0.3), np.random.default_rng(0)
    gains = []
    for engine in (literal, triangular_rows):
        double, single = (
            best_of(partial(engine.run, problem, resolve(plan), rng, 1, dtype), 7)
            for dtype in (np.float64, np.float32)
        )
        gains.append(f"{double / single:.2f} x")
    return f"| {dim} | {' | '.join(gains)} |"


def common_numbers() -> list[str]:
    problem = gl.Problem.power_law(100, capacity=1.5, source=0.5)
    plan = gl.Plan.replace(10, 300, penalty=1e-2, noise=0.3)
    others = {
        "penalty 0.011 for 0.01": plan.with_penalty(1.1e-2),
        "penalty 0.02 for 0.01": plan.with_penalty(2e-2),
        "noise 0.33 for 0.3": gl.Plan.replace(10, 300, penalty=1e-2, noise=0.33),
        "30 % real rows": gl.Plan.mix(10, 300, real=0.3, penalty=1e-2, noise=0.3),
    }
    lines = []
    for name, other in others.items():
        found = gl.compare(problem, plan, other, trials=300, workers=1)
        lines.append(f"| {name} | {found.gain[-1]:.1f} x | {found.method} |")
    return lines


def parallel() -> list[str]:
    """Threads against processes, both with one BLAS thread, when the workers are warm."""
    cases = {
        "literal": (gl.Plan.replace(5, 1000, penalty=1e-2, noise=0.3), "literal", 60),
        "compressed rows": (gl.Plan.replace(5, 1000, penalty=1e-2, noise=0.3), "exact", 600),
        "increments": (gl.Plan.same_design(20, 600, noise=0.3), "exact", 6000),
    }
    problem = gl.Problem.power_law(100, capacity=1.5, source=0.5)
    lines = []
    for name, (plan, method, trials) in cases.items():
        once = partial(gl.simulate, problem, plan, method=method)
        alone = best_of(lambda f=once, t=trials: f(trials=t, workers=1), 3)
        threads = best_of(lambda f=once, t=trials: f(trials=t, workers=2), 3)
        half = delayed(partial(once, trials=trials // 2, workers=1))
        with Parallel(2, "loky") as pool:
            processes = best_of(lambda p=pool, h=half: p(h(seed=seed) for seed in (0, 1)), 3)
        lines.append(f"| {name} | {alone / threads:.2f} x | {alone / processes:.2f} x |")
    return lines


class Clock:
    """Adds up the time spent in some functions; a random generator that does so for its own."""

    def __init__(self, seed: int = 0) -> None:
        self.seconds = 0.0
        self._rng = np.random.default_rng(seed)

    def timed(self, function):
        def timed(*arguments, **options):
            start = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self.seconds += time.perf_counter() - start

        return timed

    def __getattr__(self, name: str):
        return self.timed(getattr(self._rng, name))


def shares() -> list[str]:
    """Where the time of each engine goes: random numbers, BLAS and LAPACK, Python and the rest."""
    ridge = gl.Plan.replace(20, 600, noise=0.5, penalty=0.01)
    law = gl.Problem.power_law(300, capacity=1.5, source=0.5)
    cases = {
        "literal": (literal, law, ridge, 2, [(literal, "fit")]),
        "compressed rows": (
            triangular_rows,
            law,
            ridge,
            4,
            [(triangular_rows, "_gram"), (triangular_rows._linalg, "solve_positives")],
        ),
        "increments, one design": (
            least_squares,
            law,
            gl.Plan.same_design(20, 600, noise=0.5),
            64,
            [(np.linalg, "solve")],
        ),
        "two numbers per model, least squares": (
            two_numbers,
            law,
            gl.Plan.replace(20, 600, noise=0.5),
            64,
            [],
        ),
        "two numbers per model, isotropic ridge": (
            two_numbers,
            gl.Problem.isotropic(300),
            ridge,
            64,
            [(scipy.linalg.lapack, "dptsv")],
        ),
    }
    lines = []
    for name, (engine, problem, plan, count, functions) in cases.items():
        engine.run(problem, resolve(plan), np.random.default_rng(0), count)
        drawing, algebra = Clock(), Clock()
        with ExitStack() as stack:
            for module, function in functions:
                timed = algebra.timed(getattr(module, function))
                stack.enter_context(patch.object(module, function, timed))
            start = time.perf_counter()
            for _ in range(5):
                engine.run(problem, resolve(plan), drawing, count)
            total = time.perf_counter() - start
        drawn, solved = drawing.seconds / total, algebra.seconds / total
        rest = f"{drawn:.0%} | {solved:.0%} | {1 - drawn - solved:.0%}"
        lines.append(
            f"| {name} | {rest} | {fixed(engine, problem, plan, int(5 * count / total)):.0%} |"
        )
    return lines


def fixed(engine, problem: gl.Problem, plan: gl.Plan, most: int) -> float:
    """Share of the time of a block that half as many runs would take as well; of a second's runs at most."""
    steps = resolve(plan)
    runs = min(engine.ENGINE.sized_for(problem, steps).block, max(most, 2))
    whole, half = together(
        *(
            lambda count=count: engine.run(problem, steps, np.random.default_rng(0), count)
            for count in (runs, max(runs // 2, 1))
        ),
        repeats=3,
    )
    return max(2 * half / whole - 1, 0.0)


def row(work: str, fast: float, goal: float | None, slow: float, against: str) -> str:
    wanted = f"{goal:,} x" if goal else ""
    return f"| {work} | {seconds(fast)} | {seconds(slow)} ({against}) | {slow / fast:,.1f} x | {wanted} |"


def seconds(seconds: float) -> str:
    for unit, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds:.2g} s"


TITLE = "Simulation and many predictions"
WHAT = "Shortest of several runs, per chain."


def section() -> list[str]:
    """Lines of the page."""
    table = [*least_squares_chain(), *ridge_chain(), *isotropic_ridge(), *kernel_chain()]
    return [
        "| work | genloss | against | ratio | goal |",
        "|---|---|---|---|---|",
        *table,
        "",
        "### Theory at scale",
        "",
        "| theory | time | goal | |",
        "|---|---|---|---|",
        *theory_at_scale(),
        "",
        "### Distance to the limit",
        "",
        "Share of the time of every engine (dim 300, n 600, 20 generations). Random numbers and BLAS are a "
        "floor: compiling what is left with Numba would gain at most its share, less than three times on "
        "every path with matrices, so that nothing is compiled. Where there is no matrix the rest is "
        "arithmetic on arrays of all runs of a block, not Python: the last column is the share of a block's time "
        "that does not grow with its runs.",
        "",
        "| engine | random numbers | BLAS and LAPACK | Python and the rest | does not grow |",
        "|---|---|---|---|---|",
        *shares(),
        "",
        "### Two cores",
        "",
        "| engine, dim 100 | two threads | two warm processes |",
        "|---|---|---|",
        *parallel(),
        "",
        "### Single precision",
        "",
        'Speed of `simulate(..., dtype="float32")` over double precision; its error is stated there.',
        "",
        "| dim (n = 3 dim, ridge) | literal | compressed rows |",
        "|---|---|---|",
        *single_precision(),
        "",
        "### Common random numbers",
        "",
        "How many times as many independent runs `compare` saves (10 models, dim 100, n 300, penalty 0.01, "
        "noise 0.3), last model:",
        "",
        "| other plan | runs saved | engine |",
        "|---|---|---|",
        *common_numbers(),
    ]
