"""Chains of kernel models on the circle, predicted and fitted."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.curve import Curve
from genloss.explain.numerals import fixed, percent, table
from genloss.generation import REAL
from genloss.papers.demystified.figures import circle
from genloss.plan import Plan
from genloss.steps import Step, resolve
from genloss.theory.predict import predict
from genloss.trials import loop

FREQUENCIES = 2000
ROWS = 100
NOISE = 0.3
PENALTY = 0.01
SMALL_PENALTY = 0.0001
GENERATIONS = 3
LAST_ROWS = 200
LAST_PENALTY = 0.01
SHOWN = (1, 3, 10, 30)
RUNS = 80


def plan(generator_penalty: float) -> Plan:
    """Generators on the circle, and a downstream model."""
    generators = Plan.replace(GENERATIONS, ROWS, penalty=generator_penalty, noise=NOISE)
    return generators.then(n_samples=LAST_ROWS, penalty=LAST_PENALTY, noise=NOISE)


def theory(generator_penalty: float) -> Curve:
    """Predicted errors of all models."""
    return predict(circle.problem(FREQUENCIES), plan(generator_penalty))


def drawn(generator_penalty: float) -> tuple[float, float]:
    """Mean error of the last model over literal kernel fits, and its standard error."""
    return _drawn(plan(generator_penalty), RUNS)


@cache
def _drawn(plan: Plan, runs: int) -> tuple[float, float]:
    world, errors = circle.world(np.random.default_rng(0)), []
    real: Any = _sawtooth
    for _ in range(runs):
        *_, last = loop.models(resolve(plan), world, _fit, {REAL: real})
        errors.append(float(last.risk()[0]))
    return float(np.mean(errors)), float(np.std(errors, ddof=1) / np.sqrt(runs))


def _fit(step: Step, rows: loop.Rows, _towards: circle.Waves | None) -> circle.Waves:
    return circle.fitted(rows.X, rows.y, step.penalty)


def _sawtooth(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return circle.target(x)[:, None]


def kept() -> npt.NDArray[np.float64]:
    """Share of every wave that the average last model still has."""
    kappa = theory(PENALTY).kappa
    assert kappa is not None
    waves = np.array(SHOWN, dtype=np.float64) ** -2
    return np.prod(waves / (waves + kappa[:, None]), axis=0)


def newcomer() -> dict[str, Any]:
    """What is left of each wave, and the last error, predicted and fitted."""
    mean, stderr = drawn(PENALTY)
    rows = [(str(j), f"{fixed(100 * share, 0)} %") for j, share in zip(SHOWN, kept(), strict=True)]
    return {
        "waves": table(("wave", "still there"), rows),
        "predicted": theory(PENALTY).risk[-1],
        "mean": mean,
        "stderr": stderr,
    }


def engineer() -> dict[str, Any]:
    """What the snippet prints, and theory beside fits for two penalties."""
    curve, rows = theory(PENALTY), []
    assert curve.bias is not None
    for penalty in (PENALTY, SMALL_PENALTY):
        predicted, (mean, stderr) = theory(penalty).risk[-1], drawn(penalty)
        numbers = (fixed(value, 3) for value in (predicted, mean, stderr))
        rows.append((f"{penalty:g}", *numbers, percent(mean / predicted - 1, 1)))
    heads = ("generator penalty", "theory", "drawn", "s.e.", "difference")
    return {
        "stop": FREQUENCIES + 1,
        "predicted": curve.risk[-1],
        "bias": curve.bias[-1],
        "warning": curve.warnings[0],
        "comparison": table(heads, rows),
    }


def theorist() -> dict[str, Any]:
    """Near interpolation: degrees of freedom, and theory beside fits."""
    small, (mean, stderr) = theory(SMALL_PENALTY), drawn(SMALL_PENALTY)
    assert small.df1 is not None
    return {"df1": small.df1[0], "predicted": small.risk[-1], "mean": mean, "stderr": stderr}
