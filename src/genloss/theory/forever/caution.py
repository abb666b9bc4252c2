"""Whether plans that mix labelers would explode if they went on: looked for only where they may."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from genloss.curve import Curve
from genloss.generation import REAL
from genloss.plan import Plan
from genloss.spectrum import Spectral
from genloss.theory.forever import cures
from genloss.theory.forever.fresh_blocks import FreshBlock
from genloss.theory.forever.repeating import Repetition
from genloss.theory.labelers import groups
from genloss.theory.routes import Walk
from genloss.theory.units import is_ordinary

Array = npt.NDArray[np.float64]

_SAFE = 0.5
"""Share of the rows that df2 may take: below, ``rho <= df2 / (n - df2)`` is below one (`for-ever.md`)."""


_BELOW = 0.98  # of rho: nearer to the border the exact formulas of least squares decide

UNSTABLE = "unstable: "


def growing(walk: Walk) -> dict[int, float]:
    """Spectral radius of the plans of a batch that explode, by their place in it."""
    last, directions = walk.chains[0][-1], walk.moments.directions
    if len(last.blocks) < 2 or last.towards is not None or walk.ways[-1] is not Walk.fresh:
        return {}
    if any(block.shares.keys() - {REAL, last.model - 1} for block in last.blocks):
        return {}
    taken = np.fmax(walk.directions_used[:, -1] / walk.rows[:, -1], walk.filling[:, -1])
    if not (taken > _SAFE).any():
        return {}
    if (_rho(walk, last.model) < _BELOW).all():
        return {}
    block = FreshBlock(directions, walk.chains, _last(last.model + 1), stages=walk.stages[-1:])
    if block.diverges():
        return {}
    links = block.links()
    if not (block.margin(links) > 0).any():
        return {}
    radius = block.ends(links).radius
    return {int(plan): float(radius[plan]) for plan in np.flatnonzero(radius > 1)}


def _rho(walk: Walk, model: int) -> Array:
    """The border of a stack of real rows and rows of the previous model: below one where it is stable."""
    members = {tuple(m.labeler.items()): m.rows for m in groups(walk.chains, model)}
    real = members.get(((REAL, 1.0),))
    if real is None or members.keys() != {((REAL, 1.0),), ((model - 1, 1.0),)}:
        return np.array([np.inf])
    stage = walk.stages[model]
    share = real / sum(members.values())
    keep, shrink = 1 - share, stage.shrunk(1.0)
    fed = share * (keep * shrink) ** 2 + keep * (1 - keep * shrink) ** 2
    return np.asarray((stage.gain * fed / (1 - (keep * shrink) ** 2)) @ walk.moments.spectrum)


def _last(models: int) -> Repetition:
    """The last generation, said to repeat: what plans of one outline have in common."""
    return Repetition(1, models - 1, models, frozenset())


def sentence(radius: float) -> str:
    """What an unstable plan does."""
    return (
        f"{UNSTABLE}rows whose labelers contradict each other, and few of them, make each repetition of "
        f"the last generation multiply the error by {round(radius, 9):.3g} in the end; genloss.limit(problem, "
        "plan) says what would stop it"
    )


def with_cure(problem: Spectral, plan: Plan, curve: Curve) -> Curve:
    """The curve of a plan, which is told what would stop it if it is unstable."""
    said = curve.warnings
    if not said or not said[0].startswith(UNSTABLE) or not is_ordinary(problem):
        return curve
    ways = cures.ways(*cures.of(FreshBlock.after(problem, plan, _last(plan.n_models))))
    if not ways:
        return curve
    told = said[0].rpartition("; ")[0] + f"; it is stopped by {ways}"
    return replace(curve, warnings=(told, *said[1:]))
