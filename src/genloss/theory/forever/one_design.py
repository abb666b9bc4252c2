"""One design labelled anew for ever (`theory.md` 2.7): sums of powers of one filter, in closed form.

With h = x/(x + lam) per eigenvalue x of the design and labels a w* + b w_{t-1}, the mean settles at
``a h / (1 - b h)``, which is ``a/(1-b)`` times ridge with the penalty ``lam/(1-b)``; the noises of all
generations add up to ``x / ((x + lam)**2 - b**2 x**2)``, two resolvents by partial fractions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL
from genloss.plan import Plan
from genloss.spectrum import Spectral, Spectrum
from genloss.steps import resolve
from genloss.theory.closed import is_even, relabels
from genloss.theory.filters.edge import upper_edge
from genloss.theory.fit import Stage, stages
from genloss.theory.forever.iterates import half_life
from genloss.theory.forever.repeating import Repetition
from genloss.theory.predict import predict

Array = npt.NDArray[np.float64]

_SHOWN = 64  # repetitions that are looked at for the half-life


def obstacle(plan: Plan, found: Repetition) -> str | None:
    """Why the limit is not known, or None where it is."""
    steps = resolve(plan)
    last, model = steps[-1], steps[-1].model
    if found.length > 1:
        return "rounds of several generations reuse a design"
    if not relabels(last, steps[model - 1]) or last.is_pooled or not last.is_ridge:
        return f"model {model} is not ridge regression on the rows of the model before it, labelled anew"
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


def _way(problem: Spectral, plan: Plan, found: Repetition) -> Iterator[float]:
    """The error, from the model before the first repetition on."""
    path = predict(problem, found.unrolled(plan, _SHOWN)).risk[max(found.start - 1, 0) :]
    return iter(path.tolist())
