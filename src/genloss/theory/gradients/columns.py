"""Several columns of linear labels: one linear map fits them all, so that errors of columns add.

Their sum is the error of one column whose truth has in every direction the columns' length there, and whose labels
have all the noise: that of each column times the root of their number.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genloss.errors import NoTheoryError
from genloss.problem import Problem
from genloss.steps import Step
from genloss.theory.gradients.found import Gradient

Steps = Sequence[Step]


def obstacle(problem: Problem, steps: Steps) -> str | None:
    """Why columns do not add, or nobody knows them."""
    from genloss.theory.several.curve import check  # opens SciPy's special functions

    if problem.means is not None:
        return "problem has class means of several classes"
    if steps[0].outside:
        return "plan has a labeler from outside, and problem several columns"
    for step in steps:
        if not step.is_linear or any(block.keep is not None for block in step.blocks):
            return f"model {step.model} of several columns has labels or a rule in which they meet"
    try:
        check(problem, steps)
    except NoTheoryError as error:
        return str(error)
    return None


def as_one(problem: Problem, steps: Steps) -> tuple[Problem, list[Step]]:
    """One column, and the steps that fit it."""
    loud = problem.truth.shape[1] ** 0.5
    made = [
        step._replace(blocks=tuple(b._replace(noise=loud * b.noise) for b in step.blocks))
        for step in steps
    ]
    return Problem(problem.spectrum, np.linalg.norm(problem.truth, axis=1)), made


def of_each(found: Gradient, columns: int) -> Gradient:
    """Slopes in the noise of every column, from those in that of the one."""
    return found._replace(noise=[columns**0.5 * each for each in found.noise])
