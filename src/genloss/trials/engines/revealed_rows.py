"""Chains whose fits look at single rows, on designs that are revealed from both sides: exact in law.

Subsets of a pool are masks here, and a row's label a number that a rule may change. What a fit asks
for, values ``X w`` and sums ``X'u``, is drawn where it is asked for and nowhere else: O(n + dim)
numbers a question. `engines.md` has the law and its limits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genloss import scores
from genloss.cautions import fitted_rows
from genloss.losses.squared import Squared
from genloss.problem import Problem
from genloss.steps import Step
from genloss.trials.engine import Engine
from genloss.trials.revealed import choice
from genloss.trials.revealed.chain import MOST_STEPS
from genloss.trials.revealed.row_chain import RowChain
from genloss.trials.tally import Batch

MOST_ROWS = 10**7
"""Rows beyond which an answer with an entry for every row is no small thing."""


def refuses(_problem: Problem, steps: Sequence[Step]) -> str | None:
    """Whether a fit asks for more than products of its rows, or has very many."""
    if why := choice.undetermined(steps):
        return why
    for step in steps:
        if step.intercept and fitted_rows([step]) == [1]:
            return f"model {step.model} has an intercept and one row"
        if why := choice.needs_matrix(step):
            return why
        if not step.loss.smooth:
            return f"the loss of model {step.model} has corners"
        if step.loss != Squared() and step.penalty == 0:
            return f"model {step.model} has no penalty, and its loss perhaps no minimum"
        if step.loss != Squared() and step.features is not None:
            return f"model {step.model} has random features and a loss that is not squared"
        if step.towards is not None and not step.loss.residual:
            return (
                f"the penalty of model {step.model} pulls to a model, and its loss is not of errors"
            )
        if step.rows > MOST_ROWS:
            return f"model {step.model} sees more than {MOST_ROWS} rows, one by one"
    return None


def run(problem: Problem, steps: Sequence[Step], rng: np.random.Generator, count: int) -> Batch:
    """Run the plan ``count`` times."""
    truth = np.sqrt(problem.spectrum) * problem.truth
    truth = np.append(truth, 0.0) if steps[0].intercept else truth
    risks, inner, square, with_first, accepted = np.empty((5, count, len(steps)))
    sums = np.empty((len(steps), truth.size))
    first = np.empty((count, truth.size))
    chain = RowChain(problem, steps, rng, count, MOST_STEPS)
    for model, fitted in enumerate(chain):
        first = fitted if model == 0 else first
        error = fitted - truth
        risks[:, model], sums[model] = np.vecdot(error, error), error.sum(axis=0)
        inner[:, model], square[:, model] = fitted @ truth, np.vecdot(fitted, fitted)
        with_first[:, model], accepted[:, model] = np.vecdot(fitted, first), chain.accepted
    if all(step.is_linear for step in steps):
        return Batch(risks, sums)
    known = scores.columns(
        steps, inner, square, float(truth @ truth), with_first, square[:, :1], accepted
    )
    return Batch(risks, sums, 0.0, known)


ENGINE = Engine(
    name="exact, revealed rows",
    cost=5.0,
    block=16,
    look=64,
    refuses=refuses,
    run=run,
    draws=None,
    method="revealed",
    pays=choice.rows_pay,
    sized=lambda problem, _steps: choice.rows_together(problem),
)
