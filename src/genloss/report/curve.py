"""Curves, tuned plans and comparisons as tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from genloss._columns import Column
from genloss._words import change, number
from genloss.external import External
from genloss.report.numbers import band, common_power, counted, scaled
from genloss.report.sentences import dim, sentence, warn
from genloss.report.table import print_table

if TYPE_CHECKING:
    from rich.console import Console

    from genloss.curve import Curve
    from genloss.plan import Plan
    from genloss.problem import Problem
    from genloss.source import Who
    from genloss.trials.compare import Comparison
    from genloss.tuning.tune import Tuned

Array = npt.NDArray[np.float64]


def print_curve(
    curve: Curve,
    problem: Problem,
    plan: Plan,
    console: Console,
    *,
    say: Callable[[str], str] = str,
) -> None:
    """Print a predicted or simulated curve; ``say`` spells arguments as the caller does."""
    sentence(repr(problem), console, style="bold")
    dim(repr(plan), console)
    console.print()
    shown = shown_models(curve.n_models)
    values = {
        "error": curve.error,
        "kept": curve.accepted,
        "risk": curve.risk,
        "s.e.": curve.stderr,
        "bias": curve.bias,
        "variance": curve.variance,
    }
    known = {name: value[shown] for name, value in values.items() if value is not None}
    columns = [
        Column("model", [str(t) for t in shown]),
        labels_column("labels from", plan, shown, rank=3),
        *numeric(known, ranks={"s.e.": 1, "bias": 4, "variance": 4}, digits={"s.e.": 2}),
    ]
    if curve.exact is not None:
        exact = ["yes" if curve.exact[t] else "asymptotic" for t in shown]
        columns.append(Column("exact", exact, rank=2))
    print_table(columns, console)
    console.print()
    runs = f", {counted(curve.trials, 'run')}" if curve.trials else ""
    dim(
        f"Risk: excess test error over the best possible model ({curve.method}{runs}). "
        f"A model that always answers zero has {number(problem.signal)}.",
        console,
    )
    if curve.error is not None:
        own = "their own" if problem.means is not None else "the noiseless truth's"
        dim(f"Error: share of rows that are put into another class than {own}.", console)
    warn(map(say, curve.warnings), console)


def print_tuned(
    tuned: Tuned,
    over: str | Sequence[str],
    problem: Problem,
    console: Console,
    *,
    say: Callable[[str], str] = str,
) -> None:
    """Print what tuning found: the answer, the risks before and after, and the plan."""
    free = (over,) if isinstance(over, str) else tuple(over)
    sentence(_tuned_to(tuned, free), console, style="bold")
    warn(map(say, tuned.warnings), console)
    console.print()
    shown = shown_models(tuned.curve.n_models)
    penalty = tuned.plan.penalty[shown]
    columns = [
        Column("model", [str(t) for t in shown]),
        *([] if _PENALTIES.issuperset(free) else _rows(tuned.plan, shown)),
        *numeric({"penalty": penalty}, digits={"penalty": 3}),
        *numeric({"risk before": tuned.before.risk[shown], "risk after": tuned.curve.risk[shown]}),
        Column(
            "change",
            [change(tuned.curve.risk[t], tuned.before.risk[t]) for t in shown],
            rank=1,
        ),
    ]
    print_table(columns, console)
    console.print()
    dim(repr(problem), console)
    dim(repr(tuned.plan), console)
    warn(map(say, tuned.curve.warnings), console)


_PENALTIES = {"penalty", "last_penalty", "schedule"}


def _tuned_to(tuned: Tuned, free: tuple[str, ...]) -> str:
    """The answer in one sentence."""
    last = tuned.curve.n_models - 1
    what = {
        "final": f"risk of model {last}",
        "mean": "mean risk over all models",
        "worst": "largest risk of any model",
        "cost": "cost",
    }[tuned.objective]
    alone = _PENALTIES.issuperset(free) and len(free) == 1
    after, before = number(tuned.value), number(tuned.value_before)
    if tuned.gain == 0:
        nothing = "No other penalty" if alone else "Nothing that is free"
        return f"{nothing} lowers the {what}: it stays {after}."
    last_risk = number(tuned.curve.risk[-1])
    if tuned.gain < 0:
        fall = f"is {after} within the limit, which the plan as given ({before}) breaks"
    else:
        fall = f"from {before} down to {after} ({change(tuned.value, tuned.value_before)})"
    if alone:
        answer = f"{_penalties(tuned.plan, free[0])} brings the {what} {fall}"
    else:
        goes = "" if tuned.gain < 0 else "goes "
        answer = f"With {_numbers(tuned, free)}, the {what} {goes}{fall}"
    if tuned.objective == "cost":
        return f"{answer}; the risk of model {last} is {last_risk}."
    return f"{answer}." if tuned.cost is None else f"{answer}, at a cost of {number(tuned.cost)}."


def _penalties(plan: Plan, over: str) -> str:
    values = plan.penalty
    if over == "schedule" and values.min() < values.max():
        return f"A schedule of penalties between {number(values.min(), 3)} and {number(values.max(), 3)}"
    return f"Penalty {number(values[-1], 3)}" + (
        " for the last model" if over == "last_penalty" else ""
    )


def _numbers(tuned: Tuned, free: tuple[str, ...]) -> str:
    """What was found for everything that was free."""
    words = {
        "penalty": "penalty {}",
        "last_penalty": "{} for the last model",
        "schedule": "a schedule of penalties that ends with {}",
        "real": "a share of {} of real labels",
        "weight": "weight {} on rows that a model labels",
        "n_samples": "{} rows a generation",
    }
    ends = {each: np.ravel(tuned.found[each])[-1] for each in free}
    told = [words[each].format(number(float(end), 3)) for each, end in ends.items()]
    return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)


def _rows(plan: Plan, shown: Sequence[int]) -> list[Column]:
    """How many rows every model is fitted to that are real, and that models label."""
    real, made = [], []
    for generation in plan:
        real.append(sum(s.new_rows for s in generation.sources if s.labeler == "real"))
        made.append(generation.n_samples - real[-1])
    return [
        Column(name, [f"{numbers[t]:,}" for t in shown], rank=2)
        for name, numbers in (("real rows", real), ("rows by models", made))
    ]


def print_comparison(found: Comparison, names: tuple[str, str], console: Console) -> None:
    """Print the difference of two plans' risks, model by model, and whether it can be told."""
    difference, error = found.difference[-1], 2 * found.stderr[-1]
    last = found.difference.size - 1
    first, second = names
    if abs(difference) > error:
        lower = first if difference < 0 else second
        answer = (
            f"{lower} has the lower risk at model {last}, by {number(abs(difference), 3)} "
            f"({band(abs(difference) - error, abs(difference) + error)})."
        )
    else:
        answer = (
            f"{counted(found.trials, 'pair')} of runs do not tell which has the lower risk at model {last}: "
            f"{first} minus {second} is {band(difference - error, difference + error)}."
        )
    sentence(answer, console, style="bold")
    console.print()
    shown = shown_models(found.difference.size)
    low, high = (found.difference + sign * 2 * found.stderr for sign in (-1, 1))
    columns = [
        Column("model", [str(t) for t in shown]),
        *numeric(
            {
                f"risk,\n{first}": found.curve.risk[shown],
                f"risk,\n{second}": found.other.risk[shown],
                "difference": found.difference[shown],
                "low": low[shown],
                "high": high[shown],
                "s.e. of\nseparate runs": found.stderr_apart[shown],
            },
            ranks={f"risk,\n{first}": 2, f"risk,\n{second}": 2, "s.e. of\nseparate runs": 3},
            digits={"low": 3, "high": 3, "s.e. of\nseparate runs": 2},
        ),
    ]
    print_table(columns, console)
    console.print()
    dim(
        f"Difference: risk under {first} minus risk under {second}, both run {found.trials:,} times on "
        f"the same random numbers ({found.method}). Low and high: two standard errors to each side.",
        console,
    )


