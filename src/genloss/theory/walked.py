"""Curves of plans that go one way, model after model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from genloss.curve import Curve
from genloss.problem import Problem, tails_of
from genloss.spectrum import Spectral, Spectrum
from genloss.steps import Steps
from genloss.theory import succession, turned
from genloss.theory.classes import Classes, centre_of
from genloss.theory.directions import from_outside
from genloss.theory.doubts import cautions
from genloss.theory.walk import Route, Walk

CELLS = 1 << 15  # entries of one array of a batch of plans, sized for the cache

See = Callable[[Walk, int], None]
"""Is told of every model while it is the last that is known."""


def one_by_one(steps: Steps, ways: Sequence[Route]) -> bool:
    """Whether a plan is walked without others of its outline."""
    return (
        steps.retuned
        or bool(steps[0].outside)
        or not {
            Walk.weighted,
            Walk.pencil,
            Walk.channel,
            Walk.filtered,
            Walk.on_design,
            Walk.turned,
            Walk.across,
        }.isdisjoint(ways)
    )


def curves(
    problem: Spectral,
    directions: Spectrum,
    chains: Sequence[Steps],
    ways: Sequence[Route],
    see: See | None = None,
) -> Iterator[Curve]:
    """Curves of plans of one outline, as many at a time as the cache holds; ``see`` is told of every model."""
    outside = from_outside(problem, chains[0])
    alone = one_by_one(chains[0], ways)
    size = 1 if alone else max(1, CELLS // directions.eigenvalues.size)
    for start in range(0, len(chains), size):
        walk = Walk(
            directions,
            chains[start : start + size],
            ways,
            outside,
            tails=tails_of(problem),
            centre=centre_of(problem),
        )
        if chains[0].turned and isinstance(problem, Problem):
            laws = [each.law(problem.truth) for each in chains[0][0].outside]
            matrices = turned.Models(
                problem.spectrum, problem.truth, laws, walk.tails, directions.constant
            )
            walk.matrices = matrices
        ridge = walk.centre is None and chains[0].is_linear
        classes = None if ridge else Classes(walk.moments)
        looks = [] if classes is None else [classes.see]
        looks += [] if see is None else [partial(see, walk)]
        bias, variance, known = succession.risks(walk, looks)
        risk = bias + variance
        method = "exact theory" if known.all() else "state evolution"
        method = method if ridge else "channel"
        method = "pencil" if Walk.pencil in ways or Walk.across in ways else method
        more: dict[str, Any] = (
            {} if classes is None else classes.columns(walk, float(problem.directions.signal.sum()))
        )
        for number, warnings in enumerate(cautions(problem, walk, risk, known)):
            yield Curve(
                risk=risk[number],
                bias=bias[number],
                variance=variance[number],
                method=method,
                warnings=warnings,
                kappa=walk.effective.kappa[number],
                df1=walk.effective.df1[number],
                df2=walk.effective.df2[number],
                exact=known,
                penalty=walk.penalty_used[number],
                n_agents=chains[0].agents,
                **more,
            )
