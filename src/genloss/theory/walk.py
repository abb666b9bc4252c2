"""What is known of the models of a batch of plans so far, and the ways to know the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from genloss.spectrum import Spectrum
from genloss.steps import Step, Steps
from genloss.theory import edited, fresh, pooled, pulled, retuned, together, turned, weighted
from genloss.theory.alike import as_filter, fitted
from genloss.theory.closed import (
    design_runs,
    is_even,
    stands_alone,
)
from genloss.theory.fit import filling, stages
from genloss.theory.labelers import groups
from genloss.theory.moments import Moments
from genloss.theory.same_design import Run
from genloss.theory.segments import segment_starts
from genloss.theory.without_mean import without_mean

if TYPE_CHECKING:
    from genloss.pencils.from_plan import Laws
    from genloss.pencils.known import Between
    from genloss.theory.channels.evolution import Start
    from genloss.theory.channels.generation import Found
    from genloss.theory.filters.constant import BesideConstant
    from genloss.theory.filters.fresh import Filtered
    from genloss.theory.filters.lengths import InTurn
    from genloss.theory.filters.one_pass import OnePass
    from genloss.theory.filters.run import DesignRun
    from genloss.theory.filters.sources import Sources

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
    remembered : dict of int to int
        The last model that needs each labeler.
    centre : float or None
        Where rows lie about the centres of two classes: the truth over ``Sigma^-1 mu``.
    matrices : turned.Models or None
        The moments instead, where some rows have a covariance matrix.
    accepted, noisy_directions, ended : ndarray of shape (n_plans, n_models)
        Of fits that are not ridge regression: share of the rows kept, effective directions of the
        fit's noise, and whether it has no minimum.
    chosen_at : ndarray of shape (n_plans, n_models)
        Where a channel chose the penalty: the fit's error on labels of its own kind, over its rows.
    excess : ndarray of shape (n_plans, n_models)
        About by what errors are too large, as labelers' sizes vary and rules make labels of what they say.
    """

    def __init__(
        self,
        directions: Spectrum,
        chains: Sequence[Steps],
        ways: Sequence[Route],
        outside: Mapping[int, tuple[Array, Array]] | None = None,
        penalty: Array | None = None,
        tails: Sequence[float] = (),
        centre: float | None = None,
    ) -> None:
        self.tails, self.centre = tails, centre
        self.chains, self.ways = chains, ways
        fits = np.array([fitted(steps) for steps in chains])
        self.rows, self.penalty = fits[:, 0], fits[:, 1]
        if penalty is not None:  # one plan under many penalties
            self.rows, self.penalty = np.broadcast_arrays(self.rows, penalty)
        # a penalty that is yet to be chosen is any number until then
        anything = np.where(np.isnan(self.penalty), directions.trace, self.penalty)
        self.stages, self.effective = stages(directions, self.rows, anything)
        self.directions_used = self.effective.df2.copy()
        self.filling = filling(directions, self.rows, self.effective)
        self.accepted = np.ones(self.rows.shape)
        self.noisy_directions = np.full(self.rows.shape, np.inf)
        self.ended = np.zeros(self.rows.shape, dtype=bool)
        self.chosen_at = np.full(self.rows.shape, np.nan)
        self.excess = np.zeros(self.rows.shape)
        self._start: Start | None = None
        self.remembered = _remembered(chains[0], ways, classes=centre is not None)
        self.moments = Moments(directions, self.remembered, len(self.rows))
        for labeler, law in (outside or {}).items():
            self.moments.take_in(labeler, *law)
        self.matrices: turned.Models | None = None
        self.run: Run | None = None
        self._rest: Array = np.empty(0)
        self._design: DesignRun | None = None
        self._laws: Laws | None = None
        self._hopeless = set[int]()
        self._between: dict[int, Between] = {}
        self.as_told: dict[int, Step] = {}
        self._filters: dict[object, Filtered | OnePass | BesideConstant | Sources | InTurn] = {}

    @property
    def penalty_used(self) -> Array:
        """Penalty of every fit as plans write it, shape (n_plans, n_models)."""
        return self.penalty * [step.blocks[0].weight for step in self.chains[0]]

    def fresh(self, model: int) -> None:
        """Fresh rows of one covariance."""
        members, towards = groups(self.chains, model), self.chains[0][model].towards
        left = members if towards is None else pulled.left(members, towards)
        if np.isnan(self.penalty[0, model]):
            self._retune(model, retuned.penalty(self.moments, left))
        stage = self.stages[model]
        # least squares is the same, whatever it is pulled to
        if towards is None or stage.gap is None:
            fresh.fit(self.moments, stage, members, model)
        else:
            pulled.fit(self.moments, stage, left, towards, model)

    def _retune(self, model: int, penalty: float) -> None:
        """Put in the penalty that a fit has chosen."""
        column = slice(model, model + 1)
        self.penalty[:, column] = penalty
        _, own = stages(self.moments.directions, self.rows[:, column], self.penalty[:, column])
        self.stages.retune(model, self.penalty[:, model], own.kappa[:, 0])
        for whole, part in zip(self.effective[:4], own[:4], strict=True):
            whole[:, column] = part
        self.directions_used[:, column] = own.df2
        self.filling[:, column] = own.df2 / self.rows[:, column]

    def weighted(self, model: int) -> None:
        """Fresh rows of several covariances or weights."""
        [steps] = self.chains
        found = weighted.fit(self.moments, steps[model], groups(self.chains, model), self.tails)
        self.penalty[:, model] = found.penalty / steps[model].blocks[0].weight
        self._has_no_kappa(model, found.df2, found.filling)

    def turned(self, model: int) -> None:
        """Fresh rows, of which some have a covariance matrix."""
        assert self.matrices is not None
        [steps] = self.chains
        used = self.matrices.fit(steps[model])
        self.penalty[:, model] = used.penalty / steps[model].blocks[0].weight
        exact = used.exact and all(self.moments.exact[u] for u in steps[model].asked)
        self.moments.record(model, 1.0, 0.0, lambda _: 0.0, exact)
        self._has_no_kappa(model, used.df2, used.filling)

    def across(self, model: int) -> None:
        """Anything, where some rows have a covariance matrix: all models of the plan are solved together."""
        assert self.matrices is not None
        if self._laws is None:
            [steps], directions = self.chains, self.moments.directions
            fits = together.parts(steps, range(len(steps)), directions, self.tails)
            self._hopeless = without_mean(steps, range(len(steps)), directions.dim)
            penalty = together.held(steps, self.penalty_used[0], self._hopeless, directions)
            self._laws = self.matrices.together(steps, penalty, fits)
        self.moments.record(model, 1.0, 0.0, lambda _: 0.0, exact=False)
        self._has_no_kappa(model, np.nan, self._laws.filling(model))

    def risk(self, model: int) -> tuple[Array, Array]:
        """Bias and variance of a model, each of shape (n_plans,)."""
        if self.ways[model] is Walk.across and self._laws is not None:
            variance = np.inf if model in self._hopeless else max(self._laws.variances[model], 0.0)
            return self._laws.bias[[model]], np.array([variance])
        if self.matrices is not None:
            return self.matrices.risk(model)
        bias, variance = self.moments.risk(model)
        return bias + self.missed_centre(model), variance

    def missed_centre(self, model: int) -> Array | float:
        """Squared error of what a model says of the centres, (n_plans,)."""
        if self.centre is None:
            return 0.0
        moments = self.moments
        gap = moments.whole(moments.filters[model]) - 1
        return np.asarray((gap @ (moments.spectrum * moments.signal) / self.centre) ** 2)

    def channel(self, model: int) -> None:
        """Fresh rows, but another loss than the squared, other labels, or a rule that keeps rows."""
        from genloss.theory.channels import generation  # opens SciPy's special functions

        step = self.chains[0][model]
        self._hear(model)
        lost = any(self.moments.diverges({number: 1.0}) for number in step.asked)
        found = None if lost else generation.fit(self.moments, step, self._start, self.centre)
        if found is not None and generation.has_no_mean(step, found, self.moments):
            lost, found = True, None
        if found is None:
            self.ended[:, model] = not lost
            fresh.diverge(self.moments, 0.0, model)
        else:
            self._start = found.start
            self._take_in(model, found)
        self._has_no_kappa(model, np.nan, 0.0)

    def doubt(self, model: int) -> None:
        """Look at what the next model's labelers vary by, and at what theirs did."""
        [steps, *_] = self.chains
        if steps.is_linear or self.centre is not None:
            return
        from genloss.theory.channels.sizes import excess  # opens SciPy's special functions

        self.excess[:, model] = excess(self.moments, steps[model], self.excess[0])

    def _hear(self, model: int) -> None:
        """Keep what linear fits of other models take labels for that a rule makes."""
        step = self.chains[0][model]
        if step.is_linear or stands_alone(step) or self.centre is not None:
            return
        from genloss.theory.filters.generation import as_linear

        if not any(self.moments.diverges({number: 1.0}) for number in step.asked):
            self.as_told[model] = as_linear(self.moments, step)

    def _take_in(self, model: int, found: Found) -> None:
        """Keep what is known of a fit of a channel."""
        self.accepted[:, model], self._between[model] = found.accepted, (found.parts, found.gain)
        self.noisy_directions[:, model] = found.directions
        if found.chosen is not None:
            self.penalty[:, model] = found.chosen[0] / self.chains[0][model].blocks[0].weight
            self.chosen_at[:, model] = found.chosen[1]

    def filtered(self, model: int) -> None:
        """Fresh rows, but a fit that is not the exact minimiser."""
        from genloss.theory.filters import generation

        step = self.chains[0][model]
        self._hear(model)
        assert step.filter is not None
        plain = bool(self.tails) or generation.is_plain(step, self.centre)
        if not plain and any(self.moments.diverges({number: 1.0}) for number in step.asked):
            fresh.diverge(self.moments, 0.0, model)
        elif plain or (self.centre is None and step.filter.spectral and not is_even(step)):
            told = step if plain else generation.as_linear(self.moments, step)
            key = as_filter(step)
            if key not in self._filters:
                self._filters[key] = generation.of(self.moments.directions, step, self.tails)
            members = groups([(*self.chains[0][:model], told)], model)
            found = generation.fit(self.moments, told, members, self._filters[key])
            if found is not None:
                self._between[model] = found
        else:
            self._take_in(model, generation.beyond(self.moments, step, self.centre))
        self._has_no_kappa(model, np.nan, 0.0)

    def on_design(self, model: int) -> None:
        """One of many models on one design, or of filters on one."""
        from genloss.theory.filters.run import DesignRun

        [steps] = self.chains
        run = design_runs(steps)[model] if steps[model].is_new else None
        if run is not None:
            self._design = DesignRun(self.moments, steps[run.start : run.stop])
        assert self._design is not None
        step = steps[model]
        if not step.is_linear:
            from genloss.theory.filters.generation import as_linear

            step = as_linear(self.moments, step)
        [rows] = groups([(*steps[:model], step)], model)
        self._design.fit(rows, step)
        self._has_no_kappa(model, np.nan, 0.0)

    def forget(self) -> None:
        """Forget what was chosen and solved for single models: they are to be fitted once more."""
        self._laws = None
        again = [step.model for step in self.chains[0] if step.retuned]
        self.penalty[:, again] = np.nan

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
        [rows] = groups(self.chains, model)
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
        [block] = groups(self.chains, model)
        pooled.extend(self.moments, self.stages[model], overlap, block, model)

    def edited(self, model: int) -> None:
        """Rows of which the last model replaces some labels."""
        [rows], [before] = groups(self.chains, model), groups(self.chains, model - 1)
        steps = self.chains[0]
        if not steps[model - 1].edits:
            self._rest = before.variance
        share = steps[model].blocks[0].edited
        self._rest = edited.extend(self.moments, self.stages[model], self._rest, share, rows, model)

    def pencil(self, model: int) -> None:
        """Anything: solved together with all models it shares rows or features with."""
        self._hear(model)
        if self._laws is None or model not in self._laws.new:
            known = by_pencil(self.ways), self._between
            self._laws, self._hopeless = together.solved(self, model, *known)
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


Route = Callable[[Walk, int], None]
"""How to know the next model of a batch of plans."""


def by_pencil(ways: Sequence[Route]) -> list[bool]:
    """Which models are known by the pencil."""
    return [way is Walk.pencil for way in ways]


def _remembered(steps: Steps, ways: Sequence[Route], *, classes: bool) -> dict[int, int]:
    """Last model that needs each labeler: a pencil fits earlier models of its stretch once more."""
    last = {step.model: step.last_use for step in steps}
    if classes or Walk.channel in ways or not steps.is_linear:
        # every model is compared with the first
        last = {model: max(use, model + 1) for model, use in last.items()} | {0: len(steps)}
    if Walk.pencil in ways:
        starts = segment_starts(steps)
        again = {start: model for model, start in enumerate(starts) if ways[model] is Walk.pencil}
        for labeler, labelled in last.items():
            later = [at for first, at in again.items() if labeler < first <= labelled <= at]
            last[labeler] = max([labelled, *later])
    return last
