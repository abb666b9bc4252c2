"""A forecast by measurement on its way, from a table to the answer."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.estimate.row_weights import unequal
from genloss.estimate.standardise import Standardiser, unit_target
from genloss.outlook import signs
from genloss.outlook.measured.check import check, sources
from genloss.outlook.measured.learners import left_out
from genloss.outlook.measured.read import read
from genloss.outlook.measured.result import ERROR, Answers, MeasuredForecast, Way, way_of
from genloss.outlook.measured.runs import Runs, quiet_fits, run
from genloss.outlook.measured.sentences import sentences
from genloss.outlook.measured.task import Task
from genloss.outlook.measured.theory import remark, theory_of
from genloss.outlook.measured.ways import alike, ways
from genloss.outlook.measured.world import vectors
from genloss.outlook.plans import CV, at_most
from genloss.outlook.prepare import MOST_USED, inputs_of, refuse_beside_weights
from genloss.outlook.remarks import EXACT
from genloss.outlook.result import METRIC
from genloss.outlook.ridge import Design, least
from genloss.outlook.sample import Sample, copies, joined
from genloss.outlook.split import check_groups
from genloss.outlook.study import Study
from genloss.plan import Plan
from genloss.tables.streaming import StreamedTable
from genloss.tables.table import Table
from genloss.weighing.rows import DETERMINED

Array = npt.NDArray[np.float64]

log_of = logging.getLogger("genloss")

REPEATS = 2
_PENALTY_DRAWS = 5


@dataclass(frozen=True, eq=False)
class Measurement:
    """One forecast by measurement.

    Attributes
    ----------
    task : Task
        What is learned.
    table : Table
        Where the rows are from.
    study : Study
        Rows and streams.
    repeated : int
        Rows that are exact copies of others.
    """

    task: Task
    table: Table
    study: Study
    repeated: int

    @classmethod
    def of(
        cls,
        task: Task,
        table: Table,
        seeds: tuple[np.random.SeedSequence, np.random.SeedSequence],
        unlabelled: Any,
        *,
        log: bool,
    ) -> Measurement:
        """Draw the rows that are used; they are standardised for ridge, and as they are otherwise."""
        if table.weights is not None:
            refuse_beside_weights(unlabelled, "encode" if table.texts else "drop")
        rng = np.random.default_rng(seeds[0])
        place = rng.permutation(table.target.size)[:MOST_USED]
        raw, y = table.features[place], table.target[place]
        unit_target(y)  # refuses what does not vary
        repeated = copies(raw, y)
        more = None if unlabelled is None else inputs_of(unlabelled, table)
        weights = unequal(None if table.weights is None else table.weights[place])
        if task.estimator is None:
            standardise = Standardiser.of(raw, weights)
            raw, more = standardise(raw), None if more is None else standardise(more)
        sample = Sample(
            raw,
            y,
            task.kernel,
            groups=joined(None if table.groups is None else table.groups[place], repeated),
            time=None if table.time is None else table.time[place],
            weights=weights,
            texts={name: codes[place] for name, codes in table.texts.items()},
            log=log,
        )
        check_groups(sample)
        copied = 0 if repeated is None else y.size - int(repeated.max()) - 1
        return cls(task, table, Study(sample, None, seeds[1], more), copied)

    def forecast(self, plan: Plan, trials: int, *, tuned: bool, cv: bool) -> MeasuredForecast:
        """Run the plan and other ways, and check it."""
        task, sample, study = self.task, self.study.sample, self.study
        ridge = task.is_ridge(plan)
        if ridge and (tuned or cv):
            plan = plan.with_penalty(self._penalty(int(plan.n_samples[0])))
        run_as = plan.with_penalty(CV) if ridge and cv else plan
        with quiet_fits(estimators=not ridge) as warned:
            own, shown, cut = self._ways(run_as)
            checked = check(study, task, run_as, trials)
        log_of.info("measured: %.3g to %.3g", own.error[0], own.error[-1])
        baseline, name = self._baseline(), task.name(plan)
        whole = own.n_samples == plan.n_samples.max()
        known = whole and (study.unlabelled is None or task.estimator is None)
        theory = theory_of(task, sample, run_as, own) if known else None
        predicted, measured = checked.curves(ERROR if task.classes else METRIC)
        return MeasuredForecast(
            own=own,
            ways=shown,
            predicted=predicted,
            measured=measured,
            low=checked.low,
            high=checked.high,
            baseline=baseline,
            classes=task.levels,
            advice=Answers(
                sentences(own, shown, baseline, checked, name, classes=task.classes),
                checked.agrees,
            ),
            plan=plan,
            kernel=task.kernel,
            estimator=task.estimator,
            model=name,
            source=self.table.source,
            target=f"log({self.table.target_name})" if sample.log else self.table.target_name,
            rows={
                "table": self.table.n_rows
                if isinstance(self.table, StreamedTable)
                else self.table.target.size,
                "used": sample.size,
                **checked.sizes,
            },
            check_rows=int(checked.plan.n_samples.max()),
            notes=(
                *self._notes(plan, own, checked, ridge=ridge, tuned=tuned),
                *map(_cut, cut),
                *([] if theory is None else [remark(sample, classes=task.classes)]),
            ),
            warnings=(
                *self.table.warnings,
                *[DETERMINED] * (float(own.error[0]) <= EXACT * baseline),
                *(f"fits warned {count} times: {text:.200}" for text, count in warned.items()),
            ),
            theory=theory,
            penalty_rule="own" if task.estimator is not None else CV if cv else "fixed",
        )

    def _ways(self, plan: Plan) -> tuple[Way, tuple[Way, ...], list[Way]]:
        """The plan, other ways to train as many models, and which of these had to do with fewer rows.

        The plan may be one of them.
        """
        soft = self.task.takes_soft(plan)
        named = ways(plan, classes=self.task.classes, soft=soft)
        own = next((name for name, other in named.items() if alike(other, plan)), "this plan")
        found = {own: self.way(own, plan)}
        for name, other in named.items():
            if name != own:
                found[name] = self.way(name, other)
        order = [own] if own not in named else []
        cut = [
            found[name]
            for name, other in named.items()
            if name != own and found[name].n_samples < other.n_samples.max()
        ]
        return found[own], tuple(found[name] for name in (*order, *named)), cut

    def way(self, name: str, plan: Plan) -> Way:
        """Measured errors of a plan, with fewer rows where folds have no more."""
        study, task = self.study, self.task
        small, runs = self.runs(plan)
        kept = np.flatnonzero(runs.tested)
        scores = {
            each: study.sample.mean(rows[:, kept].T, kept)
            for each, rows in runs.rows.items()
            if each != task.score
        }
        return way_of(name, small, read(runs, study.sample, task.score), scores)

    def runs(self, plan: Plan) -> tuple[Plan, Runs]:
        """Literal runs of a plan over splits, and what was run: with fewer rows where folds have no more."""
        study = self.study
        small = at_most(plan, study.room(int(plan.n_samples.max())))
        splits = study.splits(int(small.n_samples.max()), REPEATS)
        found = run(
            self.task,
            study.sample,
            small,
            sources(study, small),
            splits,
            study.stream(1),
            study.unlabelled,
        )
        return small, found

    def _penalty(self, n: int) -> float:
        """The ridge penalty of least leave-one-out error on so many rows, over a few draws."""
        sample = self.study.sample
        rng = np.random.default_rng(self.study.stream(2))
        n = min(n, sample.size)
        labels = vectors(sample.y, len(self.task.levels))
        grid: Array | None = None
        errors = []
        for _ in range(_PENALTY_DRAWS if n < sample.size else 1):
            rows = rng.permutation(sample.size)[:n]
            weights = None if sample.weights is None else sample.weights[rows]
            design = Design.of(sample.X[rows], sample.kernel, weights)
            grid = design.grid() if grid is None else grid
            errors.append(left_out(design, labels[rows], grid))
        assert grid is not None
        return least(grid, np.mean(errors, axis=0))[0]

    def _baseline(self) -> float:
        """Error of always answering the commonest class, or the mean."""
        sample = self.study.sample
        if not self.task.classes:
            return float(sample.mean(signs.mean_losses(sample)))
        shares = sample.mean(vectors(sample.y, len(self.task.levels)))
        return float(1 - shares.max())

    def _notes(
        self, plan: Plan, own: Way, checked: Any, *, ridge: bool, tuned: bool
    ) -> tuple[str, ...]:
        sample, said = self.study.sample, list(self.table.notes)
        if ridge and tuned:
            said.append(
                "the penalty is the best one for model 0, by leave-one-out on squared errors"
            )
        said.append(f"errors and changes rest on {sample.size:,} rows")
        if own.n_samples < plan.n_samples.max():
            said.append(
                f"measured with {own.n_samples} rows per generation, of {plan.n_samples.max()}: others "
                "are needed to test on"
            )
        if checked.plan.n_samples.max() < plan.n_samples.max():
            said.append(
                f"the check ran with {checked.plan.n_samples.max()} rows per generation, of "
                f"{plan.n_samples.max()}"
            )
        elif checked.recurs:
            said.append("in the check, late generations meet rows again")
        if self.study.unlabelled is not None:
            said.append(
                f"unlabelled was used: the rows that models label are from its "
                f"{len(self.study.unlabelled):,}, in every way to train and in the check; real labels and "
                "the rows that models are tested on are the table's"
            )
        if self.repeated:
            said.append("copies of a row were kept on one side of every split")
        if sample.weights is not None:
            said.append("weights count in fits and in errors")
        elif self.table.weights is not None:
            said.append("the weights of these rows are equal, and change nothing")
        if sample.texts:
            names = ", ".join(repr(name) for name in sample.texts)
            said.append(f"encoded {names} by the target, inside every split")
        return tuple(said)


def _cut(way: Way) -> str:
    """What is said of a way that asks for more rows than there are beside those it is tested on."""
    first, most = int(way.plan.n_samples[0]), way.n_samples
    later = "" if most == first else f", later ones with {most:,}"
    return (
        f"{way.name}: model 0 is trained with {first:,} rows only{later}, as others are needed to test on; "
        "its numbers differ from those of the other ways for that as well"
    )
