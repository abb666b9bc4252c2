"""The best penalty downstream of a chain, and what others cost."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from genloss.explain.numerals import fixed, number, table
from genloss.papers.demystified import Setting, best_penalty_infinite_rows, rho, ridge
from genloss.problem import Problem
from genloss.trials.given_inputs import downstream
from genloss.tuning.tune import tune

DIM = 300
ROWS = 600
NOISE = 0.5
LAST_ROWS = 1000
GENERATIONS = 10
SHOWN = (0, 1, 5, 10, 20)
SMALL_DIM = 20
WEAK_PENALTY = 0.05
DESIGNS = 100


def setting(generations: int, penalty: float = 0.0, *, dim: int = 0) -> Setting:
    """The running example, scaled down to ``dim`` directions if that is given."""
    dim = dim or DIM
    return Setting(
        problem=Problem.isotropic(dim),
        n_samples=LAST_ROWS * dim // DIM,
        penalty=penalty,
        noise=NOISE,
        generations=generations,
        generator_samples=ROWS * dim // DIM,
        generator_noise=NOISE,
    )


@cache
def _best(example: Setting) -> tuple[float, float]:
    found = tune(example.problem, example.plan(), over="last_penalty")
    return float(found.plan.penalty[-1]), float(found.value)


def best(generations: int) -> tuple[float, float]:
    """Best downstream penalty and its error."""
    return _best(setting(generations, 0.1))


def newcomer() -> dict[str, Any]:
    """Best dials, and the first row's dial kept."""
    clean, signal = best(0)[0], setting(0).problem.signal
    rows = []
    for n in SHOWN:
        kept = ridge(setting(n, clean)).risk
        rows.append((str(n), number(best(n)[0]), fixed(best(n)[1]), fixed(kept)))
    heads = ("generators", "best dial", "error there", "error with the first row's dial")
    return {
        "dials": table(heads, rows),
        "spoiled": ridge(setting(GENERATIONS, clean)).risk,
        "signal": signal,
        "fold": best(SHOWN[-1])[1] / best(0)[1],
    }


def engineer() -> dict[str, Any]:
    """What the snippet prints, and what the rule of thumb costs."""
    clean, (penalty, risk) = best(0)[0], best(GENERATIONS)
    rough, _ = best_penalty_infinite_rows(setting(GENERATIONS))
    return {
        "clean": clean,
        "kept": ridge(setting(GENERATIONS, round(clean, 3))).risk,
        "best_penalty": penalty,
        "best_risk": risk,
        "below_null": risk < setting(0).problem.signal,
        "rough": rough,
        "cost": ridge(setting(GENERATIONS, rough)).risk / risk - 1,
    }


def theorist() -> dict[str, Any]:
    """The slope rho, unlimited rows, and the distance of equivalents at finite size."""
    limit_penalty, limit_risk = best_penalty_infinite_rows(setting(GENERATIONS))
    best_penalty, best_risk = best(GENERATIONS)
    return {
        "rho_without": rho(setting(1)),
        "rho_at_one": rho(setting(1, 1.0)),
        "limit_penalty": limit_penalty,
        "limit_risk": limit_risk,
        "best_penalty": best_penalty,
        "best_risk": best_risk,
        "off_small": _finite_size(SMALL_DIM),
        "off_large": _finite_size(4 * SMALL_DIM),
        "large_dim": 4 * SMALL_DIM,
    }


def _finite_size(dim: int) -> float:
    """Relative distance of the drawn bias from its equivalent."""
    example = setting(0, WEAK_PENALTY, dim=dim)
    T = 2 * dim
    drawn = downstream(
        example.problem,
        n_samples=T,
        penalties=[WEAK_PENALTY],
        trials=DESIGNS,
        seed=0,
    )
    # tr (M - 1)^2 = d - tr M^2 - 2 lambda tr S (S + lambda)^-2: averaged over the truth's direction
    missed = dim - drawn.amplification - 2 * WEAK_PENALTY * T * drawn.variance
    same = Setting(problem=example.problem, n_samples=T, penalty=WEAK_PENALTY)
    return abs(float(np.mean(missed)) / dim * example.problem.signal / ridge(same).bias - 1)
