"""The ``genloss`` command: forecast, predict and simulate, for people and for machines."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter

from genloss._version import __version__
from genloss.errors import GenlossError, InvalidInputError

if TYPE_CHECKING:
    from rich.console import Console

    from genloss.plan import Plan
    from genloss.problem import Problem

INVALID = 2
"""Exit code of a wrong call, an unusable file or a plan that cannot be run."""

EPILOGUE = """\
Examples:

    genloss forecast
    genloss forecast houses.csv --target price
    genloss forecast houses.csv --target price --kernel rbf --plot out.png
    genloss predict plan.toml --json
    genloss simulate plan.toml --trials 500

Without a file, forecast uses scikit-learn's digits. A plan file holds a
[problem] and a [plan]; "genloss example" prints one to start from.

Exit code 0: done. 2: the call, the file or the data was wrong; one sentence
on standard error says what.
"""

app = App(
    name="genloss",
    version=__version__,
    help="Predict, simulate and forecast what happens to regression models that are trained, again "
    "and again, on labels made by their predecessors (model collapse).",
    help_epilogue=EPILOGUE,
    help_format="plaintext",
    exit_on_error=False,
    print_error=False,
)

Json = Annotated[bool, Parameter(negative="")]


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
        A table: .csv, .tsv, .parquet, .npy or .npz.
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
    trials
        Number of literal runs to measure with.
    seed
        Seed of all splits and runs.
    plot
        Write the curves to this .png or .svg file.
    json
        Print JSON for machines instead of tables.
    """
    from genloss.data.forecast import forecast as run_forecast
    from genloss.data.kernels import Kernel
    from genloss.data.tables import example_table, load_table

    _check_figure(plot)
    table = example_table("digits") if data is None else load_table(data, target, missing=missing)
    if data is None and target is not None:
        raise InvalidInputError(f"--target was {target!r} without DATA; name the table as well")
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
        what = _plan_from_options(table.target.size, given) if given else None
    elif given:
        raise InvalidInputError(
            f"--plan and --{next(iter(given)).replace('_', '-')} were both given; "
            "the plan file says it all"
        )
    else:
        what = _read_plan(plan)
    outlook = run_forecast(
        table,
        plan=what,
        kernel=chosen,
        seed=seed,
        trials=trials,
        tune_penalty=plan is None and penalty is None,
    )
    if json:
        _print_json(outlook.to_dict())
    else:
        from genloss.report import print_forecast

        console = _console()
        if data is None:
            console.print("No file given: this is scikit-learn's digits data set, as an example.\n")
        print_forecast(outlook, console)
    if plot is not None:
        _save_figure(outlook.plot(), plot, quiet=json)
    return 0


def _plan_from_options(n_rows: int, given: dict[str, Any]) -> Plan:
    from genloss.data.forecast import default_rows
    from genloss.plan import Plan

    defaults = {"generations": 10, "n_samples": default_rows(n_rows), "real": 0.0}
    return Plan.mix(**{**defaults, **given})


@app.command
def predict(plan: Path, /, *, plot: Path | None = None, json: Json = False) -> int:
    """Predict the risk of every model of a plan, in milliseconds.

    Parameters
    ----------
    plan
        A .toml or .json file with a [problem] and a [plan]; "genloss example" prints one.
    plot
        Write the curve to this .png or .svg file.
    json
        Print JSON for machines instead of tables.
    """
    from genloss.predict import predict as run_predict

    _check_figure(plot)
    what, problem = _read_both(plan)
    return _show(run_predict(problem, what), problem, what, plot, json)


