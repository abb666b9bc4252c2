"""The directions that a plan is computed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from genloss.errors import InvalidInputError
from genloss.external import External
from genloss.generation import REAL
from genloss.problem import Problem
from genloss.spectrum import Spectral, Spectrum
from genloss.steps import Step, Steps

Array = npt.NDArray[np.float64]


def directions_for(problem: Spectral, steps: Steps) -> Spectrum:
    """As few as will do: every one by itself where rows have a covariance of their own."""
    outside = steps[0].outside
    if steps.is_alike and not outside:
        return problem.directions
    if not isinstance(problem, Problem):
        raise InvalidInputError(
            "plan has a source with a covariance of its own, or a labeler from outside, one entry a "
            "direction; a PowerLaw does not write directions out, take its problem()"
        )
    each = Spectrum.of(problem.spectrum, _told(problem.truth, outside))
    return replace(each, constant=problem.directions.constant)


def from_outside(problem: Spectral, steps: Sequence[Step]) -> dict[int, tuple[Array, Array]]:
    """Models from outside as theory sees them: a filter of the truth, and a variance per direction."""
    outside = steps[0].outside
    if not outside or not isinstance(problem, Problem):
        return {}
    truth, laws = _told(problem.truth, outside), [each.law(problem.truth) for each in outside]
    return {REAL - 1 - k: (mean / truth, variance) for k, (mean, variance) in enumerate(laws)}


def _told(truth: Array, outside: Sequence[External]) -> Array:
    """The truth, with next to nothing where it is zero: there, too, others are a multiple of it."""
    if not outside:
        return truth
    sizes = [np.abs(truth).max(), *(np.abs(each.law(truth)[0]).max() for each in outside)]
    return np.where(truth == 0, 1e-9 * (max(sizes) or 1.0), truth)
