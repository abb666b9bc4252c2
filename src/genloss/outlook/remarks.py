"""What is worth knowing about a forecast, and what makes it weak."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.estimate.row_weights import effective
from genloss.outlook import signs
from genloss.outlook.check import Check
from genloss.outlook.losses import Losses
from genloss.outlook.plans import fitted_rows
from genloss.outlook.prepare import Prepared
from genloss.outlook.result import Advice, Outcome
from genloss.outlook.sample import Sample
from genloss.plan import Plan
from genloss.weighing.rows import DETERMINED

Array = npt.NDArray[np.float64]

EXACT = 1e-9
"""Share of the error of always answering the mean below which the target is determined."""


def notes_of(
    prepared: Prepared,
    plan: Plan,
    checked: Check,
    squares: Array,
    baseline: float,
    losses: Losses,
    *,
    tuned: bool,
) -> tuple[str, ...]:
    """What was done and what the rows look like, one sentence each."""
    sample, n = prepared.sample, int(plan.n_samples.max())
    said = list(prepared.notes)
    if tuned:
        said.append("the penalty is the best one for model 0")
    said.append(f"errors, growths and advice rest on {sample.size:,} rows")
    if losses.n_samples < n:
        said.append(
            f"rehearsed with {losses.n_samples} rows per generation, carried to {n} by theory"
        )
    if sample.kernel is None and prepared.theory and sample.size <= sample.X.shape[1] + 1:
        said.append(
            "of no more rows than columns theory cannot see the smallest eigenvalues: at tiny penalties "
            "it may be off by a factor of 2, which the interval has from its distance to rehearsals"
        )
    if checked.plan.n_samples.max() < n:
        said.append(
            f"the check ran with {int(checked.plan.n_samples.max())} rows per generation, of {n}"
        )
    elif checked.fresh > checked.sizes["pool"]:
        said.append("in the check, late generations meet rows again")
    if prepared.repeated:
        said.append("copies of a row were kept on one side of every split")
    if sample.weights is not None:
        said.append(
            f"weights count in every fit and error; these {sample.size:,} rows are worth "
            f"{effective(sample.weights):,.0f} of equal weight"
        )
    elif prepared.table.weights is not None:
        said.append("the weights of these rows are equal, and change nothing")
    if sample.texts:
        names = ", ".join(repr(name) for name in sample.texts)
        said.append(f"encoded {names} by the target, inside every split")
    share = float(squares.mean()) / baseline
    if EXACT <= share < signs.NEAR:
        said.append(
            f"the target is nearly determined: model 0 leaves {share:.1g} of its variance; growths "
            "are of that small rest"
        )
    if signs.heavy_tails(squares) > signs.HEAVY:
        cure = ""
        if not sample.log and sample.y.min() > 0 and _skewed(sample.y):
            cure = "; its logarithm may suit (log=True)"
        said.append(f"1 % of the rows make more than a quarter of the mean squared error{cure}")
    if sample.time is None and sample.groups is None:
        ratio = signs.ordered(sample, prepared.place)
        if ratio is not None:
            said.append(
                "neighbouring rows of the table are alike, and the mean squared error of a model of other "
                f"stretches of it is {ratio - 1:.0%} larger: if rows are in order of time, name it (time)"
            )
    return tuple(said)


def _skewed(y: Array) -> bool:
    """Whether the target lies less evenly than its logarithm."""

    def skew(values: Array) -> float:
        left = values - values.mean()
        return float(np.abs(np.mean(left**3)) / max(np.mean(left**2), 1e-300) ** 1.5)

    return skew(np.log(y)) < skew(y)


def warnings_of(
    advice: Advice, own: Outcome, plan: Plan, sample: Sample, squares: Array, baseline: float
) -> tuple[str, ...]:
    """Where the answer is weak, one sentence each."""
    said = []
    if not advice.beats_mean[0] and np.isfinite(own.error[0]):
        said.append("this model does not beat the mean")
    lost = np.flatnonzero(np.isinf(own.error))
    if lost.size:
        n = int(fitted_rows(plan)[lost[0]])
        said.append(
            f"the error of model {lost[0]} and its heirs has no finite mean: n_samples is {n}, the "
            f"table has {sample.X.shape[1]} columns, and least squares with an intercept need 3 rows "
            f"more than columns; take a penalty such as {advice.best_first_penalty:.2g}"
        )
    if float(squares.mean()) < EXACT * baseline:
        said.append(DETERMINED)
    if not advice.agrees:
        said.append("forecast and measurement disagree on what becomes of the error")
    return tuple(said)
