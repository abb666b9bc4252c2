"""Figure F3: generators with fewer rows than directions lose the truth without any label noise."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from genloss.papers.cells import Cells
from genloss.papers.claims import Claim
from genloss.papers.demystified.interpolating_generators import noise_ceiling, overparametrised
from genloss.papers.demystified.recursion import master_recursion
from genloss.papers.demystified.setting import Setting
from genloss.papers.drawing import NULL, colour, legend, log_axes, panels, points
from genloss.papers.effort import Effort
from genloss.papers.study import Study
from genloss.plan import Plan
from genloss.plots import INK
from genloss.problem import Problem

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Design = Literal["independent", "same"]

DIM = 300
ROWS = (60, 150, 240)
GENERATIONS = 10
DESIGNS: tuple[Design, ...] = ("independent", "same")
ISOTROPIC, POWER_LAW = Problem.isotropic(DIM), Problem.power_law(DIM, capacity=1.5, source=0.5)
PANELS = {
    "isotropic": ("identity covariance, no noise", ISOTROPIC, 0.0),
    "power law": ("power law, no noise", POWER_LAW, 0.0),
    "isotropic, noise 0.3": ("identity covariance, noise 0.3", ISOTROPIC, 0.3),
}
CASES = tuple(product(PANELS, ROWS, DESIGNS))
TRIALS = 24, 300
LINES = {"independent": "-", "same": "--"}
MARKS = {"independent": "o", "same": "s"}


def setting(panel: str, rows: int, design: Design, generations: int) -> Setting:
    """Generators of a panel before a downstream model without noise or penalty on 1,000 rows."""
    _, problem, noise = PANELS[panel]
    return Setting(
        problem=problem,
        n_samples=1000,
        generations=generations,
        generator_samples=rows,
        generator_noise=noise,
        design=design,
    )


def _measure(effort: Effort) -> Cells:
    """Literal runs of the generators, which the noiseless downstream model copies."""
    rows = [
        {
            "panel": panel,
            "generator_samples": rows,
            "design": design,
            "generations": k + 1,
            "theory": _theory(panel, rows, design, k + 1),
            "simulated": float(risk),
            "stderr": float(stderr),
        }
        for panel, rows, design in CASES
        for k, (risk, stderr) in enumerate(_runs(effort, panel, rows, design))
    ]
    return Cells(effort, rows)


def _runs(effort: Effort, panel: str, rows: int, design: Design) -> Iterator[tuple[float, float]]:
    _, problem, noise = PANELS[panel]
    build = Plan.same_design if design == "same" else Plan.replace
    plan = build(GENERATIONS, rows, noise=noise)
    return zip(*effort.risks(problem, plan, effort.pick(*TRIALS), shift=rows), strict=True)


def _theory(panel: str, rows: int, design: Design, generations: int) -> float:
    formula = overparametrised if PANELS[panel][1].is_isotropic else master_recursion
    return formula(setting(panel, rows, design, generations)).risk


def _claims(found: Cells) -> Iterator[Claim]:
    for panel, rows, design in CASES:
        if rows != ROWS[1]:
            continue
        exact = PANELS[panel][1].is_isotropic
        for n in (1, GENERATIONS):
            of = {"panel": panel, "generator_samples": rows, "design": design, "generations": n}
            yield (Claim.exact if exact else Claim.asymptotic)(
                f"{panel}, {design} design: error after {n} generators on {rows} rows",
                "section 2.4" if exact else "section 3",
                *found.cell(**of),
            )
    many, one = (setting("isotropic, noise 0.3", 150, "independent", n) for n in (60, 1))
    text = "the noise inherited from independent generators saturates (formula at n = 60)"
    yield Claim.exact(text, "section 2.4", noise_ceiling(one), overparametrised(many).inherited)


def _draw(found: Cells) -> Figure:
    words = [(title, "generations n") for title, *_ in PANELS.values()]
    figure, axes = panels(words, width=3.7)
    places = dict(zip(PANELS, axes, strict=True))
    for panel, rows, design in CASES:
        ax, ink = places[panel], colour(ROWS.index(rows))
        of = {"panel": panel, "generator_samples": rows, "design": design}
        n, theory, risk, stderr = found.line("generations", **of)
        line = n, theory
        if panel != "power law":  # the axes of which are logarithmic
            line = np.append(0, n), np.append(_theory(panel, rows, design, 0), theory)
        ax.plot(*line, LINES[design], color=ink, lw=1.4)
        points(ax, n, risk, stderr, color=ink, marker=MARKS[design])
    log_axes(axes[1])
    axes[1].set_xticks([1, 2, 5, 10], ["1", "2", "5", "10"])
    _explain(axes[2])
    axes[0].axhline(1, **NULL)
    axes[0].text(10, 1.015, "null predictor", fontsize=8, color=INK, ha="right", va="bottom")
    return figure


def _explain(ax: Any) -> None:
    """One legend for sizes (colours) and designs (lines)."""
    from matplotlib.lines import Line2D

    entries = [
        Line2D([], [], color=colour(i), lw=1.4, label=f"T₀ = {rows}") for i, rows in enumerate(ROWS)
    ]
    entries += [
        Line2D([], [], color=INK, ls=LINES[d], marker=MARKS[d], ms=3.5, label=f"{d} design")
        for d in DESIGNS
    ]
    legend(ax, handles=entries, loc="upper left", handlelength=2.8)


STUDY = Study(
    name="interpolation",
    seconds=(11, 119),
    figure="F3",
    shows="few rows: collapse without noise",
    title="F3. Fewer rows than directions: collapse without noise",
    measure=_measure,
    table=lambda found: found.rows,
    claims=_claims,
    draw=_draw,
    caption=lambda found: (
        f"Generators interpolate {', '.join(map(str, ROWS))} rows in dim {DIM}; the downstream "
        "model has 1,000 rows, no noise and no penalty, so that it copies the last generator. "
        "Solid lines, circles: every generator draws its own inputs; broken lines, squares: all "
        "share one draw. (a) Independent designs approach the null predictor (dotted) "
        "exponentially, 1 - (T_0/d)^n; a shared design loses 1 - T_0/d once. (b) Under a power "
        "law (capacity 1.5, source 0.5) the loss is a power of n. (c) With label noise 0.3 the "
        "inherited noise saturates for independent designs and grows linearly for a shared one. "
        f"Lines: exact (a, c) and deterministic equivalent (b). Points: {found.effort.pick(*TRIALS)} literal "
        "runs, ± 2 standard errors."
    ),
)
