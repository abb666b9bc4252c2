"""Every closed formula of the paper beside a simulation that shares no code with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from genloss.papers.claims import Claim, Kind, literally
from genloss.papers.demystified.decomposition import Decomposition
from genloss.papers.demystified.interpolating_generators import extra_bias, overparametrised
from genloss.papers.demystified.no_penalty import (
    least_squares,
    least_squares_runs,
    least_squares_spread,
    minimum_norm,
)
from genloss.papers.demystified.recursion import master_recursion
from genloss.papers.demystified.ridge_downstream import (
    best_penalty_infinite_rows,
    rho,
    ridge,
    ridge_infinite_rows,
)
from genloss.papers.demystified.setting import Setting
from genloss.papers.effort import Effort
from genloss.problem import Problem
from genloss.trials.given_inputs import downstream, mean_and_stderr

Formula = Callable[[Setting], Decomposition]


def _chain(
    problem: Problem, n_samples: int, count: int, behind: tuple[Any, Any], **rest: Any
) -> Setting:
    """So many generators before a downstream model; ``behind``: their rows and label noise."""
    return Setting(
        problem=problem,
        n_samples=n_samples,
        generations=count,
        generator_samples=behind[0],
        generator_noise=behind[1],
        **rest,
    )


def _least_squares(count: int, rows: Any = 60, noise: Any = 0.5, **rest: Any) -> Setting:
    problem = Problem.power_law(20, capacity=1.0, source=0.5)
    return _chain(problem, 80, count, (rows, noise), **{"noise": 0.5} | rest)


def _ridge(count: int) -> Setting:
    problem = Problem.power_law(150, capacity=1.2, source=0.5)
    return _chain(problem, 250, count, (300, 0.3), penalty=0.01, noise=0.3)


SPIKED = Problem(np.repeat([100.0, 1.0], [40, 160]), np.repeat([0.0, 160**-0.5], [40, 160]))
POWER_LAW = Problem.power_law(200, capacity=1.5, source=0.5)
ANYTHING = {
    "interpolating generators, power law, n = 3": _chain(
        POWER_LAW, 150, 3, (80, 0.1), penalty=1e-3, noise=0.1
    ),
    "few and many rows along one chain": _chain(
        POWER_LAW, 150, 4, ((40, 300, 60, 120), 0.1), penalty=1e-3
    ),
    "ridge at every generation, n = 8": _chain(
        POWER_LAW, 150, 8, (100, 0.2), penalty=1e-2, noise=0.2, generator_penalty=1e-3
    ),
}


def statements(effort: Effort) -> Iterator[Claim]:
    """Every closed formula of sections 2 and 3 beside runs."""
    for section in (_no_penalty, _ridge_downstream, _interpolating, _master_recursion):
        yield from section(effort)


def beside(
    name: str,
    where: str,
    formula: Formula,
    setting: Setting,
    effort: Effort,
    trials: int,
    kind: Kind = "exact",
    method: str = "literal",
) -> Claim:
    """The risk of the downstream model by a formula and by runs, as `literally` makes them."""
    case = formula(setting).risk, setting.problem, setting.plan(), effort, trials
    return literally(name, where, *case, kind=kind, method=method)


def _no_penalty(effort: Effort) -> Iterator[Claim]:
    uneven = _least_squares(4, (30, 45, 200, 60), (0.3, 0.8, 1.0, 0.0))
    five = _least_squares(5)
    cases = {f"least squares, n = {n}": _least_squares(n) for n in (0, 1, 5, 20)} | {
        "least squares, one shared design, n = 5": replace(five, design="same"),
        "least squares, unequal sizes and noises": uneven,
    }
    for name, setting in cases.items():
        yield beside(name, "section 2.1", least_squares, setting, effort, effort.pick(400, 4000))
    draws = least_squares_runs(five, 200_000, seed=effort.seed)
    kurtosis = float(np.mean((draws - draws.mean()) ** 4) / draws.var() ** 2)
    yield Claim.exact(
        "spread of one run (from its exact law)",
        "section 2.1",
        least_squares_spread(five),
        draws.std(),
        draws.std() * np.sqrt((kurtosis - 1) / (4 * draws.size)),
    )
    few = _chain(Problem.isotropic(30), 18, 4, (60, 0.5), noise=0.5)
    name, trials = "minimum norm downstream", effort.pick(1000, 20_000)
    yield beside(name, "section 2.2", minimum_norm, few, effort, trials)


def _ridge_downstream(effort: Effort) -> Iterator[Claim]:
    five = _ridge(5)
    parts = downstream(
        five.problem,
        n_samples=five.n_samples,
        penalties=[five.penalty],
        trials=effort.pick(60, 500),
        seed=effort.seed,
        workers=effort.workers,
    )
    theory = ridge(five)
    left = five.sizes[0] - five.dim - 1
    for name, predicted, drawn in (
        ("bias", theory.bias, parts.bias),
        ("variance", theory.variance, five.noise**2 * parts.variance),
        ("rho", rho(five), parts.amplification / left),
    ):
        measured = map(float, mean_and_stderr(drawn[:, 0]))
        yield Claim.asymptotic(f"ridge downstream: {name}", "section 2.3", predicted, *measured)
    for n in (5, 15):
        name, trials = f"ridge downstream: error after {n} generators", effort.pick(60, 1000)
        yield beside(name, "section 2.3", ridge, _ridge(n), effort, trials, "asymptotic")
    plain = _chain(Problem.isotropic(40), 40_000, 4, (81, 0.5))
    penalty, least = best_penalty_infinite_rows(plain)
    tuned = replace(plain, penalty=penalty)
    name = "unlimited rows: error at the best penalty"
    yield Claim.exact(name, "section 2.3", least, ridge_infinite_rows(tuned).risk)
    name, trials = "unlimited rows (40,000 in dim 40) at the best penalty", effort.pick(40, 400)
    yield beside(name, "section 2.3", ridge_infinite_rows, tuned, effort, trials, "asymptotic")


def _interpolating(effort: Effort) -> Iterator[Claim]:
    for design in ("independent", "same"):
        for noise in (0.0, 0.3):
            name = f"interpolating generators, {design} design, noise {noise:g}, n = 4"
            setting = _chain(Problem.isotropic(60), 200, 4, (40, noise), design=design)
            yield beside(
                name, "section 2.4", overparametrised, setting, effort, effort.pick(300, 4000)
            )
    after, real = (_chain(SPIKED, 45, n, (100, 0.0), design="same") for n in (1, 0))
    runs = [
        effort.risks(SPIKED, each.plan(), effort.pick(200, 2000), shift=effort.seed + k)
        for k, each in enumerate((real, after))
    ]
    (clean, spread), (risk, other) = ((mean[-1], stderr[-1]) for mean, stderr in runs)
    name = "extra bias of a shared design can be negative"
    yield Claim.asymptotic(
        name, "section 2.5", extra_bias(after), risk - clean, np.hypot(spread, other)
    )


def _master_recursion(effort: Effort) -> Iterator[Claim]:
    for name, setting in ANYTHING.items():
        trials = effort.pick(80, 1000)
        yield beside(name, "section 3", master_recursion, setting, effort, trials, "asymptotic")
