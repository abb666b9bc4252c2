"""The directions that a plan is computed in."""

from __future__ import annotations

from collections.abc import Sequence

from genloss.errors import InvalidInputError
from genloss.problem import Problem
from genloss.spectrum import Spectral, Spectrum
from genloss.steps import Step


def directions_for(problem: Spectral, steps: Sequence[Step]) -> Spectrum:
    """As few as will do: every one by itself where rows have a covariance of their own."""
    if all(block.covariance is None for step in steps for block in step.blocks):
        return problem.directions
    if not isinstance(problem, Problem):
        raise InvalidInputError(
            "plan has a source with a covariance of its own, one entry a direction; a PowerLaw does "
            "not write directions out, take its problem()"
        )
    return Spectrum.of(problem.spectrum, problem.truth)
