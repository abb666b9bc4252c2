"""What the command line prints: tables and sentences a newcomer understands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from genloss.curve import Curve

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

    from genloss.outlook.forecast import Forecast
    from genloss.papers.claims import Claim
    from genloss.plan import Plan
    from genloss.problem import Problem


@contextmanager
def progress_bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on standard error; yields the function that advances it."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.advance(task, done)


def print_forecast(outlook: Forecast, console: Console) -> None:
    """Print a forecast beside its measurement, and what to do about it."""
    from rich.markup import escape

    rows, plan = outlook.rows, outlook.plan
    model = "linear ridge" if outlook.kernel is None else f"{outlook.kernel.name} kernel ridge"
    console.print(
        f"[bold]{escape(outlook.source)}[/bold], predicting {escape(repr(outlook.target))} by {model} "
        f"regression. Forecast from {rows['seen']} rows, then checked on "
        f"{rows['pool'] + rows['test']} others."
    )
    console.print(escape(str(plan)), style="dim", highlight=False)
    for note in outlook.notes:
        console.print(f"note: {escape(note)}", style="dim")
    table = _table("model", "labels", "forecast", "change", "one run", "measured", "s.e.", "off by")
    measured, difference = outlook.measured, outlook.relative_error
    assert measured.stderr is not None
    labels, predicted = _labels(plan), outlook.predicted.risk
    for t in _shown(plan.n_models):
        table.add_row(
            str(t),
            labels[t],
            _number(predicted[t]),
            f"{predicted[t] / predicted[0] - 1:+.0%}" if t else "",
            f"± {outlook.high[t] / predicted[t] - 1:.0%}",
            _number(measured.risk[t]),
            _number(measured.stderr[t]),
            f"{difference[t]:+.1%}",
        )
    console.print(table)
    console.print(
        "Error: mean squared error against real labels of rows nobody trained on, in squared units "
        f"of the target; always answering the mean gives {_number(outlook.baseline)}. Change: since "
        "model 0. One run: where 95 % of single runs fall. s.e.: standard error of the measured mean. "
        f"Off by: forecast over measured; the median is {_median(difference)}.",
        style="dim",
    )
    console.print()
    for sentence in outlook.advice.sentences:
        console.print(f"[bold green]>[/bold green] {escape(sentence)}")
    _print_warnings(outlook.warnings, console)


def print_curve(curve: Curve, problem: Problem, plan: Plan, console: Console) -> None:
    """Print a predicted or simulated curve."""
    from rich.markup import escape

    console.print(escape(repr(problem)), style="bold", highlight=False)
    console.print(escape(repr(plan)), style="dim", highlight=False)
    console.print()
    headings = ["model", "labels from", "risk"]
    headings += ["s.e."] if curve.stderr is not None else []
    headings += ["bias", "variance"]
    headings += ["exact"] if curve.exact is not None else []
    table = _table(*headings)
    labels = _labels(plan)
    for t in _shown(curve.n_models):
        cells = [str(t), labels[t], _number(curve.risk[t])]
        if curve.stderr is not None:
            cells.append(_number(curve.stderr[t]))
        assert curve.bias is not None
        assert curve.variance is not None
        cells += [_number(curve.bias[t]), _number(curve.variance[t])]
        if curve.exact is not None:
            cells.append("yes" if curve.exact[t] else "asymptotic")
        table.add_row(*cells)
    console.print(table)
    runs = f", {curve.trials} runs" if curve.trials else ""
    console.print(
        f"Risk: excess test error over the best possible model ({curve.method}{runs}). "
        f"A model that always answers zero has {_number(problem.signal)}.",
        style="dim",
    )
    _print_warnings(curve.warnings, console)


def _table(*headings: str) -> RichTable:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for heading in headings:
        table.add_column(
            heading, justify="left" if heading in ("labels", "labels from") else "right"
        )
    return table


def _shown(n_models: int, most: int = 30) -> list[int]:
    """All models, or of very many a selection that includes the first and the last."""
    if n_models <= most:
        return list(range(n_models))
    return sorted({round(t) for t in np.linspace(0, n_models - 1, most)})


def _labels(plan: Plan) -> list[str]:
    """Who labels every generation, in a few words."""
    return [
        " + ".join(
            "mixture" if len(source.mixture) > 1 else _who(next(iter(source.mixture)), t)
            for source in generation.sources
        )
        for t, generation in enumerate(plan)
    ]


def _who(labeler: int | str, model: int) -> str:
    if labeler == "real":
        return "real"
    return f"model {model - 1 if labeler == 'previous' else labeler}"


def _number(value: float) -> str:
    return f"{value:.4g}" if np.isfinite(value) else "infinite"


def _median(difference: npt.NDArray[np.float64]) -> str:
    return f"{np.median(np.abs(difference)):.1%}"


def _print_warnings(warnings: tuple[str, ...], console: Console) -> None:
    from rich.markup import escape

    for text in warnings:
        console.print(f"[yellow]warning:[/yellow] {escape(text)}")


def claims_table(title: str, claims: Sequence[Claim]) -> RichTable:
    """Claims with predicted and measured numbers and a verdict."""
    from rich.markup import escape

    table = _table("claim", "where", "predicted", "measured", "verdict")
    table.title, table.title_justify = escape(title), "left"
    for column in table.columns[:2]:
        column.justify = "left"
    signs = {"at most": "≤ ", "at least": "≥ "}
    for claim in claims:
        spread = f" ± {claim.stderr:.1g}" if claim.stderr else ""
        table.add_row(
            escape(claim.claim),
            claim.where,
            f"{signs.get(claim.kind, '')}{claim.predicted:.4g}",
            f"{claim.measured:.4g}{spread}",
            claim.verdict if claim.verdict == "holds" else f"[bold red]{claim.verdict}[/bold red]",
        )
    return table
