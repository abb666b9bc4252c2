"""A run of models on one design, each with an intercept, and its slopes (`theory.md` 2.9).

As in `genloss.theory.centred`: errors are those of a run on a row fewer, whose weights make coefficients those of the run,
times ``1 + 1/n``, and the labels' noise over n, as it is handed on from model to model.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL
from genloss.spectrum import Spectral, Spectrum
from genloss.steps import Step
from genloss.theory import centred
from genloss.theory.gradients.found import Gradient, Objective
from genloss.theory.gradients.on_design import along_run, is_run

Array = npt.NDArray[np.float64]
Steps = Sequence[Step]


def is_centred_run(problem: Spectral, steps: Steps) -> bool:
    """Whether a plan is one run on one design, with intercepts."""
    return steps[0].intercept and centred.knows(problem, steps) and is_run(steps)


def along_centred_run(
    directions: Spectrum, steps: Steps, penalty: Array, objective: Objective, *, moving: bool
) -> Gradient:
    """`gradient` for such steps, with other penalties; slopes in penalties alone if no others are ``moving``."""
    n = float(steps[0].rows)
    parts = centred.noises(steps)
    intercepts = centred.Intercepts.of(steps)

    def asked(risk: Array) -> Array:
        return intercepts.times * objective(intercepts.on(risk))

    found = along_run(directions, centred.bare(steps), penalty, asked, {}, {}, moving=moving)
    risk = intercepts.on(found.risk)
    if not moving:
        return found._replace(risk=risk)
    of_risk = objective(risk)
    by_weight = sum(
        float(own[0]) * step.blocks[0].weight for own, step in zip(found.weight, steps, strict=True)
    )
    of_rows = (
        found.n_samples[0] + (by_weight - of_risk @ (found.risk + n * intercepts.added)) / n**2
    )
    weight = [own * (1 - 1 / n) for own in found.weight]
    noise, shares = [*found.noise], [[dict(each[0])] for each in found.shares]
    of_parts = 2 / n * of_risk[:, None] * parts
    for step in reversed(steps):
        own = of_parts[step.model]
        noise[step.model] = noise[step.model] + own[step.model]
        for u, share in step.blocks[0].shares.items():
            if u != REAL:
                of_parts[u] += share * own
                shares[step.model][0][u] += float(own @ parts[u])
    n_samples = [of_rows, *found.n_samples[1:]]
    return found._replace(risk=risk, n_samples=n_samples, weight=weight, noise=noise, shares=shares)
