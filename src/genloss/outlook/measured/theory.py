"""Theory beside the measurement: of two classes by linear models on new rows, and of ridge estimators of numbers."""

from __future__ import annotations

import numpy as np

from genloss.curve import Curve
from genloss.generation import REAL
from genloss.labels.hard import Hard
from genloss.losses.logistic import Logistic
from genloss.outlook.measured.linear import Linear
from genloss.outlook.measured.mixture import Fit, Mixture, chain, levelled
from genloss.outlook.measured.result import ERROR, Way
from genloss.outlook.measured.task import Task
from genloss.outlook.prepare import estimated
from genloss.outlook.result import METRIC
from genloss.outlook.sample import Sample
from genloss.outlook.theory import Theory
from genloss.plan import Plan
from genloss.steps import Step, resolve

_MOST_COLUMNS = 1000
_FEW = 100
_MOST_APART = 1.5  # times the measured error, or a part of it
RIDGE = "ridge on the estimated problem, level as measured"
METHOD = "two normal clouds, level and disagreement as measured"


def theory_of(task: Task, sample: Sample, plan: Plan, own: Way) -> Curve | None:
    """Errors by theory, whose level is model 0's measured error, or None where it knows nothing.

    Of an estimator, theory is that of the ridge regression that it is (`linear`).
    """
    if sample.texts or not own.error[0] > 0:
        return None
    if task.estimator is not None:
        known = Linear.of(task.estimator)
        seen = None if known is None else known.sample(sample)
        if known is None or seen is None:
            return None
        return _of_numbers(seen, known.plan(plan), own, cv=known.tuned)
    if task.kernel is not None or len(task.levels) != 2:
        return None
    return _of_classes(sample, plan, own)


def _of_numbers(sample: Sample, plan: Plan, own: Way, *, cv: bool) -> Curve | None:
    """The growth of the estimated problem (`methods.md`), from model 0's measured error on."""
    estimate = estimated(sample)
    if estimate is None:
        return None
    growth = Theory.of(estimate, sample.weights).growth(plan, cv=cv)
    if growth is None:
        return None
    return Curve(risk=own.error[0] * np.exp(growth), method=RIDGE, metric=METRIC)


def _of_classes(sample: Sample, plan: Plan, own: Way) -> Curve | None:
    """Two clouds (`channels.md` 11).

    The increase is theory's, times the measured share of rows on which a model differs from model 0, over
    the share in theory: both are seen without labels. Rows that are no two clouds are told by errors that
    leave the measured intervals, or are far from the measurement: there is no theory of them.
    """
    if sample.X.shape[1] > _MOST_COLUMNS or not own.error[0] < 0.5:
        return None
    fits = [_fit(step) for step in resolve(plan)]
    known = [fit for fit in fits if fit is not None]
    if len(known) < len(fits):
        return None
    signs = np.where(sample.y > 0, 1.0, -1.0)
    mixture = levelled(Mixture.of(sample.X, signs), known[0], float(own.error[0]))
    told = None if mixture is None else chain(mixture, known)
    if told is None:
        return None
    moved = np.divide(
        own.scores["moved"], told.moved, out=np.ones(len(known)), where=told.moved > 1e-6
    )
    first = float(own.error[0])
    risk = np.clip(first + (told.error - told.error[0]) * moved, 0.0, 1.0)
    far = (risk > _MOST_APART * own.error) | (own.error > _MOST_APART * risk)
    if (far | (risk < own.low) | (risk > own.high)).any():
        return None
    return Curve(risk=risk, method=METHOD, metric=ERROR)


def remark(sample: Sample, *, classes: bool) -> str:
    """How far theory is to be trusted."""
    if not classes:
        return (
            "theory is of a Gaussian problem with this table's spectrum, signal and noise, from the measured "
            "error of model 0 on; trust the measurement where they differ"
        )
    rough = f"; it is rough here, as there are {sample.size} rows" if sample.size < _FEW else ""
    return f"theory is of two normal clouds, trust the measurement where they differ{rough}"


def _fit(step: Step) -> Fit | None:
    """The rows of a fit to new inputs, real ones and some with hard labels of the last model."""
    plain = step.is_new and not step.is_pooled and step.filter is None and step.towards is None
    if not plain or step.features is not None or step.retuned:
        return None
    rows = {REAL: 0, step.model - 1: 0}
    for block in step.blocks:
        (who, share), *others = block.shares.items()
        hard = who == REAL or isinstance(block.labels, Hard)
        unlike = block.kept or block.keep or block.edited < 1 or not hard
        if others or share != 1 or unlike or who not in rows:
            return None
        rows[who] += block.rows
    made = 0 if step.model == 0 else rows[step.model - 1]
    return Fit(rows[REAL], made, step.penalty, isinstance(step.loss, Logistic))
