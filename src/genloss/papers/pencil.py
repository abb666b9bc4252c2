"""The pencil engine on nine problems, beside a literal simulation of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from genloss.papers.claims import Claim
from genloss.papers.drawing import colour, legend, log_axes, panels, points
from genloss.papers.effort import Effort
from genloss.papers.paper import Paper
from genloss.papers.reproduction import Row
from genloss.papers.study import Study
from genloss.pencils import Limit, Risk
from genloss.pencils import gallery as of
from genloss.pencils.gallery import DIM, PROBLEM
from genloss.plan import Plan
from genloss.theory.predict import predict
from genloss.trials.given_inputs import mean_and_stderr

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Axis:
    """What varies along a problem: values along the line, and at the Monte Carlo points."""

    knob: str
    grid: tuple[float, ...]
    simulated: tuple[float, ...]

    @property
    def log(self) -> bool:
        """Whether it is drawn on a logarithmic axis: values grow by factors."""
        return self.grid[1] - self.grid[0] < 0.99 * (self.grid[2] - self.grid[1])


def _even(first: float, last: float) -> tuple[float, ...]:
    return tuple(np.linspace(first, last, 31).tolist())


def _by_factors(first: float, last: float) -> tuple[float, ...]:
    return tuple(np.geomspace(first, last, 31).tolist())


ROWS = Axis("rows n", _by_factors(30, 600), (40, 100, 200, 500))
PENALTY = Axis(r"penalty $\lambda$", _by_factors(1e-3, 10), (5e-3, 0.05, 0.5, 5))
WIDTH = Axis("hidden units", _by_factors(15, 400), (20, 50, 100, 240))
TARGET = Axis("target rows", _by_factors(5, 600), (10, 40, 150, 500))
TEACHER = Axis("teacher's share of every label", _even(-0.5, 3), (0, 0.8, 1.6, 2.6))
SHARES = _even(0.01, 0.99), (0.1, 0.35, 0.6, 0.9)
SHIFTED = Axis("share of rows from a shifted truth", *SHARES)
COMMON = Axis("share of rows in common", *SHARES)


@dataclass(frozen=True)
class Case:
    """A problem with one knob, by the name of its functions in `genloss.pencils.gallery`."""

    name: str
    title: str
    where: str  # where a closed formula is, if there is one
    axis: Axis
    answer: str = "excess risk"
    tolerance: float = 0.02  # relative distance between limit and mean that is put up with

    def derive(self, knob: float) -> Limit | Risk:
        """The answer by the pencil engine."""
        found: Limit | Risk = getattr(of, self.name)(knob)
        return found

    def draw(self, knob: float, rng: np.random.Generator) -> float:
        """The answer of one literal run."""
        return float(getattr(of, f"{self.name}_run")(knob, rng))

    @property
    def plan(self) -> Callable[[float], Plan] | None:
        """The same problem as a Plan, whose last model's risk is the answer."""
        return getattr(of, f"{self.name}_plan", None)


NO_FORM = "no closed form in the package"
CASES = (
    Case(
        "resolvent", "Marchenko-Pastur law", "closed form", ROWS, "mean of 1 / (eigenvalue + 0.1)"
    ),
    Case("regression", "Ridge regression", "closed form", PENALTY),
    # next to the peak the term of order 1/dim is largest, 0.023
    Case("random_features", "Random features", "closed form", WIDTH, tolerance=0.03),
    Case("stacked", "Strong Model Collapse", "closed form", SHIFTED),
    Case("distilled", "Self-distillation", "closed form for one step", TEACHER),
    Case("accumulated", "Accumulate, third model", NO_FORM, PENALTY),
    Case("transferred", "Transfer and fine-tune", "closed form in two steps", TARGET),
    Case("ensemble", "Ensemble of two", "closed form", COMMON),
    Case("frozen_features", "Two generations, one first layer", NO_FORM, WIDTH),
)
"""The gallery, in its order."""


@dataclass(frozen=True)
class Found:
    """Rows of the table: every case along its line and, in between, where it was simulated."""

    trials: int
    rows: list[Row]

    def of(self, case: Case, *, simulated: bool) -> list[Row]:
        """Rows of a case, of one of the two kinds."""
        here = (row for row in self.rows if row["problem"] == case.title)
        return [row for row in here if (row["measured"] != "") == simulated]


def _measure(effort: Effort) -> Found:
    trials, step = effort.pick(50, 1000), effort.pick(3, 1)
    rows = []
    for k, case in enumerate(CASES):
        line = [_row(case, knob) for knob in case.axis.grid[::step]]
        for j, knob in enumerate(case.axis.simulated):
            rng = np.random.default_rng([effort.seed, k, j])
            runs = np.array([case.draw(knob, rng) for _ in range(trials)])
            line.append(_row(case, knob, *map(float, mean_and_stderr(runs))))
        rows += sorted(line, key=lambda row: float(row["value"]))
    return Found(trials, rows)


