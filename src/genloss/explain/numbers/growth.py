"""Chains without a penalty: what every model adds."""

from __future__ import annotations

from typing import Any

import numpy as np

from genloss.explain.numerals import fixed, table
from genloss.papers.demystified import Setting, least_squares, least_squares_spread
from genloss.papers.demystified.no_penalty import least_squares_runs
from genloss.problem import Problem
from genloss.theory.predict import predict
from genloss.trials.simulate import simulate

DIM = 300
ROWS = 600
NOISE = 0.5
MODELS = 20
TRIALS = 200
MANY_ROWS = 100_000
SMALL_DIM = 10
SMALL_ROWS = 25


def setting(generations: int, n_samples: int = 0, **changes: object) -> Setting:
    """Generators of the running example and a downstream model without a penalty."""
    values = {
        "problem": Problem.isotropic(DIM),
        "n_samples": n_samples or ROWS,
        "noise": NOISE,
        "generations": generations,
        "generator_samples": ROWS,
        "generator_noise": NOISE,
    }
    return Setting(**(values | changes))  # type: ignore[arg-type]


def step(rows: int = 0) -> float:
    """Error that one model adds."""
    return least_squares(setting(0, rows)).risk


def worse_than_nothing() -> int:
    """Number of noisy fits in a row after which the error exceeds that of the null predictor."""
    return int(np.floor(Problem.isotropic(DIM).signal / step())) + 1


def newcomer() -> dict[str, Any]:
    """Growth, the chain that is worse than nothing, and more rows for one model or for all."""
    fits, last = worse_than_nothing(), setting(MODELS - 1)
    few = sorted({1, 2, fits, MODELS})
    rows = [(str(k), fixed(least_squares(setting(k - 1)).risk)) for k in few]
    return {
        "step": step(),
        "errors": table(("models in the chain", "error of the last"), rows),
        "signal": last.problem.signal,
        "fits": fits,
        "beaten": least_squares(setting(fits - 1)).risk,
        "plateau": least_squares(setting(MODELS, MANY_ROWS)).risk,
        "step_with_twice_the_rows": step(2 * ROWS),
        "scatter": least_squares_spread(last) / least_squares(last).risk,
    }


def engineer() -> dict[str, Any]:
    """What the snippet prints, the slope, and rules of thumb."""
    example = setting(MODELS - 1)
    theory = predict(example.problem, example.plan())
    trials = simulate(example.problem, example.plan(), trials=TRIALS, seed=0)
    assert trials.stderr is not None
    return {
        "first": theory.risk[0],
        "last": theory.risk[-1],
        "method": theory.method,
        "first_above": theory.first_above(10.5),
        "nothing": int(np.argmax(theory.risk > example.problem.signal)),
        "simulated": trials.risk[-1],
        "stderr": trials.stderr[-1],
        "step": step(),
        "rule": NOISE**2 * DIM / (ROWS - DIM),
        "small_ratio": (SMALL_ROWS - SMALL_DIM) / (SMALL_ROWS - SMALL_DIM - 1),
        "cost_of_twice": step(2 * DIM) / NOISE**2,
        "cost_of_ten_times": step(10 * DIM) / NOISE**2,
        "spread": least_squares_spread(example),
    }


def theorist() -> dict[str, Any]:
    """The law of one run, and what the limit forgets."""
    five = setting(5)
    near = setting(1, generator_samples=DIM + 2, noise=0.0)
    return {
        "step": step(),
        "spread": least_squares_spread(five),
        "drawn_spread": least_squares_runs(five, 20_000, seed=0).std(),
        "spread_on_one_design": least_squares_spread(setting(5, design="same")),
        "small_error": 1 / (SMALL_ROWS - SMALL_DIM),
        "ratio": least_squares(near).risk / least_squares(near, limit=True).risk,
        "null_wins_beyond": five.problem.signal / step(),
    }
