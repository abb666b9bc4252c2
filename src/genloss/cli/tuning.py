"""``genloss tune`` and ``compare``: which plan is better, the best of its kind or one of two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from genloss._words import quoted
from genloss.cli.app import File, Json, answer, app, check_files, examples, spelling
from genloss.cli.plan_files import PlanFileError, check_written, read, read_both
from genloss.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from genloss.plan import Plan
    from genloss.problem import Problem
    from genloss.trials.compare import Comparison
    from genloss.tuning.tuned import Tuned

Free = Literal["penalty", "last_penalty", "schedule", "real", "weight", "n_samples"]


@app.command(
    help_epilogue=examples(
        "genloss tune plan.toml",
        "genloss tune plan.toml --over schedule --objective worst",
        "genloss tune plan.toml --over last_penalty --out better.toml",
        "genloss tune p.toml --over real --cost real=1,synthetic=.01 --limit 500",
    )
)
def tune(
    plan: File,
    /,
    *,
    over: Annotated[tuple[Free, ...], Parameter(negative="", show_default=", ".join)] = (
        "penalty",
    ),
    objective: Literal["final", "mean", "worst", "cost"] = "final",
    cost: str | None = None,
    limit: float | None = None,
    out: File | None = None,
    plot: File | None = None,
    json: Json = False,
) -> int:
    """Find the penalties, shares, weights and numbers of rows with the smallest predicted risk.

    Milliseconds to seconds where every model is fitted to new rows. Where
    models share rows, as when they accumulate, a schedule of ten takes ten
    seconds or so; a line on standard error says so first.

    Parameters
    ----------
    plan
        A .toml or .json file with a [problem] and a [plan]; "genloss example" prints one.
    over
        What is free; give it several times for several together. One penalty for all models, the
        last model's only, or a schedule of one for each; the share of real labels; the weight of
        rows that models label; the number of rows, which needs --cost and --limit.
    objective
        Risk of the last model, the mean over all, or the largest; or the cost. Wrong classes are not
        searched: a warning says where they rise as risk falls.
    cost
        Prices of a real row and of one that a model labels: real=1,synthetic=0.01.
    limit
        The most that all labels may cost; with --objective cost, the largest risk that the last model
        may have.
    out
        Write the plan that was found to this .toml or .json file, with its problem.
    plot
        Write the risks before and after, and a schedule's penalties, to this .png or .svg file.
    json
        Print JSON for machines instead of tables.
    """
    from genloss.files import save
    from genloss.report.curve import print_tuned
    from genloss.tuning.tune import tune as run_tune

    check_files(plot)
    check_written(out)
    prices = None if cost is None else read_prices(cost)
    given, problem = read_both(plan)
    found = run_tune(
        problem, given, over=over, objective=objective, cost=prices, limit=limit, progress=True
    )
    plain = {
        "over": over[0] if len(over) == 1 else list(over),
        "objective": objective,
        "value": found.value,
        "value_before": found.value_before,
        "gain": found.gain,
        "found": dict(found.found),
        "warnings": list(found.warnings),
        "cost": found.cost,
        "cost_before": found.cost_before,
        "penalty": found.plan.penalty.tolist(),
        "plan": found.plan.to_dict(),
        "curve": found.curve.to_dict(),
        "before": found.before.to_dict(),
    }

    def show(found: Tuned, console: Console, say: Callable[[str], str]) -> None:
        print_tuned(found, over, problem, console, say=say)
        if out is not None:
            print(f"\nPlan written to {out}")

    if out is not None:
        save(out, plan=found.plan, problem=problem)
    answer(found, show, json=json, plain=plain, plot=plot, say=spelling(tune))
    return 0


def read_prices(text: str) -> dict[str, float]:
    """Read prices such as ``real=1,synthetic=0.01``."""
    pairs = [part.partition("=") for part in text.split(",")]
    try:
        found = {name.strip(): float(value) for name, _, value in pairs}
    except ValueError:
        found = {}
    if set(found) != {"real", "synthetic"} or len(pairs) != 2:
        raise InvalidInputError(
            f"--cost was {quoted(text)}; it must be the prices of a real and of a model-made row, such as "
            "real=1,synthetic=0.01"
        )
    return found


@app.command(
    help_epilogue=examples(
        "genloss compare replace.toml mix.toml",
        "genloss compare replace.toml mix.toml --trials 500 --plot difference.png",
    )
)
def compare(
    plan: File,
    other: File,
    /,
    *,
    trials: int = 100,
    seed: int = 0,
    method: Literal["auto", "literal", "exact"] = "auto",
    workers: int | None = None,
    plot: File | None = None,
    json: Json = False,
) -> int:
    """Simulate two plans on the same random numbers: which has the lower risk, and by how much.

    What both runs of a pair have in common cancels in their difference, which is
    therefore known long before either risk is.

    Parameters
    ----------
    plan
        A .toml or .json file with a [problem] and a [plan].
    other
        Another, of as many models; where only one of the files has a [problem], it holds for both.
    trials
        Number of pairs of runs.
    seed
        Seed; the result does not depend on the number of workers.
    method
        Draw every row (literal), or errors from their law where both plans allow it (auto).
    workers
        Threads. Default: one per core.
    plot
        Write the differences to this .png or .svg file.
    json
        Print JSON for machines instead of tables.
    """
    from genloss.report.curve import print_comparison
    from genloss.trials.compare import compare as run_compare

    check_files(plot)
    first, second, problem = _read_pair(plan, other)
    found = run_compare(
        problem, first, second, trials=trials, seed=seed, method=method, workers=workers
    )
    names = (plan.name, other.name) if plan.name != other.name else (str(plan), str(other))
    plain = {
        "plans": [str(plan), str(other)],
        "method": found.method,
        "trials": found.trials,
        "risks": [found.curve.risk.tolist(), found.other.risk.tolist()],
        "difference": found.difference.tolist(),
        "stderr": found.stderr.tolist(),
        "stderr_apart": found.stderr_apart.tolist(),
    }

    def show(found: Comparison, console: Console, **_: Any) -> None:
        print_comparison(found, names, console)

    def draw(ax: Any) -> None:
        found.plot(ax=ax).set_ylabel(f"risk, {names[0]} minus {names[1]}")

    answer(found, show, json=json, plain=plain, plot=plot, draw=draw)
    return 0


def _read_pair(plan: File, other: File) -> tuple[Plan, Plan, Problem]:
    (first, problem), (second, another) = read(plan), read(other)
    for path, each in ((plan, first), (other, second)):
        if each is None:
            raise PlanFileError(f"plan file {quoted(path)} has no [plan]")
    if problem is None and another is None:
        raise PlanFileError(f"neither {quoted(plan)} nor {quoted(other)} has a [problem]; one must")
    if problem is not None and another is not None and problem != another:
        raise PlanFileError(
            f"{quoted(plan)} and {quoted(other)} have different problems, {problem!r} and {another!r}; "
            "two plans are compared on one"
        )
    assert first is not None
    assert second is not None
    both = problem if problem is not None else another
    assert both is not None
    if first.n_models != second.n_models:
        raise InvalidInputError(
            f"OTHER {quoted(other)} had {second.n_models} models; it must have as many as "
            f"{quoted(plan)}, {first.n_models}"
        )
    return first, second, both