@app.command
def simulate(
    plan: Path,
    /,
    *,
    trials: int = 100,
    seed: int = 0,
    method: Literal["auto", "literal", "exact"] = "auto",
    relative_stderr: float | None = None,
    workers: int | None = None,
    plot: Path | None = None,
    json: Json = False,
) -> int:
    """Simulate a plan: draw every row, fit every model, many times.

    Parameters
    ----------
    plan
        A .toml or .json file with a [problem] and a [plan]; "genloss example" prints one.
    trials
        Number of runs.
    seed
        Seed; the result does not depend on the number of workers.
    method
        Draw every row (literal), or least-squares errors from their law where possible (auto).
    relative_stderr
        Stop early once every standard error is at most this share of its risk.
    workers
        Threads. Default: one per core.
    plot
        Write simulation and, where there is one, theory to this .png or .svg file.
    json
        Print JSON for machines instead of tables.
    """
    from genloss.errors import NoTheoryError
    from genloss.predict import predict as run_predict
    from genloss.simulate import simulate as run_simulate

    _check_figure(plot)
    what, problem = _read_both(plan)
    curve = run_simulate(
        problem,
        what,
        trials=trials,
        seed=seed,
        method=method,
        relative_stderr=relative_stderr,
        workers=workers,
        progress=not json and sys.stderr.isatty(),
    )
    theory = None
    if plot is not None:
        try:
            theory = run_predict(problem, what)
        except NoTheoryError as error:
            print(f"genloss: {error}; the figure has the simulation only", file=sys.stderr)
    return _show(curve, problem, what, plot, json, against=theory)


@app.command
def example(*, json: Json = False) -> int:
    """Print a plan file to start from: ten generations, then a last one with a penalty.

    Parameters
    ----------
    json
        Print it as JSON instead of TOML.
    """
    from genloss.files import to_json, to_toml
    from genloss.plan import Plan
    from genloss.problem import Problem

    plan = Plan.replace(10, 600, noise=0.5).then(n_samples=1600, penalty=0.01, noise=0.5)
    problem = Problem.power_law(300, capacity=1.5, source=0.5)
    print((to_json if json else to_toml)(plan=plan, problem=problem).rstrip())
    return 0


def _read_plan(path: Path) -> Plan:
    from genloss.files import load_plan

    return load_plan(path)


def _read_both(path: Path) -> tuple[Plan, Problem]:
    from genloss.files import load

    plan, problem = load(path)
    for name, value in (("plan", plan), ("problem", problem)):
        if value is None:
            raise InvalidInputError(
                f"plan file {str(path)!r} has no [{name}]; 'genloss example' prints a full one"
            )
    assert plan is not None
    assert problem is not None
    return plan, problem


def _check_figure(path: Path | None) -> None:
    if path is None:
        return
    if path.suffix not in (".png", ".svg"):
        raise InvalidInputError(f"--plot was {str(path)!r}; it must end in .png or .svg")
    if not path.resolve().parent.is_dir():
        raise InvalidInputError(f"--plot was {str(path)!r}; its folder does not exist")


def _save_figure(axes: Any, path: Path, *, quiet: bool) -> None:
    """Write a figure whole or not at all."""
    import io

    drawn = io.BytesIO()
    axes.figure.savefig(drawn, dpi=160, format=path.suffix[1:])
    path.write_bytes(drawn.getvalue())
    if not quiet:
        print(f"\nCurves written to {path}")


def _show(
    curve: Any,
    problem: Problem,
    plan: Plan,
    plot: Path | None,
    as_json: bool,
    against: Any = None,
) -> int:
    if as_json:
        _print_json(curve.to_dict())
    else:
        from genloss.report import print_curve

        print_curve(curve, problem, plan, _console())
    if plot is not None:
        _save_figure(curve.plot(against), plot, quiet=as_json)
    return 0


def _console() -> Console:
    from rich.console import Console

    return Console()


def _print_json(plain: dict[str, Any]) -> None:
    """Print JSON that any reader accepts: what is not finite becomes null."""
    print(json.dumps(_finite(plain), indent=2))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_finite(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    try:
        code = app(arguments, result_action="return_value")
    except (GenlossError, CycloptsError) as error:
        print(f"genloss: {error}", file=sys.stderr)
        sys.exit(INVALID)
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone, nobody is left to complain to
        sys.exit(0)
    except OSError as error:
        where = f" {error.filename!r}" if error.filename else ""
        print(f"genloss: cannot write{where}: {error.strerror}", file=sys.stderr)
        sys.exit(INVALID)
    sys.exit(code if isinstance(code, int) else 0)
