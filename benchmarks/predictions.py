"""Theory and the exact engine, against stated baselines in one run."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from timing import best_of

import genloss as gl
from genloss.equivalents import kappa
from genloss.steps import resolve
from genloss.trials.engines import least_squares, literal
from genloss.trials.given_inputs import downstream, mean_and_stderr


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
    slow = best_of(lambda: literal.run(problem, resolve(plan), rng, 1), 5)
    fast = best_of(lambda: least_squares.run(problem, resolve(plan), rng, 64)) / 64
    return [
        f"| least-squares chain, dim 300, n 600, 20 generations | {fast * 1e3:.3f} ms per run | "
        f"1,000 x | {slow / fast:.0f} x drawing every row and fitting every model "
        f"({slow * 1e3:.0f} ms) |"
    ]


def conditional_expectations() -> list[str]:
    """How many raw runs give rho as well as one drawn design, in trials and in time."""
    n, trials, inherited = 10, 100, 1 / 99
    problem, noise, penalty = gl.Problem.isotropic(100), 0.5, 0.3
    generators = gl.Plan.replace(n, 200, noise=noise)
    last = {"n_samples": 250, "penalty": penalty, "noise": noise}
    with_generators = gl.simulate(
        problem, generators.then(**last), trials=trials, method="literal", workers=1
    )
    without = gl.simulate(
        problem, gl.Plan.replace(1, **last), trials=trials, method="literal", workers=1, seed=1
    )
    raw = np.hypot(with_generators.stderr[-1], without.stderr[-1]) / (n * noise**2)
    drawn = downstream(problem, n_samples=250, penalties=[penalty], trials=trials, workers=1)
    mine = inherited * mean_and_stderr(drawn.amplification[:, 0])[1]
    slow = best_of(
        lambda: gl.simulate(
            problem, generators.then(**last), trials=16, method="literal", workers=1
        ),
        3,
    )
    one = {"n_samples": 250, "penalties": [penalty], "trials": 16, "workers": 1}
    many = one | {"penalties": np.geomspace(1e-3, 10, 20)}
    fast = best_of(lambda: downstream(problem, **one), 3)
    twenty = best_of(lambda: downstream(problem, **many), 3)
    return [
        f"| rho of ridge downstream, dim 100, by conditional expectation | {fast / 16 * 1e3:.1f} ms "
        f"per design | 100 x | {(raw / mine) ** 2:,.0f} x fewer trials than from raw errors at "
        f"n = {n} ({slow / 16 * 1e3:.1f} ms per run), for the same standard error |",
        f"| the same for 20 penalties and every n | {twenty / 16 * 1e3:.1f} ms per design | "
        f"| {20 * fast / twenty:.1f} x one design per penalty |",
    ]


TITLE = "Predictions"
WHAT = "Shortest of several runs."


def section() -> list[str]:
    """Lines of the page."""
    return [
        "| work | time | goal | against |",
        "|---|---|---|---|",
        *state_evolution(),
        *kappa_solves(),
        *exact_chain(),
        *conditional_expectations(),
    ]
