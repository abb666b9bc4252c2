"""From a user's own data to the error of every model of a plan, rehearsed and then measured."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss.curve import Curve
from genloss.errors import DataError, InvalidInputError
from genloss.outlook import signs
from genloss.outlook.advise import Evidence, advise
from genloss.outlook.check import Check, check
from genloss.outlook.doors import Kernel, LargeTable
from genloss.outlook.full import Whole, full, whole
from genloss.outlook.growth import Growth
from genloss.outlook.level import Level, level
from genloss.outlook.losses import Losses, work
from genloss.outlook.outcomes import FIFTH, outcome, policies, rehearsed_growth
from genloss.outlook.penalties import Best, by_rehearsals, grid_of
from genloss.outlook.plans import (
    CV,
    asked_plan,
    check_penalty,
    check_plan,
    default_rows,
    without_mean,
)
from genloss.outlook.prepare import (
    FEWEST_TABLE,
    MOST_TEST,
    MOST_USED,
    Prepared,
    logged,
    opened,
    prepare,
)
from genloss.outlook.remarks import notes_of, warnings_of
from genloss.outlook.result import METRIC, Advice, Forecast, Outcome
from genloss.outlook.ridge import Design
from genloss.outlook.shares import Shape, by_power, by_theory
from genloss.outlook.study import Study
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.tables.delimited import Dialect
from genloss.tables.inputs import inputs_like
from genloss.tune import with_real_rows

__all__ = ["Advice", "Forecast", "Outcome", "default_rows", "forecast"]

Array = npt.NDArray[np.float64]

log_of = logging.getLogger("genloss")

REPEATS = 4
_KERNEL_REPEATS = 2
_FIRST_WORK = 1e10  # multiplications of all grids of model 0, of which one fold each is the least
_CHAIN_WORK = 3e8  # of one run of the plan
_GRID_WORK = 5e8  # of one run with all penalties
_ALL_ROWS = 0.9  # share of the rows from which on leave-one-out stands for folds


def forecast(
    X: Any,
    y: Any = None,
    plan: Plan | None = None,
    kernel: Any = None,
    seed: int = 0,
    *,
    trials: int = 5,
    tune_penalty: bool | None = None,
    missing: str = "error",
    stream: bool | None = None,
    cluster: str | None = None,
    generations: int | None = None,
    n_samples: int | None = None,
    penalty: float | str | None = None,
    noise: float | None = None,
    real: float | None = None,
    target: Any = None,
    log: bool = False,
    time: Any = None,
    group: Any = None,
    weights: Any = None,
    unlabelled: Any = None,
    encoding: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    sep: str | None = None,
    texts: str = "drop",
) -> Forecast:
    """Forecast what a retraining plan does to a model of your data, and check it on held-out rows.

    Parameters
    ----------
    X : array_like of shape (n_rows, dim), path, data frame, Bunch or Table
        The features; or a table that holds features and target.
    y : array_like of shape (n_rows,) or str, optional
        The real labels; or the name of the target column of a table.
    plan : Plan, optional
        Default: 10 models on up to 1,000 rows each, relabelled by the previous model without added
        noise, with the penalty that is best for the first. A plan's ``noise`` is what is added to
        labels that models make, in units of the target; real labels carry their own.
    kernel : {None, "linear", "rbf", "polynomial"} or Kernel, optional
        None for a linear model. Features are standardised, the intercept is not penalised, and gamma
        is 1 / dim unless given. Fits on more than 4,000 rows use 2,000 Nystrom features.
    seed : int, default 0
        Seed of all splits and runs.
    trials : int, default 5
        Number of literal runs of the check, at least 2.
    tune_penalty : bool, optional
        Whether to replace the plan's penalties by the one that is best for its first model, as one
        would tune it on real data; default: only if neither plan nor penalty is given.
    missing : {"error", "drop", "mean"}, default "error"
        What to do about missing values of a table.
    stream : bool, optional
        Whether to read Parquet block by block; default: from 16 million cells (rows times columns)
        on. All rows then give a linear model's estimate, a random sample of them the rest.
    cluster : str, optional
        Where a stream is read: "processes", or the address of a Dask scheduler.
    generations, n_samples, penalty, noise, real : optional
        Instead of a plan: number of models, rows per generation, penalty (a number, or "cv" to
        choose it anew at every generation by leave-one-out on that generation's labels), noise on
        model-made labels, and share of rows with real labels.
    target : str or int, optional
        The target column, as ``y``.
    log : bool, default False
        Whether to model the logarithm of the target, which must be positive. Errors are then of the
        logarithm, and ``original`` has them on the target's own scale.
    time : array_like of shape (n_rows,) or str, optional
        When each row was made: models are trained on the past and scored on the future.
    group : array_like of shape (n_rows,) or str, optional
        Rows of one group (a person, a shop) stay on one side of every split.
    weights : array_like of shape (n_rows,) or str, optional
        Weights of the rows in all errors and in the choice of penalties; fits are unweighted.
    unlabelled : array_like of shape (m, dim), path, frame or Table, optional
        Rows without labels, on which later models are trained instead of on generated ones.
    encoding, decimal, thousands, sep : str, optional
        How a CSV file is written.
    texts : {"drop", "encode"}, default "drop"
        What to do with text columns of many values, as in `load_table`.

    Returns
    -------
    Forecast
        ``error`` and ``growth`` with intervals, from all rows; ``predicted`` and ``measured``
        curves of the check, mean squared errors on real labels in squared units of the target,
        label noise included; ``noise``, ``problem`` and ``advice``.

    Raises
    ------
    DataError
        If the table cannot be used, or has fewer rows than the plan needs.
    InvalidInputError
        If an argument is out of range, or the plan has weights, covariances or random features.

    Notes
    -----
    The plan is rehearsed: run literally on four fifths of the rows and scored on the others, over
    repeated folds, with inputs of later models used again, drawn again, or made anew from the
    columns' values and correlations. Theory of the estimated problem is one more voice, and carries
    the answer to sizes the rows do not allow. See "Forecast" in docs/methods.md.

    Examples
    --------
    >>> import genloss as gl, sklearn.datasets
    >>> X, y = sklearn.datasets.load_diabetes(return_X_y=True)
    >>> outlook = gl.forecast(X, y, gl.Plan.replace(5, 60, penalty=0.1))
    >>> outlook.predicted.n_models
    5
    >>> bool(outlook.growth_low[-1] < outlook.growth[-1] < outlook.growth_high[-1])
    True
    """
    if target is not None:
        if y is not None:
            raise InvalidInputError(f"target was {target!r} beside y; give one of them")
        y = target
    chosen = Kernel.of(kernel)
    seed = _check.integer("seed", seed, minimum=0)
    trials = _check.integer("trials", trials, minimum=2)
    log = _check.boolean("log", log)
    if tune_penalty is not None:
        tune_penalty = _check.boolean("tune_penalty", tune_penalty)
    table = opened(
        X,
        y,
        missing,
        stream,
        cluster,
        {
            "time": time,
            "group": group,
            "weights": weights,
            "encoding": encoding,
            "decimal": decimal,
            "thousands": thousands,
            "sep": sep,
            "texts": texts,
        },
    )
    n_rows = table.most_sampled if isinstance(table, LargeTable) else table.target.size
    if n_rows < FEWEST_TABLE:
        raise DataError(
            f"the table has {n_rows} usable rows; a forecast needs at least {FEWEST_TABLE}"
        )
    options = {
        "generations": generations,
        "n_samples": n_samples,
        "penalty": check_penalty(penalty),
        "noise": noise,
        "real": real,
    }
    plan, tuned, cv = asked_plan(plan, n_rows, options)
    tuned = tuned if tune_penalty is None else tune_penalty or cv
    check_plan(plan)
    if plan.n_samples.max() > min(n_rows, MOST_USED):
        most = f"the table has {n_rows}" if n_rows < MOST_USED else f"at most {MOST_USED} are used"
        raise DataError(
            f"the plan needs {int(plan.n_samples.max())} rows in one generation and {most}: "
            "give more data or lower n_samples"
        )
    rows_seed, study_seed, stream_seed = np.random.SeedSequence(seed).spawn(3)
    if isinstance(table, LargeTable):
        needed = MOST_USED + MOST_TEST + int(plan.n_samples.sum())
        table = table.read(max(needed, 5 * MOST_TEST), stream_seed, linear=chosen is None)
    if isinstance(unlabelled, str | Path):
        unlabelled = inputs_like(table, unlabelled, Dialect.of(encoding, decimal, thousands, sep))
    if log:
        table = logged(table)
    largest = int(plan.n_samples.max())
    prepared = prepare(table, chosen, largest, rows_seed, log=log, unlabelled=unlabelled)
    log_of.info("forecast of %s: %d rows used", table.source, prepared.sample.size)
    study = Study(prepared.sample, prepared.theory, study_seed, prepared.unlabelled)
    return _Forecasting(study, prepared, chosen, trials, cv, tuned).forecast(plan)


@dataclass(frozen=True, eq=False)
class _Forecasting:
    """One forecast on its way: the parts in their order."""

    study: Study
    prepared: Prepared
    kernel: Kernel | None
    trials: int
    cv: bool
    tuned: bool

    def forecast(self, plan: Plan) -> Forecast:
        study, sample = self.study, self.study.sample
        known = whole(sample)
        best = self._first(plan, known)
        if self.tuned:
            plan = plan.with_penalty(best.penalty)
        log_of.info("best penalty of model 0: %.3g", best.penalty)
        rank = None
        least_squares = sample.kernel is None and plan.penalty.min() == 0 and not self.cv
        if least_squares and sample.X.shape[1] < sample.size:
            rank = int(Design.of(sample.X, None).values.size)
        fixed = plan.penalty[:, None]
        anew = np.full(fixed.shape, np.nan)
        first = self._level(plan, known, fixed)
        repeats = REPEATS if sample.kernel is None else _KERNEL_REPEATS
        if not self.cv:
            best = best.through(float(plan.penalty[0]), first.error)
        losses, grown = self._chain(plan, fixed, repeats)
        own = outcome("plan", plan, float(plan.penalty[-1]), first, grown, rank)
        again, regrown = self._chain(plan, anew, repeats // 2)
        retuned = outcome("re-tuned", plan, math.nan, self._level(plan, known, anew), regrown, None)
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
        whole_table = full(study, plan, known, self.prepared.n_table, first, rank)
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
            model="Ridge" if self.kernel is None else "KernelRidge",
        )
        advice = advise(evidence)
        squares = losses.rows[0, 0, losses.tested]
        predicted, measured = self._curves(checked, rank)
        table, estimate = self.prepared.table, self.prepared.estimate
        baseline = float(sample.mean(signs.mean_losses(sample)))
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
            notes=notes_of(
                self.prepared, plan, checked, squares, baseline, losses, tuned=self.tuned
            ),
            warnings=(
                *getattr(table, "warnings", ()),
                *warnings_of(advice, own, plan, sample, squares, baseline),
            ),
            penalty_rule=CV if self.cv else "fixed",
            retuned=retuned,
            full=whole_table,
            policies=policies(study, plan, own, first, rank, cv=self.cv),
            check_rows=int(checked.plan.n_samples.max()),
            original=self._original(losses, plan, own),
        )

    def _first(self, plan: Plan, known: Whole | None) -> Best:
        """The best penalty of model 0."""
        study, n = self.study, int(plan.n_samples[0])
        all_rows = known is not None and known.n_samples == study.sample.size
        if known is not None and all_rows and n >= _ALL_ROWS * study.sample.size:
            return known.best
        one = Plan(plan.generations[:1])
        size = study.affordable(one, 25, _FIRST_WORK / 5, few=False)
        grid = grid_of(study.sample, int(size.n_samples[0]))
        each = work(size, study.sample, min(study.sample.size // 5, 2000), grid.size, few=False)
        repeats = int(np.clip(_FIRST_WORK / (5 * each), 1, 2 * REPEATS))
        losses = study.rehearse(size, grid[None], repeats, ("boot",))
        splits = study.splits(int(size.n_samples[0]), 1)
        found = by_rehearsals(grid, losses.runs[:, :, 0], len(splits))
        return found.scaled(int(size.n_samples[0]) / n)

    def _level(self, plan: Plan, known: Whole | None, penalty: Array) -> Level:
        """Error of model 0 at the plan's own rows."""
        study, n, lam = self.study, int(plan.n_samples[0]), float(penalty[0, 0])
        anew = math.isnan(lam)
        all_rows = known is not None and known.n_samples == study.sample.size
        if known is not None and all_rows and n >= _ALL_ROWS * study.sample.size:
            return known.level(study.sample, known.best.penalty if anew else lam)
        one = Plan(plan.generations[:1])
        size = study.affordable(one, 1, _FIRST_WORK / 10, few=not anew)
        losses = study.rehearse(size, penalty[:1], REPEATS if not anew else 2, ("boot",))
        kept = np.flatnonzero(losses.tested)
        found = level(losses.rows[0, 0, kept], losses.n_samples, study.sample, kept)
        if size is one:
            return found
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
        shape = None if self.cv else by_theory(self.study.theory, plan)
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
        return (
            Curve(
                risk=np.where(lost, np.inf, checked.predicted),
                method="rehearsed on rows seen, with theory",
                metric=METRIC,
            ),
            Curve(
                risk=runs.mean(axis=0),
                stderr=runs.std(axis=0, ddof=1) / np.sqrt(len(runs)),
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
