"""Models that share rows or random features, solved together: what a pencil is told of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from genloss.cautions import fitted_rows, freedom
from genloss.generation import REAL
from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.closed import stands_alone
from genloss.theory.segments import stretches
from genloss.theory.without_mean import without_mean

if TYPE_CHECKING:
    from genloss.pencils.from_plan import Laws, Part
    from genloss.pencils.known import Between
    from genloss.theory.walk import Walk

Array = npt.NDArray[np.float64]

_HARDLY = 1e-8  # of the largest eigenvalue: a square system, that can be solved


def solved(
    walk: Walk, model: int, by_pencil: Sequence[bool], between: Mapping[int, Between]
) -> tuple[Laws, set[int]]:
    """The laws of a model and those after it that share what it shares, and which of them have no mean.

    ``between`` are the models on rows of their own whose law is known by now.
    """
    from genloss.pencils.from_plan import Laws
    from genloss.pencils.ground import Ground
    from genloss.pencils.known import Given

    [written] = walk.chains
    first, last = stretches(written, by_pencil)[model]
    steps = [walk.as_told.get(step.model, step) for step in written]
    untold = [
        u for u in range(model + 1, last + 1) if not (steps[u].is_linear or stands_alone(steps[u]))
    ]
    last = min([last, *(u - 1 for u in untold)])  # labels by a rule wait for their labeler's law
    moments = walk.moments
    alive = [u for u in moments.filters if 0 <= u < first <= walk.remembered[u] or u < REAL]
    infinite = {u for u in alive if moments.diverges({u: 1.0})}
    apart = [u for u in range(first, model) if not steps[u].is_ridge and stands_alone(steps[u])]
    lost = infinite.union(u for u in apart if u not in between)
    part, dim = steps[: last + 1], moments.directions.dim
    hopeless = without_mean(part, range(first, last + 1), dim, lost)
    nobody: Between = [], np.zeros(moments.directions.eigenvalues.size)
    told = {u: between.get(u, nobody) for u in apart}

    def spread(u: int, v: int) -> Array:
        known = infinite.isdisjoint({u, v})
        return moments.whole(moments.covariance({u: 1.0}, {v: 1.0}) if known else 0.0)[0]

    given = Given(
        {u: moments.whole(moments.mean({u: 1.0}))[0] for u in alive},
        {(u, v): spread(u, v) for u in alive for v in alive},
    )
    ground = Ground.along(moments.directions, part, given, walk.tails)
    inside = [u for u in range(first, last + 1) if u not in told]
    fits = parts(steps, inside, moments.directions, walk.tails)
    penalty = held(part, walk.penalty_used[0], hopeless.intersection(inside), moments.directions)
    return Laws(ground, part, penalty, range(model, last + 1), first, told, fits), hopeless


def held(steps: Sequence[Step], penalty: Array, hopeless: set[int], directions: Spectrum) -> Array:
    """Penalties; of fits without a mean to as many rows as directions one that hardly is there."""
    rows, free = fitted_rows(steps), freedom(steps, directions.dim)
    square = [u for u in hopeless if not penalty[u] and rows[u] == free[u]]
    penalty = penalty.copy()
    penalty[square] = _HARDLY * float(directions.eigenvalues.max())
    return penalty


def parts(
    steps: Sequence[Step], models: Sequence[int], directions: Spectrum, tails: Sequence[float]
) -> Mapping[int, Part]:
    """How those of some models that go through a filter are made of ridge fits."""
    filtered = {u: how for u in models if (how := steps[u].filter) is not None}
    if not filtered:
        return {}
    from genloss.theory.filters import blocks, poles

    smooth = [u for u, how in filtered.items() if how.spectral]
    in_turn = [u for u in filtered if u not in smooth]
    found: dict[int, Part] = {u: poles.parts(steps, steps[u], directions, tails) for u in smooth}
    return {**found, **blocks.passes(steps, in_turn, directions, tails)}
