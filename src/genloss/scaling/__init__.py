"""Scaling laws under power-law spectra: spectrum, exponents, penalty rules (`paper.md` section 6).

`scaling_law` says in numbers and words which law is in force at a setting.
"""

from __future__ import annotations

from genloss.scaling.chain import Fitting, Risk
from genloss.scaling.law import ScalingLaw, scaling_law
from genloss.scaling.optimum import Best, best_penalty
from genloss.scaling.power_law import PowerLaw
from genloss.scaling.rules import (
    clean_rule,
    effective_noise,
    exponent_rule,
    noise_rule,
    noise_rule_with_constants,
)

__all__ = [
    "Best",
    "Fitting",
    "PowerLaw",
    "Risk",
    "ScalingLaw",
    "best_penalty",
    "clean_rule",
    "effective_noise",
    "exponent_rule",
    "noise_rule",
    "noise_rule_with_constants",
    "scaling_law",
]
