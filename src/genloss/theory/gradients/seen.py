"""What moves the numbers that a linear map of labels sees of its rows, told apart by differences.

A function of a fit goes through these numbers alone (`genloss.theory.channels.squared_loss.seen`): then second moments
of the fields move it by pairs of fields, ``E h h'``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL
from genloss.steps import Step
from genloss.theory.channels.evolution import Fit
from genloss.theory.channels.rows import Rows
from genloss.theory.channels.squared_loss import Seen, seen
from genloss.theory.gradients.differences import STEP

Array = npt.NDArray[np.float64]
Valued = Callable[[Fit], float]

_LEAST = 1e-3  # part of such a step where fields say nearly the same


def linear(asked: Seen) -> Valued:
    """The function of a fit that has these slopes in what is seen."""
    return lambda fit: _times(asked, seen(fit))


def of_each(asked: Sequence[Seen]) -> Valued:
    """The same of what is seen of every source by itself."""

    def valued(fit: Fit) -> float:
        found = (seen(fit, place) for place in range(len(asked)))
        return sum(_times(*each) for each in zip(asked, found, strict=True))

    return valued


def _times(slopes: Seen, found: Seen) -> float:
    first = slopes.number * found.number + slopes.push @ found.push
    return float(first + np.sum(slopes.bend * found.bend) + slopes.square * found.square)


def by_said(fit: Fit, valued: Valued) -> Array:
    """Slopes in second moments of the fields, (k, k, p)."""
    [s], second = fit.sigma, fit.second
    said, found = second @ s, np.zeros_like(second)
    sizes = np.sqrt(np.diagonal(said))
    apart = float(np.linalg.eigvalsh(said / np.outer(sizes, sizes))[0])
    near = STEP * min(max(apart, _LEAST), 1.0)
    for i, j in zip(*np.triu_indices(len(sizes)), strict=True):
        if not any({i, j} <= {*source.fields} for source in fit.rows):
            continue  # no row hears both
        step = near * sizes[i] * sizes[j]
        ends = []
        for by in (step, -step):
            made = second.copy()
            made[i, j, 0] += by / s[0]
            if i != j:
                made[j, i, 0] += by / s[0]
            ends.append(valued(replace(fit, second=made)))
        found[i, j] += (ends[0] - ends[1]) / (2 * step) * s
    return found


def in_sources(fit: Fit, step: Step, valued: Valued) -> tuple[Array, Array, Array]:
    """Slopes in numbers of rows of the sources, in variances of their noise, and in coefficients of the real class."""
    n, noise, real = np.zeros((3, len(fit.rows)))
    for place, source in enumerate(fit.rows):

        def apart(name: str, place: int = place, source: Rows = source) -> float:
            values = []
            for by in (1 + STEP, 1 - STEP):
                end = source._replace(**{name: by * getattr(source, name)})
                rows = [*fit.rows[:place], end, *fit.rows[place + 1 :]]
                values.append(valued(replace(fit, rows=rows)))
            return (values[0] - values[1]) / (2 * STEP)

        n[place] = apart("number") / source.number
        of_class = source.centre is not None and {*step.blocks[place].shares} == {REAL}
        if source.noise > 0 and not of_class:
            noise[place] = apart("noise") / (2 * source.noise**2)
        if source.real and not of_class:
            real[place] = apart("real") / source.real
    return n, noise, real
