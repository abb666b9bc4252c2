"""Ridge chains on designs that are revealed instead of drawn: exact in law, a few vectors a fit.

A fit by conjugate gradients asks for ``X'X v`` along a few directions. A Gaussian design can be drawn
along just those, whatever they depend on, and never needs to exist elsewhere: O(dim) numbers a step,
for any number of rows. `engines.md` has the law and its limits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genloss.problem import Problem
from genloss.steps import Step
from genloss.trials.engine import Engine
from genloss.trials.revealed import choice
from genloss.trials.revealed.chain import MOST_STEPS, Chain
from genloss.trials.revealed.layout import groups
from genloss.trials.tally import Batch


def refuses(_problem: Problem, steps: Sequence[Step]) -> str | None:
    """Whether something needs the rows one by one."""
    if why := choice.undetermined(steps):
        return why
    for step in steps:
        if not step.is_linear:
            return f"labels, loss or kept rows of model {step.model} are beyond ridge regression"
        if step.intercept and step.rows == 1:
            return f"model {step.model} has an intercept and one row"
        if step.drawn is not None:
            return f"rows are drawn from a pool for model {step.model}"
        if why := choice.needs_matrix(step):
            return why
    return None


def run(problem: Problem, steps: Sequence[Step], rng: np.random.Generator, count: int) -> Batch:
    """Run the plan ``count`` times."""
    truth = np.sqrt(problem.spectrum) * problem.truth
    truth = np.append(truth, 0.0) if steps[0].intercept else truth
    risks = np.empty((count, len(steps)))
    sums = np.empty((len(steps), truth.size))
    held = problem.dim <= choice.LARGEST
    most = most_steps(problem.dim) if held else MOST_STEPS
    chain = Chain(problem, steps, groups(steps), rng, count, most, completes=held)
    for model, fitted in enumerate(chain):
        error = fitted - truth
        risks[:, model] = np.vecdot(error, error)
        sums[model] = error.sum(axis=0)
    return Batch(risks, sums)


def most_steps(dim: int) -> int:
    """Steps after which a run is completed to whole matrices."""
    return dim // 2


ENGINE = Engine(
    name="exact, revealed designs",
    cost=4.0,
    block=64,
    look=256,
    refuses=refuses,
    run=run,
    draws=None,
    method="revealed",
    pays=choice.designs_pay,
    sized=choice.designs_together,
)
