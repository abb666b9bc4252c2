"""Which earlier models a model shares rows or features with."""

from __future__ import annotations

from collections.abc import Sequence

from genloss.steps import Step


def segment_starts(steps: Sequence[Step]) -> list[int]:
    """For every model the first of those that cannot be looked at apart from it.

    From there to the model no fit uses a row, or a random feature, that was drawn before: whoever
    labels from further back enters as a vector that is independent of all that is drawn since.
    """
    starts: list[int] = []
    apart: list[int] = []  # first models of what shares nothing so far
    for step in steps:
        earliest = min(step.fitted.start, step.map, *(block.design for block in step.blocks))
        apart.append(step.model)
        while apart[-1] > earliest:
            apart.pop()
        starts.append(apart[-1])
    return starts
