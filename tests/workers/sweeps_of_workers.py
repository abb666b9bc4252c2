"""Sweeps that tests of workers share."""

from __future__ import annotations

from genloss.sweeps.design import Sweep

PROBLEM = {"preset": "isotropic", "dim": 12}
PLAN = {"preset": "replace", "generations": 3, "n_samples": 40, "noise": 0.5}
GRID = {"plan.penalty": [0.01, 0.1, 1.0], "plan.noise": [0.1, 0.2, 0.3, 0.4]}
SMALL = Sweep.of(PROBLEM, PLAN, GRID, trials=8, seed=1)
