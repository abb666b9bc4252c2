"""Figure F3: generators with fewer rows than directions lose the truth without any label noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from genloss.papers.claims import Claim
from genloss.papers.demystified.interpolating_generators import noise_ceiling, overparametrised
from genloss.papers.demystified.recursion import master_recursion
from genloss.papers.demystified.setting import Setting
from genloss.papers.drawing import NULL, colour, label, legend, log_axes, panels, points
from genloss.papers.effort import Array, Effort
from genloss.papers.reproduction import Row
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
LINES = {"independent": "-", "same": "--"}
MARKS = {"independent": "o", "same": "s"}


def setting(
    problem: Problem,
    generator_samples: int,
    generations: int,
    design: Design = "independent",
    generator_noise: float = 0.0,
) -> Setting:
    """The figure's setting: a downstream model without noise or penalty on 1,000 rows.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.papers.demystified import overparametrised
    >>> from genloss.papers.demystified.figures.interpolation import setting
    >>> round(overparametrised(setting(gl.Problem.isotropic(300), 150, 3)).risk, 4)  # 1 - 1/8
    0.875
    """
    return Setting(
        problem=problem,
        n_samples=1000,
        generations=generations,
        generator_samples=generator_samples,
        generator_noise=generator_noise,
        design=design,
    )


@dataclass(frozen=True)
class Series:
    """Errors after 1, 2, ... generators with so many rows, predicted and measured."""

    panel: str
    problem: Problem
    noise: float
    rows: int
    design: Design
    trials: int
    measured: Array
    stderr: Array

    @property
    def theory(self) -> Array:
        """Predicted errors after 0, 1, 2, ... generators."""
        formula = overparametrised if self.problem.is_isotropic else master_recursion
        case = self.problem, self.rows
        return np.array(
            [
                formula(setting(*case, n, self.design, self.noise)).risk
                for n in range(GENERATIONS + 1)
            ]
        )


def _measure(effort: Effort) -> list[Series]:
    """Literal runs of the generators, which the noiseless downstream model copies."""
    found = []
    for name, (_, problem, noise) in PANELS.items():
        for rows in ROWS:
            for design in DESIGNS:
                build = Plan.same_design if design == "same" else Plan.replace
                plan, trials = build(GENERATIONS, rows, noise=noise), effort.pick(24, 300)
                runs = effort.risks(problem, plan, trials, shift=rows)
                found.append(Series(name, problem, noise, rows, design, trials, *runs))
    return found


def _table(found: list[Series]) -> list[Row]:
    return [
        {
            "panel": each.panel,
            "generator_samples": each.rows,
            "design": each.design,
            "generations": k + 1,
            "theory": float(theory),
            "simulated": float(each.measured[k]),
            "stderr": float(each.stderr[k]),
        }
        for each in found
        for k, theory in enumerate(each.theory[1:])
    ]


def _claims(found: list[Series]) -> Iterator[Claim]:
    for each in found:
        if each.rows != ROWS[1]:
            continue
        exact = each.problem.is_isotropic
        for n in (1, GENERATIONS):
            yield (Claim.exact if exact else Claim.asymptotic)(
                f"{each.panel}, {each.design} design: error after {n} generators on {each.rows} rows",
                "section 2.4" if exact else "section 3",
                each.theory[n],
                each.measured[n - 1],
                each.stderr[n - 1],
            )
    many, one = (setting(ISOTROPIC, 150, n, generator_noise=0.3) for n in (60, 1))
    text = "the noise inherited from independent generators saturates (formula at n = 60)"
    yield Claim.exact(text, "section 2.4", noise_ceiling(one), overparametrised(many).inherited)


def _draw(found: list[Series]) -> Figure:
    figure, axes = panels(3, width=3.7)
    places = dict(zip(PANELS, axes, strict=True))
    for each in found:
        ax, ink = places[each.panel], colour(ROWS.index(each.rows))
        n = np.arange(GENERATIONS + 1)
        shown = n >= (each.panel == "power law")  # the axes of which are logarithmic
        ax.plot(n[shown], each.theory[shown], LINES[each.design], color=ink, lw=1.4)
        mark = MARKS[each.design]
        points(ax, n[1:], each.measured, each.stderr, color=ink, marker=mark)
    for ax, letter, (title, *_) in zip(axes, "abc", PANELS.values(), strict=True):
        label(ax, letter, title, "generations n", "excess test error")
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
    figure="F3",
    shows="few rows: collapse without noise",
    title="F3. Fewer rows than directions: collapse without noise",
    measure=_measure,
    table=_table,
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
        f"Lines: exact (a, c) and deterministic equivalent (b). Points: {found[0].trials} literal "
        "runs, ± 2 standard errors."
    ),
)
