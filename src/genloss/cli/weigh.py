"""``genloss weigh``."""

from __future__ import annotations

from typing import Literal

from genloss.cli.app import File, Json, answer, app, check_files, examples, spelling
from genloss.errors import InvalidInputError


@app.command(
    help_epilogue=examples(
        "genloss weigh real.csv synthetic.csv --target price",
        "genloss weigh real.csv synthetic.csv --target price --made-from elsewhere",
        "genloss weigh real.csv copies.csv --target price --made-from these-rows",
        "genloss weigh real.csv made.csv --target price --kernel rbf --plot out.png",
        "genloss weigh mails.csv made.csv --target folder --estimator forest",
    )
)
def weigh(
    real: File,
    synthetic: File,
    /,
    *,
    target: str | None = None,
    made_from: Literal["unknown", "elsewhere", "these-rows", "these rows"] = "unknown",
    kernel: Literal["linear", "rbf", "polynomial"] = "linear",
    gamma: float | None = None,
    degree: int | None = None,
    classes: bool | None = None,
    estimator: str | None = None,
    missing: Literal["error", "drop"] = "error",
    seed: int = 0,
    plot: File | None = None,
    report: File | None = None,
    json: Json = False,
) -> int:
    """Say which weight synthetic rows deserve beside real ones.

    Only real rows are scored, each under a fit that has not seen it. Prints the
    weight, the weights that may be right, and what a synthetic row is worth.

    Parameters
    ----------
    real
        A table of real rows: .csv, .tsv, .parquet, .npy or .npz.
    synthetic
        A table of synthetic rows with the same columns.
    target
        Column to predict: numbers, or classes (text, booleans, numbers with --classes).
    made_from
        Whether the synthetic rows were made from these very real rows (by a model fitted on
        them, a copula, a jitter), or elsewhere. Unknown: both answers.
    kernel
        Model: linear ridge regression, or kernel ridge regression; logistic regression of
        classes.
    gamma
        Scale of the kernel on standardised features; default 1 / number of features.
    degree
        Degree of the polynomial kernel; default 3.
    classes
        Take numbers as classes, or booleans as numbers. Default: text and booleans are classes.
    estimator
        Another model: boosting, forest, logistic, mlp, tree, or a module and class such as
        sklearn.linear_model:Lasso. It sees the features as they are.
    missing
        Rows with missing values: refuse them, or drop them.
    seed
        Seed of folds and samples.
    plot
        Write error against weight to this .png or .svg file.
    report
        Write a report to this .html or .md file: answer, numbers, picture, the fit to copy.
    json
        Print JSON for machines instead of tables.
    """
    import genloss
    from genloss.cli.kernels import chosen
    from genloss.report.weigh import print_weighed

    if estimator is not None and kernel != "linear":
        raise InvalidInputError(f"--kernel was {kernel} beside --estimator; leave one out")
    check_files(plot, report)
    found = genloss.weigh(
        real,
        synthetic,
        target,
        made_from=made_from.replace("-", " "),
        kernel=chosen(kernel, gamma, degree),
        classes=classes,
        estimator=estimator,
        seed=seed,
        missing=missing,
    )
    answer(found, print_weighed, json=json, plot=plot, report=report, say=spelling(weigh))
    return 0
