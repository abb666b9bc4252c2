"""Which theory knows a generation: found before any work starts, then followed model by model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from genloss.cautions import fitted_rows
from genloss.generation import REAL
from genloss.plan import Plan
from genloss.spectrum import Spectrum
from genloss.theory import fresh, pooled, retuned, weighted
from genloss.theory.closed import is_even, is_plain, obstacles
from genloss.theory.fit import regime, stages
from genloss.theory.labelers import groups
from genloss.theory.moments import Moments
from genloss.theory.same_design import Run
from genloss.theory.segments import segment_starts

if TYPE_CHECKING:
    from genloss.pencils.from_plan import Laws

Array = npt.NDArray[np.float64]


class Walk:
    """The moments of a chain, with one method for every way of knowing the next model's.

    All plans of a batch go one way: their `outline` is the same.

    Attributes
    ----------
    rows, penalty : ndarray of shape (n_plans, n_models)
        Rows of every fit, and its penalty over the weight of its (first) rows.
    effective : EffectivePenalty
        kappa, df1 and df2; NaN where a fit has no single one.
    directions_used, filling : ndarray of shape (n_plans, n_models)
        Each fit's own df2, NaN where it is not known, and its share of the rows: what the risk
        explodes by as it nears one. Zero where the formula is exact for any number of rows.
    """

    def __init__(self, directions: Spectrum, plans: Sequence[Plan], ways: Sequence[Route]) -> None:
        self.plans, self.ways = plans, ways
        fits = np.array([fitted(plan) for plan in plans])
        self.rows, self.penalty = fits[:, 0], fits[:, 1]
        # a penalty that is yet to be chosen is any number until then
        anything = np.where(np.isnan(self.penalty), directions.trace, self.penalty)
        self.stages, self.effective = stages(directions, self.rows, anything)
        self.directions_used = self.effective.df2.copy()
        shrunk = self.effective.kappa > 0
        self.filling = np.where(shrunk, self.effective.df2 / self.rows, 0.0)
        self.moments = Moments(directions, _remembered(plans[0], ways), len(plans))
        self.run: Run | None = None
        self._laws: Laws | None = None
        self._hopeless = set[int]()

    @property
    def penalty_used(self) -> Array:
        """Penalty of every fit as plans write it, shape (n_plans, n_models)."""
        return self.penalty * [generation.sources[0].weight for generation in self.plans[0]]

    def fresh(self, model: int) -> None:
        """Fresh rows of one covariance."""
        members = groups(self.plans, model)
        if np.isnan(self.penalty[0, model]):
            self._retune(model, retuned.penalty(self.moments, members))
        fresh.fit(self.moments, self.stages[model], members, model)

    def _retune(self, model: int, penalty: float) -> None:
        """Put in the penalty that a fit has chosen."""
        column = slice(model, model + 1)
        self.penalty[:, column] = penalty
        [self.stages[model]], own = stages(
            self.moments.directions, self.rows[:, column], self.penalty[:, column]
        )
        for whole, part in zip(self.effective[:4], own[:4], strict=True):
            whole[:, column] = part
        self.directions_used[:, column] = own.df2
        self.filling[:, column] = own.df2 / self.rows[:, column]

    def weighted(self, model: int) -> None:
        """Fresh rows of several covariances or weights."""
        [plan] = self.plans
        generation, members = plan.generations[model], groups(self.plans, model)
        found = weighted.fit(self.moments, generation, members, model)
        self.penalty[:, model] = found.penalty / generation.sources[0].weight
        self._has_no_kappa(model, found.df2, found.filling)

    def _has_no_kappa(self, model: int, df2: float, filling: float) -> None:
        for column in self.effective[:3]:
            column[:, model] = np.nan
        self.directions_used[:, model], self.filling[:, model] = df2, filling

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

    def pencil(self, model: int) -> None:
        """Anything: solved together with all models it shares rows or features with."""
        if self._laws is None or model not in self._laws.new:
            self._laws = self._solved(model)
        laws = self._laws
        if model in self._hopeless:
            fresh.diverge(self.moments, laws.filter(model), model)
            self._has_no_kappa(model, np.nan, 0.0)
            return
        self.moments.record(
            model,
            laws.filter(model),
            np.maximum(laws.covariance(model, model), 0.0),  # rounding may leave less than none
            partial(laws.covariance, model),
            exact=False,
        )
        self._has_no_kappa(model, np.nan, laws.filling(model))

    def _solved(self, model: int) -> Laws:
        """The laws of this model and those after it that share what it shares."""
        from genloss.pencils.from_plan import Given, Laws

        [plan] = self.plans
        first, last = stretches(plan, self.ways)[model]
        moments = self.moments
        older = [u for u in moments.filters if 0 <= u < first and not moments.diverges({u: 1.0})]
        self._hopeless = _descendants(plan, range(first, last + 1), {REAL, *older})
        whole = moments.whole
        alive = [u for u in moments.filters if 0 <= u < first]
        nothing = np.zeros(moments.shape)
        spread = {
            (u, v): moments.covariance({u: 1.0}, {v: 1.0}) if {u, v} <= {*older} else nothing
            for u in alive
            for v in alive
        }
        given = Given(
            {u: whole(moments.mean({u: 1.0}))[0] for u in alive},
            {pair: whole(values)[0] for pair, values in spread.items()},
        )
        part = Plan(plan.generations[: last + 1])
        penalty = self.penalty_used[0]
        return Laws(moments.directions, part, penalty, range(model, last + 1), first, given)


Route = Callable[[Walk, int], None]
"""How to know the next model of a batch of plans."""


def has_closed_route(plan: Plan) -> bool:
    """Whether every model of a plan is known without the pencil engine."""
    return not any(obstacles(plan))


def routes(plan: Plan) -> list[Route]:
    """The way of knowing every model: by the pencil where there is no closed one."""
    ways: list[Route] = []
    for model, (generation, obstacle) in enumerate(zip(plan, obstacles(plan), strict=True)):
        if obstacle:
            ways.append(Walk.pencil)
        elif generation.pooled and model > 0:
            ways.append(Walk.pool_same if generation.design == "same" else Walk.pool_fresh)
        elif generation.design == "same":
            ways.append(Walk.same)
        elif not is_even(generation):
            ways.append(Walk.weighted)
        else:
            after = plan.generations[model + 1 : model + 2]
            reused = any(g.design == "same" and not g.pooled for g in after)
            ways.append(Walk.first_of_run if reused and is_plain(generation) else Walk.fresh)
    return ways


def stretches(plan: Plan, ways: Sequence[Route]) -> list[tuple[int, int]]:
    """First and last of the models that one pencil solves, for every model that is known by it."""
    starts = segment_starts(plan)
    found = [(start, model) for model, start in enumerate(starts)]
    for model in reversed(range(plan.n_models - 1)):
        if ways[model + 1] is Walk.pencil and starts[model + 1] == starts[model]:
            found[model] = found[model + 1]
    return found


def _descendants(plan: Plan, models: range, sound: set[int]) -> set[int]:
    """Those of the models that descend from one before them which is not sound."""
    found = set[int]()
    for model in models:
        labelers = {u for s in plan.generations[model].sources for u in s.labeler_numbers(model)}
        if any(u in found or (u < models.start and u not in sound) for u in labelers):
            found.add(model)
    return found


def longest_stretch(plan: Plan, ways: Sequence[Route]) -> int:
    """Most models that one pencil has to solve."""
    found = zip(stretches(plan, ways), ways, strict=True)
    return max((last - first + 1 for (first, last), way in found if way is Walk.pencil), default=0)


def _remembered(plan: Plan, ways: Sequence[Route]) -> dict[int, int]:
    """Last model that needs each labeler: a pencil fits earlier models of its stretch once more."""
    last = plan.last_labelled()
    if Walk.pencil in ways:
        starts = segment_starts(plan)
        again = {start: model for model, start in enumerate(starts) if ways[model] is Walk.pencil}
        for labeler, labelled in last.items():
            later = [at for first, at in again.items() if labeler < first <= labelled <= at]
            last[labeler] = max([labelled, *later])
    return last


def fitted(plan: Plan) -> tuple[list[int], list[float]]:
    """Rows and penalty of every fit; NaN for a penalty that is yet to be chosen."""
    # (1/n) sum weight |.|^2 + penalty |w|^2 is penalty / weight for one common weight
    penalties = [g.fixed_penalty / g.sources[0].weight for g in plan]
    return fitted_rows(plan), penalties


def outline(plan: Plan, dim: float) -> tuple[object, ...]:
    """What plans have in common that differ by numbers of rows, penalties and noises only."""
    rows, penalties = fitted(plan)
    return tuple(
        (
            generation.design,
            generation.pooled,
            generation.features,
            generation.feature_map,
            # whether rows are left out
            generation.subsample and (generation.subsample, generation.n_samples),
            generation.penalty == "cv",
            regime(n, lam, dim),
            tuple(
                (s.labeler, s.label_noise > 0, s.weight, s.covariance) for s in generation.sources
            ),
        )
        for generation, n, lam in zip(plan, rows, penalties, strict=True)
    )
