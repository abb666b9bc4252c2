"""One forecast on its way: the parts in their order, from prepared rows to the answer."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.curve import Curve
from genloss.estimate.kernels import Kernel
from genloss.outlook import signs
from genloss.outlook.advise import Evidence, advise
from genloss.outlook.check import Check, check
from genloss.outlook.for_ever import explosion
from genloss.outlook.full import Whole, first_of_all_rows, full, whole
from genloss.outlook.growth import Growth
from genloss.outlook.level import Level, by_draws, level
from genloss.outlook.losses import Losses, work
from genloss.outlook.outcomes import FIFTH, outcome, policies, rehearsed_growth
from genloss.outlook.penalties import Best, by_rehearsals, grid_of
from genloss.outlook.plans import CV, fitted_rows, sized, without_mean
from genloss.outlook.prepare import Prepared
from genloss.outlook.pseudo import PseudoLabels, pseudo_labels
from genloss.outlook.remarks import notes_of, warnings_of
from genloss.outlook.result import METRIC, Forecast, Outcome
from genloss.outlook.ridge import Design
from genloss.outlook.shares import Shape, by_power, by_theory
from genloss.outlook.study import Study
from genloss.outlook.units import UNITS
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.tuning.real_rows import with_real_rows

Array = npt.NDArray[np.float64]

log_of = logging.getLogger("genloss")

REPEATS = 4
_KERNEL_REPEATS = 2
_MOST_REPEATS = 40
_KNOWN = 0.03  # scatter of the mean of the runs of model 0 that asks for no more of them
_FIRST_WORK = 1e10  # multiplications of all grids of model 0, of which one fold each is the least
_CHAIN_WORK = 1.5e9  # of one run of the plan
_GRID_WORK = 5e8  # of one run with all penalties
_ALL_ROWS = 0.9  # share of the rows from which on leave-one-out stands for folds


@dataclass(frozen=True, eq=False)
class Work:
    """One forecast on its way.

    Attributes
    ----------
    study : Study
        Rows, theory and streams.
    prepared : Prepared
        Where they came from.
    kernel : Kernel or None
        As asked.
    trials : int
        Splits of the check.
    cv, tuned : bool
        Whether penalties are chosen anew at every generation, and whether the fixed one is to be found.
    """

    study: Study
    prepared: Prepared
    kernel: Kernel | None
    trials: int
    cv: bool
    tuned: bool

    def forecast(self, plan: Plan) -> Forecast:
        """Penalty, levels, growths, check, policies and advice of a plan."""
        study, sample = self.study, self.study.sample
        known = whole(sample)
        best = self._first(plan, known)
        if self.tuned:
            plan = plan.with_penalty(best.penalty)
        log_of.info("best penalty of model 0: %.3g", best.penalty)
        rank = None
        least_squares = sample.kernel is None and plan.penalty.min() == 0 and not self.cv
        if least_squares and sample.X.shape[1] < sample.size:
            rank = int(Design.of(sample.X, None, sample.weights).values.size)
        fixed = plan.penalty[:, None]
        anew = np.full(fixed.shape, np.nan)
        first = self._level(plan, known, fixed)
        repeats = REPEATS if sample.kernel is None else _KERNEL_REPEATS
        if not self.cv:
            best = best.through(float(plan.penalty[0]), first.error)
        losses, grown = self._chain(plan, fixed, repeats)
        own = outcome("plan", plan, float(plan.penalty[-1]), first, grown, rank)
        again, regrown = self._chain(plan, anew, repeats // 2)
        retuned = outcome(
            "re-tuned", plan, math.nan, self._level(plan, known, anew, first), regrown, None
        )
        log_of.info(
            "rehearsed: growth %.3g fixed, %.3g re-tuned", own.growth[-1], retuned.growth[-1]
        )
        if self.cv:
            own, losses, grown = retuned, again, regrown
            first = Level(float(own.error[0]), first.se)
        penalty = anew if self.cv else fixed
        checked = check(study, plan, penalty, self.trials)
        log_of.info("checked on %d splits", self.trials)
        means = sample.mean(
            losses.rows.mean(axis=0)[:, losses.tested].T, np.flatnonzero(losses.tested)
        )
        scale = own.error / np.maximum(means, 1e-300)
        mean = signs.against_mean(losses, sample, scale)
        baseline = float(sample.mean(signs.mean_losses(sample)))
        evidence = Evidence(
            plan=plan,
            own=own,
            retuned=retuned,
            grown=grown,
            theory=None if self.cv else study.theory,
            first=best,
            last=self._last(plan, best, penalty, float(own.error[-1])),
            shape=self._shape(plan, grown, penalty),
            mean=mean,
            check=checked,
            cv=self.cv,
            kernel=None if self.kernel is None else self.kernel.arguments(self._columns),
            lossless=self._lossless(plan),
            baseline=baseline,
        )
        advice, pseudo = advise(evidence), self._pseudo()
        if pseudo is not None and advice.beats_mean[0]:
            told = {
                name: (*said, pseudo.said(UNITS[name], baseline))
                for name, said in advice.by_unit.items()
            }
            advice = replace(advice, sentences=told["mse"], by_unit=told)
        squares = losses.rows[0, 0, losses.tested]
        if sample.weights is not None:
            squares = squares * sample.weights[losses.tested] / sample.weights[losses.tested].mean()
        predicted, measured = self._curves(checked, rank)
        explodes = None if self.cv else explosion(study, plan)
        table, estimate = self.prepared.table, self.prepared.estimate
        return Forecast(
            own=own,
            predicted=predicted,
            measured=measured,
            low=checked.low,
            high=np.where(np.isinf(predicted.risk), np.inf, checked.high),
            baseline=baseline,
            noise=math.sqrt(best.least) if estimate is None else estimate.noise,
            problem=_problem(estimate),
            advice=advice,
            plan=plan,
            kernel=self.kernel,
            source=table.source,
            target=f"log({table.target_name})" if sample.log else table.target_name,
            rows={"table": self.prepared.n_table, "used": sample.size, **checked.sizes},
            notes=(
                *notes_of(
                    self.prepared, plan, checked, squares, baseline, losses, tuned=self.tuned
                ),
                *([pseudo.remark] if pseudo is not None and pseudo.remark else []),
            ),
            warnings=(
                *table.warnings,
                *warnings_of(advice, own, plan, sample, squares, baseline),
                *((explodes.sentence(),) if explodes is not None else ()),
            ),
            penalty_rule=CV if self.cv else "fixed",
            retuned=retuned,
            full=self._full(plan, known, rank),
            policies=policies(study, plan, own, first, rank, cv=self.cv),
            check_rows=int(checked.plan.n_samples.max()),
            original=self._original(losses, plan, own),
            pseudo=pseudo,
        )

    def _pseudo(self) -> PseudoLabels | None:
        """What the model's own labels on the unlabelled rows are worth."""
        study = self.study
        if study.unlabelled is None:
            return None
        return pseudo_labels(
            study.sample, study.unlabelled, np.random.default_rng(study.stream(13))
        )

    @property
    def _columns(self) -> int:
        """Features that a kernel sees."""
        table = self.prepared.table
        return int(table.features.shape[1]) + len(table.texts)

    def _first(self, plan: Plan, known: Whole | None) -> Best:
        """The best penalty of model 0."""
        study, n = self.study, int(plan.n_samples[0])
        all_rows = known is not None and known.n_samples == study.sample.size
        left_out = all_rows and n >= _ALL_ROWS * study.sample.size
        if known is not None and left_out and study.sample.kernel is None:
            return known.best
        one = Plan(plan.generations[:1])
        size = study.affordable(one, 25, _FIRST_WORK / 5, few=False)
        grid = grid_of(study.sample, int(size.n_samples[0]))
        each = work(size, study.sample, min(study.sample.size // 5, 2000), grid.size, few=False)
        repeats = int(np.clip(_FIRST_WORK / (5 * each), 1, 2 * REPEATS))
        if known is not None and left_out and repeats < REPEATS:
            return known.best  # else folds, which see many training sets, waver less with a kernel
        losses = study.rehearse(size, grid[None], repeats, ("boot",))
        splits = study.splits(int(size.n_samples[0]), 1)
        found = by_rehearsals(grid, losses.runs[:, :, 0], len(splits))
        return found.scaled(int(size.n_samples[0]) / n)

    def _level(
        self, plan: Plan, known: Whole | None, penalty: Array, fixed: Level | None = None
    ) -> Level:
        """Error of model 0 at the plan's own rows."""
        study, n, lam = self.study, int(plan.n_samples[0]), float(penalty[0, 0])
        anew = math.isnan(lam)
        all_rows = known is not None and known.n_samples == study.sample.size
        if known is not None and all_rows and n >= _ALL_ROWS * study.sample.size:
            return known.level(study.sample, known.best.penalty if anew else lam)
        one = Plan(plan.generations[:1])
        size = study.affordable(one, 1, _FIRST_WORK / 10, few=not anew)
        losses = self._draws(size, penalty[:1], REPEATS if not anew else 2)
        kept = np.flatnonzero(losses.tested)
        found = level(losses.rows[0, 0, kept], losses.n_samples, study.sample, kept)
        found = Level(found.error, math.hypot(found.se, by_draws(losses)))
        if size is one:
            return found
        if anew and fixed is not None:
            # at the fewer rows, against the fixed penalty that shrinks as much there
            n0 = int(size.n_samples[0])
            scaled = np.array([[float(plan.penalty[0]) * n / n0]])
            other = study.rehearse(size, scaled, 2, ("boot",))
            ratio = float(
                losses.runs[0, :, 0, 0].mean() / max(other.runs[0, :, 0, 0].mean(), 1e-300)
            )
            return Level(fixed.error * ratio, fixed.se)
        gain, start = 0.0, math.log(found.error)
        if known is not None and all_rows:
            # between what was rehearsed and all rows, along the logarithm of their number
            n0, most = int(size.n_samples[0]), study.sample.size
            end = known.level(study.sample, known.best.penalty if anew else lam).error
            gain = (math.log(end) - start) * math.log(n / n0) / math.log(most / n0)
        elif study.theory is not None and not anew:
            both = study.theory.error(one), study.theory.error(size)
            if both[0] is not None and both[1] is not None:
                gain = float(np.log(both[0][0] / both[1][0]))
        return Level(math.exp(start + gain), math.hypot(found.se, 0.3 * gain))

    def _lossless(self, plan: Plan) -> bool:
        """Whether fits of noiseless labels without a penalty return the model that made them."""
        sample = self.study.sample
        noiseless = all(source.noise == 0 for g in plan for source in g.sources)
        enough = fitted_rows(plan).min() > sample.X.shape[1] + 1  # and the intercept
        return bool(noiseless and enough and self.kernel is None and not sample.texts)

    def _full(self, plan: Plan, known: Whole | None, rank: int | None) -> Outcome:
        """The plan with all rows of the table, with the penalty best for so many."""
        bigger = sized(plan, self.prepared.n_table / int(plan.n_samples.max()))
        if known is None:
            bigger = bigger.with_penalty(self._first(bigger, None).penalty)
            start = self._level(bigger, None, bigger.penalty[:, None])
        else:
            penalty, start = first_of_all_rows(self.study, bigger, known)
            bigger = bigger.with_penalty(penalty)
        return full(self.study, bigger, self.prepared.n_table, start, rank)

    def _draws(self, plan: Plan, penalty: Array, repeats: int) -> Losses:
        """Rehearsals of model 0: more of them where few rows to train on make runs differ."""
        study = self.study
        losses = study.rehearse(plan, penalty, repeats, ("boot",))
        runs = losses.runs[0, :, 0, 0]
        scatter = float((runs / max(runs.mean(), 1e-300)).std())
        few = not np.isnan(penalty).any()
        each = work(plan, study.sample, min(study.sample.size // 5, 1000), 1, few=few)
        most = min(_MOST_REPEATS, _FIRST_WORK / (5 * each))
        wanted = min(math.ceil((scatter / _KNOWN) ** 2 * repeats / runs.size), int(most))
        return losses if wanted <= repeats else study.rehearse(plan, penalty, wanted, ("boot",))

    def _chain(self, plan: Plan, penalty: Array, repeats: int) -> tuple[Losses, Growth]:
        """Rehearsals of the plan and the growth they tell."""
        cv = bool(np.isnan(penalty).any())
        small = self.study.affordable(plan, 1, _CHAIN_WORK, few=not cv)
        n = int(plan.n_samples.max())
        losses = self.study.rehearse(small, penalty, repeats, self.study.sources(n))
        return losses, self.study.growth(plan, losses, small, cv=cv)

    def _last(self, plan: Plan, first: Best, penalty: Array, error: float) -> Best:
        """The best penalty of the last model, whose error as planned is known."""
        study = self.study
        if plan.n_models == 1:
            return first
        small = study.affordable(plan, 25, _GRID_WORK, few=False)
        grid = grid_of(study.sample, int(small.n_samples.min()))
        columns = np.hstack([np.tile(grid, (plan.n_models, 1)), penalty])
        kinds = ("unlabelled",) if study.unlabelled is not None else ("boot", "copula")
        runs = study.rehearse(small, columns, 2, kinds).runs
        folds = len(study.splits(int(small.n_samples.max()), 1))
        found = by_rehearsals(grid, runs[:, :, -1, :-1], folds)
        mean = np.maximum(runs[:, :, -1, -1].mean(axis=1), 1e-300)
        own = float(np.exp(np.mean(np.log(mean))))
        factor = error / own if np.isfinite(error) else 1.0
        found = replace(found, error=found.error * factor, least=found.least * factor)
        if small is plan:
            return found
        there = by_rehearsals(grid, runs[:1, :, 0, :-1], folds).penalty
        return found.scaled(first.penalty / there if there > 0 and first.penalty > 0 else 1.0)

    def _shape(self, plan: Plan, grown: Growth, penalty: Array) -> Shape:
        """How growth falls with real labels: by theory, or through one rehearsed share."""
        far = not self.study.small(int(plan.n_samples.max()))
        shape = None if self.cv else by_theory(self.study.theory, plan, far=far)
        if shape is not None:
            return shape
        worst = float(grown.log.max())
        if worst < math.log(1.05) or plan.n_models == 1:
            return by_power(0.0, FIFTH, 0.0)
        mixed = with_real_rows(plan, max(round(FIFTH * int(plan.n_samples.max())), 1))
        there = rehearsed_growth(self.study, mixed, float(penalty[-1, 0]), _CHAIN_WORK)
        return by_power(worst, FIFTH, float(there.log.max()))

    def _curves(self, checked: Check, rank: int | None) -> tuple[Curve, Curve]:
        lost = without_mean(checked.plan, rank)
        runs = checked.runs
        mean = runs.mean(axis=0)
        unit = np.maximum(mean, 1e-300)
        return (
            Curve(
                risk=np.where(lost, np.inf, checked.predicted),
                method="rehearsed on rows seen, with theory",
                metric=METRIC,
            ),
            Curve(
                risk=mean,
                stderr=unit * (runs / unit).std(axis=0, ddof=1) / np.sqrt(len(runs)),
                method=f"literal chain on held-out rows, {len(runs)} splits",
                metric=METRIC,
                trials=len(runs),
            ),
        )

    def _original(self, losses: Losses, plan: Plan, own: Outcome) -> Outcome | None:
        """Errors of the exponentials of what the models say."""
        if losses.original is None:
            return None
        told = replace(losses, rows=losses.original)
        sample, kept = self.study.sample, np.flatnonzero(losses.tested)
        first = level(told.rows[0, 0, kept], told.n_samples, sample, kept)
        grown = self.study.growth(plan, told, plan)
        return outcome("on the target's own scale", plan, own.penalty, first, grown, None)


def _problem(estimate: Any) -> Problem:
    if estimate is None:
        return Problem(np.ones(1), np.zeros(1), gaussian=False)
    return Problem(estimate.spectrum, estimate.truth, gaussian=False)
