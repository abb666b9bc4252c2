"""What to do about a forecast: when the error doubles, which penalty, how many real labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.data.correction import Correction, Expected, Theory
from genloss.plan import Plan
from genloss.tune import real_rows_needed, tune

Array = npt.NDArray[np.float64]

HORIZON = 100  # generations up to which a doubling is looked for
TOLERANCE = 0.1  # increase over the first model's error that counts as holding it


@dataclass(frozen=True)
class Advice:
    """Answers about a plan on a user's data; errors are mean squared errors on real labels.

    Attributes
    ----------
    doubles_at : int or None
        First model whose error is twice model 0's; None if none is within ``horizon``.
    horizon : int
        Number of models looked at; beyond the plan's own the last generation is repeated.
    best_penalty : float
        The penalty, one for all generations, with the smallest error of the last model.
    best_error : float
        Predicted error of the last model with it.
    error : float
        Predicted error of the last model with the plan as it is.
    real_rows : int or None
        Fewest real rows per generation that hold every model within ``tolerance`` of model 0;
        0 if the plan holds as it is, None if not even all rows are enough.
    tolerance : float
        Allowed increase over model 0.
    """

    doubles_at: int | None
    horizon: int
    best_penalty: float
    best_error: float
    error: float
    real_rows: int | None
    tolerance: float = TOLERANCE

    def sentences(self, plan: Plan) -> list[str]:
        """The answers in plain words."""
        last = plan.n_models - 1
        if self.doubles_at is None:
            doubling = f"The error does not double within {self.horizon} models."
        elif self.doubles_at <= last:
            doubling = f"The error has doubled at model {self.doubles_at}."
        else:
            doubling = f"If it went on, the error would have doubled at model {self.doubles_at}."
        gain = 1 - self.best_error / self.error
        if gain > 0.005:
            penalty = (
                f"Best penalty, one for all generations: {self.best_penalty:.2g}; model {last}'s error "
                f"is then {self.best_error:.4g} instead of {self.error:.4g} ({gain:.0%} less)."
            )
        else:
            penalty = "No other penalty, one for all generations, lowers the last error by 0.5 %."
        rows = int(plan.n_samples[-1])
        within = f"{self.tolerance:.0%} of model 0's"
        if self.real_rows is None:
            real = f"Not even {rows} real labels per generation hold the error within {within}."
        elif self.real_rows == 0:
            real = f"No real labels are needed after model 0: the error stays within {within}."
        else:
            real = (
                f"{self.real_rows} real labels among the {rows} of each generation hold the error "
                f"within {within}."
            )
        return [doubling, penalty, real]


def advise(
    theory: Theory,
    correct: Correction,
    plan: Plan,
    expected: Expected,
    penalties: tuple[float, float],
) -> Advice:
    """Derive the advice from the theory, corrected by what rehearsals showed of it.

    Parameters
    ----------
    theory : Theory
        State evolution of the estimated problem.
    correct : Correction
        Used for the plan with the best penalty, which gets rehearsals of its own.
    plan : Plan
        The plan that was forecast.
    expected : Expected
        Its corrected errors.
    penalties : tuple of float
        Smallest and largest penalty to consider.
    """

    def error(candidate: Plan) -> Array:
        missing = max(candidate.n_models - expected.ratio.size, 0)
        ratio = np.append(expected.ratio, np.full(missing, expected.ratio[-1]))
        return theory.error(candidate) * ratio[: candidate.n_models]

    more = max(HORIZON - plan.n_models, 0) if plan.n_models > 1 else 0
    horizon = Plan((*plan.generations, *plan.generations[-1:] * more))
    errors = error(horizon)
    above = np.flatnonzero(errors > 2 * errors[0])
    own = float(expected.error[-1])
    ready = tune(theory.problem, theory.ready(plan), penalties=penalties).plan
    best_plan = plan.with_penalty(ready.penalty)
    best = float(correct(best_plan).error[-1]) if best_plan != plan else own
    if best >= own:
        best_plan, best = plan, own
    return Advice(
        doubles_at=int(above[0]) if above.size else None,
        horizon=horizon.n_models,
        best_penalty=float(best_plan.penalty[-1]),
        best_error=best,
        error=own,
        real_rows=real_rows_needed(plan, error, tolerance=TOLERANCE),
    )
