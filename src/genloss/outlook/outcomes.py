"""Levels and growths put together: the plan, re-tuned, on all rows, and beside other policies."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from genloss.outlook.growth import NORMAL, Growth
from genloss.outlook.level import Level
from genloss.outlook.plans import without_mean
from genloss.outlook.result import Outcome
from genloss.outlook.study import Study
from genloss.plan import Plan

Array = npt.NDArray[np.float64]

POLICY_WORK = 3e8  # multiplications of one run of one policy
FIFTH = 0.2
KEPT = "real rows kept"
_POOLED = 1.35
"""Wider standard error where rows are pooled: they are more than the folds have, and come back.

This and the next from coverage on public tables (docs/forecast-accuracy.md).
"""

_MIXED = 0.85
"""Narrower where real labels are mixed in: kinds of inputs then differ by their draws alone."""


def outcome(
    name: str, plan: Plan, penalty: float, first: Level, found: Growth, rank: int | None
) -> Outcome:
    """Errors as level times growth; infinite where there is no mean."""
    log = np.log(first.error) + found.log
    half = NORMAL * np.hypot(first.se, found.se)
    lost = without_mean(plan, rank)
    grown = lost.copy()
    grown[0] = False
    return Outcome(
        name=name,
        n_samples=int(plan.n_samples.max()),
        penalty=penalty,
        error=np.where(lost, np.inf, np.exp(log)),
        low=np.exp(log - half),
        high=np.where(lost, np.inf, np.exp(log + half)),
        growth=np.where(grown, np.inf, np.exp(found.log)),
        growth_low=found.low,
        growth_high=np.where(grown, np.inf, found.high),
    )


def policies(
    study: Study, plan: Plan, own: Outcome, first: Level, rank: int | None, *, cv: bool
) -> tuple[Outcome, ...]:
    """Other ways to retrain, all of the plan's length, last rows, noise and penalty."""
    if plan.n_models < 2:
        return ()
    n, models = int(plan.n_samples.max()), plan.n_models
    last = plan.generations[-1]
    noise = max(source.noise for source in last.sources)
    penalty = math.nan if cv else float(plan.penalty[-1])
    fixed = 0.0 if cv else penalty
    plans = {
        "replace": Plan.replace(models, n, penalty=fixed, noise=noise),
        "accumulate": Plan.accumulate(models, n, design="fresh", penalty=fixed, noise=noise),
        "a fifth real": Plan.mix(models, n, real=FIFTH, penalty=fixed, noise=noise),
        KEPT: Plan.anchored(models, n, n_real=n, penalty=fixed, noise=noise),
    }
    found = []
    for name, other in plans.items():
        if other == (plan.with_penalty(0.0) if cv else plan):
            found.append(replace(own, name=name))
            continue
        if name == KEPT and study.affordable(other, 1, POLICY_WORK, few=not cv) is not other:
            continue  # no theory carries it from fewer rows
        grown = rehearsed_growth(study, other, penalty, POLICY_WORK)
        wider = {"accumulate": _POOLED, "a fifth real": _MIXED}.get(name, 1.0)
        grown = replace(grown, se=wider * grown.se)
        found.append(outcome(name, other, penalty, first, grown, None if cv else rank))
    return tuple(found)


def rehearsed_growth(study: Study, plan: Plan, penalty: float, each: float) -> Growth:
    """Growth of a plan with one penalty for all models, rehearsed within a budget a run."""
    cv = math.isnan(penalty)
    small = study.affordable(plan, 1, each, few=not cv)
    column = np.full((plan.n_models, 1), penalty)
    losses = study.rehearse(small, column, 1, study.sources(int(plan.n_samples.max())))
    return study.growth(plan, losses, small, cv=cv)
