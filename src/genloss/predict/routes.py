"""Which theory knows a generation: found before any work starts, then followed model by model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.generation import REAL, Generation
from genloss.plan import Plan
from genloss.predict import fresh, pooled, weighted
from genloss.predict.directions import Directions
from genloss.predict.labelers import groups
from genloss.predict.moments import Moments
from genloss.predict.same_design import Run
from genloss.predict.stage import regime, stages

REMEDY = "no closed formula knows it, but predict(method='pencil') and genloss.simulate(problem, plan) do"


Array = npt.NDArray[np.float64]


class Walk:
    """The moments of a chain, with one method for every way of knowing the next model's.

    All plans of a batch go one way: their `outline` is the same.
    """

    def __init__(self, directions: Directions, plans: Sequence[Plan]) -> None:
        self.plans = plans
        fits = np.array([fitted(plan) for plan in plans])
        self.rows, self.penalty = fits[:, 0], fits[:, 1]
        self.stages, self.effective = stages(directions, self.rows, self.penalty)
        self.moments = Moments(directions, plans[0], len(plans))
        self.run: Run | None = None

    def fresh(self, model: int) -> None:
        """Fresh rows of one covariance."""
        fresh.fit(self.moments, self.stages[model], groups(self.plans, model), model)

    def weighted(self, model: int) -> None:
        """Fresh rows of several covariances or weights."""
        [plan] = self.plans
        weighted.fit(self.moments, plan.generations[model], groups(self.plans, model), model)

    def first_of_run(self, model: int) -> None:
        """Fresh rows that the next generation labels anew."""
        self.run = Run(self.moments, self.stages[model])
        self.same(model)

    def same(self, model: int) -> None:
        """The rows of the generation before, labelled anew."""
        assert self.run is not None
        [rows] = groups(self.plans, model)
        self.run.fit(rows, model)

    def pool_fresh(self, model: int) -> None:
        """All rows so far, all different."""
        before = self.rows[:, model - 1 : model]
        now = self.rows[:, model : model + 1]
        self._pool(model, (now - before) / now)

    def pool_same(self, model: int) -> None:
        """All rows so far, all on one design."""
        self._pool(model, 1 / (model + 1) ** 2)

    def _pool(self, model: int, overlap: float | Array) -> None:
        [block] = groups(self.plans, model)
        pooled.extend(self.moments, self.stages[model], overlap, block, model)


Route = Callable[[Walk, int], None]
"""How to know the next model of a batch of plans."""


def has_closed_route(plan: Plan) -> bool:
    """Whether every model of a plan is known without the pencil engine."""
    try:
        routes(plan)
    except NoTheoryError:
        return False
    return True


def routes(plan: Plan) -> list[Route]:
    """The way of knowing every model, or NoTheoryError."""
    for model, generation in enumerate(plan):
        if generation.features is not None:
            raise NoTheoryError(f"model {model} is fitted on random features: {REMEDY}")
        if generation.subsample is not None:
            raise NoTheoryError(f"model {model} is fitted to rows drawn from the pool: {REMEDY}")
    pooling = [model for model, generation in enumerate(plan) if generation.pooled and model > 0]
    if pooling:
        _check_pooled(plan, pooling[-1])
    return [_route(plan, model) for model in range(plan.n_models)]


def _route(plan: Plan, model: int) -> Route:
    generation = plan.generations[model]
    following = plan.generations[model + 1 : model + 2]
    reused = any(after.design == "same" and not after.pooled for after in following)
    if generation.pooled and model > 0:
        return Walk.pool_same if generation.design == "same" else Walk.pool_fresh
    if generation.design == "same" or reused:
        _check_least_squares(generation, model, "a reused design")
        if generation.design == "same" and plan.generations[model - 1].pooled and model > 1:
            raise NoTheoryError(f"model {model} reuses the design of a pooled fit: {REMEDY}")
        return Walk.same if generation.design == "same" else Walk.first_of_run
    return Walk.fresh if _is_even(generation) else Walk.weighted


def _is_even(generation: Generation) -> bool:
    first = generation.sources[0]
    return all(s.covariance is None and s.weight == first.weight for s in generation.sources)


def _check_least_squares(generation: Generation, model: int, what: str) -> None:
    if generation.penalty != 0 or len(generation.sources) > 1 or not _is_even(generation):
        raise NoTheoryError(
            f"model {model} is fitted on {what} with a penalty, several sources or a covariance "
            f"of its own: {REMEDY}"
        )


def _check_pooled(plan: Plan, model: int) -> None:
    earlier = plan.generations[: model + 1]
    designs = {generation.design for generation in earlier[1:]}
    weights = {generation.sources[0].weight for generation in earlier}
    for number, generation in enumerate(earlier):
        _check_least_squares(generation, number, "pooled rows")
        shares = generation.sources[0].labeler_numbers(number)
        telescopes = shares == {number - 1 if number else REAL: 1.0}
        pools = number == 0 or generation.pooled
        if not (telescopes and pools and len(designs) == len(weights) == 1):
            raise NoTheoryError(
                f"model {model} pools rows, but not of a plan in which every model is pooled, "
                "labelled by its predecessor, on all fresh or all same inputs of one weight: "
                f"{REMEDY}"
            )


def fitted(plan: Plan) -> tuple[list[int], list[float]]:
    """Rows and penalty of every fit: its rows are all rows so far where it pools fresh designs."""
    rows, penalties, total = [], [], 0
    for model, generation in enumerate(plan):
        total += generation.n_samples
        pools = generation.pooled and model > 0 and generation.design == "fresh"
        rows.append(total if pools else generation.n_samples)
        # (1/n) sum weight |.|^2 + penalty |w|^2 is penalty / weight for one common weight
        penalties.append(generation.fixed_penalty / generation.sources[0].weight)
    return rows, penalties


def outline(plan: Plan, dim: int) -> tuple[object, ...]:
    """What plans have in common that differ by numbers of rows, penalties and noises only."""
    rows, penalties = fitted(plan)
    return tuple(
        (
            generation.design,
            generation.pooled,
            generation.features,
            generation.feature_map,
            generation.subsample,
            regime(n, lam, dim),
            tuple(
                (s.labeler, s.label_noise > 0, s.weight, s.covariance) for s in generation.sources
            ),
        )
        for generation, n, lam in zip(plan, rows, penalties, strict=True)
    )
