"""Errors under power laws, with real and with made labels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from genloss.explain.numerals import fixed, table
from genloss.papers.demystified import Setting, ridge
from genloss.problem import Problem
from genloss.scaling import PowerLaw, best_penalty, clean_rule, scaling_law
from genloss.scaling.exponents import (
    best_rate,
    clean_penalty_exponent,
    clean_rate,
    divergence_threshold,
    kept_clean_rate,
    noiseless_rate,
)
from genloss.scaling.law import ScalingLaw

DIM = 300
CAPACITY = 1.5
SOURCE = 0.5
ROWS = 600
NOISE = 0.5
GENERATIONS = 10
SHOWN = (100, 400, 1600, 25_600)
GROWTH = 0.7


def setting(n_samples: int, generations: int) -> Setting:
    """The running example, with the penalty that is right for real labels."""
    return Setting(
        problem=Problem.power_law(DIM, capacity=CAPACITY, source=SOURCE),
        n_samples=n_samples,
        penalty=float(clean_rule(n_samples, capacity=CAPACITY, source=SOURCE)),
        noise=NOISE,
        generations=generations,
        generator_samples=ROWS,
        generator_noise=NOISE,
    )


def law(n_samples: int) -> ScalingLaw:
    """What the scaling laws say about it."""
    return scaling_law(
        PowerLaw(CAPACITY, SOURCE, dim=DIM),
        n_samples=n_samples,
        noise=NOISE,
        generations=GENERATIONS,
        generator_samples=ROWS,
    )


def turning_point() -> int:
    """Rows at which the error with the clean rule is least, by looking."""
    grid = np.unique(np.geomspace(20, 20_000, 400).round().astype(int))
    return int(grid[np.argmin([ridge(setting(int(T), GENERATIONS)).risk for T in grid])])


def newcomer() -> dict[str, Any]:
    """Errors by rows, and where they turn."""
    rows = [
        (f"{T:,}", *(fixed(ridge(setting(T, n)).risk, 3) for n in (0, GENERATIONS))) for T in SHOWN
    ]
    heads = ("rows of the last model", "error, real labels", "error, made labels")
    return {
        "tenfold": 10 ** clean_rate(CAPACITY, SOURCE),
        "errors": table(heads, rows),
        "turning_point": turning_point(),
    }


def engineer() -> dict[str, Any]:
    """What the snippet prints, and rules of thumb."""
    here = law(SHOWN[-1])
    ends = [ridge(setting(T, 0)).risk for T in (SHOWN[0], SHOWN[-1])]
    return {
        "regime": here.regime,
        "predicted": here.crossovers.turning_point,
        "clean_risk": here.recommendation("clean").risk,
        "best_risk": here.best.risk,
        "order": max(ROWS / (GENERATIONS * NOISE**2), DIM),
        "turning_point": turning_point(),
        "slope": math.log(ends[1] / ends[0]) / math.log(SHOWN[-1] / SHOWN[0]),
        "clean_slope": -clean_rate(CAPACITY, SOURCE),
        "floor": law(10**9).best.risk,
    }


def theorist() -> dict[str, Any]:
    """Exponents, on real labels and behind generators that grow."""
    powers = CAPACITY, SOURCE
    pair = best_penalty(PowerLaw(*powers), np.array([1e6, 1e7]), noise=NOISE).risk
    return {
        "penalty_exponent": clean_penalty_exponent(*powers),
        "rate": clean_rate(*powers),
        "local_slope": -math.log(pair[1] / pair[0]) / math.log(10),
        "noiseless_rate": noiseless_rate(*powers),
        "slower": best_rate(*powers, generator_growth=GROWTH),
        "kept": kept_clean_rate(*powers, generator_growth=GROWTH),
        "threshold": divergence_threshold(*powers),
        "plateau": GENERATIONS * NOISE**2 * DIM / (ROWS - DIM - 1),
    }
