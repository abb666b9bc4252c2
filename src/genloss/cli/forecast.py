"""``genloss forecast``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from genloss.cli.app import Json, app, check_figure, console, print_json, save_figure
from genloss.errors import InvalidInputError

if TYPE_CHECKING:
    from genloss.plan import Plan


@app.command
def forecast(
    data: Path | None = None,
    /,
    *,
    target: str | None = None,
    kernel: Literal["linear", "rbf", "polynomial"] = "linear",
    gamma: float | None = None,
    degree: int | None = None,
    plan: Path | None = None,
    generations: int | None = None,
    n_samples: int | None = None,
    penalty: float | None = None,
    noise: float | None = None,
    real: float | None = None,
    missing: Literal["error", "drop", "mean"] = "error",
    stream: bool | None = None,
    cluster: str | None = None,
    trials: int = 5,
    seed: int = 0,
    plot: Path | None = None,
    json: Json = False,
) -> int:
    """Forecast what retraining on model-made labels does to a model of your data.

    Part of the rows gives a forecast of every generation's error; then the same
    plan is run literally on the other rows, and both are shown side by side.

    Parameters
    ----------
    data
        A table: .csv, .tsv, .parquet, .npy or .npz; or a folder of Parquet files.
    target
        Column to predict; it must be numeric.
    kernel
        Model: linear ridge regression, or kernel ridge regression.
    gamma
        Scale of the kernel on standardised features; default 1 / number of features.
    degree
        Degree of the polynomial kernel; default 3.
    plan
        A plan file (see "genloss example") instead of the five options below.
    generations
        Number of models; each after the first is trained on labels of the one before. Default 10.
    n_samples
        Rows per generation. Default: up to 1000, as the table allows.
    penalty
        Ridge penalty per row. Default: the best one for the first model.
    noise
        Standard deviation of noise added to model-made labels, in units of the target. Default 0.
    real
        Share of every generation's rows that has real labels, between 0 and 1. Default 0.
    missing
        Missing values: refuse them, drop their rows, or fill in column means.
    stream
        Read Parquet block by block, in little memory. Default: from 16 million cells on.
    cluster
        Where blocks of a stream are read: "processes" or the address of a Dask scheduler.
    trials
        Number of literal runs to measure with.
    seed
        Seed of all splits and runs.
    plot
        Write the curves to this .png or .svg file.
    json
        Print JSON for machines instead of tables.
    """
    from genloss.data.kernels import Kernel
    from genloss.data.streaming import LargeTable, large_table
    from genloss.data.tables import Table, example_table, load_table
    from genloss.outlook.forecast import forecast as run_forecast

    check_figure(plot)
    table: Table | LargeTable = example_table("digits")
    if data is not None:
        large = large_table(data, target, missing=missing, stream=stream, cluster=cluster)
        table = large or load_table(data, target, missing=missing)
    for option, given_value in (("target", target), ("stream", stream), ("cluster", cluster)):
        if data is None and given_value is not None:
            raise InvalidInputError(
                f"--{option} was {given_value!r} without DATA; name the table as well"
            )
    for option, value, needs in (("gamma", gamma, "rbf"), ("degree", degree, "polynomial")):
        if value is not None and kernel not in (needs, "polynomial"):
            raise InvalidInputError(
                f"--{option} was {value} with --kernel {kernel}; it needs {needs}"
            )
    chosen = Kernel(kernel, gamma=gamma, degree=3 if degree is None else degree)
    options = {
        "generations": generations,
        "n_samples": n_samples,
        "penalty": penalty,
        "noise": noise,
        "real": real,
    }
    given = {name: value for name, value in options.items() if value is not None}
    if plan is None:
        n_rows = table.most_sampled if isinstance(table, LargeTable) else table.target.size
        what = _plan_from_options(n_rows, given) if given else None
    elif given:
        raise InvalidInputError(
            f"--plan and --{next(iter(given)).replace('_', '-')} were both given; "
            "the plan file says it all"
        )
    else:
        from genloss.files import load_plan

        what = load_plan(plan)
    outlook = run_forecast(
        table,
        plan=what,
        kernel=chosen,
        seed=seed,
        trials=trials,
        tune_penalty=plan is None and penalty is None,
    )
    if json:
        print_json(outlook.to_dict())
    else:
        from genloss.report import print_forecast

        out = console()
        if data is None:
            out.print("No file given: this is scikit-learn's digits data set, as an example.\n")
        print_forecast(outlook, out)
    if plot is not None:
        save_figure(outlook.plot(), plot, quiet=json)
    return 0


def _plan_from_options(n_rows: int, given: dict[str, Any]) -> Plan:
    from genloss.outlook.forecast import default_rows
    from genloss.plan import Plan

    defaults = {"generations": 10, "n_samples": default_rows(n_rows), "real": 0.0}
    return Plan.mix(**{**defaults, **given})
