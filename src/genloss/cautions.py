"""What a plan alone says about its fits: how many rows they see, and where averages do not settle."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.plan import Plan

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def fitted_rows(plan: Plan) -> list[int]:
    """Different rows of every fit: those of all designs so far where it pools them."""
    rows, design, total = [], 0, 0
    for generation in plan:
        if generation.design == "fresh":
            design = generation.n_samples
            total += design
        seen = total if generation.pooled else design
        rows.append(seen if generation.subsample is None else generation.subsample)
    return rows


def freedom(plan: Plan, dim: float) -> list[float]:
    """Coordinates that every fit has."""
    return [min(dim, generation.features or dim) for generation in plan]


def near_interpolation(rows: Array, freedom: Array, penalty: Array) -> Mask:
    """Where a fit without penalty has within 3 as many rows as coordinates.

    With noisy labels its error then has no variance, and within 1 no mean.
    """
    return (penalty == 0) & (np.abs(rows - freedom) <= 3)
