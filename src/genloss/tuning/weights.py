"""Whether theory knows fits to rows of several weights: of some it knows only those to rows that all weigh the same."""

from __future__ import annotations

import numpy as np

from genloss.errors import NoTheoryError
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.spectrum import Spectral
from genloss.steps import resolve
from genloss.theory.predict import ways_of
from genloss.tuning.layout import Layout, Setting


def refused(problem: Spectral, layout: Layout, free: tuple[str, ...]) -> str | None:
    """Why theory does not know a plan once its weights are unlike; None where it does, or does not know the plan itself."""
    setting = Setting(_penalty(layout.plan, free), 0.5 if "real" in free else None, None, 1.0)
    if _unknown(problem, layout.to_plan(setting)):
        return None
    other = 2 * max(source.weight for source in layout.sources)
    return _unknown(problem, layout.to_plan(setting._replace(weight=other)))


def _penalty(plan: Plan, free: tuple[str, ...]) -> np.ndarray | None:
    """Numbers in place of the penalties that are free, which fits do not choose then."""
    if "last_penalty" in free and "penalty" not in free:
        return np.append(plan.penalty[:-1], 1.0)
    return np.ones(plan.n_models) if {"penalty", "schedule"} & {*free} else None


def _unknown(problem: Spectral, plan: Plan) -> str | None:
    """Why theory does not know a plan, but for its intercept, which has no say in weights."""
    steps = resolve(plan.with_intercept(False))
    try:
        if isinstance(problem, Problem) and problem.truth.ndim == 2:
            from genloss.theory.several.curve import check  # opens SciPy's special functions

            check(problem, steps)
        else:
            ways_of(problem, steps)
    except NoTheoryError as error:
        return str(error)
    return None
