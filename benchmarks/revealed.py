"""Revealed designs and workers, as ratios of processor time against loops in the same run."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from engines import seconds
from scipy.linalg import lapack
from sklearn.linear_model import LogisticRegression, Ridge

import genloss as gl
from genloss import _linalg
from genloss.steps import resolve
from genloss.trials import runner
from genloss.trials.engines import (
    least_squares,
    literal,
    revealed_designs,
    revealed_rows,
    triangular_rows,
    two_numbers,
)

Work = Callable[[], object]


def against(fast: Work, slow: Work, rounds: int = 3) -> tuple[float, float]:
    """Shortest processor times of both, taken in turns."""
    times: list[tuple[float, float]] = []
    fast()
    for _ in range(rounds):
        times.append((_cpu(fast), _cpu(slow)))
    one, two = (min(each) for each in zip(*times, strict=True))
    return one, two


def _cpu(work: Work) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def law(dim: int) -> gl.Problem:
    return gl.Problem.power_law(dim, capacity=1.5, source=0.5)


def chain(engine, problem: gl.Problem, plan: gl.Plan, runs: int) -> Work:
    steps = resolve(plan)
    return lambda: engine.run(problem, steps, np.random.default_rng(0), runs)


def row(work: str, fast: float, slow: float | None, name: str, goal: str) -> str:
    other, ratio = (
        ("", "") if slow is None else (f"{seconds(slow)} ({name})", f"{slow / fast:,.0f} x")
    )
    print(work, seconds(fast), other, ratio, flush=True)
    return f"| {work} | {seconds(fast)} | {other} | {ratio} | {goal} |"


def ridge() -> list[str]:
    problem, n, lam, noise = law(300), 900, 1e-2, 0.3
    root = np.sqrt(problem.spectrum)

    def scikit() -> None:
        rng, w = np.random.default_rng(0), problem.truth
        for _ in range(5):
            X = rng.standard_normal((n, 300)) * root
            y = X @ w + noise * rng.standard_normal(n)
            w = Ridge(alpha=n * lam, fit_intercept=False).fit(X, y).coef_

    plan = gl.Plan.replace(5, n, penalty=lam, noise=noise)
    fast, slow = against(chain(revealed_designs, problem, plan, 64), scikit)
    lines = [row("ridge, d 300, n 900, a fit", fast / 320, slow / 5, "scikit-learn loop", "60 x")]
    for rows, goal in ((3000, "100 x"), (10**6, "200 x")):
        plan = gl.Plan.replace(2, rows, penalty=lam, noise=noise)
        fast, slow = against(
            chain(revealed_designs, law(1000), plan, 64), chain(triangular_rows, law(1000), plan, 2)
        )
        work = f"ridge, d 1,000, n {rows:,}, a fit"
        lines.append(row(work, fast / 128, slow / 4, "compressed rows", goal))
    return lines


def large() -> list[str]:
    problem = law(10**5)
    one = gl.Plan.replace(1, 3 * 10**5, penalty=1e-2, noise=0.3)
    five = gl.Plan.accumulate(5, 3 * 10**5, design="fresh", penalty=1e-2, noise=0.3)
    lines = []
    for name, plan, goal in (
        ("ridge, d 100,000, one fit", one, "60 ms"),
        ("accumulate, d 100,000, five generations", five, "0.5 s"),
    ):
        work = chain(revealed_designs, problem, plan, 1)
        work()
        lines.append(row(name, min(_cpu(work) for _ in range(3)), None, "", goal))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return [*lines, f"| largest memory of the process so far | {memory:.2f} GB | | | 2 GB |"]


def policies() -> list[str]:
    lines = []
    for name, plan, goal in (
        (
            "accumulate",
            gl.Plan.accumulate(5, 2000, design="fresh", penalty=1e-2, noise=0.3),
            "30 x",
        ),
        ("same design", gl.Plan.same_design(5, 2000, penalty=1e-2, noise=0.3), "40 x"),
        ("real and synthetic", gl.Plan.mix(5, 2000, real=0.5, penalty=1e-2, noise=0.3), "80 x"),
    ):
        fast, slow = against(
            chain(revealed_designs, law(1000), plan, 32),
            chain(triangular_rows, law(1000), plan, 1),
            2,
        )
        work = f"{name}, d 1,000, n 2,000, five generations"
        lines.append(row(work, fast / 32, slow, "compressed rows", goal))
    return lines


def descent() -> list[str]:
    n, d, steps, step = 3000, 1000, 100, 0.5
    problem = law(d)
    root = np.sqrt(problem.spectrum)
    how = gl.filters.GradientDescent(steps=steps, step=step)
    plan = gl.Plan([gl.Generation([gl.Source(n, noise=0.3)], filter=how)])

    def loop() -> None:
        rng, w = np.random.default_rng(0), np.zeros(d)
        X = rng.standard_normal((n, d)) * root
        y = X @ problem.truth + 0.3 * rng.standard_normal(n)
        for _ in range(steps):
            w += step * (X.T @ (y - X @ w)) / n

    fast, slow = against(chain(revealed_designs, problem, plan, 32), loop)
    work = f"{steps} steps of gradient descent, n 3,000, d 1,000"
    return [row(work, fast / 32, slow, "literal loop", "15 x")]


def logistic(rounds: int = 3) -> tuple[float, float]:
    """Processor time of a fit of a chain of three, revealed and by scikit-learn on drawn rows."""
    n, d, lam = 3000, 1000, 1e-2
    problem = law(d)
    root = np.sqrt(problem.spectrum)
    sources = [gl.Source(n, who, 0.3, labels="hard") for who in ("real", "previous", "previous")]
    plan = gl.Plan([gl.Generation([source], lam, loss="logistic") for source in sources])

    def scikit() -> None:
        rng, w = np.random.default_rng(0), problem.truth
        for _ in sources:
            X = rng.standard_normal((n, d)) * root
            y = np.sign(X @ w + 0.3 * rng.standard_normal(n))
            # a gradient of 6e-6 of the first, where 1e-4 leaves 1e-3 and the engine stops at 1e-5
            model = LogisticRegression(C=1 / (2 * n * lam), fit_intercept=False, tol=1e-6)
            w = model.fit(X, y).coef_[0]

    fast, slow = against(chain(revealed_rows, problem, plan, 16), scikit, rounds)
    return fast / 48, slow / 3


def losses() -> list[str]:
    fast, slow = logistic()
    subsample = gl.Plan.subsample(5, 3000, design="fresh", penalty=1e-2, noise=0.3)
    few, many = against(
        chain(revealed_rows, law(1000), subsample, 8), chain(literal, law(1000), subsample, 1), 1
    )
    return [
        row("logistic chain, n 3,000, d 1,000, a fit", fast, slow, "scikit-learn loop", "20 x"),
        row("subsample, d 1,000, n 3,000, five generations", few / 8, many, "literal", ""),
    ]


def small() -> list[str]:
    plan = gl.Plan.replace(20, 600, noise=0.5)
    problem = law(300)
    runs = two_numbers.ENGINE.sized_for(problem, resolve(plan)).block
    fast, slow = against(
        chain(two_numbers, problem, plan, runs), chain(literal, problem, plan, 1), 3
    )
    work = "least-squares chain, d 300, n 600, 20 generations"
    return [row(work, fast / runs, slow, "literal", "30,000 x")]


def two_workers() -> list[str]:
    """Wall time of one worker over that of two, in turns, for runs of a second and more."""
    replace = gl.Plan.replace(5, 3000, penalty=1e-2, noise=0.3)
    cases = (
        (least_squares, law(300), gl.Plan.same_design(20, 600, noise=0.5), 8 * 872),
        (triangular_rows, law(300), replace, 128),
        (revealed_designs, law(1000), replace, 1024),
        (literal, law(100), replace, 64),
    )
    lines = []
    for module, problem, plan, trials in cases:
        steps = resolve(plan)
        engine = module.ENGINE.sized_for(problem, steps)

        def go(workers: int, engine=engine, problem=problem, steps=steps, trials=trials) -> float:
            start = time.perf_counter()
            sizes = runner.blocks(trials, engine.block)
            for _ in runner.rounds(
                lambda stream, count: engine.run(
                    problem, steps, np.random.default_rng(stream), count
                ),
                sizes,
                0,
                workers,
                engine.look // engine.block,
            ):
                pass
            return time.perf_counter() - start

        pairs = [(go(1), go(2)) for _ in range(6)]
        one, two = (min(each) for each in zip(*pairs, strict=True))
        lines.append(f"| {engine.name} | {one:.2f} s | {one / two:.2f} x | 1.6 x |")
    return lines


def lock() -> list[str]:
    """Longest silence of another thread while a matrix is solved, as a share of the call."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((3000, 1500))
    gram, right = X.T @ X, rng.standard_normal(1500)
    lines = []
    for name, work in (
        ("genloss", lambda: _linalg.solve_positives(gram[None].copy(), right[None])),
        ("SciPy's wrapper", lambda: lapack.dposv(gram.copy(), right, lower=1, overwrite_a=1)),
    ):
        gains = sorted(_gain(work) for _ in range(5))
        lines.append(f"| {name} | {min(_silence(work) for _ in range(5)):.2f} | {gains[2]:.2f} x |")
    return lines


