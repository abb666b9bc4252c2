"""From a user's own data to the error of every model of a plan, rehearsed and then measured."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from genloss import _check
from genloss.errors import DataError, InvalidInputError
from genloss.estimate.kernels import Kernel
from genloss.outlook.measured.asked import asked_task, task_plan
from genloss.outlook.measured.result import MeasuredForecast
from genloss.outlook.measured.work import Measurement
from genloss.outlook.plans import asked_plan, check_penalty, check_plan, default_rows, rows_note
from genloss.outlook.prepare import (
    FEWEST_TABLE,
    MOST_TEST,
    MOST_USED,
    logged,
    opened,
    prepare,
    read_unlabelled,
    refuse_beside_weights,
)
from genloss.outlook.result import Advice, Forecast, Outcome
from genloss.outlook.study import Study
from genloss.outlook.work import Work
from genloss.plan import Plan
from genloss.tables.delimited import Dialect
from genloss.tables.streaming import LargeTable
from genloss.tables.target import with_note

__all__ = ["Advice", "Forecast", "MeasuredForecast", "Outcome", "default_rows", "forecast"]

MOST = 10_000
"""Runs of the check, and models of a plan; every one is fitted, several times."""

FEWER = 5
"""Models by default with an estimator."""

AnyForecast = TypeVar("AnyForecast", Forecast, MeasuredForecast)

log_of = logging.getLogger("genloss")


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
    classes: bool | None = None,
    estimator: Any = None,
) -> Forecast | MeasuredForecast:
    """Forecast what a retraining plan does to a model of your data, and check it on held-out rows.

    Parameters
    ----------
    X : array_like of shape (n_rows, dim), path, data frame, Bunch or Table
        The features; or a table that holds features and target.
    y : array_like of shape (n_rows,) or str, optional
        The real labels; or the name of the target column of a table.
    plan : Plan, optional
        Default: 10 models (5 with an estimator) on an eighth of the table's rows each, at most 1,000
        and rounded down, so that later models find new rows; relabelled by the previous model without added
        noise, with the penalty that is best for the first. A plan's ``noise`` is what is added to
        labels that models make, in units of the target; real labels carry their own.
    kernel : {None, "linear", "rbf", "polynomial"} or Kernel, optional
        None for a linear model. Features are standardised, the intercept is not penalised, and gamma
        is 1 / dim unless given. Fits on more than 4,000 rows use 2,000 Nystrom features.
    seed : int, default 0
        Seed of all splits and runs.
    trials : int, default 5
        Number of literal runs of the check, 2 to 10,000.
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
        How much each row counts, in every fit and every error: one of weight 2 as two copies of
        it, one of weight 0 not at all. Only ratios matter, ``n_samples`` counts rows. Fits minimise
        ``sum_i w_i residual_i**2 / sum_i w_i + penalty |b|**2``. Not beside ``unlabelled`` rows or
        ``texts="encode"``.
    unlabelled : array_like of shape (m, dim), path, frame or Table, optional
        Rows without labels, on which later models are trained instead of on generated ones; of a
        linear model of numbers, ``pseudo`` also says what its own labels on all of them are worth.
    encoding, decimal, thousands, sep : str, optional
        How a CSV file is written.
    texts : {"drop", "encode"}, default "drop"
        What to do with text columns of many values, as in `load_table`.
    classes : bool, optional
        Whether the target holds classes; default: text and booleans do, numbers do not.
    estimator : scikit-learn estimator or str, optional
        What is trained instead of ridge: a regressor, a classifier or a pipeline, one of the names
        "boosting", "forest", "logistic", "mlp", "neighbours", "tree", or a path such as
        "sklearn.linear_model:Lasso". It sees the features as they are.

    Returns
    -------
    Forecast or MeasuredForecast
        ``error`` and ``growth`` with intervals, from all rows; ``predicted`` and ``measured``
        curves of the check, mean squared errors on real labels in squared units of the target,
        label noise included; ``noise``, ``problem`` and ``advice``. Of classes, and with an
        estimator, a `MeasuredForecast`: shares of wrong classes or mean squared errors, and
        other ways to train in ``ways``.

    Raises
    ------
    DataError
        If the table cannot be used, or has fewer rows than the plan needs.
    InvalidInputError
        If an argument is out of range, or the plan has weights (of ridge), covariances or random
        features, or the estimator does not fit the target.

    Notes
    -----
    The plan is rehearsed: run literally on four fifths of the rows and scored on the others, over
    repeated folds, with inputs of later models used again, drawn again, or made anew from the
    columns' values and correlations. Theory of the estimated problem is one more voice, and carries
    the answer to sizes the rows do not allow. See "Forecast" in docs/methods.md. Classes are told by
    the largest of as many ridge models, one a class, unless the plan's loss is logistic; they and
    estimators are measured on the same splits. Labels that models make are hard ones unless the plan
    says ``labels="soft"`` or "sampled", and ``keep`` leaves out rows.

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
    trials = _check.integer("trials", trials, minimum=2, maximum=MOST)
    log = _check.boolean("log", log)
    if weights is not None:
        refuse_beside_weights(unlabelled, texts)
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
        classes=classes is not False,
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
    if plan is None and generations is None and estimator is not None:
        options["generations"] = FEWER  # every model is many fits, of which each takes its time
    by_default = plan is None and n_samples is None
    plan, tuned, cv = asked_plan(plan, n_rows, options)
    if plan.n_models > MOST:
        raise InvalidInputError(
            f"the plan has {plan.n_models:,} models; a forecast fits every one, and takes at most "
            f"{MOST:,}: lower generations"
        )
    tuned = tuned if tune_penalty is None else tune_penalty or cv
    task = asked_task(table, classes, chosen, estimator)
    if task is None:
        check_plan(plan)
    else:
        given = {"penalty": penalty, "kernel": chosen, "tune_penalty": tune_penalty}
        weighted = weights is not None or getattr(table, "weights", None) is not None
        plan = task_plan(plan, task, given, log=log, weighted=weighted)
    if plan.n_samples.max() > min(n_rows, MOST_USED):
        most = f"the table has {n_rows}" if n_rows < MOST_USED else f"at most {MOST_USED} are used"
        raise DataError(
            f"the plan needs {int(plan.n_samples.max())} rows in one generation and {most}: "
            "give more data or lower n_samples"
        )
    rows_seed, study_seed, stream_seed = np.random.SeedSequence(seed).spawn(3)
    if isinstance(table, LargeTable):
        needed = MOST_USED + MOST_TEST + int(plan.n_samples.sum())
        linear = chosen is None and task is None
        table = table.read(max(needed, 5 * MOST_TEST), stream_seed, linear=linear)
    dialect = Dialect.of(encoding, decimal, thousands, sep)
    table, unlabelled = read_unlabelled(table, unlabelled, dialect)
    if log:
        table = logged(table)
    if task is not None:
        table, task = task.named(table)
        seeds = rows_seed, study_seed
        measurement = Measurement.of(task, table, seeds, unlabelled, log=log)
        measured = measurement.forecast(plan, trials, tuned=tuned, cv=cv)
        return _noted(measured) if by_default else measured
    table = with_note(table, classes)
    largest = int(plan.n_samples.max())
    prepared = prepare(table, chosen, largest, rows_seed, log=log, unlabelled=unlabelled)
    log_of.info("forecast of %s: %d rows used", table.source, prepared.sample.size)
    study = Study(prepared.sample, prepared.theory, study_seed, prepared.unlabelled)
    found = Work(study, prepared, chosen, trials, cv, tuned).forecast(plan)
    return _noted(found) if by_default else found


def _noted(found: AnyForecast) -> AnyForecast:
    """The same with a note on the rows that nobody asked for."""
    return replace(found, notes=(rows_note(found.plan), *found.notes))
