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


def stretches(steps: Sequence[Step], together: Sequence[bool]) -> list[tuple[int, int]]:
    """First and last of the models that are solved with a model, where it is one of those that are."""
    starts = segment_starts(steps)
    found = [(start, model) for model, start in enumerate(starts)]
    for model in reversed(range(len(steps) - 1)):
        if together[model + 1] and starts[model + 1] == starts[model]:
            found[model] = found[model + 1]
    return found


def longest_stretch(
    steps: Sequence[Step], together: Sequence[bool], sizes: Sequence[int] | None = None
) -> int:
    """Most models that have to be solved together; or the most of what ``sizes`` says of each."""
    found = zip(stretches(steps, together), together, strict=True)
    sizes = sizes or [1] * len(steps)
    return max((sum(sizes[first : last + 1]) for (first, last), some in found if some), default=0)
