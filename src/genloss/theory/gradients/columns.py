"""Several columns of linear labels: one linear map fits them all, so that errors of columns add.

Their sum is the error of one column whose truth has in every direction the columns' length there, and whose labels
have all the noise: that of each column times the root of their number. A model from outside is along the truth there
what it is of it, and all else of it, which no fit can tell from chance, adds to its covariances.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.external import External
from genloss.generation import REAL
from genloss.problem import Problem
from genloss.steps import Steps
from genloss.theory.gradients.found import Gradient

Array = npt.NDArray[np.float64]


def obstacle(problem: Problem, steps: Steps) -> str | None:
    """Why columns do not add, or nobody knows them."""
    from genloss.theory.several.curve import check  # opens SciPy's special functions

    if problem.means is not None:
        return "problem has class means of several classes"
    for step in steps:
        if not step.is_linear or any(block.keep is not None for block in step.blocks):
            return f"model {step.model} of several columns has labels or a rule in which they meet"
    try:
        check(problem, steps)
    except NoTheoryError as error:
        return str(error)
    return None


def as_one(problem: Problem, steps: Steps) -> tuple[Problem, Steps]:
    """One column, and the steps that fit it."""
    one = Problem(problem.spectrum, np.linalg.norm(problem.truth, axis=1))
    apart = between(problem, steps)
    outside = tuple(
        External(
            bias=tuple((along - one.truth).tolist()),
            variance=tuple(apart[REAL - 1 - k, REAL - 1 - k].tolist()),
        )
        for k, (along, _) in enumerate(_split(problem, steps))
    )
    return one, Steps(step._replace(outside=outside) for step in louder(problem, steps))


def louder(problem: Problem, steps: Steps) -> Steps:
    """The steps with the noise of all columns on the labels of one."""
    loud = problem.truth.shape[1] ** 0.5
    return Steps(
        step._replace(blocks=tuple(b._replace(noise=loud * b.noise) for b in step.blocks))
        for step in steps
    )


def between(problem: Problem, steps: Steps) -> dict[tuple[int, int], Array]:
    """Covariances of models from outside about what they are along the truth, (p,)."""
    found = {}
    split = [beside for _, beside in _split(problem, steps)]
    for k, one in enumerate(split):
        for j, other in enumerate(split[: k + 1]):
            found[REAL - 1 - k, REAL - 1 - j] = (one * other).sum(axis=1)
        _, variance = steps[0].outside[k].law(problem.truth)
        found[REAL - 1 - k, REAL - 1 - k] += variance.sum(axis=1)
    return found


def _split(problem: Problem, steps: Steps) -> list[tuple[Array, Array]]:
    """Means of models from outside along the truth of every direction, (p,), and what is left of them, (p, columns)."""
    length = np.linalg.norm(problem.truth, axis=1, keepdims=True)
    unit = np.divide(problem.truth, length, out=np.zeros_like(problem.truth), where=length > 0)
    means = [each.law(problem.truth)[0] for each in steps[0].outside]
    along = [(unit * mean).sum(axis=1) for mean in means]
    return [(a, mean - a[:, None] * unit) for a, mean in zip(along, means, strict=True)]


def of_each(found: Gradient, columns: int) -> Gradient:
    """Slopes in the noise of every column, from those in that of the one."""
    return found._replace(noise=[columns**0.5 * each for each in found.noise])
