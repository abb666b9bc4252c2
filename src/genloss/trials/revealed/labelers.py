"""The labelers that there are before any model is fitted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL
from genloss.problem import Problem
from genloss.steps import Step

Array = npt.NDArray[np.float64]


def known(
    problem: Problem, steps: Sequence[Step], rng: np.random.Generator, runs: int
) -> dict[int, Array]:
    """The truth and the models from outside, whitened, each of shape (runs, dim), by number."""
    root = np.sqrt(problem.spectrum)
    truth = root * problem.truth
    found = {REAL: np.broadcast_to(truth, (runs, truth.size))}
    for k, labeler in enumerate(steps[0].outside):
        drawn = [labeler.draw(problem.truth, rng) for _ in range(runs)]
        found[REAL - 1 - k] = root * np.array(drawn)
    return found
