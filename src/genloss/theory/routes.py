"""Which theory knows a generation: found before any work starts."""

from __future__ import annotations

from collections.abc import Sequence

from genloss.plan import Plan
from genloss.steps import Steps, resolve
from genloss.theory.closed import (
    design_runs,
    is_even,
    is_plain,
    obstacles,
    obstacles_of_tails,
    relabels,
    stands_alone,
)
from genloss.theory.segments import stretches
from genloss.theory.walk import Route, Walk, by_pencil


def has_closed_route(plan: Plan) -> bool:
    """Whether every model of a plan is known without the pencil engine."""
    return not any(obstacles(resolve(plan)))


def routes(
    steps: Steps, known: Sequence[str | None] | None = None, tails: bool = False
) -> list[Route]:
    """The way of knowing every model: by the pencil where there is no closed one.

    ``known`` are the steps' `obstacles`, where they have been looked for; lengths of rows may vary.
    """
    if tails:
        known = obstacles_of_tails(steps) if known is None else known
        alone = [Walk.weighted if step.filter is None else Walk.filtered for step in steps]
        return [Walk.pencil if why else way for why, way in zip(known, alone, strict=True)]
    if steps.is_ridge and steps.is_single:
        return [Walk.fresh if is_even(step) else Walk.weighted for step in steps]
    ways: list[Route] = []
    runs = {} if steps.is_new else design_runs(steps)
    for step, obstacle in zip(steps, known or obstacles(steps), strict=True):
        if step.model in runs:
            ways.append(Walk.on_design)
        elif step.filter is not None:
            ways.append(Walk.pencil if obstacle else Walk.filtered)
        elif not step.is_linear:
            shared = obstacle and not stands_alone(step)
            ways.append(Walk.pencil if shared else Walk.channel)
        elif obstacle:
            ways.append(Walk.pencil)
        elif step.edits:
            ways.append(Walk.edited)
        elif step.is_pooled:
            ways.append(Walk.pool_fresh if step.is_new else Walk.pool_same)
        elif not step.is_new:
            ways.append(Walk.same)
        elif not is_even(step):
            ways.append(Walk.weighted)
        elif steps.is_new:
            ways.append(Walk.fresh)
        else:
            after = steps[step.model + 1 : step.model + 2]
            again = any(relabels(later, step) and not later.is_pooled for later in after)
            ways.append(Walk.first_of_run if again and is_plain(step) else Walk.fresh)
    return ways


def entangled(steps: Steps, ways: Sequence[Route]) -> str | None:
    """Why a pencil cannot take in what is fitted between its models, or None."""
    if Walk.pencil not in ways:
        return None
    for (first, last), way in zip(stretches(steps, by_pencil(ways)), ways, strict=True):
        for step in steps[first:last] if way is Walk.pencil else ():
            if not step.is_ridge and ways[step.model] is Walk.on_design:
                return (
                    f"model {step.model} is one of several filters on one design, between models that share "
                    "other rows"
                )
    return None
