"""Penalty rules beside the best penalty."""

from __future__ import annotations

from typing import Any

import numpy as np

from genloss.explain.numerals import fixed, number, table
from genloss.scaling import PowerLaw, best_penalty, scaling_law
from genloss.scaling.exponents import (
    best_error_constant,
    best_penalty_constant,
    bias_constant,
    clean_penalty_exponent,
    clean_rate,
    variance_constant,
)
from genloss.scaling.law import ScalingLaw

DIM = 300
CAPACITY = 1.5
SOURCE = 0.5
ROWS = 600
NOISE = 0.5
GENERATIONS = 10
LAST_ROWS = 1600
GRID_ROWS = (100, 1600, 25_600)
GRID_GENERATIONS = (0, 1, 5, 20)
RECIPES = {
    "clean": "as for real labels",
    "exponent": "count the chain, ignore the noise",
    "noise": "count the chain and the noise",
    "best": "best possible",
}
RULES = ("clean", "exponent", "noise", "noise with constants")


def _law(n_samples: int = 0, generations: int | None = None) -> ScalingLaw:
    """Every rule's answer to the running example."""
    return scaling_law(
        PowerLaw(CAPACITY, SOURCE, dim=DIM),
        n_samples=n_samples or LAST_ROWS,
        noise=NOISE,
        generations=GENERATIONS if generations is None else generations,
        generator_samples=ROWS,
    )


def worth() -> float:
    """Real rows with which the best penalty does as well as the running example's best."""
    data, goal = PowerLaw(CAPACITY, SOURCE, dim=DIM), _law().best.risk
    low, high = 1.0, float(LAST_ROWS)
    for _ in range(40):
        middle = (low * high) ** 0.5
        enough = float(best_penalty(data, middle, noise=NOISE).risk) <= goal
        low, high = (low, middle) if enough else (middle, high)
    return high


def excess(rule: str) -> float:
    """Largest excess of a rule's error over the best one's, on the grid."""
    found = [_law(T, n) for T in GRID_ROWS for n in GRID_GENERATIONS]
    return max(each.recommendation(rule).risk / each.best.risk - 1 for each in found)


def newcomer() -> dict[str, Any]:
    """What the made rows are worth, and what recipes give."""
    here, clean = _law(), _law(generations=0)
    data = PowerLaw(CAPACITY, SOURCE, dim=DIM)
    misplaced = float(data.risk(LAST_ROWS, penalty=here.best.penalty, noise=NOISE).total)
    rows = [
        (name, number(found.penalty), fixed(found.risk, 3))
        for rule, name in RECIPES.items()
        for found in (here.recommendation(rule),)
    ]
    return {
        "worth": worth(),
        "null": here.null_risk,
        "recipes": table(("recipe", "dial", "error"), rows),
        "clean_ratio": here.recommendation("clean").risk / here.best.risk,
        "misplaced_ratio": misplaced / clean.best.risk,
    }


def engineer() -> dict[str, Any]:
    """What the snippet prints, and the worst excess of every rule."""
    here = _law()
    return {
        **{rule: here.recommendation(rule) for rule in ("clean", "noise", "best")},
        "rule_of_noise": here.recommendation("noise").penalty,
        "worth_to_leading_order": NOISE**2 / here.effective_noise,
        "worth": worth(),
        "excess": {rule: excess(rule) for rule in RULES},
        "exponent": clean_penalty_exponent(CAPACITY, SOURCE),
    }


def theorist() -> dict[str, Any]:
    """The effective noise and its parts, constants, and the distance of the leading order."""
    powers, here = (CAPACITY, SOURCE), _law()
    constant, rate = best_error_constant(*powers), clean_rate(*powers)
    rows = np.array([1e2, 1e4, 1e6])
    exact = best_penalty(PowerLaw(*powers), rows, noise=1.0).risk
    return {
        "law": here,
        "k": best_penalty_constant(*powers),
        "C_b": bias_constant(*powers),
        "C_v": variance_constant(CAPACITY),
        "ratio": exact / (constant * rows**-rate),
        "leading": constant * here.effective_noise**rate,
        "worth_to_leading_order": NOISE**2 / here.effective_noise,
    }
