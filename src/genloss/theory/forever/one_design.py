"""One design labelled anew for ever (`theory.md` 2.7): sums of powers of one filter, in closed form.

With h = x/(x + lam) per eigenvalue x of the design and labels a w* + b w_{t-1}, the mean settles at
``a h / (1 - b h)``, which is ``a/(1-b)`` times ridge with the penalty ``lam/(1-b)``; the noises of all
generations add up to ``x / ((x + lam)**2 - b**2 x**2)``, two resolvents by partial fractions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.generation import REAL
from genloss.plan import Plan
from genloss.spectrum import Spectral, Spectrum
from genloss.steps import Step, resolve
from genloss.theory.closed import is_alone, is_even, relabels
from genloss.theory.filters.contour import Contour
from genloss.theory.filters.edge import upper_edge
from genloss.theory.fit import Stage, stages
from genloss.theory.forever.iterates import half_life
from genloss.theory.forever.repeating import Repetition
from genloss.theory.predict import predict

Array = npt.NDArray[np.float64]

_SHOWN = 64  # repetitions that are looked at for the half-life
_LOUD = 3.0  # of a filter
_FEW = 12  # of filters, whose products grow steep


def obstacle(plan: Plan, found: Repetition) -> str | None:
    """Why the limit is not known, or None where it is."""
    steps = resolve(plan)
    last, model = steps[-1], steps[-1].model
    if found.length > 1:
        return "rounds of several generations reuse a design"
    if not relabels(last, steps[model - 1]) or last.is_pooled:
        return f"model {model} is not fitted to the rows of the model before it, labelled anew"
    if not (last.is_ridge or is_alone(last)):
        return f"model {model} is neither ridge regression nor a smooth filter on a reused design"
    if last.features is not None or last.retuned or last.towards is not None:
        return f"model {model} reuses a design with random features, penalty 'cv' or a model to pull to"
    if len(last.blocks) > 1 or not is_even(last):
        return f"model {model} reuses a design for several sources"
    if not last.asked <= {REAL, model - 1}:
        return f"model {model} reuses a design and is labelled by an older model"
    return None


def end(problem: Spectral, plan: Plan, found: Repetition) -> tuple[float, float, float, float]:
    """Bias, variance, radius and half-life."""
    last = resolve(plan)[-1]
    [block] = last.blocks
    a, b = block.shares.get(REAL, 0.0), block.shares.get(last.model - 1, 0.0)
    n, lam, noise = float(last.inputs), last.penalty / block.weight, block.noise**2
    directions = problem.directions
    s, signal = directions.eigenvalues, directions.energy
    if last.filter is not None:
        return _filtered(problem, plan, found)
    top = upper_edge(directions, n) if lam else 1.0
    radius = abs(b) * top / (top + lam)
    if radius >= 1:
        curve = predict(problem, found.unrolled(plan, 3))
        copies = b == 1 and not noise and np.allclose(curve.risk[-3:], curve.risk[-1], rtol=1e-12)
        if not copies or curve.bias is None or curve.variance is None:
            return math.inf, math.inf, radius, math.inf
        return float(curve.bias[-1]), float(curve.variance[-1]), radius, 0.0
    bias, variance = float(s @ signal), np.zeros_like(s)
    if b < 1:
        # a multiple of ridge with the penalty lam / (1 - b)
        kept, stage = a / (1 - b), ridge(directions, n, lam / (1 - b))
        bias = float(s @ (signal * np.square(1 - kept * shrink(directions, stage))))
        if stage.gap is not None:
            variance = kept**2 * float(stage.gap[0] @ signal) * stage.gain[0]
    if noise:
        variance = variance + noise * _noises(directions, n, lam, b)
    life = half_life(_way(problem, plan, found), bias + float(s @ variance), radius)
    return bias, float(s @ variance), radius, life


def _filtered(
    problem: Spectral, plan: Plan, found: Repetition
) -> tuple[float, float, float, float]:
    """The same with any filter h, which a contour around the spectrum knows as well as its sums."""
    last, directions = resolve(plan)[-1], problem.directions
    [block] = last.blocks
    n, edge = float(last.inputs), upper_edge(directions, float(last.inputs))
    a, b = block.shares.get(REAL, 0.0), block.shares.get(last.model - 1, 0.0)
    assert last.filter is not None
    last.filter.check(block.weight * edge, block.weight * directions.trace, last.penalty)
    kept = partial(_kept, last)
    radius = float(np.abs(b * kept(np.linspace(0, edge, 513))).max())
    if radius >= 1:
        return math.inf, math.inf, radius, math.inf

    def mean(x: Any) -> Any:
        return a * kept(x) / (1 - b * kept(x))

    def noises(x: Any) -> Any:
        return kept(x) ** 2 / (1 - b**2 * kept(x) ** 2)

    # left of zero h falls, to where its sums have a pole of their own, or it is too loud
    left = edge * np.geomspace(1e-9, 1e3, 600)
    with np.errstate(all="ignore"):
        quiet = np.abs(kept(-left)) < min(1 / abs(b) if b else math.inf, _LOUD)
    pole = float(left[~quiet].min(initial=left[-1]))
    contour = Contour.around(directions, n, lambda x: mean(x) + noises(x), pole, edge)
    values, s, energy = mean(contour.x), directions.eigenvalues, directions.energy
    bias = float(s @ (energy * np.square(1 - contour.mean(values))))
    loud = directions.multiplicity * contour.mean(noises(contour.x) / contour.x) / n
    variance = float(s @ (contour.spread(values, values, energy) + block.noise**2 * loud))
    path: Iterator[float] = iter(())
    with suppress(NoTheoryError):  # then the radius speaks alone
        path = _way(problem, plan, found, _FEW)
    return bias, variance, radius, half_life(path, bias + variance, radius)


def _kept(step: Step, x: Any) -> Any:
    """What a fit keeps of its labeler, by eigenvalue of the design."""
    assert step.filter is not None
    return step.filter.shrink(step.blocks[0].weight * x, step.penalty)


def _noises(directions: Spectrum, n: float, lam: float, b: float) -> Array:
    """``E sum_j h**2j x / (x + lam)**2 / n`` of all generations, with h b times the filter."""
    if lam == 0:
        return ridge(directions, n, 0.0).label_gain[0] / (1 - b * b)
    if b == 0:
        return ridge(directions, n, lam).gain[0]

    def resolvent(c: float) -> Array:
        """The rest ``kappa / (s + kappa)`` at the penalty lam / c, which is one for c = 0."""
        if c == 0:
            return directions.multiplicity
        stage = ridge(directions, n, lam / c)
        return directions.multiplicity * (1 - shrink(directions, stage))

    return (resolvent(1 - b) - resolvent(1 + b)) / (2 * b * n * lam)


def shrink(directions: Spectrum, stage: Stage) -> Array:
    """What a fit keeps of its labeler, per direction."""
    return np.broadcast_to(stage.shrunk(np.ones((1, 1))), (1, directions.eigenvalues.size))[0]


def ridge(directions: Spectrum, n: float, lam: float) -> Stage:
    """The formulas of one fit."""
    [stage], _ = stages(directions, np.array([[n]]), np.array([[lam]]))
    return stage


def _way(
    problem: Spectral, plan: Plan, found: Repetition, repetitions: int = _SHOWN
) -> Iterator[float]:
    """The error, from the model before the first repetition on."""
    path = predict(problem, found.unrolled(plan, repetitions)).risk[max(found.start - 1, 0) :]
    return iter(path.tolist())
