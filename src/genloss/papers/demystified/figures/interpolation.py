"""Figure F3: generators with fewer rows than directions lose the truth without any label noise."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from genloss.curve import Curve
from genloss.papers.claims import Claim
from genloss.papers.demystified.interpolating_generators import noise_ceiling, overparametrised
from genloss.papers.demystified.recursion import master_recursion
from genloss.papers.demystified.setting import Setting
from genloss.papers.drawing import NULL, colour, label, legend, log_axes, panels, points
from genloss.papers.reproduction import Effort, Reproduction
from genloss.plan import Plan
from genloss.plots import INK
from genloss.problem import Problem
from genloss.trials.simulate import simulate

Array = npt.NDArray[np.float64]
Design = Literal["independent", "same"]

DIM = 300
ROWS = (60, 150, 240)
GENERATIONS = 10
DESIGNS: tuple[Design, ...] = ("independent", "same")
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

    Parameters
    ----------
    problem : Problem
        Isotropic or power law, of dim 300 in the figure.
    generator_samples : int
        Rows of every generator.
    generations : int
        Number of generators.
    design : {"independent", "same"}
        Whether the generators share their inputs.
    generator_noise : float
        Standard deviation of their label noise.

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


def run(effort: Effort) -> Reproduction:
    """Draw the figure and check its claims."""
    isotropic = Problem.isotropic(DIM)
    power_law = Problem.power_law(DIM, capacity=1.5, source=0.5)
    figure, axes = panels(3, width=3.7)
    table: list[dict[str, Any]] = []
    claims: list[Claim] = []
    for ax, name, problem, noise in (
        (axes[0], "isotropic", isotropic, 0.0),
        (axes[1], "power law", power_law, 0.0),
        (axes[2], "isotropic, noise 0.3", isotropic, 0.3),
    ):
        for number, rows in enumerate(ROWS):
            for design in DESIGNS:
                theory = _theory(problem, rows, design, noise)
                runs = _simulated(problem, rows, design, noise, effort)
                assert runs.stderr is not None
                n = np.arange(GENERATIONS + 1)
                if name == "power law":
                    n, theory = n[1:], theory[1:]  # the axes are logarithmic
                ax.plot(n, theory, LINES[design], color=colour(number), lw=1.4)
                theory = theory[-GENERATIONS:]
                points(
                    ax,
                    n[-GENERATIONS:],
                    runs.risk,
                    runs.stderr,
                    color=colour(number),
                    marker=MARKS[design],
                )
                table += [
                    {
                        "panel": name,
                        "generator_samples": rows,
                        "design": design,
                        "generations": k + 1,
                        "theory": float(theory[k]),
                        "simulated": float(runs.risk[k]),
                        "stderr": float(runs.stderr[k]),
                    }
                    for k in range(GENERATIONS)
                ]
                claims += _claims(name, rows, design, theory, runs)
    for ax, letter, title in zip(
        axes,
        "abc",
        ("identity covariance, no noise", "power law, no noise", "identity covariance, noise 0.3"),
        strict=True,
    ):
        label(ax, letter, title, "generations n", "excess test error")
    log_axes(axes[1])
    axes[1].set_xticks([1, 2, 5, 10], ["1", "2", "5", "10"])
    _explain(axes[2])
    axes[0].axhline(1, **NULL)
    axes[0].text(10, 1.015, "null predictor", fontsize=8, color=INK, ha="right", va="bottom")
    return Reproduction(
        title="F3. Fewer rows than directions: collapse without noise",
        caption=(
            f"Generators interpolate {', '.join(map(str, ROWS))} rows in dim {DIM}; the downstream "
            "model has 1,000 rows, no noise and no penalty, so that it copies the last generator. "
            "Solid lines, circles: every generator draws its own inputs; broken lines, squares: all "
            "share one draw. (a) Independent designs approach the null predictor (dotted) "
            "exponentially, 1 - (T_0/d)^n; a shared design loses 1 - T_0/d once. (b) Under a power "
            "law (capacity 1.5, source 0.5) the loss is a power of n. (c) With label noise 0.3 the "
            "inherited noise saturates for independent designs and grows linearly for a shared one. "
            f"Lines: exact (a, c) and deterministic equivalent (b). Points: {runs.trials} literal "
            "runs, ± 2 standard errors."
        ),
        figure=figure,
        table=table,
        claims=(*claims, *_saturation()),
    )


def _theory(problem: Problem, rows: int, design: Design, noise: float) -> Array:
    formula = overparametrised if problem.is_isotropic else master_recursion
    return np.array(
        [formula(setting(problem, rows, n, design, noise)).risk for n in range(GENERATIONS + 1)]
    )


def _simulated(problem: Problem, rows: int, design: Design, noise: float, effort: Effort) -> Curve:
    """Literal runs of the generators, which the noiseless downstream model copies."""
    build = Plan.same_design if design == "same" else Plan.replace
    plan = build(GENERATIONS, rows, noise=noise)
    return simulate(
        problem,
        plan,
        trials=effort.pick(24, 300),
        seed=effort.seed + rows,
        method="literal",
        workers=effort.workers,
    )


def _claims(name: str, rows: int, design: Design, theory: Array, runs: Curve) -> list[Claim]:
    assert runs.stderr is not None
    kind = Claim.asymptotic if name == "power law" else Claim.exact
    where = "section 3" if name == "power law" else "section 2.4"
    if rows != ROWS[1]:
        return []
    return [
        kind(
            f"{name}, {design} design: error after {n} generators on {rows} rows",
            where,
            theory[n - 1],
            runs.risk[n - 1],
            runs.stderr[n - 1],
        )
        for n in (1, GENERATIONS)
    ]


def _saturation() -> list[Claim]:
    problem = Problem.isotropic(DIM)
    inherited = overparametrised(setting(problem, 150, 60, generator_noise=0.3)).inherited
    return [
        Claim.exact(
            "the noise inherited from independent generators saturates (formula at n = 60)",
            "section 2.4",
            noise_ceiling(setting(problem, 150, 1, generator_noise=0.3)),
            inherited,
        )
    ]


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
