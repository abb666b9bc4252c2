"""Whether plans that mix labelers would explode if they went on: looked for only where they may."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from genloss.curve import Curve
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.theory.closed import is_even
from genloss.theory.forever import cures
from genloss.theory.forever.fresh_blocks import FreshBlock
from genloss.theory.forever.repeating import repetition
from genloss.theory.routes import Walk
from genloss.theory.units import is_ordinary

_SAFE = 0.5
"""Share of the rows that df2 may take: below, ``rho <= df2 / (n - df2)`` is below one (`for-ever.md`)."""


UNSTABLE = "unstable: "


def growing(walk: Walk) -> dict[int, float]:
    """Spectral radius of the plans of a batch that explode, by their place in it."""
    plan, directions = walk.plans[0], walk.moments.directions
    last = plan.generations[-1]
    if len(last.sources) < 2 or plan.n_models < 3 or walk.ways[-1] is not Walk.fresh:
        return {}
    taken = np.fmax(walk.directions_used[:, -1], walk.filling[:, -1]) / walk.rows[:, -1]
    if not (taken > _SAFE).any():
        return {}
    found = repetition(plan)
    ends = (plan.generations[model] for model in found.models)
    if found.fixed or found.start + found.length == found.stop or not all(map(is_even, ends)):
        return {}
    if any(way is not Walk.fresh for way in walk.ways[found.first :]):
        return {}
    block = FreshBlock(directions, walk.plans, found, stages=walk.stages[found.first :])
    if block.diverges():
        return {}
    links = block.links()
    if not (block.margin(links) > 0).any():
        return {}
    radius = block.ends(links).radius
    return {int(plan): float(radius[plan]) for plan in np.flatnonzero(radius > 1)}


def sentence(radius: float) -> str:
    """What an unstable plan does."""
    return (
        f"{UNSTABLE}rows whose labelers contradict each other, and few of them, make every repetition of "
        f"the last generations multiply the error by {radius:.3g} in the end; genloss.limit(problem, "
        "plan) says what would stop it"
    )


def with_cure(problem: Problem, plan: Plan, curve: Curve) -> Curve:
    """The curve of a plan, which is told what would stop it if it is unstable."""
    said = curve.warnings
    if not said or not said[0].startswith(UNSTABLE) or not is_ordinary(problem):
        return curve
    penalty, real = cures.of(FreshBlock.after(problem, plan, repetition(plan)))
    ways = [] if penalty is None else [f"a penalty of {penalty:.3g}"]
    ways += [] if real is None else [f"{100 * real:.3g}% real rows"]
    if not ways:
        return curve
    told = said[0].rpartition("; ")[0] + f"; {' or '.join(ways)} would stop it"
    return replace(curve, warnings=(told, *said[1:]))
