"""The advice in plain words, the most important first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genloss._words import change, number
from genloss.outlook.check import Check
from genloss.outlook.result import Advice, Outcome
from genloss.outlook.units import UNITS, Unit
from genloss.plan import Plan

GAIN = 0.005
"""Share of the error that a better penalty must save to be worth a sentence."""

_STILL = 0.002


@dataclass(frozen=True, eq=False)
class Facts:
    """What the sentences are about, and the unit of errors in them.

    ``lossless`` where a refit without a penalty returns its teacher; ``baseline`` is the mean squared
    error of always answering the mean.
    """

    plan: Plan
    own: Outcome
    retuned: Outcome
    check: Check
    advice: Advice
    cv: bool
    kernel: str | None
    lossless: bool
    baseline: float
    unit: Unit = UNITS["mse"]

    def changed(self, growth: float) -> str:
        """A factor of the mean squared error, as a change of what changes are of."""
        return percent(float(self.unit.grown(growth)))


def sentences(facts: Facts) -> list[str]:
    """All sentences; where model 0 does not beat the mean, that one alone."""
    found = facts.advice
    if not found.beats_mean[0] and np.isfinite(found.error_first):
        return [
            "This model does not beat the mean: always answering the target's mean has the smaller "
            "error. Nothing else is advised; give more rows, other features or another kernel."
        ]
    said = list[str]()
    late = next((t for t, better in enumerate(found.beats_mean) if not better), None)
    if not np.isfinite(found.error_first):
        late = None
    elif late is not None:
        said.append(f"From model {late} on, the models no longer beat the mean.")
    if late is None and np.isfinite(found.error_first) and not found.clearly_beats_mean[0]:
        said.append("Model 0 does not clearly beat the mean; take what follows with care.")
    if not found.agrees:
        said.append(_disagreement(facts))
    if facts.plan.n_models > 1:
        said += [_change(facts), *_doubling(facts), *_retuned(facts)]
    said += [_penalty(facts), *_alpha(facts)]
    if facts.plan.n_models > 1 and np.isfinite(facts.own.error).all():
        said.append(_real_rows(facts))
    return said


def percent(growth: float) -> str:
    """A growth as a signed percentage, or as a factor where it is large."""
    if not np.isfinite(growth):
        return "without bound"
    return change(growth, 1.0)


def _change(facts: Facts) -> str:
    own, last = facts.own, facts.plan.n_models - 1
    growth, low, high = own.growth[-1], own.growth_low[-1], own.growth_high[-1]
    if not np.isfinite(own.error[-1]):
        return f"The error of model {last} has no finite mean with this penalty."
    noun = facts.unit.of_change
    between = f"between {facts.changed(low)} and {facts.changed(high)}"
    if abs(growth - 1) < _STILL:
        return f"The {noun} of model {last} is that of model 0: nothing is lost."
    if low <= 1 <= high:
        return (
            f"The {noun} of model {last} cannot be told from model 0's: {facts.changed(growth)}, "
            f"{between}."
        )
    return f"The {noun} changes by {facts.changed(growth)} from model 0 to model {last}, {between}."


def _doubling(facts: Facts) -> list[str]:
    found, last = facts.advice, facts.plan.n_models - 1
    if not np.isfinite(facts.own.error[-1]):
        return []
    at, (early, late) = found.doubles_at, found.doubles_at_range
    if facts.own.growth_low[-1] <= 1 and early is not None:
        return []  # inside the noise nothing is claimed
    it = "It" if facts.unit.of_change == facts.unit.squared else f"The {facts.unit.squared}"
    if at is None and early is None:
        horizon = f" {found.horizon}" if found.horizon > facts.plan.n_models else ""
        return [f"{it} does not double within{horizon or ' these'} models."]
    if at is None:
        return [f"{it} may double from model {early} on, or not within {found.horizon} models."]
    until = f"and model {late}" if late is not None else f"and later than model {found.horizon}"
    spread = "" if early == late else f" (between model {early} {until})"
    if at <= last:
        return [f"{it} has doubled at model {at}{spread}."]
    return [f"Extrapolated, {it[0].lower()}{it[1:]} will have doubled at about model {at}{spread}."]


def _retuned(facts: Facts) -> list[str]:
    own, other = facts.own, facts.retuned
    if not np.isfinite(own.growth[-1]):
        return []
    if facts.cv:
        return []
    text = (
        f"With the penalty chosen anew at every generation, the change is "
        f"{facts.changed(other.growth[-1])} (between {facts.changed(other.growth_low[-1])} and "
        f"{facts.changed(other.growth_high[-1])})"
    )
    if facts.lossless and facts.plan.penalty.max() > 0 and own.growth_low[-1] > 1:
        text += (
            "; noiseless labels refitted without a penalty lose nothing, a fixed one shrinks again"
        )
    return [text + "."]


def gained(advice: Advice) -> float:
    """Share of the last model's error that the best penalty saves."""
    return 1 - advice.best_error / advice.error if np.isfinite(advice.error) else 1.0


