"""Generators with fewer rows than directions, without noise and with real labels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from genloss.explain.numerals import percent, table
from genloss.papers.demystified import Setting, noise_ceiling, overparametrised
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.scaling import PowerLaw
from genloss.theory.predict import predict
from genloss.trials.simulate import simulate

DIM = 300
ROWS = 240
LAST_ROWS = 1000
GENERATIONS = 10
NOISE = 0.5
REAL_SHARE = 0.25
TRIALS = 6
CAPACITY = 1.5
SOURCE = 0.375
ENDLESS_ROWS = 200


def setting(generations: int = 0, noise: float = 0.0) -> Setting:
    """The running example, without noise unless some is given."""
    return Setting(
        problem=Problem.isotropic(DIM),
        n_samples=LAST_ROWS,
        generations=generations or GENERATIONS,
        generator_samples=ROWS,
        generator_noise=noise,
    )


def share() -> float:
    """What one generator keeps."""
    return ROWS / DIM


def half_life() -> float:
    """Generators after which half of the signal is left."""
    return math.log(2) / -math.log(share())


def mixed(real: float) -> float:
    """Error of the last model if a share of the rows of each has real labels."""
    problem = Problem.isotropic(DIM)
    return float(predict(problem, Plan.mix(GENERATIONS, ROWS, real=real)).risk[-1])


def mean_bias() -> float:
    """Squared distance of the average last model from the truth, ``signal (1 - share^n)^2``."""
    return Problem.isotropic(DIM).signal * (1 - share() ** GENERATIONS) ** 2


def newcomer() -> dict[str, Any]:
    """What is left of the knowledge."""
    shown = sorted({1, 2, 5, GENERATIONS})
    rows = [(str(n), percent(1 - overparametrised(setting(n)).risk)) for n in shown]
    powers = Problem.power_law(DIM, capacity=CAPACITY, source=SOURCE)
    return {
        "share": share(),
        "knowledge": table(("generators", "knowledge left"), rows),
        "half_life": half_life(),
        "kept": 1 - predict(powers, setting().plan()).risk[-1] / powers.signal,
    }


def engineer() -> dict[str, Any]:
    """What the snippet prints, and what real labels do to a fit that interpolates."""
    problem = Problem.isotropic(DIM)
    stacked = Plan.mix(GENERATIONS, ROWS, real=REAL_SHARE)
    return {
        "quiet": predict(problem, setting().plan()).risk[-1],
        "mean_bias": mean_bias(),
        "made": mixed(0.0),
        "real": mixed(REAL_SHARE),
        "simulated": np.round(simulate(problem, stacked, trials=TRIALS, seed=0).risk[-1]),
        "half_life": half_life(),
        "amplified": 1 / (DIM / ROWS - 1),
        "ceiling": noise_ceiling(setting(noise=NOISE)),
    }


def theorist() -> dict[str, Any]:
    """Exponential on flat spectra, a power on others."""
    law, late = PowerLaw(CAPACITY, SOURCE), 4 * GENERATIONS
    first, last = (
        float(law.risk(1e9, generations=n, generator_samples=ENDLESS_ROWS).total)
        for n in (GENERATIONS, late)
    )
    return {
        "share": share(),
        "risk": overparametrised(setting()).risk,
        "ceiling": noise_ceiling(setting(noise=NOISE)),
        "late": late,
        "slope": math.log(last / first) / math.log(4),
        "twice_source": 2 * SOURCE,
        "mean_bias": mean_bias(),
    }
