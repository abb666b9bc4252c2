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
from genloss.problem import Problem
from genloss.spectrum import Spectrum
from genloss.steps import resolve
from genloss.theory.closed import is_even
from genloss.theory.filters.edge import upper_edge
from genloss.theory.fit import Stage, stages
from genloss.theory.forever.iterates import half_life
from genloss.theory.forever.repeating import Repetition
from genloss.theory.predict import predict

Array = npt.NDArray[np.float64]

_SHOWN = 64  # repetitions that are looked at for the half-life


def obstacle(plan: Plan, found: Repetition) -> str | None:
    """Why the limit is not known, or None where it is."""
    generation, model = plan.generations[-1], plan.n_models - 1
    if found.length > 1:
        return "rounds of several generations reuse a design"
    if generation.pooled or generation.features is not None or generation.penalty == "cv":
        return f"model {model} reuses a design with pooled rows, random features or penalty 'cv'"
    if len(generation.sources) > 1 or not is_even(resolve(plan)[-1]):
        return f"model {model} reuses a design for several sources"
    if not set(generation.sources[0].labeler_numbers(model)) <= {REAL, model - 1}:
        return f"model {model} reuses a design and is labelled by an older model"
    return None


def end(problem: Problem, plan: Plan, found: Repetition) -> tuple[float, float, float, float]:
    """Bias, variance, radius and half-life."""
    generation, model = plan.generations[-1], plan.n_models - 1
    [source] = generation.sources
    shares = source.labeler_numbers(model)
    a, b = shares.get(REAL, 0.0), shares.get(model - 1, 0.0)
    n, lam = float(generation.n_samples), generation.fixed_penalty / source.weight
    noise = source.label_noise**2
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
        kept, stage = a / (1 - b), _ridge(directions, n, lam / (1 - b))
        bias = float(s @ (signal * np.square(1 - kept * _shrink(directions, stage))))
        if stage.gap is not None:
            variance = kept**2 * float(stage.gap[0] @ signal) * stage.gain[0]
    if noise:
        variance = variance + noise * _noises(directions, n, lam, b)
    life = (
        math.nan
        if lam
        else half_life(_way(problem, plan, found, bias + float(s @ variance)), b * b)
    )
    return bias, float(s @ variance), radius, life


def _noises(directions: Spectrum, n: float, lam: float, b: float) -> Array:
    """``E sum_j h**2j x / (x + lam)**2 / n`` of all generations, with h b times the filter."""
    if lam == 0:
        return _ridge(directions, n, 0.0).label_gain[0] / (1 - b * b)
    if b == 0:
        return _ridge(directions, n, lam).gain[0]

    def resolvent(c: float) -> Array:
        """The rest ``kappa / (s + kappa)`` at the penalty lam / c, which is one for c = 0."""
        if c == 0:
            return directions.multiplicity
        stage = _ridge(directions, n, lam / c)
        return directions.multiplicity * (1 - _shrink(directions, stage))

    return (resolvent(1 - b) - resolvent(1 + b)) / (2 * b * n * lam)


def _shrink(directions: Spectrum, stage: Stage) -> Array:
    return np.broadcast_to(stage.shrunk(np.ones((1, 1))), (1, directions.eigenvalues.size))[0]


def _ridge(directions: Spectrum, n: float, lam: float) -> Stage:
    [stage], _ = stages(directions, np.array([[n]]), np.array([[lam]]))
    return stage


def _way(problem: Problem, plan: Plan, found: Repetition, whole: float) -> Iterator[float]:
    """Distances of the error from its limit, from the model before the first repetition on."""
    path = predict(problem, found.unrolled(plan, _SHOWN)).risk[max(found.start - 1, 0) :]
    return iter((path - whole).tolist())
