"""Plans with an intercept, as plans without one that know a direction more (`theory.md` 2.9).

`Spectrum.constant` marks the direction, and `genloss.theory.fit` has the factor that keeps least squares on new rows of
one source exact. Other formulas stay as good as they are, to order 1 / n of the intercept's own part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.plan import Plan
from genloss.problem import Problem, tails_of
from genloss.spectrum import Spectral, Spectrum
from genloss.steps import Step
from genloss.theory.doubts import LOW_DIM, THIN, models_named

Mask = npt.NDArray[np.bool_]

_FAR = 1e9
"""Times all that shrinks a coefficient: shrinking is below rounding of a risk."""


@dataclass(frozen=True)
class _Extended:
    """A power law with its constant."""

    directions: Spectrum
    gaussian: bool


def known(step: Step) -> bool:
    """Whether the law of a fit with an intercept is exact where that of one without is."""
    first = step.blocks[0]
    alike = (first.shares, first.weight, first.covariance)
    return all((block.shares, block.weight, block.covariance) == alike for block in step.blocks)


def doubts(problem: Spectral, steps: Sequence[Step], lost: Mask) -> tuple[str, ...]:
    """What is said of models whose law would be exact without an intercept."""
    dim = problem.directions.dim
    thin = [step.model for step in steps if lost[step.model] and min(dim, step.rows) < LOW_DIM]
    return (f"{models_named(thin)}: {THIN}",) if thin else ()


def refused(problem: Spectral, steps: Sequence[Step]) -> str | None:
    """Why the constant of a plan is no direction, or None."""
    if tails_of(problem):
        return "problem has tails, and plan an intercept"
    if steps[0].outside:
        return "plan has a labeler from outside, and an intercept"
    for step in steps:
        what = f"model {step.model} has an intercept"
        if step.features is not None:
            return f"{what}, on random features"
        if step.filter is not None:
            return f"{what} and a filter"
        if step.turned:
            return f"{what}, and rows with a covariance matrix"
    return None


def as_direction(problem: Spectral, plan: Plan, steps: Sequence[Step]) -> tuple[Spectral, Plan]:
    """The problem with a constant as its last direction, and the plan without intercepts.

    Raises
    ------
    NoTheoryError
        If the constant would not be a direction like others.
    """
    if reason := refused(problem, steps):
        raise NoTheoryError(
            f"{reason}: no theory knows it, but genloss.simulate(problem, plan) does"
        )
    spread = problem.directions
    largest = max(
        spread.trace, *(step.penalty / block.weight for step in steps for block in step.blocks)
    )
    variance = _FAR * largest
    generations = tuple(
        replace(
            generation,
            intercept=False,
            sources=tuple(
                source
                if source.covariance is None
                else replace(source, covariance=(*source.covariance, variance))
                for source in generation.sources
            ),
        )
        for generation in plan
    )
    extended = Spectrum(
        np.append(spread.eigenvalues, variance),
        np.append(spread.multiplicity, 1.0),
        np.append(spread.energy, 0.0),
        spread.dim + 1,
        constant=True,
    )
    if not isinstance(problem, Problem):
        return _Extended(extended, problem.gaussian), Plan(generations)
    longer = Problem(
        np.append(problem.spectrum, variance), np.append(problem.truth, 0.0), problem.gaussian
    )
    vars(longer)["directions"] = extended
    return longer, Plan(generations)
