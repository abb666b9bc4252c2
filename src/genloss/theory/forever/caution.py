"""Whether plans that mix labelers would explode if they went on: looked for only where they may."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from genloss.curve import Curve
from genloss.generation import REAL
from genloss.plan import Plan
from genloss.problem import beyond
from genloss.spectrum import Spectral, Spectrum
from genloss.steps import resolve
from genloss.theory.forever import cures
from genloss.theory.forever.fresh_blocks import FreshBlock
from genloss.theory.forever.links import is_affine
from genloss.theory.forever.repeating import Repetition, repetition
from genloss.theory.labelers import groups
from genloss.theory.units import is_ordinary
from genloss.theory.walk import Walk

Array = npt.NDArray[np.float64]

_SAFE = 0.5
"""Share of the rows that df2 may take: below, ``rho <= df2 / (n - df2)`` is below one (`for-ever.md`)."""


_BELOW = 0.98  # of rho: nearer to the border the exact formulas of least squares decide

_SHOWN = 4  # models whose moves show growth
_STEADY = 1e-3  # growth that is none
_AHEAD = 20  # repetitions in which growth that falls as it does now would not end

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


_FEW_ROWS = "rows whose labelers contradict each other, and few of them,"
_BEYOND = "labels that go beyond what models say"


def sentence(radius: float, length: int = 1, why: str = _FEW_ROWS) -> str:
    """What an unstable plan does."""
    last = "generation" if length == 1 else f"{length} generations"
    return (
        f"{UNSTABLE}{why} make each repetition of the last {last} multiply the error by "
        f"{round(radius, 9):.3g} in the end; genloss.limit(problem, plan) says what would stop it"
    )


def with_cure(problem: Spectral, plan: Plan, curve: Curve) -> Curve:
    """The curve of one plan, which is told whether its end explodes, and what would stop it."""
    told = bool(curve.warnings) and curve.warnings[0].startswith(UNSTABLE)
    solved, steps = not beyond(problem) and is_ordinary(problem), resolve(plan)
    if solved and not (told or _may_explode(plan, problem.directions)):
        return _as_it_shows(plan, curve)
    found = repetition(plan)
    solved = solved and not steps.turned  # moments that begin as matrices
    if not solved or not all(map(is_affine, steps[found.first :])):
        return _as_it_shows(plan, curve)
    block, others = FreshBlock.after(problem, plan, found), curve.warnings[told:]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        links = block.links()
        if block.diverges() or not block.margin(links)[0] > 0:
            return replace(curve, warnings=others)
        radius = float(block.ends(links).radius[0])
        ways = cures.ways(*cures.of(block))
    said = sentence(radius, found.length, _BEYOND if _goes_beyond(plan) else _FEW_ROWS)
    if ways:
        said = said.rpartition("; ")[0] + f"; it is stopped by {ways}"
    return replace(curve, warnings=(said, *others))


def _as_it_shows(plan: Plan, curve: Curve) -> Curve:
    """The curve of a plan of any fits, which is told whether its last moves grow, and do not cease to."""
    shown = curve.risk[-_SHOWN:].tolist()
    if len(shown) < _SHOWN or not all(map(math.isfinite, shown)):
        return curve
    first, second, third = (after - before for before, after in pairwise(shown))
    if not min(first, second, third) > 0:
        return curve
    before, growth = second / first, third / second
    falls = max(before - growth, 0.0)
    if not (growth > 1 + _STEADY and growth - 1 > _AHEAD * falls) or is_affine(resolve(plan)[-1]):
        return curve
    found = repetition(plan)
    if found.length > 1 or found.stop - found.start < _SHOWN:
        return curve
    said = (
        f"{UNSTABLE}each repetition of the last generation multiplies the move of the error by {growth:.3g}, as far as "
        f"{plan.n_models} models show; genloss.limit(problem, plan) says whether it goes on, and what would stop it"
    )
    return replace(curve, warnings=(said, *curve.warnings))


def _may_explode(plan: Plan, directions: Spectrum) -> bool:
    """Whether labelers may contradict each other in a fit with few rows, or labels go beyond what models say."""
    last = plan.generations[-1]
    if _goes_beyond(plan):
        return True
    if len(last.sources) == 1 and last.towards is None:
        return False
    step = resolve(plan)[-1]
    if step.retuned or any(block.covariance is not None for block in step.blocks):
        return True
    loud = np.array([block.weight for block in step.blocks])
    rows = np.array([block.rows for block in step.blocks])
    # without noise of the rows kappa is what the penalty says, and in truth it is larger
    most = loud.max() * directions.eigenvalues
    df2 = float(np.square(most / (most + step.penalty)) @ directions.multiplicity)
    return df2 > _SAFE * (rows @ loud) ** 2 / (rows @ loud**2)


def _goes_beyond(plan: Plan) -> bool:
    """Whether a label of the last generation is no average of what labelers say."""
    asked = [source.mixture for source in plan.generations[-1].sources]
    return any(sum(map(abs, shares.values())) > 1 + 1e-12 for shares in asked)
