"""``genloss predict``, ``simulate`` and ``example``: commands on plan files."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from genloss.cli.app import File, Flag, Json, answer, app, check_files, examples, spelling
from genloss.cli.plan_files import read_both

if TYPE_CHECKING:
    from genloss.plan import Plan
    from genloss.problem import Problem


@app.command(
    help_epilogue=examples(
        "genloss example > plan.toml",
        "genloss predict plan.toml",
        "genloss predict plan.toml --plot risk.png",
        "genloss predict plan.toml --json",
    )
)
def predict(
    plan: File,
    /,
    *,
    method: Literal["auto", "closed", "pencil"] = "auto",
    plot: File | None = None,
    json: Json = False,
) -> int:
    """Predict the risk of every model of a plan, in milliseconds.

    Parameters
    ----------
    plan
        A .toml or .json file with a [problem] and a [plan]; "genloss example" prints one.
    method
        Closed formulas alone, or one fixed point for all models that share rows, which knows any plan and
        takes longer. Default: the fixed point only where there is no closed formula.
    plot
        Write the curve to this .png or .svg file.
    json
        Print JSON for machines instead of tables.
    """
    from genloss.theory.predict import predict as run_predict

    check_files(plot)
    what, problem = read_both(plan)
    return _show(run_predict(problem, what, method=method), problem, what, plot, json)


@app.command(
    help_epilogue=examples(
        "genloss simulate plan.toml",
        "genloss simulate plan.toml --trials 500 --plot risk.png",
        "genloss simulate plan.toml --trials 10000 --relative-stderr 0.01",
    )
)
def simulate(
    plan: File,
    /,
    *,
    trials: int = 100,
    seed: int = 0,
    method: Literal["auto", "literal", "exact", "revealed"] = "auto",
    relative_stderr: float | None = None,
    workers: int | None = None,
    plot: File | None = None,
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
        Draw every row (literal), errors from their law (exact), what fits ask of a design (revealed),
        or what is quickest and right (auto).
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
    from genloss.theory.predict import predict as run_predict
    from genloss.trials.simulate import simulate as run_simulate

    check_files(plot)
    what, problem = read_both(plan)
    curve = run_simulate(
        problem,
        what,
        trials=trials,
        seed=seed,
        method=method,
        relative_stderr=relative_stderr,
        workers=workers,
        progress=not json,
    )
    theory = None
    if plot is not None:
        try:
            theory = run_predict(problem, what)
        except NoTheoryError as error:
            print(f"genloss: {error}; the figure has the simulation only", file=sys.stderr)
    return _show(curve, problem, what, plot, json, against=theory)


@app.command(
    help_epilogue=examples(
        "genloss example > plan.toml",
        "genloss example --json > plan.json",
        "genloss example --python",
    )
)
def example(*, json: Flag = False, python: Flag = False) -> int:
    """Print a plan file to start from: ten generations, then a last one with a penalty.

    Parameters
    ----------
    json
        Print it as JSON instead of TOML.
    python
        Print Python code that makes the same problem and plan.
    """
    from genloss import to_python
    from genloss.errors import InvalidInputError
    from genloss.files import to_json, to_toml
    from genloss.plan import Plan
    from genloss.problem import Problem

    if json and python:
        raise InvalidInputError("--json and --python were both given; choose one")
    plan = Plan.replace(10, 600, noise=0.5).then(n_samples=1600, penalty=0.01, noise=0.5)
    problem = Problem.power_law(300, capacity=1.5, source=0.5)
    write = to_python if python else to_json if json else to_toml
    print(write(plan=plan, problem=problem).rstrip())
    return 0


def _show(
    curve: Any,
    problem: Problem,
    plan: Plan,
    plot: File | None,
    as_json: bool,
    against: Any = None,
) -> int:
    from genloss.report.curve import print_curve

    show = partial(print_curve, problem=problem, plan=plan)
    draw = partial(curve.plot, against)
    answer(curve, show, json=as_json, plot=plot, draw=draw, say=spelling(predict))
    return 0