def _gain(work: Work) -> float:
    """Wall time of two calls one after the other, over that on two threads."""
    with ThreadPoolExecutor(2) as threads:
        start = time.perf_counter()
        work()
        work()
        middle = time.perf_counter()
        list(threads.map(lambda _: work(), range(2)))
        return (middle - start) / (time.perf_counter() - middle)


def _silence(work: Work) -> float:
    beats, stop = [time.perf_counter()], threading.Event()

    def beat() -> None:
        while not stop.is_set():
            beats.append(time.perf_counter())

    thread = threading.Thread(target=beat)
    thread.start()
    start = time.perf_counter()
    work()
    end = time.perf_counter()
    stop.set()
    thread.join()
    inside = [start, *(beat for beat in beats if start < beat < end), end]
    return float(np.diff(inside).max() / (end - start))


TITLE = "Revealed designs, and two workers"
WHAT = "Processor time, taken in turns, shortest of a few. What is revealed, and how, is in [engines.md](engines.md)."


def section() -> list[str]:
    """Lines of the page."""
    return [
        "| work | genloss | against | ratio | goal |",
        "|---|---|---|---|---|",
        *ridge(),
        *large(),
        *policies(),
        *descent(),
        *losses(),
        *small(),
        "",
        "### The interpreter lock",
        "",
        "Longest silence of another thread while 1,500 equations are solved, as a share of the call: 1 where "
        "the lock is held throughout. Beside it the gain of two threads that solve at once, in wall time.",
        "",
        "| solved by | silence | gain of two threads |",
        "|---|---|---|",
        *lock(),
        "",
        "### Two workers",
        "",
        "Wall time of one worker over that of two. Meaningful on two cores with nothing else to do only.",
        "",
        "| engine | one worker | gain of two | goal |",
        "|---|---|---|---|",
        *two_workers(),
    ]
