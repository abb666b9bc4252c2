"""Plans with an intercept, as plans without one that know a direction more (`theory.md` 2.9).

`Spectrum.constant` marks the direction, and `genloss.theory.fit` has the factor that keeps least squares on new rows of
one source exact. Other formulas stay as good as they are, to order 1 / n of the intercept's own part.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from genloss.cautions import fitted_rows
from genloss.covariances import is_matrix
from genloss.errors import NoTheoryError
from genloss.external import External
from genloss.generation import Source
from genloss.plan import Plan
from genloss.problem import Problem, tails_of
from genloss.spectrum import Spectral, Spectrum
from genloss.steps import Step, resolve
from genloss.theory.closed import obstacle_alone, stands_alone
from genloss.theory.doubts import LOW_DIM, THIN, models_named
from genloss.theory.routes import routes
from genloss.theory.segments import segment_starts
from genloss.theory.walk import Walk

Mask = npt.NDArray[np.bool_]

_FAR, _FAR_IN_PENCIL = 1e9, 1e3
"""Times all that shrinks a coefficient: shrinking is below rounding of a risk, and in a pencil, which larger ones keep
from converging, far below its own error."""
FEW_ROWS = 10
"""Below these a pencil's constant is off by more than 3 percent."""
FEW_KEPT = 5
"""The same of rows that it keeps beside others, of a model that is known apart."""


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
    tails = tails_of(problem)
    bare = [step._replace(intercept=False) for step in steps]
    together = any(step.turned for step in steps) and any(map(obstacle_alone, bare))
    for step in steps:
        what = f"model {step.model} has an intercept"
        if tails and (why := obstacle_alone(step._replace(intercept=False))):
            return f"problem has tails, plan an intercept, and {why}"
        if step.features is not None:
            return f"{what}, on random features"
        if step.filter is not None and not stands_alone(step):
            return f"{what} and a filter, on rows that other models see"
        if step.filter is not None and together:
            return f"{what} and a filter, beside covariance matrices and fits that are not of new rows alone"
    return None


def few(problem: Spectral, steps: Sequence[Step], by_pencil: Sequence[bool]) -> str | None:
    """Why a pencil does not know the constants of some models, or None.

    Its column of ones varies in length, by 1 / n of the constant's error at n rows.
    """
    if tails_of(problem) and any(by_pencil):
        return "problem has tails, plan an intercept, and the pencil was asked for"
    found = zip(segment_starts(steps), by_pencil, strict=True)
    with_them = {
        k for model, (start, some) in enumerate(found) if some for k in range(start, model)
    }
    fitted = {model for model, some in enumerate(by_pencil) if some}
    return few_of(steps, with_them, fitted)


def few_of(steps: Sequence[Step], kept: AbstractSet[int], fitted: AbstractSet[int]) -> str | None:
    """Which model has rows too few for a pencil, of those whose rows it keeps or that it fits, or None."""
    least = dict.fromkeys(kept, FEW_KEPT) | dict.fromkeys(fitted, FEW_ROWS)
    for step, rows in zip(steps, fitted_rows(steps), strict=True):
        if rows < least.get(step.model, 0):
            return (
                f"model {step.model} has an intercept and {rows} row{'s' * (rows > 1)}, fewer than {least[step.model]}, in a "
                "plan of which models share rows"
            )
    return None


def as_direction(
    problem: Spectral, plan: Plan, steps: Sequence[Step], method: str = "auto"
) -> tuple[Spectral, Plan]:
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
    spread, far = problem.directions, _FAR_IN_PENCIL if method == "pencil" else _FAR
    bare = resolve(plan.with_intercept(False))
    across = any(step.turned for step in bare) and any(map(obstacle_alone, bare))
    if across or Walk.pencil in routes(bare, tails=bool(tails_of(problem))):
        far = _FAR_IN_PENCIL
    largest = max(
        spread.trace, *(step.penalty / block.weight for step in steps for block in step.blocks)
    )
    variance = far * largest
    generations = tuple(
        replace(
            generation,
            intercept=False,
            sources=tuple(_longer(problem, source, variance) for source in generation.sources),
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
        np.append(problem.spectrum, variance),
        np.append(problem.truth, 0.0),
        problem.gaussian,
        problem.tails,
    )
    vars(longer)["directions"] = extended
    return longer, Plan(generations)


def _longer(problem: Spectral, source: Source, variance: float) -> Source:
    """The rows of a source with their constant, of which models from outside say nothing."""
    own = source.covariance
    if is_matrix(own):
        rows = [(*row, 0.0) for row in own]
        source = replace(source, covariance=(*rows, (*[0.0] * len(rows), variance)))
    elif own is not None:
        source = replace(source, covariance=(*own, variance))
    if not source.outside or not isinstance(problem, Problem):
        return source
    mixture = []
    for who, share in source.mixture.items():
        if isinstance(who, External):
            mean, spread = who.law(problem.truth)
            who = External(
                bias=(*(mean - problem.truth).tolist(), 0.0), variance=(*spread.tolist(), 0.0)
            )
        mixture.append((who, share))
    return replace(source, labeler=tuple(mixture))
