"""A linear yardstick of the size that the experiment with networks has."""

from __future__ import annotations

from typing import Any

import numpy as np

from genloss.plan import Plan
from genloss.problem import Problem
from genloss.theory.predict import predict

PIXELS = 64
ROWS = 300
NOISE = 1.0
PENALTY = 0.03
MODELS = 6


def plan(penalty: float) -> Plan:
    """A chain of the size that the experiment has."""
    return Plan.replace(MODELS, ROWS, penalty=penalty, noise=NOISE)


def errors(penalty: float) -> list[float]:
    """Errors of the first and the last linear model on as many flat directions as pixels."""
    risk = predict(Problem.isotropic(PIXELS), plan(penalty)).risk
    return [float(risk[0]), float(risk[-1])]


def newcomer() -> dict[str, Any]:
    """Errors of the first and the last linear model."""
    first, last = errors(PENALTY)
    return {"first": first, "last": last}


def engineer() -> dict[str, Any]:
    """What the snippet prints."""
    return {"light": errors(PENALTY), "bare": errors(0.0)}


def theorist() -> dict[str, Any]:
    """What the last linear model keeps of the truth."""
    kappa = predict(Problem.isotropic(PIXELS), plan(PENALTY)).kappa
    assert kappa is not None
    return {"kept": float(np.prod(1 / (1 + kappa)))}