def alphas(plan: Plan, advice: Advice) -> str:
    """What scikit-learn takes for the plan's penalty, and for the best where that is worth a sentence."""
    n = int(plan.n_samples[0])
    planned = f"alpha={number(n * float(plan.penalty[0]), 3)}"
    if gained(advice) <= GAIN:
        return planned
    best = f"alpha={number(n * advice.best_penalty, 3)}"
    return f"{planned} (this plan) or {best} (the best penalty for model {plan.n_models - 1})"


def _penalty(facts: Facts) -> str:
    found, last = facts.advice, facts.plan.n_models - 1
    unit, gain = facts.unit, gained(found)
    low, high = found.best_penalty_range
    if gain <= GAIN:
        alike = _alike(low, high, "; from {} to {} they cannot be told apart")
        return (
            f"No other penalty lowers the {unit.squared} of model {last} by 0.5 % or more{alike}."
        )
    costs = found.best_error_first / found.error_first if np.isfinite(found.error_first) else 1
    of = "" if unit.noun == unit.of_change else f"{unit.of_change} "
    less = 1 - float(unit.grown(1 - gain))
    best, own, best_first, own_first = (
        unit.said(error, facts.baseline)
        for error in (
            found.best_error,
            found.error,
            found.best_error_first,
            found.error_first,
        )
    )
    first = (
        ""
        if not last
        else f" Model 0's is then {best_first} instead of {own_first}"
        + (f" ({of}{float(unit.grown(costs)) - 1:+.0%})." if costs != 1 else ".")
    )
    return (
        f"Best penalty for model {last}, one for all generations: {number(found.best_penalty, 2)}"
        f"{_alike(low, high, ' (from {} to {} cannot be told apart)')}; its {unit.noun} is then "
        f"{best} instead of {own} ({of}{less:.0%} less).{first}"
    )


def _alike(low: float, high: float, words: str) -> str:
    """A range in words, nothing where it is a point."""
    ends = number(low, 2), number(high, 2)
    return "" if ends[0] == ends[1] else words.format(*ends)


def _alpha(facts: Facts) -> list[str]:
    n = int(facts.plan.n_samples[0])
    finite = np.isfinite(facts.own.error[0])
    penalty = float(facts.plan.penalty[0]) if finite else facts.advice.best_first_penalty
    if facts.cv and facts.kernel is None:
        return [
            "In scikit-learn, on standardised features: RidgeCV(alphas) at every generation; the best "
            f"fixed one for model 0 is alpha={number(facts.advice.alpha_first, 3)} for {n} rows."
        ]
    model = "Ridge(" if facts.kernel is None else f"KernelRidge({facts.kernel}, "
    centred = "" if facts.kernel is None else " and a target less its mean"
    where = f"In scikit-learn, on standardised features{centred}"
    better = finite and not facts.cv and gained(facts.advice) > GAIN
    if penalty == 0 and not better:
        plain = "LinearRegression()" if facts.kernel is None else f"{model}alpha=0)"
        return [f"{where}: {plain}."] if finite else []
    here = f"here alpha={number(n * penalty, 3)} for {n} rows"
    if better:
        here = f"for {n} rows {alphas(facts.plan, facts.advice)}"
    return [f"{where}: {model}alpha=rows * penalty), {here}."]


def _real_rows(facts: Facts) -> str:
    found, n, error = facts.advice, int(facts.plan.n_samples[1:].max()), facts.unit.squared
    within = f"within {found.tolerance:.0%} of model 0's"
    low, high = found.real_rows_range
    if found.real_rows == 0 and high == 0:
        return f"No further real labels are needed: the {error} stays {within}."
    if low == 0 and high is None:
        return (
            f"Whether real labels are needed to hold the {error} {within} cannot be told from "
            "these rows."
        )
    upper = "all" if high is None else str(high)
    if found.real_rows == 0:
        return (
            f"Probably no further real labels are needed to hold the {error} {within}; at most "
            f"{upper} of {n} in every generation."
        )
    if found.real_rows is None or found.real_rows >= n:
        return f"Only real labels in place of all model-made ones hold the {error} {within}" + (
            f"; at least {low} of {n}." if low else "."
        )
    labels = "label holds" if found.real_rows == 1 else "labels hold"
    return (
        f"About {found.real_rows} real {labels} the {error} {within}, in every generation in place of "
        f"as many of {n} model-made ones (between {low or 0} and {upper})."
    )


def _disagreement(facts: Facts) -> str:
    runs = facts.check.runs.mean(axis=0)
    said = float(np.exp(facts.check.log_growth[-1]))
    return (
        "Forecast and measurement disagree on the rows held out: the last model's "
        f"{facts.unit.of_change} changes by {facts.changed(said)} by forecast and by "
        f"{facts.changed(float(runs[-1] / runs[0]))} as measured. "
        "Trust the measurement, and the advice below with care."
    )