def _row(case: Case, knob: float, measured: float | str = "", stderr: float | str = "") -> Row:
    found = case.derive(knob)
    return {
        "problem": case.title,
        "known": case.where,
        "knob": _plain(case.axis.knob),
        "value": knob,
        "answer": case.answer,
        "predicted": answer(found),
        "measured": measured,
        "stderr": stderr,
        "pencil_size": found.solution.pencil.size,
        "residual": found.residual,
    }


def _claims(found: Found) -> Iterator[Claim]:
    for case in CASES:
        yield _farthest([_claim(case, row) for row in found.of(case, simulated=True)])
    for case in CASES:
        if case.plan:
            yield _as_plan(case)


def _claim(case: Case, row: Row) -> Claim:
    """The prediction against the measurement."""
    text = f"{case.title}, {row['knob']} = {row['value']:g}"
    numbers = row["predicted"], row["measured"], row["stderr"]
    return Claim(text, case.where, *numbers, "asymptotic", case.tolerance)


def _caption(found: Found) -> str:
    return (
        f"Every line is a few lines of Python in Gaussian matrices of {DIM} features, solved as "
        "one fixed point; no formula was derived. In brackets: unknowns of the pencil. Points: "
        f"mean ± 2 standard errors of {found.trials:,} literal runs in NumPy. Covariance "
        "eigenvalues i^-0.8 with mean 1 (the first panel: identity), null risk 1, noise 0.5. "
        "Claims are judged at the point that is farthest off, of four; the limits are off by a "
        f"term of order 1/dim. Settings: {_settings()}."
    )


def _settings() -> str:
    """Rows and penalties of every panel that has them."""
    first, second = of.DISTIL_PENALTIES
    before, after = of.TUNE_PENALTIES
    teacher, student = of.FROZEN_ROWS
    return (
        f"(b) {of.RIDGE_ROWS} rows; (c) {of.WIDTH_ROWS} rows, penalty {of.WIDTH_PENALTY}; "
        f"(d) {of.STACK_ROWS} rows, penalty {of.STACK_PENALTY}, shift {of.STACK_SHIFT} per "
        f"coefficient; (e) {of.DISTIL_ROWS} rows for both, penalties {first} and {second}; "
        f"(f) {of.POOL_ROWS} new rows per model; (g) {of.SOURCE_ROWS} isotropic source rows, "
        f"shift {of.SOURCE_SHIFT}, penalties {before} before and {after} after; (h) {of.BAG_ROWS} "
        f"rows per model, penalty {of.BAG_PENALTY}; (i) {teacher} and {student} rows, penalty "
        f"{of.FROZEN_PENALTY}"
    )


def answer(found: Limit | Risk) -> float:
    """The number of a result, bias and variance together."""
    return found.value if isinstance(found, Limit) else found.risk


def _farthest(claims: list[Claim]) -> Claim:
    """The claim that is nearest to failing."""
    return max(claims, key=lambda claim: abs(claim.measured - claim.predicted) / claim.allowed)


def _as_plan(case: Case) -> Claim:
    """The expression against the same problem as a plan."""
    assert case.plan
    knob = case.axis.simulated[1]
    return Claim(
        f"{case.title}: the expression equals gl.predict of a plan",
        case.where,
        predict(PROBLEM, case.plan(knob)).risk[-1],
        answer(case.derive(knob)),
        kind="approximate",
        tolerance=1e-8,
    )


def _plain(knob: str) -> str:
    return knob.split(" $")[0]


def _draw(found: Found) -> Figure:
    lines = {case: found.of(case, simulated=False) for case in CASES}
    words = [
        (f"{case.title} [{line[0]['pencil_size']}]", case.axis.knob, case.answer)
        for case, line in lines.items()
    ]
    figure, axes = panels(words, columns=3, width=3.2, height=2.5)
    for ax, (case, line) in zip(axes, lines.items(), strict=True):
        _panel(ax, case, line, found.of(case, simulated=True))
    legend(axes[0], loc="upper right")
    return figure


def _panel(ax: Axes, case: Case, line: list[Row], measured: list[Row]) -> None:
    knobs, predicted = ([row[name] for row in line] for name in ("value", "predicted"))
    ax.plot(knobs, predicted, color=colour(0), label="pencil engine")
    drawn = (np.array([row[name] for row in measured]) for name in ("value", "measured", "stderr"))
    points(ax, *drawn, color=colour(1), label="literal runs")
    if case.axis.log:
        log_axes(ax, y=False)
        if case.axis.grid[-1] / case.axis.grid[0] < 100:
            ax.set_xticks([20, 50, 100, 200, 500], ["20", "50", "100", "200", "500"])
            ax.set_xlim(case.axis.grid[0] * 0.85, case.axis.grid[-1] * 1.2)
    ax.set_ylim(bottom=0)


PAPER = Paper(
    key="pencil",
    title="Derivations by the pencil engine",
    reference="no paper; docs/pencil.md",
    presets=("replace", "accumulate"),
    experiments=(
        Study(
            name="derivations",
            seconds=(12, 72),
            shows="the pencil engine on nine problems",
            title="Nine derivations by the pencil engine",
            measure=_measure,
            table=lambda found: found.rows,
            claims=_claims,
            draw=_draw,
            caption=_caption,
        ),
    ),
)
