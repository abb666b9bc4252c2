"""Fresh inputs for every generator, or the same inputs labelled again and again."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from genloss.explain.numerals import fixed, table
from genloss.papers.demystified import (
    Setting,
    extra_bias,
    least_squares,
    least_squares_spread,
    noise_ceiling,
    overparametrised,
)
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.theory.predict import predict
from genloss.trials.simulate import simulate

DIM = 300
FEW_ROWS = 150
MANY_ROWS = 600
LAST_ROWS = 1000
NOISE = 0.5
GENERATIONS = 10
TRIALS = 8
SPIKES = 40
TAIL = 160
SPIKE = 100.0
SPIKED_ROWS = 100
SPIKED_LAST = 45

Design = Literal["independent", "same"]
FRESH: Design = "independent"
SAME: Design = "same"


def setting(generations: int, design: Design, rows: int = 0, noise: float | None = None) -> Setting:
    """The running example, with few rows unless others are given."""
    level = NOISE if noise is None else noise
    return Setting(
        problem=Problem.isotropic(DIM),
        n_samples=LAST_ROWS,
        noise=level,
        generations=generations,
        generator_samples=rows or FEW_ROWS,
        generator_noise=level,
        design=design,
    )


def crossing() -> int:
    """First number of generators for which one shared design is the worse one."""
    n = 1
    while _error(n, SAME) <= _error(n, FRESH) * (1 + 1e-12):
        n += 1
    return n


def spiked() -> Setting:
    """A covariance and a truth for which a generator removes error."""
    spectrum = np.repeat([SPIKE, 1.0], [SPIKES, TAIL])
    truth = np.repeat([0.0, TAIL**-0.5], [SPIKES, TAIL])
    return Setting(
        problem=Problem(spectrum, truth),
        n_samples=SPIKED_LAST,
        generations=1,
        generator_samples=SPIKED_ROWS,
        design="same",
    )


def newcomer() -> dict[str, Any]:
    """Errors on fresh inputs and on the same."""
    crossed = crossing()
    shown = sorted({1, 2, crossed, GENERATIONS, 2 * GENERATIONS})
    rows = [(str(n), fixed(_error(n, FRESH)), fixed(_error(n, SAME))) for n in shown]
    return {
        "many_rows": least_squares(setting(GENERATIONS, FRESH, MANY_ROWS)).risk,
        "ratio": _spread(SAME) / _spread(FRESH),
        "quiet_fresh": _error(GENERATIONS, FRESH, 0.0),
        "quiet_same": _error(GENERATIONS, SAME, 0.0),
        "errors": table(("generators", "fresh inputs", "same inputs"), rows),
        "crossing": crossed,
    }


def engineer() -> dict[str, Any]:
    """What the snippets print, and what one more generator adds."""
    problem = Problem.isotropic(DIM)
    fresh, same = (setting(GENERATIONS, design).plan() for design in (FRESH, SAME))
    penalised = Plan.same_design(4, FEW_ROWS, penalty=0.1, noise=NOISE)
    return {
        "fresh": predict(problem, fresh).risk[-1],
        "same": predict(problem, same).risk[-1],
        "simulated": simulate(problem, same, trials=TRIALS, seed=0).risk[-1],
        "ceiling": noise_ceiling(setting(GENERATIONS, FRESH)),
        "step": _error(GENERATIONS + 1, SAME) - _error(GENERATIONS, SAME),
        "crossing": crossing(),
        "penalised": predict(problem, penalised).risk[-1],
    }


def theorist() -> dict[str, Any]:
    """Spread on one design and on many; an extra bias below zero."""
    example = spiked()
    clean = Setting(problem=example.problem, n_samples=SPIKED_LAST).plan()
    return {
        "spread_same": _spread(SAME),
        "spread_fresh": _spread(FRESH),
        "extra_bias": extra_bias(example),
        "clean": predict(example.problem, clean).risk[-1],
        "signal": example.problem.signal,
    }


def _error(generations: int, design: Design, noise: float | None = None) -> float:
    return overparametrised(setting(generations, design, noise=noise)).risk


def _spread(design: Design) -> float:
    """Standard deviation of one run with many rows."""
    return least_squares_spread(setting(GENERATIONS, design, MANY_ROWS))
