"""``genloss forecast``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from genloss.cli.app import File, Flag, Json, answer, app, check_files, examples, spelling
from genloss.cli.plan_files import read_plan
from genloss.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console


@app.command(
    help_epilogue=examples(
        "genloss forecast",
        "genloss forecast houses.csv --target price",
        "genloss forecast houses.csv --target price --log --missing drop",
        "genloss forecast houses.csv --target price --kernel rbf --plot out.png",
        "genloss forecast houses.csv --target price --report houses.html",
        "genloss forecast sales.csv --target amount --time day --penalty cv",
        "genloss forecast mails.csv --target folder --classes",
        "genloss forecast mails.csv --target folder --estimator forest",
        "genloss forecast mails.csv --target folder --unlabelled more.csv",
        "genloss forecast preise.csv --target preis --decimal , --encoding latin-1",
    )
)
def forecast(
    data: File | None = None,
    /,
    *,
    target: str | None = None,
    kernel: Literal["linear", "rbf", "polynomial"] = "linear",
    gamma: float | None = None,
    degree: int | None = None,
    plan: File | None = None,
    generations: int | None = None,
    n_samples: int | None = None,
    penalty: float | Literal["cv"] | None = None,
    noise: float | None = None,
    real: float | None = None,
    classes: bool | None = None,
    estimator: str | None = None,
    missing: Literal["error", "drop", "mean"] = "error",
    log: Flag = False,
    time: str | None = None,
    group: str | None = None,
    weights: str | None = None,
    texts: Literal["drop", "encode"] | None = None,
    unlabelled: File | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    sep: str | None = None,
    stream: bool | None = None,
    cluster: str | None = None,
    trials: int = 5,
    seed: int = 0,
    unit: Literal["mse", "rmse", "share", "r2"] = "mse",
    plot: File | None = None,
    report: File | None = None,
    json: Json = False,
) -> int:
    """Forecast what retraining on model-made labels does to a model of your data.

    All rows give the forecast. As a check, a part of them gives another one, and the
    same plan is run literally on the rest; both are shown side by side.

    Parameters
    ----------
    data
        A table: .csv, .tsv, .parquet, .npy or .npz; or a folder of Parquet files.
    target
        Column to predict: numbers, or classes (text, booleans, numbers with --classes).
    kernel
        Model: linear ridge regression, or kernel ridge regression; of classes, one a class.
    gamma
        Scale of the kernel on standardised features; default 1 / number of features.
    degree
        Degree of the polynomial kernel; default 3.
    plan
        A plan file (see "genloss example") instead of the five options below.
    generations
        Number of models; each after the first is trained on labels of the one before. Default 10, or 5 with
        an estimator.
    n_samples
        Rows per generation. Default: an eighth of the table's rows, at most 1000 and rounded down, so
        that later models find new rows in it.
    penalty
        Ridge penalty per row, or cv: chosen anew for every model by leave-one-out. Default: the
        best one for the first model.
    noise
        Standard deviation of noise added to model-made labels, in units of the target. Default 0.
    real
        Share of every generation's rows that has real labels, between 0 and 1. Default 0.
    classes
        Take numbers as classes, or booleans as numbers. Default: text and booleans are classes.
    estimator
        Another model than ridge: boosting, forest, logistic, mlp, neighbours, tree, or a module and
        class such as sklearn.linear_model:Lasso. It sees the features as they are.
    missing
        Missing values: refuse them, drop their rows, or fill in column means.
    log
        Predict the logarithm of the target; errors on its own scale are shown as well.
    time
        Column of times: models are trained on the past and checked on the future.
    group
        Column of groups (customers, sites) that are never split between training and checking.
    weights
        Column of row weights.
    texts
        Text columns of many values: drop them (default), or keep them, encoded by the target.
    unlabelled
        A table of further inputs without labels, for models to label.
    encoding
        Encoding of a text file, such as latin-1 or utf-16.
    decimal
        Decimal mark of a text file: . or ,
    thousands
        Mark between thousands in a text file, such as , or .
    sep
        What separates the columns of a text file.
    stream
        Read Parquet block by block, in little memory. Default: from 16 million cells on.
    cluster
        Where blocks of a stream are read: "processes" or the address of a Dask scheduler.
    trials
        Number of literal runs to check with.
    seed
        Seed of all splits and runs.
    unit
        What errors are printed as: mean squared error, its root in units of the target, its share
        of the error of always answering the mean, or R2 (1 minus that share). JSON
        has mean squared errors.
    plot
        Write the curves to this .png or .svg file.
    report
        Write a report to this .html or .md file: answer, numbers, pictures, the plan to copy.
    json
        Print JSON for machines instead of tables.
    """
    import genloss
    from genloss.cli.kernels import chosen
    from genloss.report.forecast import print_forecast
    from genloss.report.measured import print_measured
    from genloss.tables.load import example_table

    check_files(plot, report)
    kind = chosen(kernel, gamma, degree)
    if estimator is not None and kernel != "linear":
        raise InvalidInputError(f"--kernel was {kernel} beside --estimator; leave one out")
    of_the_table = {
        "target": target,
        "time": time,
        "group": group,
        "weights": weights,
        "texts": texts,
        "classes": classes,
        "estimator": estimator,
        "unlabelled": unlabelled,
        "encoding": encoding,
        "decimal": decimal,
        "thousands": thousands,
        "sep": sep,
        "stream": stream,
        "cluster": cluster,
    }
    of_the_plan = {
        "generations": generations,
        "n_samples": n_samples,
        "penalty": penalty,
        "noise": noise,
        "real": real,
    }
    table, planned = _given(of_the_table), _given(of_the_plan)
    needs_table = [name for name in table if name not in ("classes", "estimator")]
    if data is None and needs_table:
        option, value = needs_table[0], table[needs_table[0]]
        raise InvalidInputError(
            f"--{option} was {str(value)!r} without DATA; name the table as well"
        )
    if plan is not None and planned:
        raise InvalidInputError(
            f"--plan and --{next(iter(planned)).replace('_', '-')} were both given; "
            "the plan file says it all"
        )
    if data is None:
        table.setdefault("classes", True)
    outlook = genloss.forecast(
        example_table("digits") if data is None else data,
        plan=None if plan is None else read_plan(plan),
        kernel=kind,
        seed=seed,
        trials=trials,
        missing=missing,
        log=log,
        **table,
        **planned,
    )
    if unit != "mse" and not isinstance(outlook, genloss.Forecast):
        raise InvalidInputError(
            f"--unit was {unit}; of classes and of an estimator errors are shown as they are"
        )

    def show(outlook: Any, console: Console, say: Callable[[str], str]) -> None:
        if data is None:
            console.print("No file given: this is scikit-learn's digits data set, as an example.\n")
        if isinstance(outlook, genloss.Forecast):
            print_forecast(outlook, console, unit=unit, say=say)
        else:
            print_measured(outlook, console, say=say)

    draw = document = None
    if isinstance(outlook, genloss.Forecast):
        draw = partial(outlook.plot, unit=unit)
        document = partial(_document, unit=unit)
    answer(
        outlook,
        show,
        json=json,
        plot=plot,
        draw=draw,
        report=report,
        document=document,
        say=spelling(forecast),
    )
    return 0


def _document(outlook: Any, say: Callable[[str], str], unit: str) -> Any:
    from genloss.documents import of_forecast

    return of_forecast(outlook, say, unit=unit)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
