"""What to do about a forecast: when the error doubles, which penalty, how many real labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.data.correction import Correction, Expected, Theory
from genloss.plan import Plan
from genloss.predict.routes import has_closed_route
from genloss.tune import real_rows_needed, tune, with_real_rows

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
        The penalty, one for all generations, with the smallest error of the last model; the plan's
        own last penalty if none is better or no theory knows.
    best_error : float
        Predicted error of the last model with it.
    error : float
        Predicted error of the last model with the plan as it is.
    real_rows : int or None
        Fewest real rows, in place of model-labelled ones in every generation, that hold every model
        within ``tolerance`` of model 0; 0 if the plan holds as it is, None if no number does.
    best_penalty_known, real_rows_known : bool
        False where no closed formula knows the plan, or the plan with real rows in it.
    tolerance : float
        Allowed increase over model 0.
    """

    doubles_at: int | None
    horizon: int
    best_penalty: float
    best_error: float
    error: float
    real_rows: int | None
    best_penalty_known: bool = True
    real_rows_known: bool = True
    tolerance: float = TOLERANCE

    def sentences(self, plan: Plan) -> list[str]:
        """The answers in plain words."""
        last, asked = plan.n_models - 1, plan.n_models
        found = []
        if self.doubles_at is not None and self.doubles_at <= last:
            found.append(f"The error has doubled at model {self.doubles_at}.")
        elif self.doubles_at is not None:
            found.append(
                f"The error does not double within these {asked} models; extrapolated, it would have "
                f"doubled at about model {self.doubles_at}."
            )
        elif last > 0:
            beyond = f", nor, extrapolated, within {self.horizon}" if self.horizon > asked else ""
            found.append(f"The error does not double within these {asked} models{beyond}.")
        gain = 1 - self.best_error / self.error
        if not self.best_penalty_known:
            found.append("Which penalty would be best is not known for such a plan.")
        elif gain > 0.005:
            found.append(
                f"Best penalty for model {last}, one for all generations: {self.best_penalty:.2g}; its "
                f"error is then {self.best_error:.4g} instead of {self.error:.4g} ({gain:.0%} less)."
            )
        else:
            found.append(f"No other penalty lowers the error of model {last} by 0.5 % or more.")
        within = f"within {self.tolerance:.0%} of model 0's"
        if not self.real_rows_known:
            found.append("How many real labels would be needed is not known for such a plan.")
        elif last > 0 and self.real_rows == 0:
            found.append(f"No further real labels are needed: the error stays {within}.")
        elif last > 0 and (self.real_rows is None or self.real_rows >= plan.n_samples[1:].max()):
            found.append(
                f"Only real labels in place of all model-made ones hold the error {within}."
            )
        elif last > 0:
            labels = "label" if self.real_rows == 1 else "labels"
            found.append(
                f"{self.real_rows} real {labels} in place of model-made ones, in every generation, "
                f"hold the error {within}."
            )
        return found


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

    # plans are extended and searched over only where a closed formula knows them all
    extended = has_closed_route(plan) and plan.n_models > 1
    more = max(HORIZON - plan.n_models, 0) if extended else 0
    horizon = Plan((*plan.generations, *plan.generations[-1:] * more))
    errors = error(horizon)
    above = np.flatnonzero(errors > 2 * errors[0])
    own = float(expected.error[-1])
    best_plan, best, real_rows = plan, own, None
    if penalty_known := has_closed_route(plan.with_penalty(1.0)):
        best_plan, best = _best(theory, correct, plan, own, penalties)
    if rows_known := has_closed_route(with_real_rows(plan, 1)):
        real_rows = _confirmed(plan, real_rows_needed(plan, error, tolerance=TOLERANCE), correct)
    return Advice(
        doubles_at=int(above[0]) if above.size else None,
        horizon=horizon.n_models,
        best_penalty=float(best_plan.penalty[-1]),
        best_error=best,
        error=own,
        real_rows=real_rows,
        best_penalty_known=penalty_known,
        real_rows_known=rows_known,
    )


def _best(
    theory: Theory,
    correct: Correction,
    plan: Plan,
    own: float,
    penalties: tuple[float, float],
) -> tuple[Plan, float]:
    """The plan with its best penalty, and the last error then."""
    ready = tune(theory.problem, theory.ready(plan), penalties=penalties).plan
    other = plan.with_penalty(ready.penalty)
    error = float(correct(other).error[-1]) if other != plan else own
    return (other, error) if error < own else (plan, own)


def _confirmed(plan: Plan, rows: int | None, correct: Correction) -> int | None:
    """Real rows raised until rehearsals of the very plan with them confirm that the error holds."""
    most = int(plan.n_samples.max())
    while rows is not None and 0 < rows < most:
        errors = correct(with_real_rows(plan, rows)).error
        if (errors <= (1 + TOLERANCE) * errors[0]).all():
            return rows
        rows = min(max(round(1.25 * rows), rows + 1), most)
    return rows
