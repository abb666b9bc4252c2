"""Two clouds as classes with a column each: a linear system, where a fixed point is hard to find."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from genloss.curve import Curve
from genloss.losses.squared import Squared
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.steps import resolve


def knows(problem: object, plan: Plan) -> bool:
    """Whether a plan of two clouds is one of two columns: squared loss, all rows kept, no noise."""
    two = isinstance(problem, Problem) and problem.means is not None and problem.truth.ndim == 1
    return two and all(
        isinstance(step.loss, Squared)
        and step.penalty > 0
        and all(block.keep is None and not block.noise for block in step.blocks)
        for step in resolve(plan)
    )


def curve_of(problem: Problem, plan: Plan) -> Curve:
    """The curve of models w from that of columns w / 2 and -w / 2, which have half the risk.

    Raises
    ------
    NoTheoryError
        If theory does not know the plan with several classes either.
    """
    from genloss.theory.several.curve import curve_of as of_columns  # opens SciPy's functions

    assert problem.means is not None
    columns = Problem(problem.spectrum, means=np.stack([problem.means, -problem.means], axis=1))
    found = of_columns(replace(columns, gaussian=problem.gaussian), resolve(plan))
    assert found.bias is not None
    assert found.variance is not None
    assert found.norm is not None
    return replace(
        found,
        risk=2 * found.risk,
        bias=2 * found.bias,
        variance=2 * found.variance,
        norm=np.sqrt(2) * found.norm,
    )
