"""Which earlier generations a model shares rows or features with."""

from __future__ import annotations

from genloss.plan import Plan


def segment_starts(plan: Plan) -> list[int]:
    """For every model the first of those that cannot be looked at apart from it.

    From there to the model no fit uses a row, or a random feature, that was drawn before: whoever
    labels from further back enters as a vector that is independent of all that is drawn since.
    """
    starts: list[int] = []
    for model, generation in enumerate(plan):
        if generation.pooled:
            starts.append(0)
        elif "same" in (generation.design, generation.feature_map):
            starts.append(starts[-1])
        else:
            starts.append(model)
    return starts
