"""Model Collapse Demystified: The Case of Regression (Dohmatob, Feng, Kempe, arXiv 2402.07712).

A `Setting` is the paper's chain. Each statement is a function of it; `genloss.predict` gives the same
numbers for ``setting.plan()`` by another way, and `genloss.simulate` runs it.

======================================  ===================================================
statement                               function
======================================  ===================================================
no penalty, enough rows: linear growth  `least_squares`, `least_squares_spread`
minimum norm downstream                 `minimum_norm`
ridge downstream: bias, variance, rho   `ridge`, `rho`, `ridge_isotropic`
unlimited rows                          `ridge_infinite_rows`, `best_penalty_infinite_rows`
over-parametrised generators            `overparametrised`, `noise_ceiling`
the extra bias of a shared design       `extra_bias`
everything at once                      `master_recursion`
power laws                              `genloss.scaling`
======================================  ===================================================
"""

from __future__ import annotations

from genloss.papers.demystified.decomposition import Decomposition
from genloss.papers.demystified.interpolating_generators import (
    extra_bias,
    noise_ceiling,
    overparametrised,
)
from genloss.papers.demystified.no_penalty import (
    inherited_noise,
    least_squares,
    least_squares_runs,
    least_squares_spread,
    minimum_norm,
)
from genloss.papers.demystified.recursion import master_recursion
from genloss.papers.demystified.ridge_downstream import (
    best_penalty_infinite_rows,
    rho,
    ridge,
    ridge_infinite_rows,
    ridge_isotropic,
)
from genloss.papers.demystified.setting import Setting

__all__ = [
    "Decomposition",
    "Setting",
    "best_penalty_infinite_rows",
    "extra_bias",
    "inherited_noise",
    "least_squares",
    "least_squares_runs",
    "least_squares_spread",
    "master_recursion",
    "minimum_norm",
    "noise_ceiling",
    "overparametrised",
    "rho",
    "ridge",
    "ridge_infinite_rows",
    "ridge_isotropic",
]