def numeric(
    columns: dict[str, Array],
    *,
    ranks: dict[str, int] | None = None,
    digits: dict[str, int] | None = None,
) -> list[Column]:
    """Columns of numbers under one power of ten, which the headings state where it is not one."""
    power = common_power(columns.values())
    unit = f"\nx 1e{power}" if power else ""
    return [
        Column(
            f"{heading}{unit}",
            scaled(values, power, (digits or {}).get(heading, 4)),
            rank=(ranks or {}).get(heading, 0),
        )
        for heading, values in columns.items()
    ]


def shown_models(n_models: int, most: int = 30) -> list[int]:
    """All models, or of very many a selection that includes the first and the last."""
    if n_models <= most:
        return list(range(n_models))
    return sorted({round(t) for t in np.linspace(0, n_models - 1, most)})


def labels_column(heading: str, plan: Plan, shown: Sequence[int], *, rank: int) -> Column:
    """Who labels every generation; of a plain chain the line of the plan above says it already."""
    cells = labels(plan)
    chain = [_who("real", 0), *(_who("previous", t) for t in range(1, plan.n_models))]
    return Column(
        heading, [cells[t] for t in shown], rank, left=True, wraps=True, said=cells == chain
    )


def labels(plan: Plan) -> list[str]:
    """Who labels every generation, in a few words."""
    return [
        " + ".join(
            "mixture" if len(source.mixture) > 1 else _who(next(iter(source.mixture)), t)
            for source in generation.sources
        )
        for t, generation in enumerate(plan)
    ]


def _who(labeler: Who, model: int) -> str:
    if labeler in ("real", "kept") or isinstance(labeler, External):
        return str(labeler)
    return f"model {model - 1 if labeler == 'previous' else labeler}"
