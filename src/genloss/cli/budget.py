"""``genloss budget``."""

from __future__ import annotations

from typing import Any, Literal

from genloss._words import quoted
from genloss.cli.app import File, Json, answer, app, check_files, examples, spelling
from genloss.cli.plan_files import PlanFileError, read
from genloss.cli.tuning import read_prices


@app.command(
    help_epilogue=examples(
        "genloss budget r.csv m.csv --target y --cost real=1,synthetic=.1 --money 99",
        "genloss budget r.csv m.csv --target y --cost real=1,synthetic=.1 --error 2",
        "genloss budget plan.toml --cost real=1,synthetic=.1 --money 500",
    )
)
def budget(
    real: File,
    synthetic: File | None = None,
    /,
    *,
    cost: str,
    money: float | None = None,
    error: float | None = None,
    target: str | None = None,
    labeler_noise: float | None = None,
    labeler_error: float | None = None,
    predictions: str | None = None,
    noise: float | None = None,
    most: int | None = None,
    missing: Literal["error", "drop"] = "error",
    seed: int = 0,
    plot: File | None = None,
    report: File | None = None,
    json: Json = False,
) -> int:
    """Say how many real rows to have labelled, and how many by a model, from a pilot and prices.

    Prints the cheapest rows, what they save against real rows alone with a range, and
    the error for other amounts of money.

    Parameters
    ----------
    real
        A table of a pilot's real rows: .csv, .tsv, .parquet, .npy or .npz. Or a .toml or .json file with a
        [problem], for theory.
    synthetic
        A table of the pilot's synthetic rows with the same columns, not made from the real ones.
    cost
        Prices of a real row and of one that a model labels: real=1,synthetic=0.01.
    money
        The most that all rows may cost, the pilot's real ones among them.
    error
        Instead of --money: the mean squared error on new rows that is wanted, label noise included.
    target
        Column to predict; it must be numeric.
    labeler_noise
        Instead of SYNTHETIC: standard deviation of the noise in the model's labels.
    labeler_error
        Instead of SYNTHETIC: mean squared distance of what the model says, without noise, from the truth.
    predictions
        Column of REAL with what the model says of its rows, to which it must not have been fitted:
        prediction-powered inference is then budgeted, too.
    noise
        With a [problem]: standard deviation of the noise of real labels.
    most
        Synthetic rows that can be had. Default: as many as the money buys.
    missing
        Rows with missing values: refuse them, or drop them.
    seed
        Seed of the look for copies among the synthetic rows.
    plot
        Write error against money to this .png or .svg file.
    report
        Write a report to this .html or .md file.
    json
        Print JSON for machines instead of tables.
    """
    import genloss
    from genloss.report.budget import print_budget

    check_files(plot, report)
    prices = read_prices(cost)
    found = genloss.budget(
        _pilot(real),
        synthetic,
        target,
        cost=prices,
        money=money,
        error=error,
        labeler_noise=labeler_noise,
        labeler_error=labeler_error,
        predictions=predictions,
        noise=noise,
        most=most,
        seed=seed,
        missing=missing,
    )
    answer(found, print_budget, json=json, plot=plot, report=report, say=spelling(budget))
    return 0


def _pilot(path: File) -> Any:
    """A table, or the problem of a plan file."""
    if path.suffix not in (".toml", ".json"):
        return path
    problem = read(path)[1]
    if problem is None:
        raise PlanFileError(f"plan file {quoted(path)} has no [problem]")
    return problem
